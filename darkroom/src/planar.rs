//! The straight way from a camera's JPEG to its renditions: light and colours stay the
//! planes that they are in both files, and no pixel is ever red, green and blue. For
//! photos in sRGB without edits and watermark, which are most; whatever else there is
//! goes the long way in [`crate::develop()`].

use image::metadata::Orientation as Turn;
use image::{DynamicImage, GrayImage, RgbImage};

use crate::develop::{DevelopSettings, Renditions};
use crate::encode;
use crate::error::DevelopError;
use crate::facts::Orientation;
use crate::placeholder::placeholder;
use crate::planes::{self, Planes};
use crate::shrink::fitted;

/// Makes both renditions of a JPEG that has `size`; `None` where the long way has to be
/// gone.
///
/// # Errors
/// When a rendition can't be written.
pub fn developed(
    bytes: &[u8],
    size: (u32, u32),
    orientation: Orientation,
    settings: &DevelopSettings,
) -> Result<Option<Renditions>, DevelopError> {
    let proof_size = fitted(size.0, size.1, settings.proof_edge_px);
    let Some(proof) = planes::decode_halved(bytes, proof_size)? else { return Ok(None) };
    let proof = upright(proof, orientation)?;
    let small = fitted(proof.width, proof.height, settings.thumbnail_edge_px.clamp(1, settings.proof_edge_px));
    let small = planes::shrunk(&proof, small)?;
    let renditions = Renditions {
        placeholder: placeholder(&rgb(&small)?)?,
        thumbnail: encode::of_planes(&small, settings.thumbnail_quality)?,
        proof: encode::of_planes(&proof, settings.proof_quality)?,
        damage: None,
    };
    small.put_back();
    proof.put_back();
    Ok(Some(renditions))
}

fn upright(planes: Planes, orientation: Orientation) -> Result<Planes, DevelopError> {
    let turn = Turn::from_exif(orientation.to_exif()).unwrap_or(Turn::NoTransforms);
    if turn == Turn::NoTransforms {
        return Ok(planes);
    }
    let (half_width, half_height) = planes.half();
    let turned = |samples: Vec<u8>, width: u32, height: u32| {
        let plane = GrayImage::from_raw(width, height, samples).ok_or_else(fewer)?;
        let mut plane = DynamicImage::from(plane);
        plane.apply_orientation(turn);
        Ok::<_, DevelopError>(plane.into_luma8())
    };
    let light = turned(planes.light, planes.width, planes.height)?;
    let colours = match planes.colours {
        Some([blue, red]) => {
            let colour = |samples| turned(samples, half_width, half_height).map(GrayImage::into_raw);
            Some([colour(blue)?, colour(red)?])
        }
        None => None,
    };
    Ok(Planes { width: light.width(), height: light.height(), light: light.into_raw(), colours })
}

fn fewer() -> DevelopError {
    DevelopError::damaged("it has fewer pixels than it claims")
}

/// Few pixels, for the placeholder.
fn rgb(planes: &Planes) -> Result<RgbImage, DevelopError> {
    RgbImage::from_raw(planes.width, planes.height, planes.rgb()).ok_or_else(fewer)
}
