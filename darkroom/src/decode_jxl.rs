//! JPEG XL → pixels, upright: the codestream says its own orientation, which the
//! decoder applies.

use image::{DynamicImage, GrayImage, ImageBuffer};
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, PixelFormat};

use crate::decode::{Picture, check_size, within_memory};
use crate::error::DevelopError;
use crate::limits::{COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, JXL_BYTES_PER_PX};

/// The upright size, from the headers, checked.
///
/// # Errors
/// Claims out of bounds, damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    // The headers stand at the beginning, behind at most a colour profile and metadata.
    let tracker = AllocTracker::with_limit(usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX));
    let mut waiting = JxlImage::builder().alloc_tracker(tracker).build_uninit();
    for part in bytes.chunks(4096) {
        waiting.feed_bytes(part).map_err(DevelopError::damaged)?;
        match waiting.try_init().map_err(DevelopError::damaged)? {
            InitializeResult::NeedMoreData(more) => waiting = more,
            InitializeResult::Initialized(image) => {
                check_size(image.width(), image.height())?;
                return Ok((image.width(), image.height()));
            }
        }
    }
    Err(DevelopError::CutShort)
}

/// Decodes the first frame.
///
/// # Errors
/// As [`size`], and damage.
pub fn decode(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let (width_px, height_px) = size(bytes)?;
    let needed = u64::from(width_px) * u64::from(height_px) * JXL_BYTES_PER_PX;
    within_memory(needed, || {
        let tracker = AllocTracker::with_limit(usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX));
        let image = JxlImage::builder().alloc_tracker(tracker).read(bytes).map_err(DevelopError::damaged)?;
        if !image.is_loading_done() {
            return Err(DevelopError::CutShort);
        }
        let pixels = light(&image)?;
        let profile = Some(image.rendered_icc()).filter(|it| !it.is_empty() && it.len() <= COLOUR_PROFILE_BYTES_MAX);
        Ok(Picture { pixels, is_cmyk: false, profile, damage: None })
    })
}

fn light(image: &JxlImage) -> Result<DynamicImage, DevelopError> {
    let rendered = image.render_frame(0).map_err(DevelopError::damaged)?;
    let format = image.pixel_format();
    let mut stream = rendered.stream();
    let (width, height) = (stream.width(), stream.height());
    check_size(width, height)?;
    let samples = u64::from(width) * u64::from(height) * u64::from(stream.channels());
    let samples = usize::try_from(samples).map_err(|_| DevelopError::TooMuchMemory)?;
    let is_8_bit = image.image_header().metadata.bit_depth.bits_per_sample() <= 8;
    if format == PixelFormat::Gray && is_8_bit {
        let mut grey = vec![0_u8; samples];
        stream.write_to_buffer(&mut grey);
        return whole(GrayImage::from_raw(width, height, grey).map(DynamicImage::from));
    }
    let mut levels = vec![0_u16; samples];
    stream.write_to_buffer(&mut levels);
    whole(match format {
        PixelFormat::Gray => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLuma16),
        PixelFormat::Graya => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLumaA16),
        PixelFormat::Rgb => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgb16),
        PixelFormat::Rgba => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgba16),
        PixelFormat::Cmyk | PixelFormat::Cmyka => {
            return Err(DevelopError::Unsupported { what: "JPEG XL in inks (CMYK)" });
        }
    })
}

fn whole(pixels: Option<DynamicImage>) -> Result<DynamicImage, DevelopError> {
    pixels.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
}
