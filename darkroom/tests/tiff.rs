//! TIFF as programs write it: compressed in each way, in inks, and what is left of files
//! that were cut short or spoiled.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::io::Cursor;

use enprint_darkroom::{PrintFormat, PrintSettings, Recipe, print_file, print_file_with};
use image::{Rgb, RgbImage};
use kit::inks::{self, profile_for_inks};
use kit::{developed, difference, in_words, pixels, quarters, refused};
use tiff::encoder::colortype::{CMYK8, CMYK16, ColorType, RGB8, RGB16};
use tiff::encoder::compression::DeflateLevel;
use tiff::encoder::{Compression, Predictor, TiffEncoder, TiffValue};
use tiff::tags::Tag;

fn tiff<C: ColorType>(
    samples: &[C::Inner],
    (width, height): (u32, u32),
    compression: Compression,
    profile: Option<&[u8]>,
) -> Vec<u8>
where
    [C::Inner]: TiffValue,
{
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression);
    let mut image = encoder.new_image::<C>(width, height).unwrap();
    image.rows_per_strip(16).unwrap();
    if let Some(profile) = profile {
        image.encoder().write_tag(Tag::IccProfile, profile).unwrap();
    }
    image.write_data(samples).unwrap();
    bytes.into_inner()
}

#[test]
fn every_compression_is_shown_truly() {
    let picture = quarters(300, 200);
    let deep = picture.iter().map(|level| u16::from(*level) * 257).collect::<Vec<_>>();
    let ways = [
        ("none", Compression::Uncompressed),
        ("LZW", Compression::Lzw),
        ("PackBits", Compression::Packbits),
        ("deflate", Compression::Deflate(DeflateLevel::Balanced)),
    ];
    for (name, way) in ways {
        for original in [tiff::<RGB8>(&picture, (300, 200), way, None), tiff::<RGB16>(&deep, (300, 200), way, None)] {
            let shown = developed(&original);
            assert_eq!(shown.damage, None, "{name}");
            let off = difference(&pixels(&shown.proof.jpeg), &picture);
            assert!(off < 3.0, "{name} is {off} levels off");
            assert_eq!(print_file(&original, &Recipe::default()), Ok(None));
        }
    }
}

#[test]
fn a_predictor_is_undone() {
    let picture = quarters(300, 200);
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes).unwrap();
    let mut encoder =
        encoder.with_compression(Compression::Deflate(DeflateLevel::Best)).with_predictor(Predictor::Horizontal);
    encoder.write_image::<RGB8>(300, 200, &picture).unwrap();
    assert!(difference(&pixels(&developed(&bytes.into_inner()).proof.jpeg), &picture) < 3.0);
}

const RED_INK: [u8; 4] = [0, 255, 255, 0];

#[test]
fn inks_have_their_colours_and_their_profile() {
    let profile = profile_for_inks();
    let (narrow, wide) = (RED_INK.repeat(96 * 64), RED_INK.map(|ink| u16::from(ink) * 257).repeat(96 * 64));
    for profile in [None, Some(&profile[..])] {
        for original in [
            tiff::<CMYK8>(&narrow, (96, 64), Compression::Lzw, profile),
            tiff::<CMYK16>(&wide, (96, 64), Compression::Uncompressed, profile),
        ] {
            let Rgb(seen) = *pixels(&developed(&original).proof.jpeg).get_pixel(40, 30);
            let as_jpeg = developed(&inks::jpeg(RED_INK, (96, 64), profile));
            let Rgb(wanted) = *pixels(&as_jpeg.proof.jpeg).get_pixel(40, 30);
            assert!(seen.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 6), "{seen:?}, not {wanted:?}");
        }
    }
}

#[test]
fn inks_are_printed_as_they_are_with_their_profile() {
    let profile = profile_for_inks();
    let original = tiff::<CMYK8>(&[10, 200, 30, 40].repeat(300 * 200), (300, 200), Compression::Lzw, Some(&profile));
    let settings =
        PrintSettings { format: PrintFormat::Tiff8, takes_originals: false, ..enprint_darkroom::print::FULL_SIZE };
    let file = print_file_with(&original, &Recipe::default(), &settings).unwrap();
    assert_eq!(inks::first_pixel(&file.bytes), [10, 200, 30, 40]);
    let mut made = tiff::decoder::Decoder::new(Cursor::new(&file.bytes)).unwrap();
    assert_eq!(made.get_tag_u8_vec(Tag::IccProfile).unwrap(), profile);
}

