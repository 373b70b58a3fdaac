//! Text over a proof, repeated along a diagonal, so that no crop is without it and
//! every face can still be judged. White with a soft dark edge, it shows on snow and
//! in the dark alike.

use image::RgbImage;

use crate::typesetting::{Stamp, text_that_can_be_set};

/// A text that is written over each proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Watermark {
    text: String,
    opacity: f32,
}

/// What is written when nothing of the text can be: a proof that should be marked is.
const FALLBACK: &str = "PROOF";
const OPACITY: f32 = 0.34;
/// How much of the darkening edge remains beside the white.
const EDGE_STRENGTH: f32 = 0.55;
/// Letters are this part of the proof's longest edge high.
const LETTER_PART: f32 = 1.0 / 24.0;
/// A long text is set smaller, so that it takes at most this part of the longest edge.
const TEXT_PART: f32 = 0.5;
/// The smallest letters that are set, in pixels.
const SMALLEST_LETTER_PX: f32 = 9.0;
/// Rising to the right, by 30°.
const SLOPE: f32 = -std::f32::consts::FRAC_PI_6;

impl Watermark {
    /// Writes `text`, which is cut to what the limits allow. Letters that the built-in
    /// font lacks are left out; if none remain, "PROOF" is written. None for blank text.
    pub fn new(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let settable = text_that_can_be_set(text);
        let text = if settable.is_empty() { FALLBACK.to_owned() } else { settable };
        Some(Self { text, opacity: OPACITY })
    }

    /// With another opacity, from 0 (nothing to see) to 1 (nothing else to see).
    #[must_use]
    pub fn with_opacity(self, opacity: f32) -> Self {
        Self { opacity: opacity.clamp(0.0, 1.0), ..self }
    }

    /// What is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes it over `proof`.
    pub(crate) fn stamp(&self, proof: &mut RgbImage) {
        let (width, height) = (proof.width() as f32, proof.height() as f32);
        let longest = width.max(height);
        let Some(stamp) = Stamp::new(&self.text, longest * LETTER_PART, longest * TEXT_PART, SMALLEST_LETTER_PX, SLOPE)
        else {
            return;
        };
        let along = stamp.text_px + 1.6 * stamp.letter_px;
        let across = 3.4 * stamp.letter_px;
        let reach = (width.hypot(height) / 2.0 + stamp.text_px) / across.min(along);
        let reach = reach.ceil().min(400.0) as i32;
        let (sin, cos) = SLOPE.sin_cos();
        for row in -reach..=reach {
            for column in -reach..=reach {
                // Every other row is shifted by half, so that no straight gap is left.
                let u = (column as f32 + if row % 2 == 0 { 0.0 } else { 0.5 }) * along;
                let v = row as f32 * across;
                let centre = (width / 2.0 + u * cos - v * sin, height / 2.0 + u * sin + v * cos);
                self.blend(proof, &stamp, centre);
            }
        }
    }

    fn blend(&self, proof: &mut RgbImage, stamp: &Stamp, centre: (f32, f32)) {
        let left = (centre.0 - stamp.width as f32 / 2.0).round() as i64;
        let top = (centre.1 - stamp.height as f32 / 2.0).round() as i64;
        let columns = clipped(left, stamp.width, proof.width());
        for y in clipped(top, stamp.height, proof.height()) {
            for x in columns.clone() {
                let (letter, edge) = stamp.at((i64::from(x) - left) as usize, (i64::from(y) - top) as usize);
                if edge == 0 {
                    continue;
                }
                let white = self.opacity * f32::from(letter) / 255.0;
                let dark = self.opacity * EDGE_STRENGTH * f32::from(edge - edge.min(letter)) / 255.0;
                for level in &mut proof.get_pixel_mut(x, y).0 {
                    let darkened = f32::from(*level) * (1.0 - dark);
                    *level = (darkened + (255.0 - darkened) * white).round() as u8;
                }
            }
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
    use image::Rgb;

    use super::*;

    #[test]
    fn letters_that_the_font_lacks_leave_a_mark_all_the_same() {
        assert_eq!(Watermark::new(" \n "), None);
        assert_eq!(Watermark::new("結婚式").unwrap().text(), "PROOF");
        assert_eq!(Watermark::new("結婚式 © Ana").unwrap().text(), "© Ana");
        assert_eq!(Watermark::new("Свадьба\nΓάμος").unwrap().text(), "Свадьба Γάμος");
    }

    #[test]
    fn it_shows_on_white_on_black_and_on_grey_and_lets_most_through() {
        for level in [0_u8, 128, 255] {
            let mut proof = RgbImage::from_pixel(800, 600, Rgb([level; 3]));
            Watermark::new("PROOF").unwrap().stamp(&mut proof);
            let change = |pixel: &Rgb<u8>| u64::from(pixel.0[0].abs_diff(level));
            let marked = proof.pixels().filter(|pixel| change(pixel) > 12).count();
            assert!(marked > 800 * 600 / 100, "on {level} only {marked} pixels are marked");
            let mean = proof.pixels().map(change).sum::<u64>() / (800 * 600);
            assert!(mean < 30, "on {level} the mark changes {mean} levels on average");
        }
    }

    #[test]
    fn no_large_crop_is_free_of_it() {
        let mut proof = RgbImage::from_pixel(1600, 1067, Rgb([90; 3]));
        Watermark::new("© Ana Example").unwrap().stamp(&mut proof);
        for (left, top) in (0..=1200).step_by(200).flat_map(|x| (0..=667).step_by(95).map(move |y| (x, y))) {
            let crop = image::imageops::crop_imm(&proof, left, top, 400, 400);
            assert!(crop.to_image().pixels().any(|pixel| pixel.0[0] > 110), "the crop at {left},{top} is unmarked");
        }
    }

    #[test]
    fn tiny_pictures_and_long_texts_are_no_trouble() {
        for (width, height) in [(1, 1), (7, 3), (1, 1600), (321, 1)] {
            let mut proof = RgbImage::new(width, height);
            Watermark::new(&"long ".repeat(100)).unwrap().stamp(&mut proof);
        }
    }
}
