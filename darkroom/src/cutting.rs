//! Stored pixels → the pixels of a frame, as it is shown, at the size that is wanted.
//! Level frames are cut and resized in one step; tilted ones are read between pixels by
//! Catmull and Rom's curve at up to twice the size, and then resized. Keeps the depth
//! and the colours that it is given.

use fast_image_resize::ResizeOptions;
use image::{DynamicImage, ImageBuffer, Pixel, Primitive};

use crate::decode::turn_upright;
use crate::error::DevelopError;
use crate::frame::{Frame, Places};
use crate::shrink::{empty_like, shrink};
use crate::workbench::with_resizer;

/// What of `pixels`, stored, `frame` shows, with `size` pixels. The fourth of four
/// channels is ink where `is_cmyk`, else there is none.
///
/// # Errors
/// [`DevelopError::Unsupported`] for samples that the resizer does not know.
pub(crate) fn cut(
    pixels: DynamicImage,
    frame: &Frame,
    size: (u32, u32),
    is_cmyk: bool,
) -> Result<DynamicImage, DevelopError> {
    if frame.is_level() {
        return cut_level(pixels, frame, size, is_cmyk);
    }
    let ratio = oversize((pixels.width(), pixels.height()), frame, size);
    let pixels = if ratio > TILT_RATIO {
        let smaller = |px: u32| ((f64::from(px) * TILT_RATIO / ratio).ceil() as u32).max(1);
        let size = (smaller(pixels.width()), smaller(pixels.height()));
        shrink(pixels, size, !is_cmyk)?
    } else {
        pixels
    };
    // Each pixel of what is stored is met about once.
    let ratio = ratio.min(TILT_RATIO);
    let natural = |px: u32| ((f64::from(px) * ratio).round() as u32).max(1);
    let shown = (natural(size.0), natural(size.1));
    let places = frame.places(shown, (pixels.width(), pixels.height()));
    shrink(tilted(pixels, &places, shown), size, !is_cmyk)
}

/// How many pixels of what is decoded a tilted frame is read with for each one that is
/// wanted: as many as a curve between them needs to stay sharp.
const TILT_RATIO: f64 = 2.0;

/// How many decoded pixels there are for each one that is wanted, along an edge.
fn oversize(decoded: (u32, u32), frame: &Frame, size: (u32, u32)) -> f64 {
    let (stored, shown) = (frame.stored(), frame.size());
    let scale = (f64::from(decoded.0) / stored.0).max(f64::from(decoded.1) / stored.1);
    (shown.0 * scale / f64::from(size.0.max(1))).max(shown.1 * scale / f64::from(size.1.max(1)))
}

fn cut_level(
    pixels: DynamicImage,
    frame: &Frame,
    (width, height): (u32, u32),
    is_cmyk: bool,
) -> Result<DynamicImage, DevelopError> {
    let stored = (pixels.width(), pixels.height());
    let rect = frame.in_stored(stored);
    let size = if frame.turn().transposes { (height, width) } else { (width, height) };
    let is_whole = (rect.width - f64::from(stored.0)).abs() < 0.01 && (rect.height - f64::from(stored.1)).abs() < 0.01;
    let mut cut = if is_whole && stored == size {
        pixels
    } else {
        let mut cut = empty_like(&pixels, size);
        let options = ResizeOptions::new().use_alpha(!is_cmyk).crop(rect.left, rect.top, rect.width, rect.height);
        let resized = with_resizer(|resizer| resizer.resize(&pixels, &mut cut, &options));
        resized.map_err(|_| DevelopError::Unsupported { what: "This variant of the format" })?;
        cut
    };
    turn_upright(&mut cut, exif_of(frame));
    Ok(cut)
}

/// EXIF's number for a frame's turn.
fn exif_of(frame: &Frame) -> u8 {
    let turn = frame.turn();
    match (turn.transposes, turn.mirrors_across, turn.mirrors_down) {
        (false, false, false) => 1,
        (false, true, false) => 2,
        (false, true, true) => 3,
        (false, false, true) => 4,
        (true, false, false) => 5,
        (true, true, false) => 6,
        (true, true, true) => 7,
        (true, false, true) => 8,
    }
}