/// A TIFF whose directory stands before its ten strips, as Photoshop writes it.
fn directory_first(picture: &RgbImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let (rows, strips) = (height / 10, 10);
    let strip_bytes = rows * width * 3;
    let (arrays_at, count) = (8 + 2 + 9 * 12 + 4, 9_u16);
    let data_at = arrays_at + 6 + 2 * 4 * strips;
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let entries = [
        entry(256, 4, 1, width),
        entry(257, 4, 1, height),
        entry(258, 3, 3, arrays_at),
        entry(259, 3, 1, 1),
        entry(262, 3, 1, 2),
        entry(273, 4, strips, arrays_at + 6),
        entry(277, 3, 1, 3),
        entry(278, 4, 1, rows),
        entry(279, 4, strips, arrays_at + 6 + 4 * strips),
    ];
    let offsets = (0..strips).flat_map(|strip| (data_at + strip * strip_bytes).to_le_bytes());
    let lengths = (0..strips).flat_map(|_| strip_bytes.to_le_bytes());
    let arrays = [8, 0, 8, 0, 8, 0].into_iter().chain(offsets).chain(lengths).collect::<Vec<u8>>();
    [b"II*\0\x08\0\0\0", &count.to_le_bytes()[..], &entries.concat(), &[0; 4], &arrays, picture.as_raw()].concat()
}

fn upper(picture: &RgbImage, rows: u32) -> RgbImage {
    image::imageops::crop_imm(picture, 0, 0, picture.width(), rows).to_image()
}

#[test]
fn what_is_left_of_a_cut_tiff_is_shown_and_never_printed() {
    let picture = quarters(300, 200);
    let whole = directory_first(&picture);
    assert_eq!(developed(&whole).damage, None);
    for (rest, rows) in [(whole.len() * 3 / 4, 130), (whole.len() / 3, 60)] {
        let cut = &whole[..rest];
        let shown = developed(cut);
        assert!(shown.damage.is_some(), "cut at {rest}");
        let shown = pixels(&shown.proof.jpeg);
        assert_eq!(shown.dimensions(), (300, 200));
        assert!(difference(&upper(&shown, rows), &upper(&picture, rows)) < 4.0);
        for turns in [0, 1] {
            in_words(&print_file(cut, &Recipe { quarter_turns: turns, ..Recipe::default() }).unwrap_err());
        }
    }
    refused(&whole[..200]);
}

#[test]
fn a_spoiled_strip_leaves_the_others() {
    let picture = quarters(300, 200);
    for inks in [false, true] {
        let mut spoiled = if inks {
            tiff::<CMYK8>(&[9, 9, 200, 9].repeat(300 * 200), (300, 200), Compression::Deflate(DeflateLevel::Fast), None)
        } else {
            tiff::<RGB8>(&picture, (300, 200), Compression::Deflate(DeflateLevel::Fast), None)
        };
        assert_eq!(developed(&spoiled).damage, None);
        let first = tiff::decoder::Decoder::new(Cursor::new(&spoiled)).unwrap().get_tag_u32_vec(Tag::StripOffsets);
        let at = first.unwrap()[0] as usize;
        spoiled[at..at + 16].fill(0xFF);
        let shown = developed(&spoiled);
        assert!(shown.damage.is_some(), "inks: {inks}");
        assert!(print_file(&spoiled, &Recipe::default()).is_err());
        if !inks {
            let lower = |from: &RgbImage| image::imageops::crop_imm(from, 0, 24, 300, 176).to_image();
            assert!(difference(&lower(&pixels(&shown.proof.jpeg)), &lower(&picture)) < 4.0);
        }
    }
}

/// A TIFF of one strip for each of `strips`, with these tags beside its size.
fn by_hand((width, height): (u32, u32), tags: &[(u16, u16)], map: &[u16], strips: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"II*\0\0\0\0\0".to_vec();
    let mut places = Vec::new();
    for strip in strips {
        places.push((file.len() as u32, strip.len() as u32));
        file.extend(strip);
    }
    let mut list = |numbers: Vec<u32>| {
        let at = file.len() as u32;
        file.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        if let [only] = numbers[..] { only } else { at }
    };
    let offsets = list(places.iter().map(|place| place.0).collect());
    let lengths = list(places.iter().map(|place| place.1).collect());
    let map_at = file.len() as u32;
    file.extend(map.iter().flat_map(|level| level.to_le_bytes()));
    let count = strips.len() as u32;
    let mut entries = vec![(256, 4, 1, width), (257, 4, 1, height), (259, 3, 1, 1)];
    entries.extend([(273, 4, count, offsets), (278, 4, 1, height), (279, 4, count, lengths)]);
    entries.extend(tags.iter().map(|(tag, value)| (*tag, 3, 1, u32::from(*value))));
    if !map.is_empty() {
        entries.push((320, 3, map.len() as u32, map_at));
    }
    entries.sort_unstable();
    let directory = file.len() as u32;
    file[4..8].copy_from_slice(&directory.to_le_bytes());
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        let value = value.to_le_bytes();
        file.extend([&tag.to_le_bytes()[..], &u16::to_le_bytes(kind), &u32::to_le_bytes(count), &value].concat());
    }
    file.extend([0; 4]);
    file
}

