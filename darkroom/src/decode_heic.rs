//! HEIC and HIF → pixels. The container's crop, rotation and mirroring are applied
//! here, so that what comes out is upright and EXIF's orientation no longer counts.

use heic_decoder::{DecodedImage, HeifError};
use image::{DynamicImage, ImageBuffer, RgbImage};

use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::error::DevelopError;
use crate::heif::Heif;
use crate::heif_tiles::coded_size;
use crate::limits::{COLOUR_PROFILE_BYTES_MAX, HEIC_BYTES_PER_PX};
use crate::{hdr, heic_pieces, heif_changes};

/// The size after the container's transforms, from the headers, checked.
///
/// # Errors
/// Claims out of bounds, damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    // The decoder copies all tiles before it looks at their sizes.
    if let Some(heif) = Heif::read(bytes)? {
        heif.size(heif.primary).map_or(Ok(()), |(width, height)| check_size(width, height))?;
        heif.check_tiles()?;
    }
    let info = match heic_decoder::probe(bytes).map_err(in_words) {
        Err(DevelopError::CutShort) => return claimed_size(bytes),
        info => info?,
    };
    let edge = |px: usize| u32::try_from(px).unwrap_or(u32::MAX);
    check_size(edge(info.coded_width), edge(info.coded_height))?;
    check_size(edge(info.width), edge(info.height))?;
    Ok((edge(info.width), edge(info.height)))
}

/// How much is decoded, of which a crop of the container may show little.
fn coded_pixels(bytes: &[u8]) -> Result<u64, DevelopError> {
    let (width, height) = size(bytes)?;
    let shown = u64::from(width) * u64::from(height);
    let Some(heif) = Heif::read(bytes)? else { return Ok(shown) };
    let (width, height) = heif.size(heif.primary).unwrap_or_default();
    Ok(shown.max(u64::from(width) * u64::from(height)))
}

/// What the boxes alone claim: the decoder reads none of a file that was cut short.
fn claimed_size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    let heif = Heif::read(bytes)?.ok_or(DevelopError::CutShort)?;
    let (width, height) = heif_changes::size_after(&heif, coded_size(&heif, heif.primary)?)?;
    check_size(width, height)?;
    Ok((width, height))
}

/// Decodes the primary image, or of a file that was cut short what of it is there.
///
/// # Errors
/// As [`size`], and damage.
pub fn decode(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let pixels = coded_pixels(bytes)?;
    check_dense(bytes.len(), 3 * pixels)?;
    within_memory(pixels * HEIC_BYTES_PER_PX, || {
        let mut decoded = match heic_decoder::decode(bytes).map_err(in_words) {
            Err(DevelopError::CutShort) => return heic_pieces::what_is_left(bytes),
            decoded => decoded?,
        };
        let profile = decoded.metadata.icc_profile.take().filter(|it| it.len() <= COLOUR_PROFILE_BYTES_MAX);
        // By the container, or where that says nothing by the picture's own headers.
        let said = decoded.color_info.map(|said| (said.color_primaries, said.transfer_characteristics));
        let (primaries, curve) = said.unwrap_or_default();
        let (pixels, profile) = hdr::shown(light(&decoded)?, primaries, curve, profile);
        Ok(Picture { pixels, is_cmyk: false, profile, damage: None })
    })
}

/// Eight bits stay eight; more become sixteen, so that nothing is banded.
pub(crate) fn light(decoded: &DecodedImage) -> Result<DynamicImage, DevelopError> {
    let edge = |px: usize| u32::try_from(px).unwrap_or(u32::MAX);
    let (width, height) = (edge(decoded.width), edge(decoded.height));
    let pixels = if decoded.alpha.is_some() {
        let mut rgba = decoded.to_rgba16().map_err(in_words)?;
        if rgba.premultiplied {
            rgba.data.as_chunks_mut::<4>().0.iter_mut().for_each(divide_by_alpha);
        }
        ImageBuffer::from_raw(width, height, rgba.data).map(DynamicImage::ImageRgba16)
    } else if decoded.bit_depth_luma > 8 {
        let rgb = decoded.to_rgb16().map_err(in_words)?;
        ImageBuffer::from_raw(width, height, rgb.data).map(DynamicImage::ImageRgb16)
    } else {
        RgbImage::from_raw(width, height, decoded.to_rgb8().map_err(in_words)?.data).map(DynamicImage::from)
    };
    pixels.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
}

/// Makes a pixel's colours as bright as they were before its alpha was taken into them.
pub fn divide_by_alpha([red, green, blue, alpha]: &mut [u16; 4]) {
    for light in [red, green, blue] {
        let whole = u64::from(*light) * 65_535 / u64::from((*alpha).max(1));
        *light = u16::try_from(whole).unwrap_or(u16::MAX);
    }
}

pub(crate) fn in_words(error: HeifError) -> DevelopError {
    match error {
        HeifError::Truncated { .. } => DevelopError::CutShort,
        HeifError::Unsupported(_) => DevelopError::Unsupported { what: "This variant of HEIC" },
        HeifError::LimitExceeded(_) => DevelopError::TooMuchMemory,
        other => DevelopError::damaged(other),
    }
}
