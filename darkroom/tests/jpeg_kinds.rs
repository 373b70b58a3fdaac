//! JPEG of every kind that programs and cameras have written in thirty years: shown
//! truly, or refused in words. Most are made by libjpeg-turbo's `cjpeg`, where it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::io::Write;
use std::process::{Command, Stdio};

use enprint_darkroom::read_facts;
use image::{Rgb, RgbImage};
use jpeg_encoder::{ColorType, Encoder};
use kit::{developed, difference, jpeg, pixels, quarters, refused};

const SIZE: (u32, u32) = (333, 222);

/// A JPEG of `picture` by `cjpeg`; None where that is not installed.
fn cjpeg(picture: &RgbImage, arguments: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("cjpeg");
    command.args(["-quality", "95"]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: there is no cjpeg (Debian's libjpeg-turbo-progs)");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "P6 {} {} 255", picture.width(), picture.height()).unwrap();
    input.write_all(picture.as_raw()).unwrap();
    drop(input);
    let made = child.wait_with_output().unwrap();
    assert!(made.status.success(), "cjpeg {arguments:?}");
    Some(made.stdout)
}

/// Where a frame header's marker stands.
fn frame_at(jpeg: &[u8]) -> usize {
    jpeg.windows(2).position(|two| matches!(two, [0xFF, 0xC0..=0xC2 | 0xC9 | 0xCA])).unwrap()
}

fn assert_shown(original: &[u8], picture: &RgbImage, kind: &str) {
    let facts = read_facts(original).unwrap();
    assert_eq!((facts.width_px, facts.height_px), picture.dimensions(), "{kind}");
    let renditions = developed(original);
    assert_eq!(renditions.damage, None, "{kind}");
    let off = difference(&pixels(&renditions.proof.jpeg), picture);
    assert!(off < 3.0, "{kind} is {off} levels off");
}

#[test]
fn every_sampling_and_every_order_of_scans_is_shown_truly() {
    let picture = quarters(SIZE.0, SIZE.1);
    for sampling in ["1x1", "2x1", "2x2", "1x2", "4x1", "1x4", "4x2", "2x1,1x2,1x1", "3x1", "2x2,2x1,2x1"] {
        for order in [&[][..], &["-progressive"], &["-restart", "1"], &["-restart", "3B", "-optimize"]] {
            let arguments = [&["-sample", sampling], order].concat();
            let Some(original) = cjpeg(&picture, &arguments) else { return };
            assert_shown(&original, &picture, &format!("{arguments:?}"));
        }
    }
}

#[test]
fn scans_of_one_colour_each_are_shown_truly() {
    let picture = quarters(SIZE.0, SIZE.1);
    let script = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(script.path(), "0;\n1;\n2;\n").unwrap();
    let script = script.path().to_str().unwrap();
    let Some(original) = cjpeg(&picture, &["-scans", script]) else { return };
    assert_eq!(original.windows(2).filter(|two| *two == [0xFF, 0xDA]).count(), 3);
    assert_shown(&original, &picture, "three scans");
}

#[test]
fn grey_of_both_processes_and_colours_without_conversion_are_shown_truly() {
    let picture = quarters(SIZE.0, SIZE.1);
    let grey = image::DynamicImage::from(picture.clone()).to_luma8();
    let grey = image::DynamicImage::from(grey).to_rgb8();
    for arguments in [&["-grayscale"][..], &["-grayscale", "-progressive"], &["-grayscale", "-sample", "2x2"]] {
        let Some(original) = cjpeg(&grey, arguments) else { return };
        assert_shown(&original, &grey, &format!("{arguments:?}"));
    }
    for arguments in [&["-rgb"][..], &["-rgb", "-progressive"]] {
        let Some(original) = cjpeg(&picture, arguments) else { return };
        assert_shown(&original, &picture, &format!("{arguments:?}"));
    }
}

#[test]
fn extended_sequential_is_shown_truly() {
    let picture = quarters(SIZE.0, SIZE.1);
    let mut original = jpeg(&picture, None, None);
    let frame = frame_at(&original);
    original[frame + 1] = 0xC1;
    assert_shown(&original, &picture, "extended sequential");
}

#[test]
fn arithmetic_coding_is_refused_in_words() {
    for arguments in [&["-arithmetic"][..], &["-arithmetic", "-progressive"]] {
        let Some(original) = cjpeg(&quarters(SIZE.0, SIZE.1), arguments) else { return };
        assert!(refused(&original).contains("JPEG with arithmetic coding can't be read yet"));
    }
}

#[test]
fn twelve_bits_lossless_and_hierarchical_are_refused_in_words() {
    let whole = jpeg(&quarters(64, 48), None, None);
    let frame = frame_at(&whole);
    let with = |marker: u8, bits: u8| {
        let mut bytes = whole.clone();
        (bytes[frame + 1], bytes[frame + 4]) = (marker, bits);
        refused(&bytes)
    };
    assert!(with(0xC1, 12).contains("12 bits per channel"));
    assert!(with(0xC2, 12).contains("12 bits per channel"));
    assert!(with(0xC3, 8).contains("Lossless JPEG"));
    assert!(with(0xC3, 14).contains("Lossless JPEG"));
    assert!(with(0xC5, 8).contains("Hierarchical JPEG"));
    assert!(with(0xC9, 8).contains("arithmetic coding"));
    assert!(with(0xC0, 9).contains("number of bits"));
}

const INKS: [([u8; 4], [u8; 3]); 5] = [
    ([0, 255, 255, 0], [255, 0, 0]),
    ([255, 0, 255, 0], [0, 255, 0]),
    ([0, 0, 0, 255], [0, 0, 0]),
    ([0, 0, 0, 0], [255, 255, 255]),
    ([51, 102, 153, 51], [163, 122, 82]),
];

fn in_inks(inks: [u8; 4], colours: ColorType, is_progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_progressive(is_progressive);
    encoder.encode(&inks.repeat(64 * 64), 64, 64, colours).unwrap();
    bytes
}

fn assert_light(original: &[u8], light: [u8; 3], kind: &str) {
    let Rgb(seen) = *pixels(&developed(original).proof.jpeg).get_pixel(30, 8);
    assert!(seen.iter().zip(light).all(|(a, b)| a.abs_diff(b) < 12), "{kind}: {seen:?} is not {light:?}");
}

#[test]
fn inks_are_the_right_colours_in_all_ways_that_they_are_stored() {
    for (inks, light) in INKS {
        for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
            for is_progressive in [false, true] {
                let original = in_inks(inks, colours, is_progressive);
                assert_light(&original, light, &format!("{colours:?} {inks:?}"));
            }
        }
    }
}

#[test]
fn inks_without_adobes_segment_are_not_inverted() {
    for (inks, light) in INKS {
        // The encoder inverts what it marks as Adobe's.
        let marked = in_inks(inks.map(|ink| 255 - ink), ColorType::Cmyk, false);
        let at = marked.windows(2).position(|two| two == [0xFF, 0xEE]).unwrap();
        let plain = [&marked[..at], &marked[at + 16..]].concat();
        assert_light(&plain, light, &format!("{inks:?}"));
    }
}

#[test]
fn what_is_left_of_cut_inks_has_the_right_colours() {
    for (inks, light) in INKS {
        for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
            let whole = in_inks(inks, colours, false);
            let cut = &whole[..whole.len() - 2];
            assert!(developed(cut).damage.is_some());
            assert_light(cut, light, &format!("{colours:?} {inks:?}"));
        }
    }
}

#[test]
fn a_file_after_the_picture_and_garbage_between_segments_harm_nothing() {
    let picture = quarters(SIZE.0, SIZE.1);
    let mut original = jpeg(&picture, None, None);
    original.extend(jpeg(&quarters(20, 30), None, None));
    assert_shown(&original, &picture, "with another JPEG behind it");
    let frame = frame_at(&original);
    original.splice(frame..frame, [0xFF; 7]);
    assert_shown(&original, &picture, "with fill bytes");
}
