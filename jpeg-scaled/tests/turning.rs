//! Turned without loss: the same pixels as libjpeg-turbo's `jpegtran` gives, for all
//! eight ways and every subsampling, and nothing that would tell where and by whom.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod turbo;

use enprint_jpeg_scaled::{ScaledError, Turn, turned};
use turbo::drawn;

/// What `jpegtran` calls the turn that makes an EXIF orientation upright.
const WAYS: [(u8, &[&str]); 8] = [
    (1, &[]),
    (2, &["-flip", "horizontal"]),
    (3, &["-rotate", "180"]),
    (4, &["-flip", "vertical"]),
    (5, &["-transpose"]),
    (6, &["-rotate", "90"]),
    (7, &["-transverse"]),
    (8, &["-rotate", "270"]),
];

#[test]
fn every_turn_gives_the_pixels_that_jpegtran_gives() {
    if !turbo::is_here() {
        return;
    }
    for sampling in ["1x1", "2x1", "1x2", "2x2"] {
        for order in
            [&["-restart", "0"][..], &["-restart", "3B"], &["-progressive"], &["-progressive", "-restart", "1"]]
        {
            let arguments = [&["-quality", "92", "-sample", sampling], order].concat();
            let jpeg = turbo::encoded(&drawn(160, 96, 3), &arguments);
            for (orientation, way) in WAYS {
                let ours = turned(&jpeg, Turn::from_exif(orientation)).unwrap();
                let theirs = turbo::transformed(&jpeg, way).unwrap();
                assert_same_pixels(&ours, &theirs, &format!("{sampling}, {order:?}, orientation {orientation}"));
            }
        }
    }
}

#[test]
fn a_scan_for_each_colour_and_odd_sizes_are_turned_alike() {
    if !turbo::is_here() {
        return;
    }
    let script = std::env::temp_dir().join(format!("enprint-scans-{}", std::process::id()));
    std::fs::write(&script, "0;\n1;\n2;\n").unwrap();
    let scans = ["-scans", script.to_str().unwrap()];
    for order in [&scans[..], &["-progressive"]] {
        let jpeg = turbo::encoded(&drawn(101, 67, 3), &[&["-sample", "2x2"], order].concat());
        // Nothing that is cut within a block moves to the front.
        for (orientation, way) in [WAYS[0], WAYS[4]] {
            let ours = turned(&jpeg, Turn::from_exif(orientation)).unwrap();
            assert_same_pixels(&ours, &turbo::transformed(&jpeg, way).unwrap(), &format!("{order:?} {orientation}"));
        }
    }
    std::fs::remove_file(script).unwrap();
}

#[test]
fn a_turn_and_the_one_back_give_the_same_pixels_again() {
    if !turbo::is_here() {
        return;
    }
    for channels in [1, 3] {
        let jpeg = turbo::encoded(&drawn(160, 96, channels), &["-quality", "100"]);
        for (there, back) in [(6, 8), (8, 6), (5, 5), (7, 7), (2, 2), (3, 3), (4, 4)] {
            let away = turned(&jpeg, Turn::from_exif(there)).unwrap();
            let again = turned(&away, Turn::from_exif(back)).unwrap();
            assert_same_pixels(&again, &jpeg, &format!("{channels} channels, orientation {there}"));
        }
    }
}

#[test]
fn an_edge_within_a_block_is_not_moved_to_the_front() {
    if !turbo::is_here() {
        return;
    }
    let jpeg = turbo::encoded(&drawn(161, 96, 3), &["-sample", "2x2"]);
    for (orientation, way) in WAYS {
        let theirs = turbo::transformed(&jpeg, way);
        let ours = turned(&jpeg, Turn::from_exif(orientation));
        match theirs {
            Some(theirs) => assert_same_pixels(&ours.unwrap(), &theirs, &format!("orientation {orientation}")),
            None => assert_eq!(ours, Err(ScaledError::NotWhole), "orientation {orientation}"),
        }
    }
}

#[test]
fn the_profile_stays_and_exif_and_comments_go() {
    if !turbo::is_here() {
        return;
    }
    let jpeg = turbo::encoded(&drawn(64, 32, 3), &[]);
    let mut told = jpeg[..2].to_vec();
    for (marker, body) in
        [(0xE1, &b"Exif\0\0secret place"[..]), (0xE2, b"ICC_PROFILE\0\x01\x01colours"), (0xFE, b"words")]
    {
        told.extend([0xFF, marker]);
        told.extend(u16::try_from(body.len() + 2).unwrap().to_be_bytes());
        told.extend(body);
    }
    told.extend(&jpeg[2..]);
    let turned = turned(&told, Turn::from_exif(6)).unwrap();
    let has = |words: &[u8]| turned.windows(words.len()).any(|window| window == words);
    assert!(has(b"ICC_PROFILE\0\x01\x01colours") && has(b"JFIF\0"));
    assert!(!has(b"Exif") && !has(b"secret") && !has(b"words"));
}

#[test]
fn a_turned_camera_file_is_no_larger_and_turns_back() {
    let Some(root) = std::env::var_os("ENPRINT_PHOTOS").filter(|_| turbo::is_here()) else {
        return eprintln!("left out: ENPRINT_PHOTOS names no folder of camera files");
    };
    for name in ["jpeg/p24mp_00_422_o1.jpg", "jpeg/p45mp_04_420_o1.jpg"] {
        let Ok(jpeg) = std::fs::read(std::path::Path::new(&root).join(name)) else { continue };
        let ours = turned(&jpeg, Turn::from_exif(6)).unwrap();
        assert!(ours.len() <= jpeg.len() + jpeg.len() / 50, "{name}: {} from {}", ours.len(), jpeg.len());
        assert_same_pixels(&turned(&ours, Turn::from_exif(8)).unwrap(), &jpeg, name);
    }
}

#[test]
fn truncated_and_rotten_files_are_refused_or_turned() {
    if !turbo::is_here() {
        return;
    }
    let jpeg = turbo::encoded(&drawn(96, 64, 3), &["-sample", "2x1", "-restart", "1"]);
    for end in (0..jpeg.len() - 2).step_by(7) {
        assert!(turned(&jpeg[..end], Turn::from_exif(6)).is_err(), "cut at {end}");
    }
    for at in 0..jpeg.len() {
        let mut rotten = jpeg.clone();
        rotten[at] ^= 0x10;
        if let Ok(turned) = turned(&rotten, Turn::from_exif(8)) {
            assert!(turned.len() > 100, "byte {at}");
        }
    }
}

fn assert_same_pixels(ours: &[u8], theirs: &[u8], name: &str) {
    let ours = turbo::decoded(ours, &[]).unwrap_or_else(|| panic!("{name}: djpeg refuses ours"));
    let theirs = turbo::decoded(theirs, &[]).unwrap();
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height), "{name}");
    assert!(ours.samples == theirs.samples, "{name}: other pixels");
}
