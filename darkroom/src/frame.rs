//! Which part of an original is shown, and where it lies in the stored picture. Knows
//! sizes and places alone, as exact as numbers can be, so that a proof and a print file
//! show the same; what is done to pixels is `cutting`'s matter.
//!
//! The order is fixed: EXIF's orientation, mirror, quarter turns, straighten, crop. To
//! straighten, the frame shrinks to the largest of the same shape without an empty
//! corner; the crop is a part of that.

use enprint_jpeg_scaled::Turn;

use crate::recipe::{CropFrame, Recipe, WHOLE};

/// Width and height of the photo when `recipe` is followed, from its size upright.
pub fn framed(upright_px: (u32, u32), recipe: &Recipe) -> (u32, u32) {
    Frame::new(upright_px, 1, recipe).in_whole_pixels().size_px()
}

/// A rectangle, in pixels that need not be whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// A part of an original, as it is shown. All lengths are pixels of the original at its
/// full size, at whatever size it is decoded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    turn: Turn,
    /// How far the picture is turned clockwise after `turn`.
    radians: f64,
    /// Of the picture after `turn`.
    turned: (f64, f64),
    /// Of what straightening leaves.
    straight: (f64, f64),
    /// Within that.
    kept: Rect,
}

impl Frame {
    /// What `recipe` keeps of a picture that has `upright_px` once it is turned as EXIF
    /// says.
    pub(crate) fn new(upright_px: (u32, u32), exif_orientation: u8, recipe: &Recipe) -> Self {
        let turn = Turn::from_exif(exif_orientation).then(recipe.turn());
        let (width, height) = (f64::from(upright_px.0.max(1)), f64::from(upright_px.1.max(1)));
        let turned = if recipe.turn().transposes { (height, width) } else { (width, height) };
        let radians = (f64::from(recipe.straighten) / 100.0).to_radians();
        let share = share_without_corners(turned, radians);
        let straight = (turned.0 * share, turned.1 * share);
        let kept = Rect { left: 0.0, top: 0.0, width: straight.0, height: straight.1 };
        let whole = Self { turn, radians, turned, straight, kept };
        recipe.crop.map_or(whole, |crop| whole.cropped(crop))
    }

    /// A part of it.
    pub(crate) fn cropped(self, crop: CropFrame) -> Self {
        let part = |parts: u32| f64::from(parts) / f64::from(WHOLE);
        let kept = Rect {
            left: self.kept.left + part(crop.left) * self.kept.width,
            top: self.kept.top + part(crop.top) * self.kept.height,
            width: part(crop.width) * self.kept.width,
            height: part(crop.height) * self.kept.height,
        };
        Self { kept, ..self }
    }

    /// The largest part of the shape of `width` × `height`, in the middle.
    pub(crate) fn of_shape(self, (width, height): (u32, u32)) -> Self {
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let scale = (self.kept.width / width).min(self.kept.height / height);
        let (width, height) = (width * scale, height * scale);
        let left = self.kept.left + (self.kept.width - width) / 2.0;
        let top = self.kept.top + (self.kept.height - height) / 2.0;
        Self { kept: Rect { left, top, width, height }, ..self }
    }

    /// Moved to whole pixels, at least one each way: at full size nothing is blurred.
    pub(crate) fn in_whole_pixels(self) -> Self {
        let edges = |from: f64, length: f64, bound: f64| {
            let bound = bound.floor().max(1.0);
            let from_px = from.round().min(bound - 1.0);
            (from_px, (from + length).round().min(bound).max(from_px + 1.0) - from_px)
        };
        let (left, width) = edges(self.kept.left, self.kept.width, self.straight.0);
        let (top, height) = edges(self.kept.top, self.kept.height, self.straight.1);
        Self { kept: Rect { left, top, width, height }, ..self }
    }

    /// Its width and height.
    pub(crate) fn size(&self) -> (f64, f64) {
        (self.kept.width, self.kept.height)
    }

    /// Its width and height to the nearest pixel, at least one.
    pub(crate) fn size_px(&self) -> (u32, u32) {
        let whole = |length: f64| (length.round() as u32).max(1);
        (whole(self.kept.width), whole(self.kept.height))
    }

    /// How the stored picture is turned to lie as it is shown.
    pub(crate) fn turn(&self) -> Turn {
        self.turn
    }

    /// Whether the picture's rows are still rows or columns.
    pub(crate) fn is_level(&self) -> bool {
        self.radians == 0.0
    }

    /// Size of the picture as it is stored.
    pub(crate) fn stored(&self) -> (f64, f64) {
        if self.turn.transposes { (self.turned.1, self.turned.0) } else { self.turned }
    }

