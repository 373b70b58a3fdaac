//! Real camera files, where `ENPRINT_PHOTOS` names a folder of them: sub-folders
//! `jpeg`, `orientation`, `colour`, `odd` and `formats`. Without it nothing is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::fs;
use std::path::PathBuf;

use enprint_darkroom::{DevelopError, DevelopSettings, FileKind, Recipe, develop, print_file, read_facts, sniff};
use kit::{developed, difference, pixels};

/// The files of a sub-folder, or None with a line that says so.
fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let Some(root) = std::env::var_os("ENPRINT_PHOTOS") else {
        println!("skipped: ENPRINT_PHOTOS names no folder of camera files");
        return None;
    };
    let entries = fs::read_dir(PathBuf::from(root).join(folder)).unwrap();
    let mut files = entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    files.sort();
    Some(files)
}

#[test]
fn every_real_photo_develops_to_the_size_that_its_facts_say() {
    for folder in ["jpeg", "orientation", "colour", "odd", "formats"] {
        for path in files(folder).into_iter().flatten() {
            let original = fs::read(&path).unwrap();
            if folder == "formats" && !sniff(&original).is_some_and(FileKind::is_readable) {
                assert!(read_facts(&original).unwrap_err().to_string().contains("can't be read yet"), "{path:?}");
                continue;
            }
            let (facts, renditions) = (read_facts(&original).unwrap(), developed(&original));
            let longest = facts.width_px.max(facts.height_px);
            let proof = &renditions.proof;
            assert_eq!(proof.width_px.max(proof.height_px), longest.min(1600), "{path:?}");
            assert_eq!(facts.width_px > facts.height_px, proof.width_px > proof.height_px, "{path:?}");
            let traces = [&b"Exif"[..], b"GPS"];
            assert!(
                traces.iter().all(|trace| !proof.jpeg.windows(trace.len()).any(|window| window == *trace)),
                "{path:?}"
            );
        }
    }
}

#[test]
fn real_photos_of_all_orientations_look_the_same() {
    let Some(paths) = files("orientation") else {
        return;
    };
    let landscapes = paths.iter().filter(|path| path.to_string_lossy().contains("orient_landscape_"));
    let proofs = landscapes.map(|path| pixels(&developed(&fs::read(path).unwrap()).proof.jpeg)).collect::<Vec<_>>();
    assert_eq!(proofs.len(), 8);
    for (number, proof) in proofs.iter().enumerate() {
        // The number written in the middle differs; the photo does not.
        let off = difference(proof, &proofs[0]);
        assert!(off < 4.0, "orientation {} is {off} levels off", number + 1);
    }
}

#[test]
fn real_profiles_look_like_the_untagged_reference() {
    let Some(paths) = files("colour") else { return };
    let proof = |path: &PathBuf| pixels(&developed(&fs::read(path).unwrap()).proof.jpeg);
    let named = |word: &str| paths.iter().filter(|path| path.to_string_lossy().contains(word)).collect::<Vec<_>>();
    let reference = proof(named("icc_none_reference")[0]);
    for path in named("icc_") {
        let off = difference(&proof(path), &reference);
        assert!(off < 2.5, "{path:?} is {off} levels off");
    }
}

#[test]
fn every_real_jpeg_counts_as_whole_and_is_printed() {
    for folder in ["jpeg", "orientation", "colour", "odd"] {
        for path in files(folder).into_iter().flatten() {
            let printed = print_file(&fs::read(&path).unwrap(), &Recipe::default());
            assert_eq!(printed, Ok(None), "{path:?}");
        }
    }
}

#[test]
fn a_real_photo_cut_at_every_1000th_byte_is_shown_as_damaged_or_refused_and_never_printed() {
    let Some(paths) = files("jpeg") else { return };
    let bytes = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let smallest = fs::read(paths.iter().min_by_key(|path| bytes(path)).unwrap()).unwrap();
    let mut shown = 0;
    for end in (1000..smallest.len()).step_by(1000) {
        let cut = &smallest[..end];
        match develop(cut, &DevelopSettings::default()) {
            Ok(renditions) => {
                shown += 1;
                assert_eq!(renditions.damage, Some(DevelopError::CutShort), "at {end}");
            }
            Err(error) => assert!(error.to_string().len() > 20, "at {end}: {error}"),
        }
        assert!(print_file(cut, &Recipe::default()).is_err(), "printed though cut at {end}");
    }
    assert!(shown * 1000 > smallest.len() / 2, "only {shown} cuts gave a picture");
}

#[test]
fn a_real_heic_that_lost_its_end_shows_what_came_before_and_is_never_printed() {
    let Some(paths) = files("formats") else { return };
    let heics = paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "heic"));
    for path in heics {
        let original = fs::read(path).unwrap();
        let whole = pixels(&developed(&original).proof.jpeg);
        let cut = &original[..original.len() * 2 / 3];
        let shown = developed(cut);
        assert_eq!(shown.damage, Some(DevelopError::CutShort), "{path:?}");
        let shown = pixels(&shown.proof.jpeg);
        assert_eq!(shown.dimensions(), whole.dimensions(), "{path:?}");
        let is_grey = |x: u32, y: u32| shown.get_pixel(x, y).0.iter().all(|level| level.abs_diff(0x80) < 4);
        let (mut same, mut missing) = (0, 0);
        for (x, y, pixel) in whole.enumerate_pixels() {
            let off =
                pixel.0.iter().zip(shown.get_pixel(x, y).0).map(|(one, other)| one.abs_diff(other)).max().unwrap();
            if is_grey(x, y) {
                missing += 1
            } else if off < 24 {
                same += 1
            }
        }
        let all = whole.width() * whole.height();
        assert!(
            missing > all / 20 && same > all / 3 && missing + same > all * 49 / 50,
            "{path:?}: {same} {missing} {all}"
        );
        assert!(print_file(cut, &Recipe::default()).is_err(), "{path:?}");
    }
}
