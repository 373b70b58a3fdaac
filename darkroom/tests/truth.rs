//! Renditions show what was photographed: upright, in the right colours, nothing else
//! in the file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{DevelopSettings, FileKind, PreparedMark, Watermark, develop, read_facts};
use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
use image::{DynamicImage, ImageBuffer, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use kit::{Value, developed, difference, exif, jpeg, pixels, quarters};
use moxcms::{ColorProfile, Layout, TransformOptions};

/// A picture as a camera stores it that was held so that EXIF says `orientation`.
fn stored(upright: &RgbImage, orientation: u16) -> RgbImage {
    match orientation {
        2 => flip_horizontal(upright),
        3 => rotate180(upright),
        4 => flip_vertical(upright),
        5 => rotate270(&flip_horizontal(upright)),
        6 => rotate270(upright),
        7 => rotate90(&flip_horizontal(upright)),
        8 => rotate90(upright),
        _ => upright.clone(),
    }
}

#[test]
fn every_orientation_comes_out_upright() {
    let upright = quarters(900, 600);
    let reference = pixels(&developed(&jpeg(&upright, None, None)).proof.jpeg);
    for orientation in 0..=9 {
        let block = exif(&[(0x0112, Value::Short(orientation))], &[], &[]);
        let original = jpeg(&stored(&upright, orientation), Some(&block), None);
        let facts = read_facts(&original).unwrap();
        assert_eq!((facts.width_px, facts.height_px), (900, 600), "orientation {orientation}");
        let renditions = developed(&original);
        let off = difference(&pixels(&renditions.proof.jpeg), &reference);
        assert!(off < 2.5, "orientation {orientation} is {off} levels off");
        assert_eq!((renditions.thumbnail.width_px, renditions.thumbnail.height_px), (320, 213));
    }
}

#[test]
fn every_orientation_comes_out_upright_in_every_format() {
    let upright = quarters(300, 200);
    for orientation in 1..=8 {
        let block = exif(&[(0x0112, Value::Short(orientation))], &[], &[]);
        let lying = DynamicImage::from(stored(&upright, orientation));
        let originals = [
            ("PNG", png_with(&lying, &block)),
            ("WebP", webp_with(&lying, &block)),
            ("TIFF", tiff_with(&lying, orientation)),
            ("JPEG XL", kit::jpeg_xl_lying(&lying.to_rgb8(), orientation)),
        ];
        for (format, original) in originals {
            let facts = read_facts(&original).unwrap();
            assert_eq!((facts.width_px, facts.height_px), (300, 200), "{format} {orientation}");
            let off = difference(&pixels(&developed(&original).proof.jpeg), &upright);
            assert!(off < 2.5, "{format} of orientation {orientation} is {off} levels off");
        }
    }
}

fn png_with(picture: &DynamicImage, block: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.set_exif_metadata(block.to_vec()).unwrap();
    picture.write_with_encoder(encoder).unwrap();
    bytes
}

/// The block stands behind the picture, in a chunk of its own.
fn webp_with(picture: &DynamicImage, block: &[u8]) -> Vec<u8> {
    let plain = encoded(picture.clone(), ImageFormat::WebP);
    let chunk = [b"EXIF", &(block.len() as u32).to_le_bytes()[..], block, &[0][..block.len() % 2]].concat();
    let length = ((plain.len() - 8 + chunk.len()) as u32).to_le_bytes();
    [&plain[..4], &length, &plain[8..], &chunk].concat()
}

fn tiff_with(picture: &DynamicImage, orientation: u16) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
    let mut image = encoder.new_image::<tiff::encoder::colortype::RGB8>(picture.width(), picture.height()).unwrap();
    image.encoder().write_tag(tiff::tags::Tag::Orientation, orientation).unwrap();
    image.write_data(picture.as_bytes()).unwrap();
    bytes.into_inner()
}

#[test]
fn a_gradient_of_16_bits_has_no_bands_in_its_proof() {
    // Fifty levels of 8 bits over 1,500 pixels, in a profile that has to be converted.
    let level = |x: u32| (0x4000 + x * 50 * 257 / 1_500) as u16;
    let gradient = ImageBuffer::from_fn(1_500, 200, |x, _| Rgb([level(x); 3]));
    let original = kit::png_with_profile(&gradient, &ColorProfile::new_pro_photo_rgb().encode().unwrap());
    let settings = DevelopSettings { proof_quality: 100, ..DevelopSettings::default() };
    let proof = pixels(&develop(&original, &settings).unwrap().proof.jpeg);
    let row = (0..1_500).map(|x| proof.get_pixel(x, 100).0[1]).collect::<Vec<_>>();
    let longest = row.chunk_by(|one, next| one == next).map(<[u8]>::len).max().unwrap();
    let steps = row.windows(2).map(|two| i32::from(two[1]) - i32::from(two[0]));
    assert!(steps.clone().all(|step| step.abs() <= 2), "steps of {:?}", steps.max());
    // Sixty or so levels are seen over 1,500 pixels: none lasts twice as long as it should.
    assert!(longest < 60, "a band of {longest} pixels");
}

