//! A photo's edits: beside the original, never a change to it. The numbers are exact
//! and relative, so that the same recipe gives the same frame on a proof and on a print
//! file. What a recipe does to pixels is `frame`'s matter.

use enprint_jpeg_scaled::Turn;
use serde::{Deserialize, Serialize};

use crate::error::DevelopError;
use crate::limits::{CROP_PARTS_MIN, STRAIGHTEN_HUNDREDTHS_MAX};

/// Parts into which a crop divides each edge.
pub const WHOLE: u32 = 1_000_000;

/// Edits, in the order in which they are made. Without any it leaves the photo as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Left and right are exchanged first, after EXIF's orientation.
    #[serde(default)]
    pub mirrored: bool,
    /// Then quarter turns clockwise, 0 to 3.
    #[serde(default)]
    pub quarter_turns: u8,
    /// Then hundredths of a degree clockwise, at most 45° either way. The frame shrinks
    /// to the largest of the same shape that has no empty corner.
    #[serde(default)]
    pub straighten: i16,
    /// Then this part of the frame is kept.
    #[serde(default)]
    pub crop: Option<CropFrame>,
}

/// A part of the frame, in millionths of its width and height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CropFrame {
    /// From the left edge.
    pub left: u32,
    /// From the top edge.
    pub top: u32,
    /// Of the frame's width.
    pub width: u32,
    /// Of the frame's height.
    pub height: u32,
}

impl Recipe {
    /// Whether there is no edit.
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    /// The turn that a recipe of turns and mirrors alone is: it can be done without
    /// loss, together with the orientation that EXIF claims.
    pub fn turn_alone(&self) -> Option<Turn> {
        (self.straighten == 0 && self.crop.is_none()).then(|| self.turn())
    }

    /// Its mirror and its quarter turns.
    pub fn turn(&self) -> Turn {
        let mirror = if self.mirrored { Turn::from_exif(2) } else { Turn::default() };
        (0..self.quarter_turns % 4).fold(mirror, |turn, _| turn.then(Turn::from_exif(6)))
    }

    /// Turned by a quarter clockwise as it is seen now: a crop turns with its picture. Of a
    /// recipe that can't be followed, as a disk may have spoiled it, comes any other.
    #[must_use]
    pub fn turned_right(self) -> Self {
        let crop = self.crop.map(|crop| CropFrame {
            left: past(crop.top, crop.height),
            top: crop.left,
            width: crop.height,
            height: crop.width,
        });
        Self { quarter_turns: (self.quarter_turns % 4 + 1) % 4, crop, ..self }
    }

    /// Left and right exchanged as it is seen now; else as [`Self::turned_right`].
    #[must_use]
    pub fn flipped(self) -> Self {
        let crop = self.crop.map(|crop| CropFrame { left: past(crop.left, crop.width), ..crop });
        Self {
            mirrored: !self.mirrored,
            quarter_turns: (4 - self.quarter_turns % 4) % 4,
            straighten: self.straighten.saturating_neg(),
            crop,
        }
    }

    /// The recipe, if it can be followed.
    ///
    /// # Errors
    /// [`DevelopError::Recipe`], which names what can't.
    pub fn checked(self) -> Result<Self, DevelopError> {
        let refused = |problem| Err(DevelopError::Recipe { problem });
        if self.quarter_turns > 3 {
            return refused("A photo has four sides: turn it by 0 to 3 quarters.");
        }
        if self.straighten.unsigned_abs() > STRAIGHTEN_HUNDREDTHS_MAX {
            return refused("A photo can be straightened by at most 45 degrees; turn it by a quarter first.");
        }
        match self.crop {
            Some(crop) if !crop.is_inside() => refused("A crop has to lie within the photo."),
            Some(crop) if crop.width.min(crop.height) < CROP_PARTS_MIN => {
                refused("A crop has to keep at least a hundredth of the photo each way.")
            }
            _ => Ok(self),
        }
    }
}

/// What is left of an edge past a crop.
fn past(from: u32, length: u32) -> u32 {
    WHOLE.saturating_sub(from).saturating_sub(length)
}

impl CropFrame {
    /// The largest frame of `across` : `down` in the middle of a picture of `width` ×
    /// `height`; `None` where one of them is nothing.
    pub fn of_ratio((across, down): (u32, u32), (width, height): (u32, u32)) -> Option<Self> {
        if [across, down, width, height].contains(&0) {
            return None;
        }
        let (across, down, width, height) = (u64::from(across), u64::from(down), u64::from(width), u64::from(height));
        let whole = u64::from(WHOLE);
        // Which edge is cut: compares width / height with across / down.
        let (wide, high) = if width * down >= height * across {
            (height * across * whole / (down * width), whole)
        } else {
            (whole, width * down * whole / (across * height))
        };
        let part = |parts: u64| u32::try_from(parts).unwrap_or(WHOLE).min(WHOLE);
        let (wide, high) = (part(wide), part(high));
        Some(Self { left: (WHOLE - wide) / 2, top: (WHOLE - high) / 2, width: wide, height: high })
    }

    fn is_inside(self) -> bool {
        let fits = |from: u32, length: u32| from.checked_add(length).is_some_and(|end| end <= WHOLE);
        fits(self.left, self.width) && fits(self.top, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CROP: CropFrame = CropFrame { left: 100_000, top: 200_000, width: 300_000, height: 400_000 };

    #[test]
    fn four_turns_to_the_right_and_two_flips_are_no_edit() {
        let recipe = Recipe { crop: Some(CROP), straighten: 150, ..Recipe::default() };
        let mut turned = recipe;
        for _ in 0..4 {
            turned = turned.turned_right().checked().unwrap();
            assert_eq!(turned.flipped().flipped(), turned);
        }
        assert_eq!(turned, recipe);
    }

    #[test]
    fn what_can_not_be_followed_is_refused_in_words() {
        let crop = |crop| Recipe { crop: Some(crop), ..Recipe::default() }.checked();
        assert!(crop(CROP).is_ok());
        assert!(crop(CropFrame { left: 800_000, ..CROP }).is_err());
        assert!(crop(CropFrame { left: u32::MAX, ..CROP }).is_err());
        assert!(crop(CropFrame { width: 0, ..CROP }).is_err());
        assert!(Recipe { straighten: i16::MIN, ..Recipe::default() }.checked().is_err());
        assert!(Recipe { quarter_turns: 4, ..Recipe::default() }.checked().is_err());
    }

    #[test]
    fn a_ratio_cuts_the_longer_edge_evenly() {
        let square = CropFrame::of_ratio((1, 1), (6000, 4000)).unwrap();
        assert_eq!(square, CropFrame { left: 166_667, top: 0, width: 666_666, height: 1_000_000 });
        let wide = CropFrame::of_ratio((16, 9), (6000, 4000)).unwrap();
        assert_eq!((wide.left, wide.width, wide.height), (0, WHOLE, 843_750));
        assert_eq!(CropFrame::of_ratio((0, 1), (6000, 4000)), None);
    }
}
