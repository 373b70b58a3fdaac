//! Bytes that lie, end too soon or have rotted: an error or a picture, never a panic,
//! and never more work than the file is worth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use enprint_jpeg_scaled::{Jpeg, ScaledError};

/// A grey picture of 40 × 24 with restart markers, written by hand: `cjpeg` need not
/// be there for these tests.
fn small_jpeg() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    segment(&mut bytes, 0xDB, &[&[0][..], &[1; 64]].concat());
    segment(&mut bytes, 0xC0, &[8, 0, 24, 0, 40, 1, 1, 0x11, 0]);
    // DC: 2-bit words for 0, 3 and 6 bits. AC: end of block, 1 bit, and a run of 3 with 2 bits.
    segment(&mut bytes, 0xC4, &[&[0x00, 0, 3][..], &[0; 14], &[0, 3, 6]].concat());
    segment(&mut bytes, 0xC4, &[&[0x10, 0, 3][..], &[0; 14], &[0x00, 0x01, 0x32]].concat());
    segment(&mut bytes, 0xDD, &[0, 5]);
    segment(&mut bytes, 0xDA, &[1, 1, 0x00, 0, 63, 0]);
    for restart in 0..3 {
        // Five blocks: DC of 3 bits (5), two values, end of block.
        let mut bits = String::new();
        for _ in 0..5 {
            bits.push_str("01101");
            bits.push_str("011");
            bits.push_str("1010");
            bits.push_str("00");
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        bytes.extend((0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap()));
        if restart < 2 {
            bytes.extend([0xFF, 0xD0 + restart]);
        }
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}

fn segment(bytes: &mut Vec<u8>, marker: u8, body: &[u8]) {
    bytes.extend([0xFF, marker]);
    bytes.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    bytes.extend(body);
}

/// Decodes at all scales; the size of what came out.
fn decoded(bytes: &[u8], eighths: usize) -> Result<(usize, usize), ScaledError> {
    let jpeg = Jpeg::read(bytes)?;
    let planes = jpeg.decode(&vec![eighths; jpeg.components().len()])?;
    planes.iter().for_each(|plane| assert_eq!(plane.samples.len(), plane.width * plane.height));
    Ok((planes[0].width, planes[0].height))
}

#[test]
fn the_file_that_the_others_spoil_is_good() {
    for eighths in 1..=8 {
        assert_eq!(decoded(&small_jpeg(), eighths), Ok((5 * eighths, 3 * eighths)));
    }
}

#[test]
fn a_file_cut_anywhere_in_its_picture_is_cut_short() {
    let whole = small_jpeg();
    let scan = whole.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap() + 10;
    for end in 0..whole.len() - 2 {
        let result = decoded(&whole[..end], 3);
        assert!(result.is_err(), "cut at {end}");
        if end >= scan {
            assert_eq!(result, Err(ScaledError::CutShort), "cut at {end}");
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_gives_a_picture_or_an_error() {
    let whole = small_jpeg();
    let (mut good, mut bad) = (0, 0);
    for at in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        for eighths in [1, 3, 8] {
            if decoded(&bytes, eighths).is_ok() { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
}

#[test]
fn a_rotten_scan_of_a_huge_claim_ends_where_its_bytes_do() {
    let mut bytes = small_jpeg();
    let frame = bytes.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    assert_eq!(decoded(&bytes, 8), Err(ScaledError::TooLarge));
    assert!(matches!(decoded(&bytes, 1), Err(ScaledError::CutShort | ScaledError::Data)));
}

#[test]
fn what_is_for_other_decoders_is_said_to_be() {
    let whole = small_jpeg();
    let frame = whole.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let with = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[frame + at] = value;
        decoded(&bytes, 8)
    };
    for process in [0xC3, 0xC9, 0xCA] {
        assert!(matches!(with(1, process), Err(ScaledError::NotForThis(_))), "process {process:x}");
    }
    assert!(matches!(with(4, 12), Err(ScaledError::NotForThis(_))), "12 bits");
    assert!(matches!(with(9, 0), Err(ScaledError::NotForThis(_))), "no components");
    assert!(matches!(decoded(b"<html>", 8), Err(ScaledError::NotForThis(_))));
    assert!(decoded(&[], 8).is_err());
}

#[test]
fn codes_with_too_many_words_and_missing_tables_are_refused() {
    let whole = small_jpeg();
    let code = whole.windows(2).position(|two| two == [0xFF, 0xC4]).unwrap();
    let mut crowded = whole.clone();
    (crowded[code + 5], crowded[code + 6]) = (3, 0);
    assert!(matches!(decoded(&crowded, 8), Err(ScaledError::Headers(_))));
    let mut without = whole.clone();
    without[code + 4] = 0x01;
    assert!(matches!(decoded(&without, 8), Err(ScaledError::Headers(_))));
}
