//! A card full of photographs that nobody has yet: small JPEGs with so much noise after
//! their end that each has its full length, new in every call.

use std::fs;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, Rgb, RgbImage};

/// Writes `count` files of `bytes` into `folder`.
pub fn make(folder: &Path, count: usize, bytes: usize) {
    fs::create_dir_all(folder).unwrap();
    let seed: [u8; 32] = *blake3::hash(folder.to_string_lossy().as_bytes()).as_bytes();
    for at in 0..count {
        let mut file = Vec::with_capacity(bytes);
        let picture = RgbImage::from_fn(600, 400, |x, y| Rgb([x as u8, y as u8, at as u8 ^ seed[0]]));
        picture.write_to(&mut std::io::Cursor::new(&mut file), ImageFormat::Jpeg).unwrap();
        let begin = file.len();
        file.resize(bytes, 0);
        blake3::Hasher::new_keyed(&seed).update(&at.to_le_bytes()).finalize_xof().fill(&mut file[begin..]);
        fs::write(folder.join(format!("{at:03}.jpg")), file).unwrap();
    }
}

/// Writes `count` photographs into `folder` whose proofs have the size of a camera's: soft
/// shapes with the grain of a sensor, 2,400 × 1,600, no two alike.
pub fn make_photographs(folder: &Path, count: usize) {
    fs::create_dir_all(folder).unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut grain = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 60) as f32
    };
    let mut picture = RgbImage::from_fn(2_400, 1_600, |x, y| {
        let soft = |step: f32, at: f32| 90.0 + 80.0 * (x as f32 / step + at).sin() * (y as f32 / (step * 0.7)).cos();
        let light = grain();
        Rgb([soft(90.0, 0.0), soft(140.0, 1.0), soft(60.0, 2.0)].map(|value| (value + light) as u8))
    });
    for at in 0..count {
        // Another picture for each: a corner of its own is enough for another hash.
        let tint = [at as u8, (at >> 8) as u8, 77];
        (0..64).for_each(|place| picture.put_pixel(place % 8 + 8, place / 8 + 8, Rgb(tint)));
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 88).encode_image(&picture).unwrap();
        fs::write(folder.join(format!("{at:04}.jpg")), file).unwrap();
    }
}
