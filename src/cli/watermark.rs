//! The mark on proofs, as options of the photographer's node.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use enprint_darkroom::limits::LOGO_BYTES_MAX;
use enprint_darkroom::{MarkPlace, Watermark};
use serde::Deserialize;

use super::addresses::number;
use super::files::read_file;

/// What is laid over each proof that is made from now on.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The mark on proofs")]
pub struct WatermarkOptions {
    /// Text stamped on proofs. A node that runs has the mark that it was started with; “event”
    /// alone gives it another, for that event
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK", value_name = "TEXT")]
    pub watermark: Option<String>,
    /// A logo (PNG, may be transparent) laid on proofs instead of a text
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK_LOGO", value_name = "FILE")]
    pub watermark_logo: Option<PathBuf>,
    /// Where the mark is [default: tiled for a text, bottom-right for a logo]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK_PLACE", value_name = "PLACE")]
    pub watermark_place: Option<Place>,
    /// Its longer edge in percent of the proof's shorter one [default: one that can be read]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK_SIZE", value_name = "PERCENT", value_parser = number(1_u8, 100))]
    pub watermark_size: Option<u8>,
    /// 1, hardly seen, to 100 [default: 34 for a text, 80 for a logo]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK_OPACITY", value_name = "PERCENT", value_parser = number(1_u8, 100))]
    pub watermark_opacity: Option<u8>,
    /// Whether a mark was typed with this very command, and does not merely stand in the
    /// environment or the configuration file.
    #[arg(skip)]
    pub is_typed: bool,
    /// Whether a mark's place, size or opacity was.
    #[arg(skip)]
    pub is_look_typed: bool,
}

/// Where a mark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// All over, along a diagonal
    Tiled,
    TopLeft,
    Top,
    TopRight,
    Left,
    Middle,
    Right,
    BottomLeft,
    Bottom,
    BottomRight,
}

impl WatermarkOptions {
    /// What these leave open, filled from `other`. A text here takes the place of a logo
    /// there, and the other way round.
    pub fn or(self, other: Self) -> Self {
        let is_marked = self.watermark.is_some() || self.watermark_logo.is_some();
        let (text, logo) = if is_marked { (None, None) } else { (other.watermark, other.watermark_logo) };
        Self {
            watermark: self.watermark.or(text),
            watermark_logo: self.watermark_logo.or(logo),
            watermark_place: self.watermark_place.or(other.watermark_place),
            watermark_size: self.watermark_size.or(other.watermark_size),
            watermark_opacity: self.watermark_opacity.or(other.watermark_opacity),
            is_typed: self.is_typed,
            is_look_typed: self.is_look_typed,
        }
    }

    /// The mark, if there is one.
    ///
    /// # Errors
    /// When it can't be laid on a proof, and why.
    pub fn read(self) -> Result<Option<Watermark>> {
        let mark = match (&self.watermark, &self.watermark_logo) {
            (Some(_), Some(_)) => bail!("Proofs are marked with a text or with a logo, not with both"),
            (None, None) => None,
            (Some(text), None) => Watermark::new(text),
            (None, Some(file)) => Some(Watermark::logo(read_file("logo", file, LOGO_BYTES_MAX)?)?),
        };
        let Some(mut mark) = mark else { return Ok(None) };
        if let Some(place) = self.watermark_place {
            mark = mark.at(place.into());
        }
        if let Some(percent) = self.watermark_size {
            mark = mark.with_size_percent(percent);
        }
        if let Some(percent) = self.watermark_opacity {
            mark = mark.with_opacity_percent(percent);
        }
        Ok(Some(mark.checked()?))
    }
}

impl From<Place> for MarkPlace {
    fn from(place: Place) -> Self {
        match place {
            Place::Tiled => Self::Tiled,
            Place::TopLeft => Self::TopLeft,
            Place::Top => Self::Top,
            Place::TopRight => Self::TopRight,
            Place::Left => Self::Left,
            Place::Middle => Self::Middle,
            Place::Right => Self::Right,
            Place::BottomLeft => Self::BottomLeft,
            Place::Bottom => Self::Bottom,
            Place::BottomRight => Self::BottomRight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_given_takes_the_place_of_a_configured_logo() {
        let configured = WatermarkOptions {
            watermark_logo: Some("logo.png".into()),
            watermark_opacity: Some(50),
            ..WatermarkOptions::default()
        };
        let given = WatermarkOptions { watermark: Some("PROOF".into()), ..WatermarkOptions::default() };
        let mark = given.or(configured).read().unwrap().unwrap();
        assert_eq!((mark.text(), mark.opacity_percent), (Some("PROOF"), 50));
    }

    #[test]
    fn nonsense_is_told() {
        let text = WatermarkOptions { watermark: Some("PROOF".into()), ..WatermarkOptions::default() };
        let loud = WatermarkOptions { watermark_opacity: Some(101), ..text.clone() };
        assert!(loud.read().unwrap_err().to_string().contains("opacity"));
        let missing = WatermarkOptions { watermark_logo: Some("/no/logo.png".into()), ..WatermarkOptions::default() };
        assert!(missing.read().unwrap_err().to_string().contains("/no/logo.png"));
        assert_eq!(WatermarkOptions::default().read().unwrap(), None);
    }
}
