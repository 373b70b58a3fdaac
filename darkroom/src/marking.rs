//! Lays a watermark over a proof's pixels: where each copy goes, and how it is mixed with
//! what is below. What a watermark is, is `watermark`'s matter.

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage, RgbaImage};

use crate::error::DevelopError;
use crate::limits::{LOGO_EDGE_PX_MAX, MARK_COPIES_MAX};
use crate::shrink::shrink;
use crate::typesetting::Stamp;
use crate::watermark::{MarkPlace, Watermark};

/// How much of the darkening edge remains beside the white.
const EDGE_STRENGTH: f32 = 0.55;
/// Letters are this part of the proof's longest edge high, if nobody says else.
const LETTER_PART: f32 = 1.0 / 24.0;
/// A long text is set smaller, so that it takes at most this part of the longest edge.
const TEXT_PART: f32 = 0.5;
/// A logo's longer edge, as a part of the proof's shorter, if nobody says else.
const LOGO_PART: f32 = 0.25;
/// Air between a mark in one place and the proof's edges, as a part of the shorter edge.
const AIR_PART: f32 = 0.03;
/// The smallest letters that are set, in pixels.
const SMALLEST_LETTER_PX: f32 = 9.0;
/// The smallest that a logo becomes, in pixels.
const SMALLEST_LOGO_PX: f32 = 12.0;
/// Rising to the right, by 30°.
const SLOPE: f32 = -std::f32::consts::FRAC_PI_6;

/// A logo's pixels.
///
/// # Errors
/// [`DevelopError::Watermark`] for what is no PNG, damaged or too large.
pub fn logo(png: &[u8]) -> Result<RgbaImage, DevelopError> {
    let refused = |problem| DevelopError::Watermark { problem };
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(LOGO_EDGE_PX_MAX), Some(LOGO_EDGE_PX_MAX));
    limits.max_alloc = Some(8 * u64::from(LOGO_EDGE_PX_MAX) * u64::from(LOGO_EDGE_PX_MAX));
    let decoder = PngDecoder::with_limits(std::io::Cursor::new(png), limits)
        .map_err(|_| refused("This logo can't be read. Save it as a PNG of at most 4,096 pixels each way."))?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > LOGO_EDGE_PX_MAX {
        return Err(refused("This logo is too large. Save it as a PNG of at most 4,096 pixels each way."));
    }
    let pixels = DynamicImage::from_decoder(decoder)
        .map_err(|_| refused("This logo is damaged. Save it as a PNG once more."))?
        .into_rgba8();
    let shows = pixels.pixels().any(|pixel| pixel.0[3] > 0);
    if shows { Ok(pixels) } else { Err(refused("Nothing of this logo can be seen: all of it is transparent.")) }
}

/// A mark as it is laid over all proofs of one size.
#[derive(Debug)]
pub struct Drawing {
    ink: Ink,
    /// 0 to 1.
    opacity: f32,
    /// Of one copy.
    size: (usize, usize),
    /// The upper left corner of each copy.
    corners: Vec<(i64, i64)>,
}

#[derive(Debug)]
enum Ink {
    Letters(Stamp),
    Logo(RgbaImage),
}

impl Drawing {
    /// Draws `text` for proofs of that size; nothing where nothing of it can be set.
    pub fn of_text(text: &str, watermark: &Watermark, (width, height): (u32, u32)) -> Self {
        let (width, height) = (width as f32, height as f32);
        let longest = width.max(height);
        let (letter_px, text_px_max) = match watermark.size_percent {
            // As long as is asked for, but no letter is higher than half the proof.
            Some(percent) => (height / 2.0, part(percent) * width.min(height)),
            None => (longest * LETTER_PART, longest * TEXT_PART),
        };
        let is_tiled = watermark.place == MarkPlace::Tiled;
        let slope = if is_tiled { SLOPE } else { 0.0 };
        let opacity = part(watermark.opacity_percent);
        let Some(stamp) = Stamp::new(text, letter_px, text_px_max, SMALLEST_LETTER_PX, slope) else {
            return Self { ink: Ink::Logo(RgbaImage::default()), opacity, size: (0, 0), corners: Vec::new() };
        };
        let spacing = (stamp.text_px + 1.6 * stamp.letter_px, 3.4 * stamp.letter_px);
        let size = (stamp.width, stamp.height);
        let corners = corners(watermark.place, (width, height), size, spacing);
        Self { ink: Ink::Letters(stamp), opacity, size, corners }
    }

