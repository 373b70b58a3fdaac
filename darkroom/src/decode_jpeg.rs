//! JPEG → pixels, at a half, a quarter or an eighth of its size where a proof needs
//! no more: most of a camera file's pixels are never made.

use std::io::ErrorKind;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use jpeg_decoder::{Decoder, Error, PixelFormat};

use crate::decode::{Picture, within_memory};
use crate::decode_jpeg_whole::{self as whole, Pixels};
use crate::error::DevelopError;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{DECODE_BYTES_MAX, RENDITION_EDGE_PX_MAX, RESCUED_WHOLE_BYTES_MAX};
use crate::planes::{self, Colour, Outcome};
use crate::shrink::fitted;

/// Decodes the smallest of the four sizes from which a longest edge of `edge_px` can be made.
///
/// # Errors
/// Claims out of bounds, a file that was cut short, damage.
pub fn decode(bytes: &[u8], edge_px: u32) -> Result<Picture, DevelopError> {
    let headers = JpegHeaders::of_whole_file(bytes)?;
    let frame = headers.frame.ok_or_else(|| DevelopError::damaged("it has no frame header"))?;
    let target = fitted(frame.width_px, frame.height_px, edge_px);
    let problem = if headers.is_cut_short() {
        Some(DevelopError::CutShort)
    } else {
        match planes::decode(bytes, target, colour_for(edge_px))? {
            Outcome::Made(pixels) => {
                return Ok(Picture { pixels, is_cmyk: false, profile: headers.profile(), damage: None });
            }
            Outcome::NotForThis => None,
            Outcome::Broken(problem) => Some(problem),
        }
    };
    let ((pixels, is_cmyk), damage) = within_memory(frame.decoded_bytes(), || {
        let scaled = || decode_scaled(bytes, target, headers.is_adobes);
        let rescued = |problem: DevelopError| {
            let whole = || whole::rescue(bytes, &headers, problem.clone());
            // What the one decoder shows nothing of, the other may; the second one makes all
            // pixels of what may be far larger than it is worth.
            let is_large = frame.decoded_bytes() > RESCUED_WHOLE_BYTES_MAX;
            let pixels = if is_large { scaled().or_else(|_| whole()) } else { whole().or_else(|_| scaled()) };
            pixels.map_or_else(|_| Err(problem.clone()), |pixels| Ok((pixels, Some(problem.clone()))))
        };
        if let Some(problem) = problem {
            return rescued(problem);
        }
        match scaled() {
            Ok(pixels) => Ok((pixels, None)),
            Err(problem @ (DevelopError::CutShort | DevelopError::Damaged { .. })) => rescued(problem),
            Err(unknown @ DevelopError::Unsupported { .. }) => {
                whole::decode(bytes, &headers, unknown).map(|pixels| (pixels, None))
            }
            Err(other) => Err(other),
        }
    })?;
    Ok(Picture { pixels, is_cmyk, profile: headers.profile(), damage })
}

/// No rendition is as large as what is printed.
fn colour_for(edge_px: u32) -> Colour {
    if edge_px <= RENDITION_EDGE_PX_MAX { Colour::Half } else { Colour::Full }
}

fn decode_scaled(bytes: &[u8], target: (u32, u32), is_adobes: bool) -> Result<Pixels, DevelopError> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX));
    // The decoder is content when one edge is large enough: let that be the longest.
    let edge = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
    let (wanted_width, wanted_height) =
        if target.0 >= target.1 { (edge(target.0), u16::MAX) } else { (u16::MAX, edge(target.1)) };
    let (width, height) = decoder.scale(wanted_width, wanted_height).map_err(in_words)?;
    let mut samples = decoder.decode().map_err(in_words)?;
    let format = decoder.info().map(|info| info.pixel_format);
    // The decoder takes all inks for Adobe's, which are inverted.
    if format == Some(PixelFormat::CMYK32) && !is_adobes {
        samples.iter_mut().for_each(|level| *level = 255 - *level);
    }
    let (width, height) = (u32::from(width), u32::from(height));
    let pixels = match format {
        Some(PixelFormat::L8) => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        Some(PixelFormat::CMYK32) => RgbaImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => None,
    };
    let pixels = pixels.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))?;
    Ok((pixels, format == Some(PixelFormat::CMYK32)))
}

fn in_words(error: Error) -> DevelopError {
    match error {
        Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => DevelopError::CutShort,
        Error::Unsupported(_) => DevelopError::Unsupported { what: "This variant of JPEG" },
        Error::Format(problem) => DevelopError::damaged(problem),
        other => DevelopError::damaged(other),
    }
}
