//! What a recipe does to pixels, and to sizes: turns, straightens, crops. The same
//! arithmetic serves a proof and a print file.

use image::{Rgb, RgbImage, imageops};

use crate::recipe::{CropFrame, Recipe, WHOLE};

/// Width and height of the photo when `recipe` is followed, from its size upright.
pub fn framed((width, height): (u32, u32), recipe: &Recipe) -> (u32, u32) {
    let (width, height) = if recipe.turn().transposes { (height, width) } else { (width, height) };
    let (width, height) = straightened_size((width, height), recipe.straighten);
    match recipe.crop {
        Some(crop) => {
            let (_, _, width, height) = pixels_of(crop, (width, height));
            (width, height)
        }
        None => (width, height),
    }
}

/// `picture`, upright, as the recipe wants it.
pub fn followed(picture: RgbImage, recipe: &Recipe) -> RgbImage {
    let turned = turned(picture, recipe);
    let straight = if recipe.straighten == 0 { turned } else { straightened(&turned, recipe.straighten) };
    match recipe.crop {
        Some(crop) => {
            let (left, top, width, height) = pixels_of(crop, straight.dimensions());
            imageops::crop_imm(&straight, left, top, width, height).to_image()
        }
        None => straight,
    }
}

fn turned(picture: RgbImage, recipe: &Recipe) -> RgbImage {
    let picture = if recipe.mirrored { imageops::flip_horizontal(&picture) } else { picture };
    match recipe.quarter_turns % 4 {
        1 => imageops::rotate90(&picture),
        2 => imageops::rotate180(&picture),
        3 => imageops::rotate270(&picture),
        _ => picture,
    }
}

/// A crop's left, top, width and height in pixels; at least one pixel each way.
fn pixels_of(crop: CropFrame, (width, height): (u32, u32)) -> (u32, u32, u32, u32) {
    let place = |parts: u32, pixels: u32| {
        let rounded = (u64::from(parts) * u64::from(pixels) + u64::from(WHOLE) / 2) / u64::from(WHOLE);
        u32::try_from(rounded).unwrap_or(pixels).min(pixels)
    };
    let (left, top) = (place(crop.left, width).min(width - 1), place(crop.top, height).min(height - 1));
    let right = place(crop.left.saturating_add(crop.width), width).max(left + 1);
    let bottom = place(crop.top.saturating_add(crop.height), height).max(top + 1);
    (left, top, right - left, bottom - top)
}

/// The largest frame of the same shape within a picture that is turned by an angle.
fn straightened_size((width, height): (u32, u32), hundredths: i16) -> (u32, u32) {
    if hundredths == 0 {
        return (width, height);
    }
    let (sin, cos) = radians(hundredths).abs().sin_cos();
    let (width, height) = (f64::from(width), f64::from(height));
    let scale = 1.0 / (cos + (width / height).max(height / width) * sin);
    (((width * scale).floor() as u32).max(1), ((height * scale).floor() as u32).max(1))
}

fn radians(hundredths: i16) -> f64 {
    (f64::from(hundredths) / 100.0).to_radians()
}

/// Turned clockwise about its middle, each pixel from the sixteen around its place.
fn straightened(picture: &RgbImage, hundredths: i16) -> RgbImage {
    let (width, height) = straightened_size(picture.dimensions(), hundredths);
    let (sin, cos) = radians(hundredths).sin_cos();
    let middle = |pixels: u32| (f64::from(pixels) - 1.0) / 2.0;
    let (from_x, from_y) = (middle(picture.width()), middle(picture.height()));
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (f64::from(x) - middle(width), f64::from(y) - middle(height));
        between(picture, from_x + x * cos + y * sin, from_y - x * sin + y * cos)
    })
}

/// The colour at a place between pixels, by Catmull and Rom's curve.
fn between(picture: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (across, down) = (weights((x - x.floor()) as f32), weights((y - y.floor()) as f32));
    let (left, top) = (x.floor() as i64 - 1, y.floor() as i64 - 1);
    let inside = |at: i64, pixels: u32| u32::try_from(at.clamp(0, i64::from(pixels) - 1)).unwrap_or(0);
    let mut sums = [0.0f32; 3];
    for (row, down) in (top..).zip(down) {
        for (column, across) in (left..).zip(across) {
            let pixel = picture.get_pixel(inside(column, picture.width()), inside(row, picture.height()));
            for (sum, level) in sums.iter_mut().zip(pixel.0) {
                *sum += f32::from(level) * across * down;
            }
        }
    }
    Rgb(sums.map(|sum| sum.round().clamp(0.0, 255.0) as u8))
}

/// How much each of four neighbours counts at `t` between the second and the third.
fn weights(t: f32) -> [f32; 4] {
    let (square, cube) = (t * t, t * t * t);
    [
        -0.5 * cube + square - 0.5 * t,
        1.5 * cube - 2.5 * square + 1.0,
        -1.5 * cube + 2.0 * square + 0.5 * t,
        0.5 * cube - 0.5 * square,
    ]
}
