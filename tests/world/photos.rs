//! Photographs made for tests: small scenes with real EXIF, of any size in bytes.

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};

/// A JPEG of `width` × `height` pixels whose picture follows from `seed`.
pub fn jpeg(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let wave = ((x * (seed + 3) / 7) ^ (y * (seed + 5) / 11)) as u8;
        Rgb([wave, (x * 255 / width) as u8, (y * 255 / height) as u8])
    });
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
    bytes
}

/// A JPEG whose picture is noise, so that its renditions are large.
pub fn busy_jpeg(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed) * 2 + 1;
    let picture = RgbImage::from_fn(1600, 1066, |_, _| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [a, b, c, ..] = (state >> 32).to_le_bytes();
        Rgb([a, b, c])
    });
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
    bytes
}

/// A JPEG followed by so much noise after its end that it has `bytes` in all:
/// cameras append such data too, and it must arrive as well.
pub fn heavy_jpeg(bytes: usize, seed: u32) -> Vec<u8> {
    let mut file = jpeg(600, 400, seed);
    let mut state = u64::from(seed) | 1;
    while file.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        file.extend_from_slice(&state.to_le_bytes());
    }
    file.truncate(bytes);
    file
}

/// A JPEG that says where it was taken: 51.5° N, 0.117° W.
pub fn jpeg_with_gps(seed: u32) -> Vec<u8> {
    let plain = jpeg(640, 480, seed);
    let exif = exif_with_gps();
    let mut file = plain[..2].to_vec();
    file.extend_from_slice(&[0xff, 0xe1]);
    file.extend_from_slice(&u16::try_from(exif.len() + 8).unwrap().to_be_bytes());
    file.extend_from_slice(b"Exif\0\0");
    file.extend_from_slice(&exif);
    file.extend_from_slice(&plain[2..]);
    file
}

/// A big-endian TIFF block: IFD0 points to a GPS IFD with latitude and longitude.
fn exif_with_gps() -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
    let entry = |tiff: &mut Vec<u8>, tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        tiff.extend_from_slice(&tag.to_be_bytes());
        tiff.extend_from_slice(&kind.to_be_bytes());
        tiff.extend_from_slice(&count.to_be_bytes());
        tiff.extend_from_slice(&value);
    };
    tiff.extend_from_slice(&1_u16.to_be_bytes());
    entry(&mut tiff, 0x8825, 4, 1, 26_u32.to_be_bytes());
    tiff.extend_from_slice(&[0; 4]);
    tiff.extend_from_slice(&4_u16.to_be_bytes());
    entry(&mut tiff, 1, 2, 2, *b"N\0\0\0");
    entry(&mut tiff, 2, 5, 3, 80_u32.to_be_bytes());
    entry(&mut tiff, 3, 2, 2, *b"W\0\0\0");
    entry(&mut tiff, 4, 5, 3, 104_u32.to_be_bytes());
    tiff.extend_from_slice(&[0; 4]);
    for (number, of) in [(51_u32, 1_u32), (30, 1), (0, 1), (0, 1), (7, 1), (12, 10)] {
        tiff.extend_from_slice(&number.to_be_bytes());
        tiff.extend_from_slice(&of.to_be_bytes());
    }
    tiff
}

/// Writes `bytes` as `name` below `folder`.
pub fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