#[test]
fn no_gps_serial_or_any_other_metadata_passes_into_a_rendition() {
    let gps =
        [(1, Value::Text("N")), (2, Value::Angle([46, 0, 45])), (3, Value::Text("E")), (4, Value::Angle([9, 17, 2]))];
    let block = exif(
        &[(0x010F, Value::Text("Enprint")), (0x8298, Value::Text("SECRET-OWNER"))],
        &[(0xA431, Value::Text("SERIAL-4711"))],
        &gps,
    );
    let profile = ColorProfile::new_adobe_rgb().encode().unwrap();
    let original = jpeg(&quarters(900, 600), Some(&block), Some(&profile));
    assert!(read_facts(&original).unwrap().has_gps);
    let renditions = developed(&original);
    for rendition in [&renditions.proof.jpeg, &renditions.thumbnail.jpeg] {
        for trace in [&b"Exif"[..], b"SERIAL", b"SECRET", b"http://ns.adobe.com", b"ICC_PROFILE", b"Photoshop"] {
            assert!(!rendition.windows(trace.len()).any(|window| window == trace), "{}", trace.escape_ascii());
        }
        assert!(exif::Reader::new().read_from_container(&mut std::io::Cursor::new(rendition)).is_err());
        assert!(app_segments(rendition).iter().all(|marker| *marker == 0xE0), "a JFIF header only");
    }
}

/// The application and comment segments before the first scan.
fn app_segments(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while jpeg[at + 1] != 0xDA {
        if matches!(jpeg[at + 1], 0xE0..=0xEF | 0xFE) {
            found.push(jpeg[at + 1]);
        }
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    found
}

#[test]
fn wide_gamut_profiles_look_like_the_srgb_picture() {
    let picture = quarters(900, 600);
    let reference = pixels(&developed(&jpeg(&picture, None, None)).proof.jpeg);
    for profile in [ColorProfile::new_adobe_rgb(), ColorProfile::new_display_p3(), ColorProfile::new_pro_photo_rgb()] {
        let options = TransformOptions::default();
        let transform =
            ColorProfile::new_srgb().create_transform_8bit(Layout::Rgb, &profile, Layout::Rgb, options).unwrap();
        let mut wide = picture.clone();
        transform.transform(picture.as_raw(), &mut wide).unwrap();
        let untagged = difference(&pixels(&developed(&jpeg(&wide, None, None)).proof.jpeg), &reference);
        let tagged = jpeg(&wide, None, Some(&profile.encode().unwrap()));
        let off = difference(&pixels(&developed(&tagged).proof.jpeg), &reference);
        assert!(off < 2.5 && off < untagged / 2.0, "{off} levels off, {untagged} without its profile");
        let says_adobe = exif(&[], &[(0xA005, Value::Long(0))], &[]);
        assert!(pixels(&developed(&jpeg(&wide, Some(&says_adobe), None)).proof.jpeg).width() > 0);
    }
}

#[test]
fn of_two_profiles_in_one_file_the_first_counts() {
    let picture = quarters(300, 200);
    let (p3, adobe) =
        (ColorProfile::new_display_p3().encode().unwrap(), ColorProfile::new_adobe_rgb().encode().unwrap());
    // Each in two parts, which programs write where one segment does not hold it.
    let parts = |profile: &[u8]| {
        let (one, other) = profile.split_at(profile.len() / 2);
        let part = |number: u8, bytes: &[u8]| {
            let body = [b"ICC_PROFILE\0", &[number, 2][..], bytes].concat();
            [&[0xFF, 0xE2][..], &(2 + body.len() as u16).to_be_bytes(), &body].concat()
        };
        [part(1, one), part(2, other)].concat()
    };
    let plain = jpeg(&picture, None, None);
    let with = |profiles: &[u8]| [&plain[..2], profiles, &plain[2..]].concat();
    let first = developed(&with(&parts(&p3))).proof;
    assert_eq!(developed(&with(&[parts(&p3), parts(&adobe)].concat())).proof, first);
    assert_eq!(developed(&jpeg(&picture, None, Some(&p3))).proof, first);
    assert_ne!(developed(&plain).proof, first);
}

#[test]
fn a_garbage_profile_counts_as_srgb() {
    let picture = quarters(400, 300);
    let garbage = vec![0x5A; 4000];
    let off = difference(
        &pixels(&developed(&jpeg(&picture, None, Some(&garbage))).proof.jpeg),
        &pixels(&developed(&jpeg(&picture, None, None)).proof.jpeg),
    );
    assert!(off < 0.01, "{off}");
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn png_tiff_and_webp_of_8_and_16_bits_develop_alike() {
    let picture = quarters(900, 600);
    let reference = pixels(&developed(&encoded(picture.clone(), ImageFormat::Png)).proof.jpeg);
    let deep = DynamicImage::from(picture.clone()).into_rgb16();
    let originals = [
        (FileKind::Tiff, encoded(picture.clone(), ImageFormat::Tiff)),
        (FileKind::WebP, encoded(picture.clone(), ImageFormat::WebP)),
        (FileKind::Png, encoded(deep.clone(), ImageFormat::Png)),
        (FileKind::Tiff, encoded(deep, ImageFormat::Tiff)),
    ];
    for (kind, original) in originals {
        let facts = read_facts(&original).unwrap();
        assert_eq!((facts.kind, facts.width_px, facts.height_px), (kind, 900, 600));
        let off = difference(&pixels(&developed(&original).proof.jpeg), &reference);
        assert!(off < 0.5, "{kind:?} is {off} levels off");
    }
}

#[test]
fn what_is_transparent_is_white() {
    let clear = RgbaImage::from_pixel(64, 64, Rgba([255, 0, 0, 0]));
    let half = ImageBuffer::from_pixel(64, 64, Rgba([0_u16, 0, 0, 32_768]));
    for (original, expected) in [(encoded(clear, ImageFormat::Png), 255_u8), (encoded(half, ImageFormat::Png), 127)] {
        let Rgb(seen) = *pixels(&developed(&original).proof.jpeg).get_pixel(32, 32);
        assert!(seen.iter().all(|level| level.abs_diff(expected) <= 2), "{seen:?} is not {expected}");
    }
}

#[test]
fn grey_cmyk_and_tiny_originals_develop_and_none_is_enlarged() {
    let grey = image::GrayImage::from_fn(700, 500, |x, _| image::Luma([(x / 3) as u8]));
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 92).encode(&grey, 700, 500, jpeg_encoder::ColorType::Luma).unwrap();
    assert_eq!(developed(&bytes).proof.width_px, 700);
    let red_ink = [0_u8, 255, 255, 0].repeat(64 * 64);
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 92).encode(&red_ink, 64, 64, jpeg_encoder::ColorType::Cmyk).unwrap();
    let Rgb([red, green, blue]) = *pixels(&developed(&bytes).proof.jpeg).get_pixel(30, 30);
    assert!(red > 240 && green < 15 && blue < 15, "magenta and yellow make red, not {red} {green} {blue}");
    for (width, height) in [(1, 1), (7, 3), (1, 1700), (321, 1), (1601, 2)] {
        let proof = developed(&jpeg(&quarters(width, height), None, None)).proof;
        let edge = width.max(height).min(1600);
        assert_eq!(proof.width_px.max(proof.height_px), edge, "{width} × {height}");
    }
}