    /// Brings `logo` to its size on proofs of that size.
    ///
    /// # Errors
    /// [`DevelopError::Unsupported`], which no logo can cause.
    pub fn of_logo(logo: &RgbaImage, watermark: &Watermark, (width, height): (u32, u32)) -> Result<Self, DevelopError> {
        let (width, height) = (width as f32, height as f32);
        let longer_px = watermark.size_percent.map_or(LOGO_PART, part) * width.min(height);
        let scale = longer_px.max(SMALLEST_LOGO_PX) / logo.width().max(logo.height()).max(1) as f32;
        let edge = |px: u32| ((px as f32 * scale).round() as u32).max(1);
        let logo = shrink(logo.clone().into(), (edge(logo.width()), edge(logo.height())), true)?.into_rgba8();
        let size = (logo.width() as usize, logo.height() as usize);
        // Wide enough for the copies of the next row never to touch, whatever the logo's shape.
        let spacing = (size.0 as f32 * 1.5 + size.1 as f32, size.1 as f32 * 1.8 + size.0 as f32 * 0.3);
        let corners = corners(watermark.place, (width, height), size, spacing);
        Ok(Self { ink: Ink::Logo(logo), opacity: part(watermark.opacity_percent), size, corners })
    }

    /// Lays all copies over a proof of the size that it was drawn for.
    pub fn lay(&self, proof: &mut RgbImage) {
        match &self.ink {
            Ink::Letters(stamp) => self.blend(proof, &|pixel, x, y| self.write(stamp, pixel, x, y)),
            Ink::Logo(logo) => self.blend(proof, &|pixel, x, y| self.cover(logo, pixel, x, y)),
        }
    }

    fn blend(&self, proof: &mut RgbImage, mix: &impl Fn(&mut [u8; 3], usize, usize)) {
        for corner in &self.corners {
            blend(proof, *corner, self.size, mix);
        }
    }

    fn write(&self, stamp: &Stamp, pixel: &mut [u8; 3], x: usize, y: usize) {
        let (letter, edge) = stamp.at(x, y);
        let white = self.opacity * f32::from(letter) / 255.0;
        let dark = self.opacity * EDGE_STRENGTH * f32::from(edge - edge.min(letter)) / 255.0;
        for level in pixel {
            let darkened = f32::from(*level) * (1.0 - dark);
            *level = (darkened + (255.0 - darkened) * white).round() as u8;
        }
    }

    fn cover(&self, logo: &RgbaImage, pixel: &mut [u8; 3], x: usize, y: usize) {
        let Some(mark) = logo.get_pixel_checked(x as u32, y as u32) else { return };
        let [red, green, blue, alpha] = mark.0;
        let covers = self.opacity * f32::from(alpha) / 255.0;
        for (level, over) in pixel.iter_mut().zip([red, green, blue]) {
            *level = (f32::from(*level) * (1.0 - covers) + f32::from(over) * covers).round() as u8;
        }
    }
}

fn part(percent: u8) -> f32 {
    f32::from(percent) / 100.0
}

/// The upper left corner of each copy of a mark.
fn corners(place: MarkPlace, proof: (f32, f32), size: (usize, usize), spacing: (f32, f32)) -> Vec<(i64, i64)> {
    let size = (size.0 as f32, size.1 as f32);
    let corner =
        |middle: (f32, f32)| ((middle.0 - size.0 / 2.0).round() as i64, (middle.1 - size.1 / 2.0).round() as i64);
    let Some((across, down)) = share(place) else {
        return tiles(proof, size, spacing).into_iter().map(corner).collect();
    };
    let air = AIR_PART * proof.0.min(proof.1);
    let along = |share: f32, proof: f32, size: f32| {
        let (first, last) = (air + size / 2.0, proof - air - size / 2.0);
        // A mark without place for its air lies in the middle.
        if first < last { first + share * (last - first) } else { proof / 2.0 }
    };
    vec![corner((along(across, proof.0, size.0), along(down, proof.1, size.1)))]
}

/// How far right and how far down a place is, from 0 to 1; None for all places.
fn share(place: MarkPlace) -> Option<(f32, f32)> {
    match place {
        MarkPlace::Tiled => None,
        MarkPlace::TopLeft => Some((0.0, 0.0)),
        MarkPlace::Top => Some((0.5, 0.0)),
        MarkPlace::TopRight => Some((1.0, 0.0)),
        MarkPlace::Left => Some((0.0, 0.5)),
        MarkPlace::Middle => Some((0.5, 0.5)),
        MarkPlace::Right => Some((1.0, 0.5)),
        MarkPlace::BottomLeft => Some((0.0, 1.0)),
        MarkPlace::Bottom => Some((0.5, 1.0)),
        MarkPlace::BottomRight => Some((1.0, 1.0)),
    }
}

