//! Whether all of a picture is there, for every order of scans: nothing whole is doubted,
//! and no scan may end before its picture does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod turbo;

use enprint_jpeg_scaled::{ScaledError, check_whole};
use turbo::drawn;

/// Files of each sampling and each order of scans.
fn every_kind() -> Vec<(String, Vec<u8>)> {
    let orders = [&[][..], &["-restart", "2B"], &["-optimize"], &["-progressive"], &["-progressive", "-restart", "1"]];
    let mut all = Vec::new();
    for order in orders {
        for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1", "2x1,1x2,1x1"] {
            let arguments = [&["-sample", sampling], order].concat();
            all.push((format!("{arguments:?}"), turbo::encoded(&drawn(107, 75, 3), &arguments)));
        }
        all.push((format!("grey {order:?}"), turbo::encoded(&drawn(107, 75, 1), order)));
    }
    all
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

#[test]
fn whole_files_are_whole() {
    if !turbo::is_here() {
        return;
    }
    for (name, jpeg) in every_kind() {
        assert_eq!(check_whole(&jpeg), Ok(()), "{name}");
    }
}

#[test]
fn a_scan_that_lacks_its_second_half_is_found() {
    if !turbo::is_here() {
        return;
    }
    for (name, jpeg) in every_kind() {
        for (start, end) in scans(&jpeg).into_iter().filter(|(start, end)| end - start > 40) {
            let cut = [&jpeg[..start + (end - start) / 2], &jpeg[end..]].concat();
            let found = check_whole(&cut);
            assert!(
                matches!(found, Err(ScaledError::CutShort | ScaledError::Data)),
                "{name}, {start} to {end}: {found:?}"
            );
        }
    }
}

#[test]
fn a_file_that_ends_anywhere_before_its_end_is_cut_short() {
    if !turbo::is_here() {
        return;
    }
    for (name, jpeg) in every_kind().into_iter().step_by(4) {
        for end in (0..jpeg.len() - 2).step_by(41) {
            assert!(check_whole(&jpeg[..end]).is_err(), "{name}, cut at {end}");
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_gives_an_answer() {
    if !turbo::is_here() {
        return;
    }
    let jpeg = turbo::encoded(&drawn(40, 24, 3), &["-progressive"]);
    for at in 0..jpeg.len() * 8 {
        let mut bytes = jpeg.clone();
        bytes[at / 8] ^= 1 << (at % 8);
        let _ = check_whole(&bytes);
    }
}
