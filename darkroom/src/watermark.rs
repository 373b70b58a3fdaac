//! A photographer's mark over a proof: a text or a logo, in one place or repeated along a
//! diagonal, so that no crop is without it and every face can still be judged. It
//! belongs to proofs: no print file has one. How it is laid over pixels is `marking`'s
//! matter.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use image::{RgbImage, RgbaImage};
use serde::{Deserialize, Serialize};

use crate::error::DevelopError;
use crate::limits::{LOGO_BYTES_MAX, MARK_SIZES_REMEMBERED};
use crate::marking::{self, Drawing};
use crate::typesetting::text_that_can_be_set;

/// What is laid over each proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The text or the logo.
    pub mark: Mark,
    /// Where it is.
    #[serde(default)]
    pub place: MarkPlace,
    /// Its longer edge, in percent of the proof's shorter edge, 1 to 100; without it, a
    /// size that can be read and does not hide the photo.
    #[serde(default)]
    pub size_percent: Option<u8>,
    /// From 1, hardly seen, to 100, hiding what is below.
    pub opacity_percent: u8,
}

/// What a photographer marks proofs with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// One line. White with a soft dark edge, it shows on snow and in the dark alike.
    Text(String),
    /// A PNG, in its own colours and as transparent as it is; its colours count as sRGB.
    Logo(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// Where a mark is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkPlace {
    /// Everywhere, along a rising diagonal.
    #[default]
    Tiled,
    /// In a corner, with a little air around it.
    TopLeft,
    /// In the middle of the upper edge.
    Top,
    /// In a corner.
    TopRight,
    /// In the middle of the left edge.
    Left,
    /// In the middle.
    Middle,
    /// In the middle of the right edge.
    Right,
    /// In a corner.
    BottomLeft,
    /// In the middle of the lower edge.
    Bottom,
    /// In a corner.
    BottomRight,
}

/// What is written when nothing of the text can be: a proof that should be marked is.
const FALLBACK: &str = "PROOF";
/// Of a text, and of a logo that is repeated.
const USUAL_OPACITY_PERCENT: u8 = 34;
/// Of a logo in one place, which hides little.
const LOGO_OPACITY_PERCENT: u8 = 80;

impl Watermark {
    /// Writes `text` all over, cut to what the limits allow. Letters that the built-in
    /// font lacks are left out; if none remain, "PROOF" is written. None for blank text.
    pub fn new(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        let settable = text_that_can_be_set(text);
        let text = if settable.is_empty() { FALLBACK.to_owned() } else { settable };
        Some(Self {
            mark: Mark::Text(text),
            place: MarkPlace::Tiled,
            size_percent: None,
            opacity_percent: USUAL_OPACITY_PERCENT,
        })
    }

    /// Sets a logo, a PNG, into the lower right corner.
    ///
    /// # Errors
    /// [`DevelopError::Watermark`] for what is no PNG, damaged or too large.
    pub fn logo(png: Vec<u8>) -> Result<Self, DevelopError> {
        let place = MarkPlace::BottomRight;
        Self { mark: Mark::Logo(png), place, size_percent: None, opacity_percent: LOGO_OPACITY_PERCENT }.checked()
    }

    /// At another place.
    #[must_use]
    pub fn at(self, place: MarkPlace) -> Self {
        Self { place, ..self }
    }

    /// With another size.
    #[must_use]
    pub fn with_size_percent(self, percent: u8) -> Self {
        Self { size_percent: Some(percent), ..self }
    }

    /// With another opacity.
    #[must_use]
    pub fn with_opacity_percent(self, percent: u8) -> Self {
        Self { opacity_percent: percent, ..self }
    }

    /// What is written; None for a logo.
    pub fn text(&self) -> Option<&str> {
        match &self.mark {
            Mark::Text(text) => Some(text),
            Mark::Logo(_) => None,
        }
    }

