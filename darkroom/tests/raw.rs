//! RAW files, made of a TIFF directory and JPEGs: the largest is shown, turned by the
//! RAW file's own tag, and it is said whether it can be printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{FileKind, PrintSource, read_facts, sniff};
use kit::{Value, developed, difference, exif, jpeg, pixels, quarters, refused};

/// A RAW file of `sensor` pixels held sideways, with these JPEGs in it; the directory
/// tells of the first alone.
fn raw(sensor: (u32, u32), jpegs: &[Vec<u8>]) -> Vec<u8> {
    let fields = |at| {
        [
            (0x00FE, Value::Long(1)),
            (0x0100, Value::Long(sensor.0)),
            (0x0101, Value::Long(sensor.1)),
            (0x0112, Value::Short(6)),
            (0x014A, Value::Long(0)),
            (0x0201, Value::Long(at)),
        ]
    };
    let at = exif(&fields(0), &[], &[]).len() as u32;
    [exif(&fields(at), &[], &[]), jpegs.concat()].concat()
}

#[test]
fn the_largest_jpeg_of_a_raw_file_is_shown_and_turned_by_its_own_tag() {
    let says_upright = exif(&[(0x0112, Value::Short(1))], &[], &[]);
    let (small, large) = (quarters(160, 120), quarters(900, 600));
    let original = raw((904, 604), &[jpeg(&small, None, None), jpeg(&large, Some(&says_upright), None)]);
    assert_eq!(sniff(&original), Some(FileKind::Raw));
    let facts = read_facts(&original).unwrap();
    assert_eq!((facts.width_px, facts.height_px), (600, 900));
    let full = PrintSource::Preview { width_px: 900, height_px: 600, share_percent: Some(99) };
    assert_eq!(facts.print_source, full);
    assert_eq!(facts.print_source.refusal(), None);
    let upright = image::imageops::rotate90(&large);
    assert!(difference(&pixels(&developed(&original).proof.jpeg), &upright) < 3.0);
}

#[test]
fn a_small_preview_is_refused_for_print_in_words() {
    let original = raw((6000, 4000), &[jpeg(&quarters(900, 600), None, None)]);
    let source = read_facts(&original).unwrap().print_source;
    assert!(source.refusal().unwrap().contains("900 × 600"));
}

#[test]
fn sensor_data_that_is_a_lossless_jpeg_is_never_taken_for_a_preview() {
    let mut sensor = jpeg(&quarters(900, 600), None, None);
    let frame = sensor.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    sensor[frame + 1] = 0xC3;
    assert!(refused(&raw((900, 600), &[sensor.clone()])).contains("no preview"));
    let original = raw((900, 600), &[sensor, jpeg(&quarters(160, 120), None, None)]);
    assert_eq!(read_facts(&original).unwrap().height_px, 160);
}

#[test]
fn a_raw_file_that_is_a_jpeg_is_a_jpeg() {
    let facts = read_facts(&jpeg(&quarters(90, 60), None, None)).unwrap();
    assert_eq!((facts.kind, facts.print_source), (FileKind::Jpeg, PrintSource::Full));
}
