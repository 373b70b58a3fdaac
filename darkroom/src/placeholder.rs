//! A ThumbHash of each photo: about 25 bytes from which a page paints a blur while the
//! thumbnail loads.

use image::RgbImage;

use crate::error::DevelopError;
use crate::limits::PLACEHOLDER_EDGE_PX;
use crate::shrink::{fitted, shrink_rgb};

/// The ThumbHash of `thumbnail`: 5 to 25 bytes.
///
/// # Errors
/// When the thumbnail can't be shrunk.
pub(crate) fn placeholder(thumbnail: &RgbImage) -> Result<Vec<u8>, DevelopError> {
    let small = shrink_rgb(thumbnail, fitted(thumbnail.width(), thumbnail.height(), PLACEHOLDER_EDGE_PX))?;
    let rgba = small.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX]).collect::<Vec<u8>>();
    Ok(thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, &rgba))
}