/// The middles of copies in rows that rise to the right.
fn tiles((width, height): (f32, f32), size: (f32, f32), (along, across): (f32, f32)) -> Vec<(f32, f32)> {
    let reach = (width.hypot(height) / 2.0 + size.0.max(size.1)) / across.min(along).max(1.0);
    let reach = reach.ceil().min(f32::from(MARK_COPIES_MAX)) as i32;
    let (sin, cos) = SLOPE.sin_cos();
    let mut middles = Vec::new();
    for row in -reach..=reach {
        for column in -reach..=reach {
            // Every other row is shifted by half, so that no straight gap is left.
            let u = (column as f32 + if row % 2 == 0 { 0.0 } else { 0.5 }) * along;
            let v = row as f32 * across;
            let middle = (width / 2.0 + u * cos - v * sin, height / 2.0 + u * sin + v * cos);
            let shows = |at: f32, proof: f32, size: f32| at > -size && at < proof + size;
            if shows(middle.0, width, size.0) && shows(middle.1, height, size.1) {
                middles.push(middle);
            }
        }
    }
    middles
}

/// Mixes one copy, with its corner at `left`, `top`, into what it covers.
fn blend(
    proof: &mut RgbImage,
    (left, top): (i64, i64),
    (width, height): (usize, usize),
    mix: &impl Fn(&mut [u8; 3], usize, usize),
) {
    let columns = clipped(left, width, proof.width());
    for y in clipped(top, height, proof.height()) {
        for x in columns.clone() {
            let place = ((i64::from(x) - left) as usize, (i64::from(y) - top) as usize);
            mix(&mut proof.get_pixel_mut(x, y).0, place.0, place.1);
        }
    }
}