    /// Where it lies in the stored picture, decoded with `decoded` pixels; for level
    /// frames alone.
    pub(crate) fn in_stored(&self, decoded: (u32, u32)) -> Rect {
        let ends = self.places((1, 1), decoded);
        let ((x, y), (to_x, to_y)) = (ends.at(0.0, 0.0), ends.at(1.0, 1.0));
        let (left, right) = (x.min(to_x).max(0.0), x.max(to_x).min(f64::from(decoded.0)));
        let (top, bottom) = (y.min(to_y).max(0.0), y.max(to_y).min(f64::from(decoded.1)));
        Rect { left, top, width: right - left, height: bottom - top }
    }

    /// From places in this frame, shown with `shown` pixels, to places in the stored
    /// picture, decoded with `decoded` pixels.
    pub(crate) fn places(&self, shown: (u32, u32), decoded: (u32, u32)) -> Places {
        let corner = self.stored_place(0.0, 0.0, decoded);
        let right = self.stored_place(1.0, 0.0, decoded);
        let down = self.stored_place(0.0, 1.0, decoded);
        let step = |to: (f64, f64), count: u32| {
            ((to.0 - corner.0) / f64::from(count.max(1)), (to.1 - corner.1) / f64::from(count.max(1)))
        };
        Places { corner, across: step(right, shown.0), down: step(down, shown.1) }
    }

    /// The place in the stored picture of a place in this frame, both edges of which
    /// count as one.
    fn stored_place(&self, x: f64, y: f64, decoded: (u32, u32)) -> (f64, f64) {
        let x = self.kept.left + x * self.kept.width - self.straight.0 / 2.0;
        let y = self.kept.top + y * self.kept.height - self.straight.1 / 2.0;
        let (sin, cos) = self.radians.sin_cos();
        let (x, y) = (x * cos + y * sin + self.turned.0 / 2.0, y * cos - x * sin + self.turned.1 / 2.0);
        let x = if self.turn.mirrors_across { self.turned.0 - x } else { x };
        let y = if self.turn.mirrors_down { self.turned.1 - y } else { y };
        let (x, y) = if self.turn.transposes { (y, x) } else { (x, y) };
        let (width, height) = self.stored();
        (x * f64::from(decoded.0) / width, y * f64::from(decoded.1) / height)
    }
}

/// A straight way from one picture's places to another's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    corner: (f64, f64),
    across: (f64, f64),
    down: (f64, f64),
}

impl Places {
    /// Where `x`, `y` lies in the other.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let at = |corner: f64, across: f64, down: f64| corner + x * across + y * down;
        (at(self.corner.0, self.across.0, self.down.0), at(self.corner.1, self.across.1, self.down.1))
    }
}

/// How large the largest frame of a picture's shape is beside it that lies within it
/// when it is turned.
fn share_without_corners((width, height): (f64, f64), radians: f64) -> f64 {
    if radians == 0.0 {
        return 1.0;
    }
    let (sin, cos) = radians.abs().sin_cos();
    1.0 / (cos + (width / height).max(height / width) * sin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(exif: u8, recipe: Recipe) -> Frame {
        Frame::new((600, 400), exif, &recipe)
    }

    #[test]
    fn no_corner_of_a_straightened_frame_lies_outside_and_two_touch_the_edge() {
        for exif in 1..=8 {
            for straighten in [-4_500, -1_234, -1, 1, 700, 3_000, 4_500] {
                let frame = frame(exif, Recipe { straighten, quarter_turns: 1, ..Recipe::default() });
                let decoded = frame.stored();
                let places = frame.places((1, 1), (decoded.0 as u32, decoded.1 as u32));
                let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|(x, y)| places.at(x, y));
                let slack = corners.map(|(x, y)| x.min(y).min(decoded.0 - x).min(decoded.1 - y));
                assert!(slack.iter().all(|slack| *slack > -1e-9), "{exif} {straighten}: {corners:?}");
                assert!(slack.iter().filter(|slack| **slack < 1e-6).count() >= 2, "{exif} {straighten}: {slack:?}");
            }
        }
    }

    #[test]
    fn a_part_of_a_part_is_where_it_should_be() {
        let half = CropFrame { left: 500_000, top: 0, width: 500_000, height: 500_000 };
        let frame = frame(1, Recipe { crop: Some(half), ..Recipe::default() }).cropped(half);
        let there = Rect { left: 450.0, top: 0.0, width: 150.0, height: 100.0 };
        assert_eq!(frame.in_stored((600, 400)), there);
        let square = frame.of_shape((50, 50));
        assert_eq!(square.in_stored((300, 200)), Rect { left: 237.5, top: 0.0, width: 50.0, height: 50.0 });
    }

    #[test]
    fn the_smallest_pictures_have_a_pixel_left() {
        let crop = CropFrame { left: 990_000, top: 990_000, width: 10_000, height: 10_000 };
        for straighten in [0, 4_500] {
            let recipe = Recipe { crop: Some(crop), straighten, ..Recipe::default() };
            assert_eq!(framed((1, 1), &recipe), (1, 1));
            assert_eq!(framed((1, 1_700), &recipe).0, 1);
        }
    }
}
