//! Files that lie, explode, loop or break off: refused quickly and in words, or
//! developed, and never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{DevelopError, DevelopSettings, FileKind, Recipe, develop, print_file, read_facts, sniff};
use kit::small;
use kit::{Busy, PATIENCE, Value, busy, developed, difference, exif, in_words, jpeg, pixels, quarters, refused};

/// Where the frame header's height stands in a JPEG.
fn height_at(bytes: &[u8]) -> usize {
    let frame = bytes.windows(2).position(|two| matches!(two, [0xFF, 0xC0 | 0xC2])).unwrap();
    frame + 5
}

fn claiming(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = jpeg(&quarters(64, 48), None, None);
    let at = height_at(&bytes);
    bytes[at..at + 2].copy_from_slice(&height.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn a_jpeg_that_claims_65500_pixels_each_way_is_refused_from_its_header() {
    assert!(refused(&claiming(65_500, 65_500)).contains("65500 × 65500"));
    assert!(refused(&claiming(20_000, 20_000)).contains("megapixels"));
    assert!(read_facts(&claiming(65_500, 65_500)).is_err());
}

#[test]
fn zero_width_and_zero_height_are_refused() {
    assert!(refused(&claiming(64, 0)).contains("64 × 0"));
    assert!(refused(&claiming(0, 48)).contains("0 × 48"));
}

#[test]
fn a_claim_of_more_than_the_data_holds_is_damage() {
    refused(&claiming(12_000, 12_000));
}

#[test]
fn a_jpeg_of_400_scans_is_refused_from_its_markers() {
    let whole = jpeg(&quarters(64, 48), None, None);
    let scan = whole.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    let one_scan = &whole[scan..whole.len() - 2];
    let bomb = [&whole[..scan], &one_scan.repeat(400), &[0xFF, 0xD9]].concat();
    assert!(refused(&bomb).contains("passes"));
}

#[test]
fn a_png_of_30000_pixels_each_way_is_refused_from_its_header() {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(quarters(8, 8)).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let mut bytes = bytes.into_inner();
    bytes[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(refused(&bytes).contains("30000 × 30000"));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[test]
fn an_exif_directory_that_points_at_itself_harms_nothing() {
    let mut block = exif(&[(0x0112, Value::Short(6))], &[], &[]);
    // The pointer to the EXIF directory and the next directory both lead back to the first.
    let pointer = block.windows(2).position(|two| two == [0x69, 0x87]).unwrap();
    block[pointer + 8..pointer + 12].copy_from_slice(&8_u32.to_le_bytes());
    let next = 8 + 2 + 12 * 3;
    block[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    let facts = read_facts(&jpeg(&quarters(90, 60), Some(&block), None)).unwrap();
    assert_eq!((facts.width_px, facts.height_px), (60, 90), "what came before the loop is still read");
}

#[test]
fn an_exif_field_of_four_thousand_million_values_harms_nothing() {
    let mut block = exif(&[(0x010F, Value::Text("Enprint")), (0x0110, Value::Text("Demo 35"))], &[], &[]);
    block[8 + 2 + 4..8 + 2 + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    let facts = read_facts(&jpeg(&quarters(90, 60), Some(&block), None)).unwrap();
    assert_eq!((facts.camera_make, facts.camera_model.as_deref()), (None, Some("Demo 35")));
}

#[test]
fn other_files_are_named_for_what_they_are() {
    let named: &[(&[u8], &str)] = &[
        (b"<!DOCTYPE html><html><title>404</title>", "web page"),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "AVIF without a still picture"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "JPEG 2000 photographs can't be read yet"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
        (b"FUJIFILMCCD-RAW 0201FF383501", "no preview that can be shown"),
        (b"%PDF-1.7", "a PDF"),
        (b"GIF89a", "GIF pictures can't be read yet"),
        (b"", "empty"),
        (b"just some notes", "not a photograph"),
    ];
    for (bytes, word) in named {
        assert!(refused(bytes).contains(word), "{}", refused(bytes));
    }
}

fn every_format() -> Vec<Vec<u8>> {
    let picture = quarters(160, 120);
    let block = exif(&[(0x0112, Value::Short(6))], &[(0x9003, Value::Text("2025:06:21 14:03:59"))], &[]);
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let mut all = vec![jpeg(&picture, Some(&block), Some(&profile))];
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 85);
    encoder.set_progressive(true);
    encoder.encode(picture.as_raw(), 160, 120, jpeg_encoder::ColorType::Rgb).unwrap();
    all.push(progressive);
    for format in [image::ImageFormat::Png, image::ImageFormat::Tiff, image::ImageFormat::WebP] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::DynamicImage::from(picture.clone()).write_to(&mut bytes, format).unwrap();
        all.push(bytes.into_inner());
    }
    all.extend([kit::jpeg_xl(&picture), kit::raw(&picture), small::avif(), small::heic()]);
    all
}

#[test]
fn the_small_files_are_shown_truly_before_they_are_spoiled() {
    for original in [small::avif(), small::heic()] {
        let off = difference(&pixels(&developed(&original).proof.jpeg), &quarters(64, 48));
        assert!(off < 4.0, "{off} levels off");
    }
}

#[test]
fn a_photo_that_is_cut_short_anywhere_is_refused_or_marked_as_damaged() {
    for whole in every_format() {
        let step = (whole.len() / 60).max(1);
        let mut cuts = (0..whole.len() - 2).step_by(step).collect::<Vec<_>>();
        cuts.push(whole.len() / 2);
        for cut in cuts {
            let started = busy(Busy::Thread);
            match develop(&whole[..cut], &DevelopSettings::default()) {
                Err(error) => drop(in_words(&error)),
                // The trailing bytes of PNG, TIFF and WebP hold no pixels.
                Ok(shown) => {
                    let holds_pixels =
                        cut + 64 <= whole.len() || matches!(sniff(&whole), Some(FileKind::Jpeg | FileKind::Raw));
                    assert!(shown.damage.is_some() || !holds_pixels, "cut at {cut} of {}", whole.len());
                    assert!(shown.damage.is_none() || print_file(&whole[..cut], &Recipe::default()).is_err());
                }
            }
            assert!(busy(Busy::Thread) - started < PATIENCE);
        }
    }
}

#[test]
fn a_jpeg_that_lost_its_end_is_shown_and_marked_as_cut_short() {
    let whole = jpeg(&quarters(300, 200), None, None);
    let reference = pixels(&developed(&whole).proof.jpeg);
    assert_eq!(developed(&whole).damage, None);
    for cut in [whole.len() * 2 / 3, whole.len() - 2] {
        let shown = developed(&whole[..cut]);
        assert_eq!(shown.damage, Some(DevelopError::CutShort));
        let proof = pixels(&shown.proof.jpeg);
        assert!(proof.get_pixel(20, 20).0.iter().zip(reference.get_pixel(20, 20).0).all(|(a, b)| a.abs_diff(b) < 12));
    }
    assert!(refused(&whole[..300]).contains("cut short"), "nothing of it can be shown");
}

#[test]
fn a_png_that_lost_its_end_shows_its_first_rows_and_is_marked_as_damaged() {
    let picture = quarters(300, 200);
    for deep in [false, true] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let written = image::DynamicImage::from(picture.clone());
        let written = if deep { written.into_rgb16().into() } else { written };
        written.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        let whole = bytes.into_inner();
        assert_eq!(developed(&whole).damage, None);
        let cut = &whole[..whole.len() * 2 / 3];
        let shown = developed(cut);
        assert_eq!(shown.damage, Some(DevelopError::CutShort));
        let upper = |from: &image::RgbImage| image::imageops::crop_imm(from, 0, 0, 300, 60).to_image();
        let off = difference(&upper(&pixels(&shown.proof.jpeg)), &upper(&picture));
        assert!(off < 4.0, "{off} levels off");
        assert!(print_file(cut, &Recipe::default()).is_err());
        assert!(refused(&whole[..60]).contains("cut short"), "nothing of it can be shown");
    }
}

#[test]
fn flipped_bits_give_a_picture_or_words() {
    let mut seed = 12_345_u64;
    let mut next = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for whole in every_format() {
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..=next(3) {
                // Half of the flips hit the headers, where they do most.
                let bound = if next(2) == 0 { bytes.len().min(700) } else { bytes.len() };
                let at = next(bound);
                bytes[at] ^= 1 << next(8);
            }
            let started = busy(Busy::Thread);
            let _ = read_facts(&bytes);
            if let Err(error) = develop(&bytes, &DevelopSettings::default()) {
                assert_ne!(error, DevelopError::DecoderGaveUp, "a panic");
                in_words(&error);
            }
            let took = busy(Busy::Thread) - started;
            assert!(took < PATIENCE, "took {took:?}");
        }
    }
}
