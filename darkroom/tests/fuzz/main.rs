//! Broken files by the thousand, one target for each entry point: none may panic, in our
//! code or a decoder's, none may take longer than a bad file may, and each error must be a
//! sentence. A run is a fixed number of files, the same each time;
//! `ENPRINT_FUZZ_ROUNDS=100000 ENPRINT_FUZZ_SEED=7 cargo test --release -p
//! enprint-darkroom --test fuzz` runs longer and elsewhere. Seeds are files made here and,
//! where `ENPRINT_PHOTOS` names a folder of camera files, the smaller of those.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../kit/mod.rs"]
mod kit;
mod seeds;
mod spoil;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use enprint_darkroom::{
    DevelopError, DevelopSettings, Recipe, develop, print_file, read_and_develop, read_facts, sniff,
};
use enprint_jpeg_scaled::{Jpeg, Turn, check_whole, turned};
use spoil::Spoiler;

const ROUNDS: u64 = 400;

/// Gives `target` spoiled seeds; a panic names the round, so that it can be run again.
fn fuzz(name: &str, seeds: &[Vec<u8>], target: impl Fn(&[u8])) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    let (rounds, seed) = (number("ENPRINT_FUZZ_ROUNDS").unwrap_or(ROUNDS), number("ENPRINT_FUZZ_SEED").unwrap_or(1));
    let mut slowest = (Duration::ZERO, 0);
    for round in 0..rounds {
        let bytes = Spoiler::new(seed, round).spoiled(seeds);
        let began = kit::busy(kit::Busy::Thread);
        let fell = catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err();
        let took = kit::busy(kit::Busy::Thread) - began;
        if fell || took > kit::PATIENCE {
            let kept = std::env::temp_dir().join(format!("enprint-fuzz-{name}-{seed}-{round}"));
            std::fs::write(&kept, &bytes).unwrap();
            let what = if fell { "fell over".to_owned() } else { format!("took {took:?}") };
            panic!("{name} {what} in round {round} of seed {seed}; the file is {}", kept.display());
        }
        slowest = slowest.max((took, round));
    }
    println!("{name}: {rounds} files, the slowest took {:?} (round {})", slowest.0, slowest.1);
}

/// Asserts that an error is a sentence, and not that for a decoder that panicked, which
/// the entry points catch.
fn in_words(error: &DevelopError) {
    assert_ne!(error, &DevelopError::DecoderGaveUp, "a panic");
    kit::in_words(error);
}

#[test]
fn sniffing_knows_or_does_not_know() {
    fuzz("sniff", &seeds::all(), |bytes| {
        let _ = sniff(bytes).map(|kind| kind.is_readable());
    });
}

#[test]
fn facts_are_read_or_refused_in_words() {
    fuzz("facts", &seeds::all(), |bytes| match read_facts(bytes) {
        Ok(facts) => assert!(facts.width_px > 0 && facts.height_px > 0),
        Err(error) => in_words(&error),
    });
}

#[test]
fn renditions_are_made_or_refused_in_words() {
    let settings = DevelopSettings::default();
    fuzz("develop", &seeds::all(), |bytes| match develop(bytes, &settings) {
        Ok(renditions) => {
            let proof = &renditions.proof;
            assert!(proof.width_px.max(proof.height_px) <= settings.proof_edge_px);
            assert_eq!(kit::pixels(&proof.jpeg).dimensions(), (proof.width_px, proof.height_px));
        }
        Err(error) => in_words(&error),
    });
}

#[test]
fn complex_formats_are_read_and_developed_together_or_refused_in_words() {
    let settings = DevelopSettings { proof_edge_px: 48, ..DevelopSettings::default() };
    fuzz("complex", &seeds::complex(), |bytes| match read_and_develop(bytes, &settings) {
        Ok((facts, renditions)) => {
            assert_eq!(facts.width_px > facts.height_px, renditions.proof.width_px > renditions.proof.height_px);
        }
        Err(error) => in_words(&error),
    });
}

#[test]
fn print_files_are_made_or_refused_in_words() {
    let recipe = Recipe { straighten: 250, ..Recipe::default() };
    fuzz("print", &seeds::complex(), |bytes| match print_file(bytes, &recipe) {
        Ok(file) => assert!(file.is_some_and(|file| file.width_px > 0 && file.height_px > 0)),
        Err(error) => in_words(&error),
    });
}

#[test]
fn camera_jpegs_are_decoded_at_every_scale_or_refused() {
    fuzz("scaled", &seeds::jpegs(), |bytes| {
        let Ok(jpeg) = Jpeg::read(bytes) else { return };
        let eighths = 1 + bytes.len() % 8;
        for plane in jpeg.decode(&vec![eighths; jpeg.components().len()]).into_iter().flatten() {
            assert_eq!(plane.samples.len(), plane.width * plane.height);
        }
    });
}

#[test]
fn scans_of_every_kind_are_read_to_their_end_or_refused() {
    fuzz("whole", &seeds::jpegs(), |bytes| {
        let _ = check_whole(bytes);
    });
}

#[test]
fn turned_jpegs_can_be_decoded() {
    fuzz("turned", &seeds::jpegs(), |bytes| {
        let Ok(turned) = turned(bytes, Turn::from_exif((bytes.len() % 8) as u8 + 1)) else { return };
        check_whole(&turned).unwrap();
    });
}
