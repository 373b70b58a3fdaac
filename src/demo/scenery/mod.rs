//! Photographs that the demo takes itself, so that a newcomer who has none at hand
//! still sees a gallery worth looking at: a wedding's day from the misty morning to
//! the stars, rendered from seeds, with the EXIF that a camera would write, places
//! and serial numbers included. Knows nothing of events, peers or shops.

mod album;
mod canvas;
mod chapel;
mod details;
mod evening;
mod exif_block;
mod figures;
mod film;
mod light;
mod noise;
mod outdoors;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{rotate90, rotate270};
use jpeg_encoder::{ColorType, Encoder};

use album::{Held, SHOTS, Shot};
use exif_block::ExifBlock;

/// The longest edge of the photographs that [`render_album`] takes, in pixels.
const LONG_EDGE_PX: usize = 2400;
const JPEG_QUALITY: u8 = 90;
/// A photograph that is stored as PNG instead, as an export from an editor would be.
const STORED_AS_PNG: usize = 17;
/// Where the wedding is said to be: a lake in the Alps.
const PLACE: (f64, f64) = (46.0126, 9.2840);

/// Renders `count` photographs into folders below `dir`, one folder for each part of
/// the day, and tells `progress` how many of how many are done; it says whether to go on.
/// Above 24 the scenes come round again, each different from before. The same on every
/// machine.
///
/// # Errors
/// When a folder or file can't be written, and when `progress` says to stop.
pub fn render_album(
    dir: &Path,
    count: usize,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> io::Result<Vec<PathBuf>> {
    render_album_sized(dir, count, LONG_EDGE_PX, progress)
}

/// As [`render_album`], with photographs whose longest edge is `long_edge_px`: small
/// ones are quick enough for tests.
///
/// # Errors
/// As [`render_album`].
pub fn render_album_sized(
    dir: &Path,
    count: usize,
    long_edge_px: usize,
    progress: &mut dyn FnMut(usize, usize) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let (done, results) = sync_channel(workers);
    let mut paths = Vec::with_capacity(count);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < count) {
                    if done.send(take(dir, number, long_edge_px)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        // Who goes on rendering after an error finds nobody to give it to, and ends.
        let results = results;
        while let Ok(taken) = results.recv() {
            paths.push(taken?);
            if !progress(paths.len(), count) {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        Ok::<(), io::Error>(())
    })?;
    paths.sort();
    Ok(paths)
}

/// Takes photograph `number` and writes its file.
fn take(dir: &Path, number: usize, long_edge_px: usize) -> io::Result<PathBuf> {
    let (round, place) = (number / SHOTS.len(), number % SHOTS.len());
    let shot = &SHOTS[place];
    let short_edge_px = long_edge_px * 2 / 3;
    let (width, height) =
        if shot.held == Held::Level { (long_edge_px, short_edge_px) } else { (short_edge_px, long_edge_px) };
    let picture = shot.render(width, height, number as u64 + 11);
    let as_png = place == STORED_AS_PNG;
    let bytes = if as_png { png(&picture)? } else { jpeg(&picture, shot, number, round)? };
    let folder = dir.join(shot.category);
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("DSC_{:04}.{}", 101 + number * 3, if as_png { "png" } else { "jpg" }));
    fs::write(&path, bytes)?;
    Ok(path)
}

fn jpeg(upright: &RgbImage, shot: &Shot, number: usize, round: usize) -> io::Result<Vec<u8>> {
    let (stored, orientation) = match shot.held {
        Held::Level => (None, 1),
        Held::TurnedLeft => (Some(rotate270(upright)), 6),
        Held::TurnedRight => (Some(rotate90(upright)), 8),
    };
    let stored = stored.as_ref().unwrap_or(upright);
    let block = ExifBlock {
        camera: ("Enprint", if number % 3 == 2 { "Enprint Demo 120" } else { "Enprint Demo 35" }),
        lens: if number.is_multiple_of(2) { "Demo 35mm F2" } else { "Demo 85mm F1.8" },
        orientation,
        taken: shot.taken(round),
        zone: "+02:00",
        stars: shot.stars,
        position: (number.is_multiple_of(2)).then_some(PLACE),
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.add_exif_metadata(&block.to_bytes()).map_err(io::Error::other)?;
    let edge = |px: u32| u16::try_from(px).map_err(io::Error::other);
    let (width, height) = (edge(stored.width())?, edge(stored.height())?);
    encoder.encode(stored.as_raw(), width, height, ColorType::Rgb).map_err(io::Error::other)?;
    Ok(bytes)
}

fn png(upright: &RgbImage) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    upright.write_with_encoder(encoder).map_err(io::Error::other)?;
    Ok(bytes)
}
