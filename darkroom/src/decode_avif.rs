//! AVIF → pixels: the container's crop, rotation and mirroring applied, so that EXIF's
//! orientation no longer counts. The AV1 in it is `av1`'s matter.

use std::cell::Cell;

use image::{DynamicImage, ImageBuffer};

use crate::av1::{self, Planes};
use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::error::DevelopError;
use crate::heif::Heif;
use crate::heif_colour::{Colour, NOT_SAID};
use crate::heif_tiles::{Coder, assembled, coded_size};
use crate::limits::AVIF_BYTES_PER_PX;
use crate::{hdr, heif_changes};

/// The size after the container's transforms, from the headers, checked.
///
/// # Errors
/// Claims out of bounds, damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    let heif = opened(bytes)?;
    heif_changes::size_after(&heif, coded_size(&heif, heif.primary)?)
}

/// Decodes the primary image.
///
/// # Errors
/// As [`size`], and damage.
pub fn decode(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let heif = opened(bytes)?;
    let (width, height) = coded_size(&heif, heif.primary)?;
    let pixels = u64::from(width) * u64::from(height);
    check_dense(bytes.len(), 3 * pixels)?;
    within_memory(pixels * AVIF_BYTES_PER_PX, || {
        let mut colour = Colour::of(&heif);
        // Where the container says nothing, the picture's own headers may.
        let of_picture = Cell::new((NOT_SAID, NOT_SAID));
        let light = |id| {
            let planes = planes_of(&heif, id)?;
            of_picture.set((planes.primaries, planes.curve));
            planes.light(colour.coding)
        };
        let levels = |id| grey(&planes_of(&heif, id)?);
        let coder = Coder { kind: *b"av01", other: "This variant of AVIF", light: &light, levels: &levels };
        let (pixels, is_cut) = assembled(&heif, coder)?;
        if colour.coding.is_none() {
            (colour.primaries, colour.curve) = of_picture.get();
        }
        let pixels = heif_changes::made(&heif, pixels)?;
        let (pixels, profile) = hdr::shown(pixels, colour.primaries, colour.curve, colour.profile);
        Ok(Picture { pixels, is_cmyk: false, profile, damage: is_cut.then_some(DevelopError::CutShort) })
    })
}

/// Its decoder shows nothing of an item whose end is missing, and falls over made-up bytes.
fn planes_of(heif: &Heif<'_>, id: u32) -> Result<Planes, DevelopError> {
    let (width, height) = coded_size(heif, id)?;
    let data = heif.data(id).ok_or(DevelopError::CutShort)?;
    let planes = av1::decode(data.into_owned(), width.saturating_mul(height))?;
    check_size(planes.width, planes.height)?;
    Ok(planes)
}

fn opened(bytes: &[u8]) -> Result<Heif<'_>, DevelopError> {
    let heif = Heif::read(bytes)?.ok_or(DevelopError::Unsupported { what: "AVIF without a still picture" })?;
    heif.check_tiles()?;
    Ok(heif)
}

fn grey(planes: &Planes) -> Result<DynamicImage, DevelopError> {
    let grey = ImageBuffer::from_raw(planes.width, planes.height, planes.levels()).map(DynamicImage::ImageLuma16);
    grey.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
}
