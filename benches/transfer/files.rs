//! A card full of photographs that nobody has yet: small JPEGs with so much noise after
//! their end that each has its full length, new in every call.

use std::fs;
use std::path::Path;

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
