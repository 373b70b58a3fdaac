//! Our planes beside libjpeg-turbo's, on camera files and on files of every kind that
//! `cjpeg` can make. Where libjpeg-turbo has another idea of a scaled picture (2 and 4
//! eighths), its picture at full size, transformed and cut to the lowest frequencies,
//! is the reference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod turbo;

use std::path::{Path, PathBuf};

use enprint_jpeg_scaled::{Jpeg, ScaledError};
use turbo::{Pnm, drawn};

/// Eighths at which libjpeg-turbo transforms the lowest frequencies, as we do.
const ALIKE: [usize; 6] = [1, 3, 5, 6, 7, 8];

#[test]
fn camera_files_have_the_light_that_libjpeg_turbo_gives_them() {
    let Some(root) = std::env::var_os("ENPRINT_PHOTOS").filter(|_| turbo::is_here()) else {
        return eprintln!("left out: ENPRINT_PHOTOS names no folder of camera files");
    };
    let mut compared = 0;
    for path in jpegs_below(&PathBuf::from(root)) {
        let bytes = std::fs::read(&path).unwrap();
        let jpeg = match Jpeg::read(&bytes) {
            Err(ScaledError::NotForThis(_)) => continue,
            jpeg => jpeg.unwrap(),
        };
        if !jpeg.is_ycbcr_or_grey() {
            continue;
        }
        for eighths in [1, 3, 8] {
            assert_same_light(&path.display().to_string(), &bytes, eighths);
        }
        compared += 1;
    }
    assert!(compared > 20, "only {compared} files are baseline JPEGs");
}

#[test]
fn small_pictures_of_every_size_and_subsampling_are_decoded_alike() {
    if !turbo::is_here() {
        return;
    }
    for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1"] {
        for size in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64] {
            for (width, height) in [(size, size), (size, 64), (64, size)] {
                let picture = drawn(width, height, 3);
                let jpeg = turbo::encoded(&picture, &["-quality", "90", "-sample", sampling]);
                for eighths in ALIKE {
                    assert_same_light(&format!("{sampling} {width}x{height}"), &jpeg, eighths);
                }
            }
        }
    }
}

#[test]
fn pictures_in_passes_are_decoded_alike() {
    if !turbo::is_here() {
        return;
    }
    for sampling in ["1x1", "2x1", "1x2", "2x2"] {
        for (width, height) in [(1, 1), (7, 64), (33, 17), (301, 157)] {
            for more in [&["-quality", "60"][..], &["-quality", "98", "-restart", "1"]] {
                let picture = drawn(width, height, 3);
                let jpeg = turbo::encoded(&picture, &[&["-progressive", "-sample", sampling][..], more].concat());
                for eighths in ALIKE {
                    assert_same_light(&format!("in passes, {sampling} {width}x{height} {more:?}"), &jpeg, eighths);
                }
            }
        }
    }
}

#[test]
fn components_in_scans_of_their_own_and_passes_of_few_coefficients_are_decoded_alike() {
    if !turbo::is_here() {
        return;
    }
    let (apart, slices) = (
        "0; 1; 2;",
        "0: 0-0, 0, 0; 2: 0-0, 0, 0; 1: 0-0, 0, 0; 0: 1-2, 0, 1; 1: 1-63, 0, 0; \
        2: 1-63, 0, 0; 0: 3-63, 0, 3; 0: 3-63, 3, 2; 0: 1-2, 1, 0; 0: 3-63, 2, 1; 0: 3-63, 1, 0;",
    );
    for scans in [apart, slices] {
        let script = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(script.path(), scans).unwrap();
        let jpeg = turbo::encoded(&drawn(203, 117, 3), &["-sample", "2x2", "-scans", script.path().to_str().unwrap()]);
        for eighths in ALIKE {
            assert_same_light(scans, &jpeg, eighths);
        }
    }
}

#[test]
fn colours_in_passes_are_those_of_one_scan_at_every_scale() {
    if !turbo::is_here() {
        return;
    }
    let picture = drawn(200, 120, 3);
    let one_scan = turbo::encoded(&picture, &["-quality", "90", "-sample", "2x2"]);
    let in_passes = turbo::encoded(&picture, &["-quality", "90", "-sample", "2x2", "-progressive"]);
    for light in 1..=8 {
        for colour in 1..=8 {
            let eighths = [light, colour, colour];
            let decoded = |jpeg: &[u8]| Jpeg::read(jpeg).unwrap().decode(&eighths).unwrap();
            assert_eq!(decoded(&one_scan), decoded(&in_passes), "{eighths:?}");
        }
    }
}

#[test]
fn restart_markers_everywhere_change_nothing() {
    if !turbo::is_here() {
        return;
    }
    let picture = drawn(203, 117, 3);
    for restart in ["1", "2", "1B", "3B", "7B"] {
        for sampling in ["1x1", "2x2"] {
            let jpeg = turbo::encoded(&picture, &["-restart", restart, "-sample", sampling, "-optimize"]);
            for eighths in ALIKE {
                assert_same_light(&format!("restart {restart} {sampling}"), &jpeg, eighths);
            }
        }
    }
}

