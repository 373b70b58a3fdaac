//! JPEG → pixels, at a half, a quarter or an eighth of its size where a proof needs
//! no more: most of a camera file's pixels are never made.

use std::io::ErrorKind;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use jpeg_decoder::{Decoder, Error, PixelFormat};

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::decode::{Picture, within_memory};
use crate::error::DevelopError;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{DECODE_BYTES_MAX, JPEG_SCANS_MAX, RENDITION_EDGE_PX_MAX};
use crate::planes::{self, Colour};
use crate::shrink::fitted;

/// Decodes the smallest of the four sizes from which a longest edge of `edge_px` can be made.
///
/// # Errors
/// Claims out of bounds, a file that was cut short, damage.
pub fn decode(bytes: &[u8], edge_px: u32) -> Result<Picture, DevelopError> {
    let headers = JpegHeaders::of_whole_file(bytes)?;
    let frame = headers.frame.ok_or_else(|| DevelopError::damaged("it has no frame header"))?;
    let target = fitted(frame.width_px, frame.height_px, edge_px);
    let is_cut = headers.is_cut_short();
    if !is_cut && let Some(pixels) = planes::decode(bytes, target, colour_for(edge_px))? {
        return Ok(Picture { pixels, is_cmyk: false, profile: headers.profile(), damage: None });
    }
    let (pixels, is_cmyk, damage) = within_memory(frame.decoded_bytes(), || {
        if is_cut {
            return rescued(bytes, DevelopError::CutShort);
        }
        match decode_scaled(bytes, target) {
            Ok((pixels, is_cmyk)) => Ok((pixels, is_cmyk, None)),
            Err(problem @ (DevelopError::CutShort | DevelopError::Damaged { .. })) => rescued(bytes, problem),
            Err(other) => Err(other),
        }
    })?;
    Ok(Picture { pixels, is_cmyk, profile: headers.profile(), damage })
}

/// What can still be shown of a damaged JPEG, beside what is wrong with it.
fn rescued(bytes: &[u8], problem: DevelopError) -> Result<(DynamicImage, bool, Option<DevelopError>), DevelopError> {
    let options = DecoderOptions::new_safe().set_strict_mode(false).jpeg_set_max_scans(JPEG_SCANS_MAX as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    if decoder.decode_headers().is_err() {
        return Err(problem);
    }
    let is_grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let (wanted, is_cmyk) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, false),
        Some(ColorSpace::CMYK | ColorSpace::YCCK) => (ColorSpace::CMYK, true),
        _ => (ColorSpace::RGB, false),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let (Some(info), Ok(samples)) = (decoder.info(), decoder.decode()) else {
        return Err(problem);
    };
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let pixels = if is_cmyk {
        RgbaImage::from_raw(width, height, samples).map(DynamicImage::from)
    } else if is_grey {
        GrayImage::from_raw(width, height, samples).map(DynamicImage::from)
    } else {
        RgbImage::from_raw(width, height, samples).map(DynamicImage::from)
    };
    pixels.map(|pixels| (pixels, is_cmyk, Some(problem.clone()))).ok_or(problem)
}

/// No rendition is as large as what is printed.
fn colour_for(edge_px: u32) -> Colour {
    if edge_px <= RENDITION_EDGE_PX_MAX { Colour::Half } else { Colour::Full }
}

fn decode_scaled(bytes: &[u8], target: (u32, u32)) -> Result<(DynamicImage, bool), DevelopError> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX));
    // The decoder is content when one edge is large enough: let that be the longest.
    let edge = |px: u32| u16::try_from(px).unwrap_or(u16::MAX);
    let (wanted_width, wanted_height) =
        if target.0 >= target.1 { (edge(target.0), u16::MAX) } else { (u16::MAX, edge(target.1)) };
    let (width, height) = decoder.scale(wanted_width, wanted_height).map_err(in_words)?;
    let samples = decoder.decode().map_err(in_words)?;
    let format = decoder.info().map(|info| info.pixel_format);
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