/// The part of `start .. start + length` that lies within `0 .. bound`.
fn clipped(start: i64, length: usize, bound: u32) -> std::ops::Range<u32> {
    let bound_i = i64::from(bound);
    let end = start + length as i64;
    (start.clamp(0, bound_i) as u32)..(end.clamp(0, bound_i) as u32)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb, Rgba};

    use super::*;
    use crate::limits::MARK_SIZES_REMEMBERED;
    use crate::watermark::PreparedMark;

    fn marked(watermark: &Watermark, (width, height): (u32, u32), level: u8) -> RgbImage {
        let mut proof = RgbImage::from_pixel(width, height, Rgb([level; 3]));
        PreparedMark::new(watermark.clone()).unwrap().stamp(&mut proof).unwrap();
        proof
    }

    fn text() -> Watermark {
        Watermark::new("PROOF").unwrap()
    }

    /// A red logo, twice as wide as high, with a transparent left half.
    fn red() -> Watermark {
        let logo = RgbaImage::from_fn(80, 40, |x, _| Rgba([255, 0, 0, if x < 40 { 0 } else { 255 }]));
        let mut png = std::io::Cursor::new(Vec::new());
        logo.write_to(&mut png, ImageFormat::Png).unwrap();
        Watermark::logo(png.into_inner()).unwrap()
    }

    /// Left, top, right and bottom of what differs clearly from `level`.
    fn ends(proof: &RgbImage, level: u8) -> (u32, u32, u32, u32) {
        let changed = proof.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[1].abs_diff(level) > 20);
        changed.fold((u32::MAX, u32::MAX, 0, 0), |ends, (x, y, _)| {
            (ends.0.min(x), ends.1.min(y), ends.2.max(x + 1), ends.3.max(y + 1))
        })
    }

    #[test]
    fn it_shows_on_white_on_black_and_on_grey_and_lets_most_through() {
        for level in [0_u8, 128, 255] {
            let proof = marked(&text(), (800, 600), level);
            let change = |pixel: &Rgb<u8>| u64::from(pixel.0[0].abs_diff(level));
            let seen = proof.pixels().filter(|pixel| change(pixel) > 12).count();
            assert!(seen > 800 * 600 / 100, "on {level} only {seen} pixels are marked");
            let mean = proof.pixels().map(change).sum::<u64>() / (800 * 600);
            assert!(mean < 30, "on {level} the mark changes {mean} levels on average");
        }
    }

    #[test]
    fn no_large_crop_is_free_of_a_tiled_mark() {
        let logo = red().at(MarkPlace::Tiled).with_opacity_percent(40);
        for (name, proof) in [
            ("text", marked(&Watermark::new("© Ana Example").unwrap(), (1600, 1067), 90)),
            ("logo", marked(&logo, (1600, 1067), 90)),
        ] {
            for (left, top) in (0..=1200).step_by(200).flat_map(|x| (0..=667).step_by(95).map(move |y| (x, y))) {
                let crop = image::imageops::crop_imm(&proof, left, top, 400, 400);
                let is_marked = crop.to_image().pixels().any(|pixel| pixel.0[0] > 110);
                assert!(is_marked, "{name}: the crop at {left},{top} is unmarked");
            }
        }
    }

    #[test]
    fn a_logo_lies_where_it_should_and_is_as_large_as_asked() {
        // Half as long as the shorter edge: 150 × 75, of which the right half is seen.
        let logo = |place| marked(&red().at(place).with_size_percent(50), (400, 300), 90);
        let (air, width, height) = (9, 75, 75);
        assert_eq!(ends(&logo(MarkPlace::TopLeft), 90), (air + 75, air, air + 150, air + height));
        assert_eq!(ends(&logo(MarkPlace::BottomRight), 90), (400 - air - width, 300 - air - height, 391, 291));
        let (left, top, right, bottom) = ends(&logo(MarkPlace::Middle), 90);
        assert!(left.abs_diff(200) < 2 && right.abs_diff(275) < 2 && top.abs_diff(113) < 2 && bottom.abs_diff(188) < 2);
    }

    #[test]
    fn opacity_is_how_much_of_the_photo_is_hidden() {
        for (percent, expected) in [(100, 255), (50, 128), (1, 2)] {
            let proof = marked(&red().at(MarkPlace::Middle).with_opacity_percent(percent), (400, 300), 0);
            let most = proof.pixels().map(|pixel| pixel.0[0]).max().unwrap();
            assert!(most.abs_diff(expected) <= 2, "{percent} percent give {most}");
        }
    }

    #[test]
    fn a_text_in_a_corner_is_level_and_as_long_as_asked() {
        let proof = marked(&text().at(MarkPlace::BottomLeft).with_size_percent(60), (900, 600), 90);
        let (left, top, right, bottom) = ends(&proof, 90);
        assert!(left < 60 && bottom > 530 && top > 400, "{left} {top} {right} {bottom}");
        assert!((right - left).abs_diff(360) < 40, "{left} to {right}");
    }

    #[test]
    fn tiny_pictures_and_long_texts_are_no_trouble() {
        let long = Watermark::new(&"long ".repeat(100)).unwrap();
        for size in [(1, 1), (7, 3), (1, 1600), (321, 1)] {
            for place in [MarkPlace::Tiled, MarkPlace::TopRight, MarkPlace::Middle] {
                for percent in [None, Some(1), Some(100)] {
                    marked(&Watermark { size_percent: percent, ..long.clone().at(place) }, size, 9);
                    marked(&Watermark { size_percent: percent, ..red().at(place) }, size, 9);
                }
            }
        }
    }

    #[test]
    fn bombs_for_logos_are_refused() {
        let clear = RgbaImage::new(30, 30);
        let mut png = std::io::Cursor::new(Vec::new());
        clear.write_to(&mut png, ImageFormat::Png).unwrap();
        let png = png.into_inner();
        assert!(logo(&png).unwrap_err().to_string().contains("transparent"));
        for at in 0..png.len() {
            let mut spoilt = png.clone();
            spoilt[at] ^= 0x55;
            assert!(logo(&spoilt).is_err());
        }
        let mut wide = png;
        wide[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
        assert!(logo(&wide).is_err());
    }

    #[test]
    fn a_mark_that_was_drawn_before_is_the_same_to_the_last_byte() {
        let sizes = (0..2 * MARK_SIZES_REMEMBERED as u32).map(|at| (200 + 7 * at, 160)).collect::<Vec<_>>();
        for mark in [text(), text().at(MarkPlace::Top), red(), red().at(MarkPlace::Tiled).with_size_percent(30)] {
            let prepared = PreparedMark::new(mark.clone()).unwrap();
            for size in sizes.iter().chain(&sizes[..3]).chain(&sizes[..3]) {
                let mut proof = RgbImage::from_fn(size.0, size.1, |x, y| Rgb([x as u8, y as u8, 99]));
                let mut fresh = proof.clone();
                prepared.stamp(&mut proof).unwrap();
                PreparedMark::new(mark.clone()).unwrap().stamp(&mut fresh).unwrap();
                assert!(proof == fresh, "{size:?}");
            }
        }
    }
}