#[test]
fn the_watermark_is_on_the_proof_and_not_on_the_thumbnail() {
    let original = jpeg(&RgbImage::from_pixel(1800, 1200, Rgb([120, 110, 100])), None, None);
    let plain = developed(&original);
    let mark = PreparedMark::new(Watermark::new("© Ana").unwrap()).unwrap();
    let settings = DevelopSettings { watermark: Some(mark.into()), ..DevelopSettings::default() };
    let marked = develop(&original, &settings).unwrap();
    assert_eq!(marked.thumbnail, plain.thumbnail);
    assert!(difference(&pixels(&marked.proof.jpeg), &pixels(&plain.proof.jpeg)) > 0.5);
}

#[test]
fn the_cameras_facts_are_read() {
    let main =
        [(0x010F, Value::Text("NIKON CORPORATION")), (0x0110, Value::Text("NIKON D90  ")), (0x4746, Value::Short(4))];
    let camera = [
        (0x9003, Value::Text("2025:06:21 14:03:59")),
        (0x9011, Value::Text("+02:00")),
        (0x9291, Value::Text("25")),
        (0xA434, Value::Text("35mm f/1.8")),
    ];
    let facts = read_facts(&jpeg(&quarters(90, 60), Some(&exif(&main, &camera, &[])), None)).unwrap();
    assert_eq!(facts.camera().unwrap(), "NIKON D90");
    assert_eq!(facts.lens.as_deref(), Some("35mm f/1.8"));
    assert_eq!(facts.rating, Some(4));
    assert_eq!(facts.captured_at().unwrap().to_string(), "2025-06-21T14:03:59.25");
    assert_eq!(facts.captured.unwrap().offset, Some(jiff::tz::offset(2)));
    assert!(!facts.has_gps);
}

#[test]
fn nonsense_in_exif_is_absent_and_the_photo_stays() {
    for time in ["0000:00:00 00:00:00", "2025:13:40 25:61:61", "    :  :     :  :  ", "yesterday", ""] {
        let block =
            exif(&[(0x4746, Value::Short(9)), (0x0110, Value::Text("\x07 \x1b"))], &[(0x9003, Value::Text(time))], &[]);
        let facts = read_facts(&jpeg(&quarters(90, 60), Some(&block), None)).unwrap();
        assert_eq!((facts.captured, facts.rating, facts.camera()), (None, None, None), "{time:?}");
    }
}
