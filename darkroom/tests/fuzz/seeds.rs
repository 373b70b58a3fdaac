//! Good files, which `spoil` spoils.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};

use crate::kit;

/// Camera files above this only slow a run down.
const SEED_BYTES_MAX: u64 = 700_000;

/// One of each kind, and the smaller camera files.
pub fn all() -> Vec<Vec<u8>> {
    let picture = DynamicImage::from(kit::quarters(96, 64));
    let written = |picture: &DynamicImage, format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    };
    let mut seeds = made_jpegs();
    seeds.push(written(&picture, ImageFormat::Png));
    seeds.push(written(&picture, ImageFormat::Tiff));
    seeds.push(written(&picture, ImageFormat::WebP));
    seeds.push(written(&picture.to_rgba16().into(), ImageFormat::Png));
    seeds.push(written(&picture.to_luma16().into(), ImageFormat::Tiff));
    seeds.extend(complex());
    seeds.extend(camera_files(|_| true));
    seeds
}

/// Of the formats that a child reads, and of files in inks.
pub fn complex() -> Vec<Vec<u8>> {
    let picture = kit::quarters(64, 48);
    let mut tiff = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut tiff, ImageFormat::Tiff).unwrap();
    let inks = kit::inks::jpeg([200, 30, 90, 10], (48, 32), None);
    vec![kit::small::avif(), kit::small::heic(), kit::jpeg_xl(&picture), kit::raw(&picture), tiff.into_inner(), inks]
}

/// JPEGs alone.
pub fn jpegs() -> Vec<Vec<u8>> {
    let mut seeds = made_jpegs();
    seeds.extend(camera_files(|bytes| bytes.starts_with(&[0xFF, 0xD8])));
    seeds
}

fn made_jpegs() -> Vec<Vec<u8>> {
    let exif = kit::exif(&[(0x0112, kit::Value::Short(6))], &[(0x9003, kit::Value::Text("2024:06:01 12:00:00"))], &[]);
    let grey = image::DynamicImage::from(kit::quarters(40, 56)).to_luma8();
    let mut grey_jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut grey_jpeg, 80);
    encoder.encode(&grey, 40, 56, jpeg_encoder::ColorType::Luma).unwrap();
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 80);
    encoder.set_progressive(true);
    encoder.encode(kit::quarters(64, 48).as_raw(), 64, 48, jpeg_encoder::ColorType::Rgb).unwrap();
    vec![kit::jpeg(&kit::quarters(96, 64), Some(&exif), Some(b"no profile at all")), grey_jpeg, progressive]
}

fn camera_files(wanted: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let Some(root) = std::env::var_os("ENPRINT_PHOTOS") else {
        println!("no camera files among the seeds: ENPRINT_PHOTOS names no folder of them");
        return Vec::new();
    };
    let mut found = Vec::new();
    gather(Path::new(&root), &mut found);
    found.retain(|bytes| wanted(bytes));
    found
}

fn gather(folder: &Path, found: &mut Vec<Vec<u8>>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    entries.sort_by_key(std::fs::DirEntry::path);
    for entry in entries {
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            gather(&entry.path(), found);
        } else if data.len() <= SEED_BYTES_MAX {
            found.push(std::fs::read(entry.path()).unwrap());
        }
    }
}
