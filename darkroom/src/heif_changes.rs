//! What the container of a HEIC or AVIF file does to its decoded picture: turns it,
//! mirrors it, crops it.

use image::DynamicImage;

use crate::error::DevelopError;
use crate::heif::{Heif, Numbers};

/// The picture's size after them.
///
/// # Errors
/// Crops that lie outside of it.
pub(crate) fn size_after(heif: &Heif<'_>, coded: (u32, u32)) -> Result<(u32, u32), DevelopError> {
    changes(heif).try_fold(coded, |size, change| change.size(size).ok_or_else(outside))
}

/// The picture after them.
///
/// # Errors
/// As [`size_after`].
pub(crate) fn made(heif: &Heif<'_>, pixels: DynamicImage) -> Result<DynamicImage, DevelopError> {
    changes(heif).try_fold(pixels, |pixels, change| change.made(pixels).ok_or_else(outside))
}

/// A crop or a tile that is not within the picture.
pub(crate) fn outside() -> DevelopError {
    DevelopError::damaged("what it shows lies outside of its picture")
}

/// What the container does to a decoded picture.
enum Change {
    /// Quarters anticlockwise.
    Turn(u8),
    /// Left and right exchanged; else top and bottom.
    Mirror(bool),
    /// Width and height kept, and how far their middle lies from the picture's.
    Crop((f64, f64), (f64, f64)),
    /// One that can't be.
    Nonsense,
}

fn changes(heif: &Heif<'_>) -> impl Iterator<Item = Change> {
    heif.properties(heif.primary).filter_map(|(name, body)| match &name {
        b"irot" => Some(Change::Turn(body.first()? & 3)),
        b"imir" => Some(Change::Mirror(body.first()? & 1 == 1)),
        b"clap" => Some(crop(body).unwrap_or(Change::Nonsense)),
        _ => None,
    })
}

fn crop(body: &[u8]) -> Option<Change> {
    let mut numbers = Numbers(body);
    let mut ratio = || {
        let (over, under) = (numbers.long()?.cast_signed(), numbers.long()?);
        (under > 0).then(|| f64::from(over) / f64::from(under))
    };
    let (width, height) = (ratio()?, ratio()?);
    Some(Change::Crop((width, height), (ratio()?, ratio()?)))
}

impl Change {
    fn size(&self, (width, height): (u32, u32)) -> Option<(u32, u32)> {
        match self {
            Self::Turn(quarters) if quarters % 2 == 1 => Some((height, width)),
            Self::Crop(..) => self.kept((width, height)).map(|(_, _, width, height)| (width, height)),
            Self::Nonsense => None,
            _ => Some((width, height)),
        }
    }

    /// Left, top, width and height of what a crop keeps.
    fn kept(&self, (width, height): (u32, u32)) -> Option<(u32, u32, u32, u32)> {
        let Self::Crop(size, middle) = self else { return None };
        let side = |whole: u32, kept: f64, off: f64| {
            let from = ((f64::from(whole) - kept) / 2.0 + off).round();
            let is_inside = kept >= 1.0 && from >= 0.0 && from + kept.floor() <= f64::from(whole);
            is_inside.then_some((from as u32, kept as u32))
        };
        let (left, across) = side(width, size.0, middle.0)?;
        let (top, down) = side(height, size.1, middle.1)?;
        Some((left, top, across, down))
    }

    fn made(&self, pixels: DynamicImage) -> Option<DynamicImage> {
        Some(match self {
            Self::Turn(1) => pixels.rotate270(),
            Self::Turn(2) => pixels.rotate180(),
            Self::Turn(3) => pixels.rotate90(),
            Self::Turn(_) => pixels,
            Self::Mirror(true) => pixels.fliph(),
            Self::Mirror(false) => pixels.flipv(),
            Self::Crop(..) => {
                let (left, top, width, height) = self.kept((pixels.width(), pixels.height()))?;
                pixels.crop_imm(left, top, width, height)
            }
            Self::Nonsense => return None,
        })
    }
}
