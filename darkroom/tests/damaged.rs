//! JPEGs of which a part is missing or spoiled although they begin and end as they
//! should: a card's bad sector, a copy that went on after a gap. They are shown as far as
//! they go, marked as damaged, and never printed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use enprint_darkroom::{DevelopError, Recipe, print_file};
use jpeg_encoder::{ColorType, Encoder};
use kit::{developed, difference, in_words, pixels, quarters};

const SIZE: (u16, u16) = (480, 320);

/// Noise, so that each part of the picture takes its share of the file.
fn noisy(channels: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let samples = (0..usize::from(SIZE.0) * usize::from(SIZE.1) * channels).map(|at| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (90 + (at / 97 % 60) as u32 + (seed >> 27)) as u8
    });
    samples.collect()
}

fn encoded(colours: ColorType, set: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let channels = if matches!(colours, ColorType::Rgb) { 3 } else { 4 };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 88);
    set(&mut encoder);
    encoder.encode(&noisy(channels), SIZE.0, SIZE.1, colours).unwrap();
    bytes
}

/// Each order of scans and each kind of colours.
fn every_kind() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("baseline", encoded(ColorType::Rgb, |_| ())),
        ("with restarts", encoded(ColorType::Rgb, |encoder| encoder.set_restart_interval(7))),
        ("a scan for each colour", encoded(ColorType::Rgb, |encoder| encoder.set_optimized_huffman_tables(true))),
        ("progressive", encoded(ColorType::Rgb, |encoder| encoder.set_progressive(true))),
        ("in inks", encoded(ColorType::Cmyk, |_| ())),
        ("progressive inks", encoded(ColorType::CmykAsYcck, |encoder| encoder.set_progressive(true))),
    ]
}

/// Where the data of each scan begins and ends.
fn scans(jpeg: &[u8]) -> Vec<(usize, usize)> {
    let starts = (0..jpeg.len() - 1).filter(|at| jpeg[*at..].starts_with(&[0xFF, 0xDA]));
    let data = starts.map(|at| {
        let start = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        let is_end = |two: &[u8]| two[0] == 0xFF && !matches!(two[1], 0 | 0xD0..=0xD7);
        (start, start + jpeg[start..].windows(2).position(is_end).unwrap())
    });
    data.collect()
}

/// The file without the second half of its longest scan.
fn without_half_a_scan(jpeg: &[u8]) -> Vec<u8> {
    let (start, end) = scans(jpeg).into_iter().max_by_key(|(start, end)| end - start).unwrap();
    [&jpeg[..start + (end - start) / 2], &jpeg[end..]].concat()
}

const RECIPES: [Recipe; 3] = [
    Recipe { mirrored: false, quarter_turns: 0, straighten: 0, crop: None },
    Recipe { mirrored: false, quarter_turns: 1, straighten: 0, crop: None },
    Recipe { mirrored: false, quarter_turns: 0, straighten: 150, crop: None },
];

fn assert_never_printed(original: &[u8], name: &str) {
    for recipe in RECIPES {
        let words = in_words(&print_file(original, &recipe).expect_err(name));
        assert!(words.contains("damaged") || words.contains("cut short"), "{name}: {words}");
    }
}

#[test]
fn files_that_nobody_spoiled_are_whole() {
    for (name, whole) in every_kind() {
        assert_eq!(developed(&whole).damage, None, "{name}");
        for recipe in RECIPES {
            assert!(print_file(&whole, &recipe).is_ok(), "{name}: {recipe:?}");
        }
    }
}

#[test]
fn half_a_scan_that_is_missing_before_the_end_marker_is_shown_as_damage_and_never_printed() {
    for (name, whole) in every_kind() {
        let spoiled = without_half_a_scan(&whole);
        let shown = developed(&spoiled);
        assert!(shown.damage.is_some(), "{name} counts as whole");
        assert_eq!((shown.proof.width_px, shown.proof.height_px), (480, 320), "{name}");
        assert_never_printed(&spoiled, name);
    }
}

#[test]
fn a_picture_without_its_last_scans_is_damaged() {
    for (name, whole) in every_kind().into_iter().filter(|(_, whole)| scans(whole).len() > 1) {
        let first = scans(&whole)[0];
        let spoiled = [&whole[..first.0 + (first.1 - first.0) / 2], &[0xFF, 0xD9]].concat();
        assert!(developed(&spoiled).damage.is_some(), "{name} counts as whole");
        assert_never_printed(&spoiled, name);
    }
}

#[test]
fn gaps_zeros_and_stray_markers_are_shown_as_damage_and_never_printed() {
    let whole = encoded(ColorType::Rgb, |_| ());
    let middle = whole.len() / 2;
    let mut overwritten = whole.clone();
    overwritten[middle..middle + 300].fill(0);
    let gap = [&whole[..middle], &whole[middle + 1_500..]].concat();
    let stray = [&whole[..middle], &[0xFF, 0xD3], &whole[middle..]].concat();
    for (name, spoiled) in [("overwritten", overwritten), ("with a gap", gap), ("with a stray marker", stray)] {
        let shown = developed(&spoiled);
        assert!(shown.damage.is_some(), "{name} counts as whole");
        assert_never_printed(&spoiled, name);
    }
}

#[test]
fn what_is_left_of_a_damaged_photo_is_the_photo() {
    let picture = quarters(480, 320);
    let whole = kit::jpeg(&picture, None, None);
    let spoiled = without_half_a_scan(&whole);
    let shown = pixels(&developed(&spoiled).proof.jpeg);
    let upper = |from: &image::RgbImage| image::imageops::crop_imm(from, 0, 0, 480, 100).to_image();
    assert!(difference(&upper(&shown), &upper(&picture)) < 3.0);
}

#[test]
fn the_preview_of_a_raw_file_is_read_to_its_last_bit_too() {
    let picture = quarters(480, 320);
    assert_eq!(developed(&kit::raw(&picture)).damage, None);
    let raw = kit::raw(&picture);
    let at = raw.windows(3).position(|three| three == [0xFF, 0xD8, 0xFF]).unwrap();
    let spoiled = [&raw[..at], &without_half_a_scan(&raw[at..])].concat();
    assert_eq!(developed(&spoiled).damage, Some(DevelopError::CutShort));
    assert_never_printed(&spoiled, "a RAW file");
}

#[test]
fn a_jpeg_of_a_million_tables_is_refused_at_once() {
    let whole = kit::jpeg(&quarters(64, 48), None, None);
    // A code without words takes seventeen bytes, and a table of kilobytes to build.
    let tables = [&[0xFF, 0xC4, 0xFF, 0xF0][..], &[0; 17 * 3_854]].concat();
    let bomb = [&whole[..2], &tables.repeat(270), &whole[2..]].concat();
    assert!(kit::refused(&bomb).contains("more Huffman codes than a picture needs"));
}