fn channel(picture: &RgbImage, at: usize) -> Vec<u8> {
    picture.pixels().map(|pixel| pixel.0[at]).collect()
}

fn assert_shown(original: &[u8], picture: &RgbImage, name: &str) {
    let shown = developed(original);
    assert_eq!(shown.damage, None, "{name}");
    let off = difference(&pixels(&shown.proof.jpeg), picture);
    assert!(off < 3.0, "{name} is {off} levels off");
}

#[test]
fn channels_in_planes_of_their_own_are_put_together() {
    let picture = quarters(90, 60);
    let tags = [(258, 8), (262, 2), (277, 3), (284, 2)];
    let planes = [0, 1, 2].map(|at| channel(&picture, at));
    assert_shown(&by_hand((90, 60), &tags, &[], &planes), &picture, "8 bits");
    let wide = planes.clone().map(|plane| plane.iter().flat_map(|level| [*level; 2]).collect::<Vec<u8>>());
    let tags = [(258, 16), (262, 2), (277, 3), (284, 2)];
    assert_shown(&by_hand((90, 60), &tags, &[], &wide), &picture, "16 bits");
    // Without black, each ink takes away its light.
    let inks = [0, 1, 2, 3].map(|at| match planes.get(at) {
        Some(plane) => plane.iter().map(|level| 255 - level).collect::<Vec<u8>>(),
        None => vec![0; 90 * 60],
    });
    let tags = [(258, 8), (262, 5), (277, 4), (284, 2)];
    let in_inks = by_hand((90, 60), &tags, &[], &inks);
    assert_shown(&in_inks, &picture, "inks");
    let lacking = [planes[0].clone(), planes[1].clone(), Vec::new()];
    let cut = by_hand((90, 60), &[(258, 8), (262, 2), (277, 3), (284, 2)], &[], &lacking);
    assert!(developed(&cut).damage.is_some(), "a plane that is missing");
}

#[test]
fn numbers_of_a_palette_become_its_colours() {
    let colours: Vec<[u8; 3]> = (0..=255).map(|at: u8| [at, at / 2, 255 - at]).collect();
    let picture = RgbImage::from_fn(90, 60, |x, y| Rgb(colours[(x / 8 * 8 + y / 8) as usize]));
    let numbers = (0..60).flat_map(|y| (0..90).map(move |x| (x / 8 * 8 + y / 8) as u8)).collect::<Vec<_>>();
    let tags = [(258, 8), (262, 3), (277, 1)];
    for (name, wide) in [("16 bits", 257), ("the lower 8 bits alone", 1)] {
        let map = [0, 1, 2].map(|at| colours.iter().map(|colour| u16::from(colour[at]) * wide).collect::<Vec<_>>());
        let original = by_hand((90, 60), &tags, &map.concat(), std::slice::from_ref(&numbers));
        assert_shown(&original, &picture, name);
        let facts = enprint_darkroom::read_facts(&original).unwrap();
        assert_eq!((facts.width_px, facts.height_px), (90, 60));
    }
    assert!(refused(&by_hand((90, 60), &tags, &[], &[numbers])).len() > 10, "a palette that is not there");
}

#[test]
fn light_and_colour_differences_become_colours() {
    let picture = quarters(90, 60);
    let coded = picture.pixels().flat_map(|pixel| {
        let [r, g, b] = pixel.0.map(f64::from);
        let light = 0.299 * r + 0.587 * g + 0.114 * b;
        [light, 128.0 + (b - light) / 1.772, 128.0 + (r - light) / 1.402].map(|level| level.round() as u8)
    });
    let coded = [coded.collect::<Vec<u8>>()];
    let whole = by_hand((90, 60), &[(258, 8), (262, 6), (277, 3), (530, 1)], &[], &coded);
    // Its subsampling is two numbers in one field.
    let mut whole = whole;
    let at = whole.windows(4).rposition(|four| four == [0x12, 2, 3, 0]).unwrap();
    whole[at + 4] = 2;
    whole[at + 8..at + 12].copy_from_slice(&[1, 0, 1, 0]);
    assert_shown(&whole, &picture, "without subsampling");
    whole[at + 8] = 2;
    assert!(refused(&whole).contains("can't be read yet"), "with subsampling");
}

#[test]
fn floating_numbers_and_32_bits_are_refused_in_words() {
    let samples = [vec![0; 90 * 60 * 3 * 4]];
    for (bits, format) in [(32, 3), (32, 1), (16, 3)] {
        let half = [samples[0][..90 * 60 * 3 * usize::from(bits) / 8].to_vec()];
        let words = refused(&by_hand((90, 60), &[(258, bits), (262, 2), (277, 3), (339, format)], &[], &half));
        assert!(words.contains("32 bits or of floating-point numbers"), "{bits} {format}: {words}");
    }
}
