//! JPEG → pixels by the second decoder, always at full size: what the first one does not
//! know, and what can still be shown of a damaged file.

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::error::DevelopError;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::JPEG_SCANS_MAX;

/// Pixels, and whether they are inks.
pub type Pixels = (DynamicImage, bool);

/// Decodes a file that the first decoder does not know, without leniency.
///
/// # Errors
/// `problem`, if this one does not know it either.
pub fn decode(bytes: &[u8], headers: &JpegHeaders<'_>, problem: DevelopError) -> Result<Pixels, DevelopError> {
    decoded(bytes, headers, true).ok_or(problem)
}

/// What can still be shown of a damaged JPEG.
///
/// # Errors
/// `problem`, if that is nothing.
pub fn rescue(bytes: &[u8], headers: &JpegHeaders<'_>, problem: DevelopError) -> Result<Pixels, DevelopError> {
    decoded(bytes, headers, false).ok_or(problem)
}

fn decoded(bytes: &[u8], headers: &JpegHeaders<'_>, is_strict: bool) -> Option<Pixels> {
    let options = DecoderOptions::new_safe().set_strict_mode(is_strict).jpeg_set_max_scans(JPEG_SCANS_MAX as usize);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let stored = decoder.input_colorspace();
    // Inks are taken as they are stored: this decoder does not know that Adobe's are inverted.
    let wanted = match stored {
        Some(ColorSpace::Luma) => ColorSpace::Luma,
        Some(ColorSpace::CMYK) => ColorSpace::CMYK,
        Some(ColorSpace::YCCK) => ColorSpace::YCCK,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let info = decoder.info()?;
    let mut samples = decoder.decode().ok()?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let pixels = match wanted {
        ColorSpace::Luma => GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        ColorSpace::RGB => RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        _ => {
            to_inks(&mut samples, wanted == ColorSpace::YCCK, headers.is_adobes);
            RgbaImage::from_raw(width, height, samples).map(DynamicImage::from)
        }
    };
    Some((pixels?, matches!(wanted, ColorSpace::CMYK | ColorSpace::YCCK)))
}

/// Makes 255 all of an ink.
fn to_inks(samples: &mut [u8], is_ycck: bool, is_adobes: bool) {
    for pixel in samples.as_chunks_mut::<4>().0 {
        if is_ycck {
            let [light, blue, red, black] = *pixel;
            let [cyan, magenta, yellow] = rgb(light, blue, red);
            *pixel = [cyan, magenta, yellow, 255 - black];
        } else if is_adobes {
            *pixel = pixel.map(|level| 255 - level);
        }
    }
}

fn rgb(light: u8, blue: u8, red: u8) -> [u8; 3] {
    let (light, blue, red) = (f32::from(light), f32::from(blue) - 128.0, f32::from(red) - 128.0);
    let levels = [light + 1.402 * red, light - 0.344_14 * blue - 0.714_14 * red, light + 1.772 * blue];
    levels.map(|level| level.round().clamp(0.0, 255.0) as u8)
}