#[test]
fn grey_and_rough_and_fine_qualities_are_decoded_alike() {
    if !turbo::is_here() {
        return;
    }
    for quality in ["1", "10", "50", "98", "100"] {
        for channels in [1, 3] {
            let jpeg = turbo::encoded(&drawn(301, 157, channels), &["-quality", quality]);
            for eighths in ALIKE {
                assert_same_light(&format!("quality {quality}, {channels} channels"), &jpeg, eighths);
            }
        }
    }
}

#[test]
fn colours_are_those_of_libjpeg_turbo() {
    if !turbo::is_here() {
        return;
    }
    let jpeg = turbo::encoded(&drawn(200, 120, 3), &["-quality", "95", "-sample", "1x1"]);
    for eighths in ALIKE {
        let ours = rgb(&Jpeg::read(&jpeg).unwrap().decode(&[eighths; 3]).unwrap());
        let theirs = turbo::decoded(&jpeg, &["-scale", &format!("{eighths}/8")]).unwrap();
        assert_alike("colours", &ours, &theirs.samples, eighths);
    }
}

#[test]
fn halves_and_quarters_are_the_lowest_frequencies() {
    if !turbo::is_here() {
        return;
    }
    // Soft enough that no sample is cut at black or white, which would add frequencies.
    let mut picture = drawn(256, 128, 1);
    picture.samples.iter_mut().for_each(|level| *level = 64 + *level / 2);
    let jpeg = turbo::encoded(&picture, &["-quality", "95"]);
    let whole = turbo::decoded(&jpeg, &["-grayscale"]).unwrap();
    for eighths in [2, 4] {
        let ours = Jpeg::read(&jpeg).unwrap().decode(&[eighths]).unwrap().remove(0);
        assert_alike("lowest frequencies", &ours.samples, &lowest_frequencies(&whole, eighths), eighths);
    }
}

fn assert_same_light(name: &str, bytes: &[u8], eighths: usize) {
    let jpeg = Jpeg::read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let ours = jpeg.decode(&vec![eighths; jpeg.components().len()]);
    let ours = ours.unwrap_or_else(|error| panic!("{name}: {error}")).remove(0);
    let theirs = turbo::decoded(bytes, &["-grayscale", "-scale", &format!("{eighths}/8")]).unwrap();
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height), "{name} at {eighths}/8");
    assert_alike(name, &ours.samples, &theirs.samples, eighths);
}

/// The mean difference is below half a level, and none is as much as four.
fn assert_alike(name: &str, ours: &[u8], theirs: &[u8], eighths: usize) {
    assert_eq!(ours.len(), theirs.len(), "{name} at {eighths}/8");
    let differences = || ours.iter().zip(theirs).map(|(a, b)| u64::from(a.abs_diff(*b)));
    let (sum, most) = (differences().sum::<u64>(), differences().max().unwrap_or(0));
    let mean = sum as f64 / ours.len() as f64;
    assert!(mean < 0.5 && most < 4, "{name} at {eighths}/8: mean {mean}, most {most}");
}

fn rgb(planes: &[enprint_jpeg_scaled::Plane]) -> Vec<u8> {
    let level = |plane: usize, at: usize| f32::from(planes[plane].samples[at]);
    let pixel = |at: usize| {
        let (light, blue, red) = (level(0, at), level(1, at) - 128.0, level(2, at) - 128.0);
        [light + 1.402 * red, light - 0.344_136 * blue - 0.714_136 * red, light + 1.772 * blue]
    };
    (0..planes[0].samples.len()).flat_map(pixel).map(|level| level.round().clamp(0.0, 255.0) as u8).collect()
}

/// Each 8 × 8 block's lowest `n` × `n` frequencies as a block of `n` × `n`.
fn lowest_frequencies(whole: &Pnm, n: usize) -> Vec<u8> {
    let wave = |of: usize, x: usize, u: usize| {
        let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * of) as f64;
        angle.cos() * if u == 0 { 8f64.sqrt().recip() } else { 0.5 }
    };
    let (width, height) = (whole.width * n / 8, whole.height * n / 8);
    let mut samples = Vec::with_capacity(width * height);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (block_y, block_x) = (y / n * 8, x / n * 8);
        let mut level = 0.0;
        for (v, u) in (0..n).flat_map(|v| (0..n).map(move |u| (v, u))) {
            let mut frequency = 0.0;
            for (row, column) in (0..8).flat_map(|row| (0..8).map(move |column| (row, column))) {
                let sample = whole.samples[(block_y + row) * whole.width + block_x + column];
                frequency += f64::from(sample) * wave(8, row, v) * wave(8, column, u);
            }
            level += frequency * wave(n, y % n, v) * wave(n, x % n, u);
        }
        samples.push(level.round().clamp(0.0, 255.0) as u8);
    }
    samples
}

fn jpegs_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(jpegs_below(&path));
        } else if path.extension().is_some_and(|ending| ending == "jpg") {
            found.push(path);
        }
    }
    found
}