    /// The watermark, if proofs can be marked with it; its text as it will be written.
    ///
    /// # Errors
    /// [`DevelopError::Watermark`], which says what can't be.
    pub fn checked(self) -> Result<Self, DevelopError> {
        let refused = |problem| Err(DevelopError::Watermark { problem });
        if !(1..=100).contains(&self.opacity_percent) {
            return refused("A watermark's opacity is 1 to 100 percent.");
        }
        if self.size_percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
            return refused("A watermark is 1 to 100 percent as long as a proof's shorter edge.");
        }
        match &self.mark {
            Mark::Logo(png) if png.len() > LOGO_BYTES_MAX => {
                refused("This logo is larger than 4 MiB. Save it as a smaller PNG.")
            }
            Mark::Logo(png) => {
                marking::logo(png)?;
                Ok(self)
            }
            Mark::Text(text) => match Self::new(text) {
                Some(Self { mark, .. }) => Ok(Self { mark, ..self }),
                None => refused("A watermark needs a text or a logo."),
            },
        }
    }
}

/// A watermark that is ready to be laid over many proofs: checked, its logo decoded, and
/// drawn once for proofs of one size.
#[derive(Debug)]
pub struct PreparedMark {
    watermark: Watermark,
    logo: Option<RgbaImage>,
    /// For the last sizes of proofs.
    drawn: Mutex<VecDeque<Drawn>>,
}

/// A mark drawn for proofs of that size.
type Drawn = ((u32, u32), Arc<Drawing>);

impl PreparedMark {
    /// Prepares a watermark.
    ///
    /// # Errors
    /// As [`Watermark::checked`].
    pub fn new(watermark: Watermark) -> Result<Self, DevelopError> {
        let watermark = watermark.checked()?;
        let logo = match &watermark.mark {
            Mark::Text(_) => None,
            Mark::Logo(png) => Some(marking::logo(png)?),
        };
        Ok(Self { watermark, logo, drawn: Mutex::default() })
    }

    /// Lays it over `proof`.
    ///
    /// # Errors
    /// [`DevelopError::Unsupported`], which no logo can cause: a proof that should be
    /// marked is never shown without.
    pub(crate) fn stamp(&self, proof: &mut RgbImage) -> Result<(), DevelopError> {
        let drawing = self.drawing(proof.dimensions())?;
        drawing.lay(proof);
        Ok(())
    }

    fn drawing(&self, size: (u32, u32)) -> Result<Arc<Drawing>, DevelopError> {
        let known = |drawn: &VecDeque<Drawn>| {
            drawn.iter().find(|(known, _)| *known == size).map(|(_, drawing)| drawing.clone())
        };
        if let Some(drawing) = known(&self.drawn.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(drawing);
        }
        let drawing = Arc::new(match (&self.watermark.mark, &self.logo) {
            (Mark::Text(text), _) => Drawing::of_text(text, &self.watermark, size),
            (Mark::Logo(_), Some(logo)) => Drawing::of_logo(logo, &self.watermark, size)?,
            (Mark::Logo(png), None) => Drawing::of_logo(&marking::logo(png)?, &self.watermark, size)?,
        });
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.truncate(MARK_SIZES_REMEMBERED - 1);
        drawn.push_front((size, drawing.clone()));
        Ok(drawing)
    }
}

impl PartialEq for PreparedMark {
    fn eq(&self, other: &Self) -> bool {
        self.watermark == other.watermark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        Watermark::new(text).unwrap().text().unwrap().to_owned()
    }

    #[test]
    fn letters_that_the_font_lacks_leave_a_mark_all_the_same() {
        assert_eq!(Watermark::new(" \n "), None);
        assert_eq!(text_of("結婚式"), "PROOF");
        assert_eq!(text_of("結婚式 © Ana"), "© Ana");
        assert_eq!(text_of("Свадьба\nΓάμος"), "Свадьба Γάμος");
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let usual = Watermark::new("PROOF").unwrap();
        assert_eq!(usual.clone().checked().unwrap(), usual);
        for nonsense in [
            usual.clone().with_opacity_percent(0),
            usual.clone().with_opacity_percent(101),
            usual.clone().with_size_percent(0),
            usual.clone().with_size_percent(101),
            Watermark { mark: Mark::Text(" ".into()), ..usual.clone() },
            Watermark { mark: Mark::Logo(Vec::new()), ..usual.clone() },
            Watermark { mark: Mark::Logo(b"<html>".to_vec()), ..usual.clone() },
            Watermark { mark: Mark::Logo(vec![0; LOGO_BYTES_MAX + 1]), ..usual },
        ] {
            let words = nonsense.checked().unwrap_err().to_string();
            assert!(words.ends_with('.') && words.split(' ').count() > 4, "{words}");
        }
    }
}