/// Reads `size` pixels at their places.
fn tilted(pixels: DynamicImage, places: &Places, size: (u32, u32)) -> DynamicImage {
    match pixels {
        DynamicImage::ImageLuma8(pixels) => tilted_of::<_, 1>(&pixels, places, size).into(),
        DynamicImage::ImageRgb8(pixels) => tilted_of::<_, 3>(&pixels, places, size).into(),
        DynamicImage::ImageRgba8(pixels) => tilted_of::<_, 4>(&pixels, places, size).into(),
        DynamicImage::ImageLuma16(pixels) => tilted_of::<_, 1>(&pixels, places, size).into(),
        rare => tilted_of::<_, 3>(&rare.into_rgb16(), places, size).into(),
    }
}

fn tilted_of<P, const CHANNELS: usize>(
    source: &ImageBuffer<P, Vec<P::Subpixel>>,
    places: &Places,
    (width, height): (u32, u32),
) -> ImageBuffer<P, Vec<P::Subpixel>>
where
    P: Pixel,
    P::Subpixel: Level,
{
    let curves = curves();
    let mut shown = ImageBuffer::new(width, height);
    let rows = shown.chunks_exact_mut(width as usize * CHANNELS);
    for (y, row) in rows.enumerate() {
        for (x, pixel) in row.chunks_exact_mut(CHANNELS).enumerate() {
            let (from_x, from_y) = places.at(x as f64 + 0.5, y as f64 + 0.5);
            let sums = between::<_, CHANNELS>(source, source.dimensions(), (from_x, from_y), &curves);
            for (sample, sum) in pixel.iter_mut().zip(sums) {
                *sample = P::Subpixel::nearest(sum);
            }
        }
    }
    shown
}

/// The samples at a place between pixels, from the sixteen around it.
fn between<S: Level, const CHANNELS: usize>(
    samples: &[S],
    (width, height): (u32, u32),
    (x, y): (f64, f64),
    curves: &[[f32; 4]],
) -> [f32; CHANNELS] {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor() as i64 - 1, y.floor() as i64 - 1);
    let curve = |t: f64| curves.get((t * PHASES as f64) as usize).copied().unwrap_or([0.0, 1.0, 0.0, 0.0]);
    let (across, down) = (curve(x - x.floor()), curve(y - y.floor()));
    let inside = |at: i64, pixels: u32| at.clamp(0, i64::from(pixels) - 1) as usize;
    // Of what lies outside, the outermost pixel is repeated.
    let columns = [0, 1, 2, 3].map(|step| inside(left + step, width) * CHANNELS);
    let mut sums = [0.0; CHANNELS];
    for (step, down) in (0..).zip(down) {
        let start = inside(top + step, height) * width as usize * CHANNELS;
        let row = samples.get(start..start + width as usize * CHANNELS).unwrap_or_default();
        for (column, across) in columns.into_iter().zip(across) {
            let weight = across * down;
            let pixel = row.get(column..column + CHANNELS).unwrap_or_default();
            for (sum, sample) in sums.iter_mut().zip(pixel) {
                *sum += sample.level() * weight;
            }
        }
    }
    sums
}

/// Places between two pixels that are told apart; finer than 8 bits can show.
const PHASES: usize = 1_024;

/// For each phase, how much each of four neighbours counts between the second and the
/// third.
fn curves() -> Vec<[f32; 4]> {
    let weights = |phase: usize| {
        let t = (phase as f32 + 0.5) / PHASES as f32;
        let (square, cube) = (t * t, t * t * t);
        [
            -0.5 * cube + square - 0.5 * t,
            1.5 * cube - 2.5 * square + 1.0,
            -1.5 * cube + 2.0 * square + 0.5 * t,
            0.5 * cube - 0.5 * square,
        ]
    };
    (0..PHASES).map(weights).collect()
}

/// A sample that can be weighed.
trait Level: Primitive {
    fn level(self) -> f32;
    fn nearest(level: f32) -> Self;
}

impl Level for u8 {
    fn level(self) -> f32 {
        f32::from(self)
    }

    fn nearest(level: f32) -> Self {
        // Numbers that are too small or too large become the smallest and the largest.
        (level + 0.5) as u8
    }
}

impl Level for u16 {
    fn level(self) -> f32 {
        f32::from(self)
    }

    fn nearest(level: f32) -> Self {
        (level + 0.5) as u16
    }
}
