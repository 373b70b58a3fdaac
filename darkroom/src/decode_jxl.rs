//! JPEG XL → pixels, upright: the codestream says its own orientation, which the
//! decoder applies.

use std::borrow::Cow;

use image::{DynamicImage, ImageBuffer};
use jxl_oxide::{AllocTracker, InitializeResult, JxlImage, PixelFormat, Render};

use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::error::DevelopError;
use crate::heif::boxes;
use crate::limits::{COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, HEIF_BOXES_MAX, JXL_BYTES_PER_PX, JXL_FRAMES_MAX};

/// The upright size, from the headers, checked.
///
/// # Errors
/// Claims out of bounds, damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    opened(&without_packed(bytes)).map(|(image, _)| (image.width(), image.height()))
}

/// Decodes the first frame, or of a file that was cut short what of it is there.
///
/// # Errors
/// As [`size`], and damage.
pub fn decode(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let bytes = &*without_packed(bytes);
    let (mut image, read) = opened(bytes)?;
    let pixels = u64::from(image.width()) * u64::from(image.height());
    check_dense(bytes.len(), 3 * pixels)?;
    within_memory(pixels * JXL_BYTES_PER_PX, || {
        // What follows the first picture is never looked at: it may be a thousand others.
        let all = fed(bytes, read, |part| {
            let taken = image.feed_bytes(part).map_err(DevelopError::damaged)?;
            if image.num_loaded_frames() > JXL_FRAMES_MAX {
                return Err(DevelopError::Unsupported { what: "JPEG XL with this many layers" });
            }
            Ok((taken, (image.num_loaded_keyframes() > 0).then_some(())))
        });
        let (rendered, damage) = match all {
            Ok(_) => (image.render_frame(0).map_err(DevelopError::damaged)?, None),
            // What came before shows the rest coarsely, or not at all.
            Err(DevelopError::CutShort) => {
                (image.render_loading_frame().map_err(|_| DevelopError::CutShort)?, Some(DevelopError::CutShort))
            }
            Err(problem) => return Err(problem),
        };
        let pixels = light(&image, &rendered)?;
        let profile = Some(image.rendered_icc()).filter(|it| !it.is_empty() && it.len() <= COLOUR_PROFILE_BYTES_MAX);
        Ok(Picture { pixels, is_cmyk: false, profile, damage })
    })
}

/// The file without its packed metadata, which the decoder would unpack to its end, and
/// fall over where it is broken.
fn without_packed(bytes: &[u8]) -> Cow<'_, [u8]> {
    let all = || boxes(bytes).take(HEIF_BOXES_MAX);
    if !all().any(|(name, _)| &name == b"brob") {
        return bytes.into();
    }
    let (mut kept, mut at) = (Vec::with_capacity(bytes.len()), 0);
    for (name, body) in all() {
        let end = body.as_ptr_range().end.addr() - bytes.as_ptr().addr();
        if &name != b"brob" {
            kept.extend_from_slice(bytes.get(at..end).unwrap_or_default());
        }
        at = end;
    }
    // A box that was cut short.
    kept.extend_from_slice(bytes.get(at..).unwrap_or_default());
    kept.into()
}

/// Reads the headers, which stand at the beginning, behind at most a colour profile and
/// metadata; and how many bytes they took.
fn opened(bytes: &[u8]) -> Result<(JxlImage, usize), DevelopError> {
    let tracker = AllocTracker::with_limit(usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX));
    let mut waiting = Some(JxlImage::builder().alloc_tracker(tracker).build_uninit());
    let (image, read) = fed(bytes, 0, |part| {
        let Some(mut headers) = waiting.take() else { return Err(DevelopError::CutShort) };
        let taken = headers.feed_bytes(part).map_err(DevelopError::damaged)?;
        match headers.try_init().map_err(DevelopError::damaged)? {
            InitializeResult::NeedMoreData(more) => waiting = Some(more),
            InitializeResult::Initialized(image) => return Ok((taken, Some(image))),
        }
        Ok((taken, None))
    })?;
    check_size(image.width(), image.height())?;
    Ok((image, read))
}

/// Feeds `bytes` in parts from `at` on, until `feed` has what it wants; it may leave the
/// end of a part for the next one.
fn fed<T>(
    bytes: &[u8],
    mut at: usize,
    mut feed: impl FnMut(&[u8]) -> Result<(usize, Option<T>), DevelopError>,
) -> Result<(T, usize), DevelopError> {
    let mut part_bytes = 4096;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let part = rest.get(..part_bytes).unwrap_or(rest);
        let (taken, found) = feed(part)?;
        at += taken;
        match found {
            Some(found) => return Ok((found, at)),
            None if part.len() == rest.len() => return Err(DevelopError::CutShort),
            None if taken == 0 => part_bytes *= 2,
            None => {}
        }
    }
}

fn light(image: &JxlImage, rendered: &Render) -> Result<DynamicImage, DevelopError> {
    let format = image.pixel_format();
    let mut stream = rendered.stream();
    let (width, height) = (stream.width(), stream.height());
    check_size(width, height)?;
    let samples = u64::from(width) * u64::from(height) * u64::from(stream.channels());
    let samples = usize::try_from(samples).map_err(|_| DevelopError::TooMuchMemory)?;
    let is_8_bit = image.image_header().metadata.bit_depth.bits_per_sample() <= 8;
    if is_8_bit {
        let mut levels = vec![0_u8; samples];
        stream.write_to_buffer(&mut levels);
        return whole(match format {
            PixelFormat::Gray => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLuma8),
            PixelFormat::Graya => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLumaA8),
            PixelFormat::Rgb => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgb8),
            PixelFormat::Rgba => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgba8),
            PixelFormat::Cmyk | PixelFormat::Cmyka => return Err(INKS),
        });
    }
    let mut levels = vec![0_u16; samples];
    stream.write_to_buffer(&mut levels);
    whole(match format {
        PixelFormat::Gray => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLuma16),
        PixelFormat::Graya => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageLumaA16),
        PixelFormat::Rgb => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgb16),
        PixelFormat::Rgba => ImageBuffer::from_raw(width, height, levels).map(DynamicImage::ImageRgba16),
        PixelFormat::Cmyk | PixelFormat::Cmyka => return Err(INKS),
    })
}

const INKS: DevelopError = DevelopError::Unsupported { what: "JPEG XL in inks (CMYK)" };

fn whole(pixels: Option<DynamicImage>) -> Result<DynamicImage, DevelopError> {
    pixels.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
}
