//! Bytes → pixels: checks what a file claims, then hands it to the decoder of its
//! kind. JPEG has a module of its own; the rest goes through `image`, bounded.

use std::io::Cursor;

use image::error::ImageError;
use image::metadata::Orientation as Turn;
use image::{ColorType, DynamicImage, ImageBuffer, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::error::DevelopError;
use crate::limits::{
    COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, HOLLOW_BYTES_MIN, HOLLOW_RATIO_MAX, ORIGINAL_BYTES_MAX,
    PICTURE_EDGE_PX_MAX, PICTURE_PIXELS_MAX, PNG_HEADERS_BYTES_MAX,
};
use crate::sniff::{FileKind, sniff};
use crate::{decode_avif, decode_heic, decode_jpeg, decode_jxl, decode_tiff, decode_webp, memory, raw};

/// Decoded pixels, as stored: not upright, in their own colours.
#[derive(Debug)]
pub struct Picture {
    /// The samples. CMYK stands as four channels of ink.
    pub pixels: DynamicImage,
    /// Whether the four channels are inks rather than light and alpha.
    pub is_cmyk: bool,
    /// The embedded colour profile, unread.
    pub profile: Option<Vec<u8>>,
    /// Why parts of it are missing, if they are.
    pub damage: Option<DevelopError>,
}

/// Decodes `bytes`, at least so large that its longest edge shrinks to `edge_px`.
///
/// # Errors
/// What the file's headers claim that is out of bounds, and any damage.
pub fn decode(bytes: &[u8], kind: FileKind, edge_px: u32) -> Result<Picture, DevelopError> {
    match kind {
        FileKind::Jpeg => decode_jpeg::decode(bytes, edge_px),
        FileKind::Raw => decode_jpeg::decode(raw::preview(bytes)?.jpeg, edge_px),
        FileKind::Heic => decode_heic::decode(bytes),
        FileKind::Avif => decode_avif::decode(bytes),
        FileKind::JpegXl => decode_jxl::decode(bytes),
        FileKind::WebP if decode_webp::is_cut_short(bytes) => decode_webp::what_is_left(bytes, DevelopError::CutShort),
        FileKind::Tiff if decode_tiff::is_for_this(bytes) => decode_tiff::decode(bytes, None),
        _ => decode_other(bytes, kind).or_else(|problem| what_is_left(bytes, kind, problem)),
    }
}

/// Of a file that was cut short or spoiled, what came before.
fn what_is_left(bytes: &[u8], kind: FileKind, problem: DevelopError) -> Result<Picture, DevelopError> {
    match (&problem, kind) {
        (DevelopError::CutShort | DevelopError::Damaged { .. }, FileKind::Tiff) => {
            decode_tiff::decode(bytes, Some(problem.clone())).or(Err(problem))
        }
        (DevelopError::CutShort | DevelopError::Damaged { .. }, FileKind::Png) => rows_of_png(bytes, problem),
        (DevelopError::CutShort | DevelopError::Damaged { .. }, FileKind::WebP) => {
            decode_webp::what_is_left(bytes, problem)
        }
        _ => Err(problem),
    }
}

/// The kind of `bytes`, if there is a decoder for it.
///
/// # Errors
/// In words, what it is instead.
pub fn readable_kind(bytes: &[u8]) -> Result<FileKind, DevelopError> {
    if bytes.len() as u64 > ORIGINAL_BYTES_MAX {
        return Err(DevelopError::TooMuchMemory);
    }
    match sniff(bytes) {
        Some(kind) if kind.is_readable() => Ok(kind),
        Some(kind) if kind.is_photograph() => Err(DevelopError::NotReadYet(kind)),
        Some(kind) => Err(DevelopError::NotAPhotograph(kind)),
        None if bytes.is_empty() => Err(DevelopError::Empty),
        None => Err(DevelopError::UnknownKind),
    }
}

/// Checks a claimed size against the bounds.
///
/// # Errors
/// [`DevelopError::NoPixels`], [`DevelopError::TooManyPixels`].
pub fn check_size(width_px: u32, height_px: u32) -> Result<(), DevelopError> {
    if width_px == 0 || height_px == 0 {
        return Err(DevelopError::NoPixels { width_px, height_px });
    }
    let is_long = width_px.max(height_px) > PICTURE_EDGE_PX_MAX;
    if is_long || u64::from(width_px) * u64::from(height_px) > PICTURE_PIXELS_MAX {
        return Err(DevelopError::TooManyPixels { width_px, height_px });
    }
    Ok(())
}

/// Runs `decode`, which will take `decoded_bytes`: refused if that is too much, and
/// otherwise as soon as the memory of all photos has room for it.
///
/// # Errors
/// [`DevelopError::TooMuchMemory`], and those of `decode`.
pub fn within_memory<T>(
    decoded_bytes: u64,
    decode: impl FnOnce() -> Result<T, DevelopError>,
) -> Result<T, DevelopError> {
    if decoded_bytes > DECODE_BYTES_MAX {
        return Err(DevelopError::TooMuchMemory);
    }
    memory::take(decoded_bytes)?;
    decode()
}

/// Refuses a file that is far too small for the photograph that it claims to be.
///
/// # Errors
/// [`DevelopError::Hollow`].
pub fn check_dense(file_bytes: usize, decoded_bytes: u64) -> Result<(), DevelopError> {
    let is_large = decoded_bytes > HOLLOW_BYTES_MIN;
    if is_large && decoded_bytes / (file_bytes as u64).max(1) > HOLLOW_RATIO_MAX {
        return Err(DevelopError::Hollow { file_bytes: file_bytes as u64 });
    }
    Ok(())
}

/// Opens a picture that is no JPEG, reading its headers alone, with every limit set.
///
/// # Errors
/// Damage to the headers.
pub fn opened(bytes: &[u8], kind: FileKind) -> Result<impl ImageDecoder + '_, DevelopError> {
    let format = match kind {
        FileKind::Png => ImageFormat::Png,
        FileKind::Tiff => ImageFormat::Tiff,
        FileKind::WebP => ImageFormat::WebP,
        _ => ImageFormat::Jpeg,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Of a PNG this bounds its headers alone: a profile is unpacked with them.
    reader.limits(limits(if kind == FileKind::Png { PNG_HEADERS_BYTES_MAX } else { DECODE_BYTES_MAX }));
    reader.into_decoder().map_err(in_words)
}

fn decode_other(bytes: &[u8], kind: FileKind) -> Result<Picture, DevelopError> {
    let mut decoder = opened(bytes, kind)?;
    check_claims(bytes, &decoder)?;
    let profile = profile_of(&mut decoder);
    within_memory(decoder.total_bytes(), || {
        decoder.set_limits(limits(DECODE_BYTES_MAX)).map_err(in_words)?;
        let pixels = DynamicImage::from_decoder(decoder).map_err(in_words)?;
        Ok(Picture { pixels, is_cmyk: false, profile, damage: None })
    })
}

fn check_claims(bytes: &[u8], decoder: &impl ImageDecoder) -> Result<(), DevelopError> {
    let (width_px, height_px) = decoder.dimensions();
    check_size(width_px, height_px)?;
    check_dense(bytes.len(), decoder.total_bytes())
}

fn profile_of(decoder: &mut impl ImageDecoder) -> Option<Vec<u8>> {
    decoder.icc_profile().ok().flatten().filter(|profile| profile.len() <= COLOUR_PROFILE_BYTES_MAX)
}

/// The rows of a PNG that come before its `problem`, and grey in place of the others.
fn rows_of_png(bytes: &[u8], problem: DevelopError) -> Result<Picture, DevelopError> {
    const GREY: u8 = 0x80;
    let mut decoder = opened(bytes, FileKind::Png)?;
    check_claims(bytes, &decoder)?;
    let profile = profile_of(&mut decoder);
    let ((width, height), colours) = (decoder.dimensions(), decoder.color_type());
    let total = decoder.total_bytes();
    // Samples of 16 bits are copied once more.
    within_memory(2 * total, || {
        decoder.set_limits(limits(DECODE_BYTES_MAX)).map_err(in_words)?;
        let mut samples = vec![GREY; usize::try_from(total).unwrap_or(usize::MAX)];
        let is_whole = decoder.read_image(&mut samples).is_ok();
        if is_whole || samples.iter().all(|sample| *sample == GREY) {
            return Err(problem);
        }
        // Only of a whole picture the decoder turns the bytes around.
        let wide = || samples.as_chunks::<2>().0.iter().map(|two| u16::from_be_bytes(*two)).collect::<Vec<_>>();
        let pixels = match colours {
            ColorType::L16 => ImageBuffer::from_raw(width, height, wide()).map(DynamicImage::ImageLuma16),
            ColorType::La16 => ImageBuffer::from_raw(width, height, wide()).map(DynamicImage::ImageLumaA16),
            ColorType::Rgb16 => ImageBuffer::from_raw(width, height, wide()).map(DynamicImage::ImageRgb16),
            ColorType::Rgba16 => ImageBuffer::from_raw(width, height, wide()).map(DynamicImage::ImageRgba16),
            ColorType::L8 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
            ColorType::La8 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
            ColorType::Rgb8 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
            ColorType::Rgba8 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
            _ => None,
        };
        let pixels = pixels.ok_or_else(|| problem.clone())?;
        Ok(Picture { pixels, is_cmyk: false, profile, damage: Some(problem) })
    })
}

/// For decoders of `image`: the usual edges, and so much memory.
pub fn limits(bytes_max: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(PICTURE_EDGE_PX_MAX);
    limits.max_image_height = Some(PICTURE_EDGE_PX_MAX);
    limits.max_alloc = Some(bytes_max);
    limits
}

/// A decoder's error as a sentence for the photographer.
fn in_words(error: ImageError) -> DevelopError {
    match error {
        ImageError::Limits(_) => DevelopError::TooMuchMemory,
        ImageError::Unsupported(_) => DevelopError::Unsupported { what: "This variant of the format" },
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => DevelopError::CutShort,
        other => DevelopError::damaged(other),
    }
}

/// Turns a decoded picture upright.
pub fn turn_upright(pixels: &mut DynamicImage, exif_orientation: u8) {
    pixels.apply_orientation(Turn::from_exif(exif_orientation).unwrap_or(Turn::NoTransforms));
}
