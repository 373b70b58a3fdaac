//! TIFF → pixels, part by part: files in inks, whose colours `image` would guess, and what
//! is left of files that were cut short or spoiled.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba};
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::error::DevelopError;
use crate::limits::{COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, TIFF_PADDING_PX_MAX};

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

/// Whether its channels are inks.
pub fn is_in_inks(bytes: &[u8]) -> bool {
    opened(bytes)
        .and_then(|mut tiff| tiff.colortype().map_err(in_words))
        .is_ok_and(|it| matches!(it, ColorType::CMYK(_)))
}

/// Decodes all parts that can be decoded. `damage` is what somebody found who could not
/// decode them all.
///
/// # Errors
/// `damage`, or that of the first part, where nothing can be shown; claims out of bounds;
/// [`DevelopError::Unsupported`] for rare ways to store samples.
pub fn decode(bytes: &[u8], damage: Option<DevelopError>) -> Result<Picture, DevelopError> {
    let mut tiff = opened(bytes)?;
    let (width, height) = tiff.dimensions().map_err(in_words)?;
    check_size(width, height)?;
    let (channels, bits, is_cmyk) = layout(tiff.colortype().map_err(in_words)?)?;
    // Inks are printed with 8 bits each, so that they are kept with no more.
    let is_wide = bits == 16 && !is_cmyk;
    let samples = u64::from(width) * u64::from(height) * channels as u64;
    let decoded_bytes = if is_wide { 2 * samples } else { samples };
    check_dense(bytes.len(), decoded_bytes)?;
    let profile = tiff.get_tag_u8_vec(Tag::IccProfile).ok().filter(|it| it.len() <= COLOUR_PROFILE_BYTES_MAX);
    within_memory(decoded_bytes, || {
        let mut shown = Shown { width, height, channels, narrow: Vec::new(), wide: Vec::new(), parts: 0, damage };
        // What is missing is grey, and white where there is no ink.
        if is_wide {
            shown.wide = vec![0x8080; samples as usize];
        } else {
            shown.narrow = vec![if is_cmyk { 0 } else { 0x80 }; samples as usize];
        }
        shown.read(&mut tiff)?;
        let damage = shown.damage.take();
        Ok(Picture { pixels: shown.pixels()?, is_cmyk, profile, damage })
    })
}

fn opened(bytes: &[u8]) -> Result<Tiff<'_>, DevelopError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = COLOUR_PROFILE_BYTES_MAX;
    Decoder::new(Cursor::new(bytes)).map(|tiff| tiff.with_limits(limits)).map_err(in_words)
}

/// Channels, their bits, and whether they are inks.
fn layout(colours: ColorType) -> Result<(usize, u8, bool), DevelopError> {
    match colours {
        ColorType::Gray(bits @ (8 | 16)) => Ok((1, bits, false)),
        ColorType::GrayA(bits @ (8 | 16)) => Ok((2, bits, false)),
        ColorType::RGB(bits @ (8 | 16)) => Ok((3, bits, false)),
        ColorType::RGBA(bits @ (8 | 16)) => Ok((4, bits, false)),
        ColorType::CMYK(bits @ (8 | 16)) => Ok((4, bits, true)),
        _ => Err(RARE),
    }
}

const RARE: DevelopError = DevelopError::Unsupported { what: "This variant of TIFF" };

fn in_words(error: TiffError) -> DevelopError {
    match error {
        TiffError::LimitsExceeded => DevelopError::TooMuchMemory,
        TiffError::UnsupportedError(_) => RARE,
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => DevelopError::CutShort,
        other => DevelopError::damaged(other),
    }
}

/// A picture on its way; one of the two vectors has its samples.
struct Shown {
    width: u32,
    height: u32,
    channels: usize,
    narrow: Vec<u8>,
    wide: Vec<u16>,
    /// Those that were decoded.
    parts: usize,
    damage: Option<DevelopError>,
}

impl Shown {
    fn read(&mut self, tiff: &mut Tiff<'_>) -> Result<(), DevelopError> {
        const IN_PLANES: u16 = 2;
        if self.channels > 1 && tiff.find_tag_unsigned(Tag::PlanarConfiguration).ok().flatten() == Some(IN_PLANES) {
            return Err(self.damage.take().unwrap_or(RARE));
        }
        let (across, down) = tiff.chunk_dimensions();
        let count = match tiff.get_chunk_type() {
            ChunkType::Strip => tiff.strip_count(),
            ChunkType::Tile => tiff.tile_count(),
        };
        let count = count.map_err(in_words)?;
        if across == 0 || down == 0 {
            return Err(DevelopError::damaged("its parts have no pixels"));
        }
        let (columns, rows) = (self.width.div_ceil(across), self.height.div_ceil(down));
        let padded = u64::from(across) * u64::from(down) * u64::from(columns) * u64::from(rows);
        if padded > 4 * u64::from(self.width) * u64::from(self.height) + TIFF_PADDING_PX_MAX {
            return Err(DevelopError::damaged("its parts are larger than its picture"));
        }
        for number in 0..count.min(columns.saturating_mul(rows)) {
            let place = (number % columns * across, number / columns * down);
            let part = tiff.read_chunk(number).map_err(in_words);
            match part.and_then(|samples| self.lay(&samples, place, tiff.chunk_data_dimensions(number))) {
                Ok(()) => self.parts += 1,
                Err(problem) => drop(self.damage.get_or_insert(problem)),
            }
        }
        if count < columns.saturating_mul(rows) {
            self.damage.get_or_insert(DevelopError::CutShort);
        }
        if self.parts > 0 { Ok(()) } else { Err(self.damage.take().unwrap_or(DevelopError::CutShort)) }
    }

    /// Lays a part where it belongs.
    fn lay(
        &mut self,
        part: &DecodingResult,
        place: (u32, u32),
        (across, down): (u32, u32),
    ) -> Result<(), DevelopError> {
        let row = across as usize * self.channels;
        let is_whole = |samples: usize| samples >= row * down as usize && row > 0;
        let starts =
            (0..down).map(|y| ((place.1 + y) as usize * self.width as usize + place.0 as usize) * self.channels);
        let fewer = || DevelopError::damaged("it has fewer pixels than it claims");
        match part {
            DecodingResult::U8(samples) if is_whole(samples.len()) && self.wide.is_empty() => {
                for (start, from) in starts.zip(samples.chunks_exact(row)) {
                    self.narrow.get_mut(start..start + row).ok_or_else(fewer)?.copy_from_slice(from);
                }
            }
            DecodingResult::U16(samples) if is_whole(samples.len()) && self.wide.is_empty() => {
                for (start, from) in starts.zip(samples.chunks_exact(row)) {
                    let to = self.narrow.get_mut(start..start + row).ok_or_else(fewer)?;
                    to.iter_mut().zip(from).for_each(|(to, ink)| *to = ((u32::from(*ink) + 128) / 257) as u8);
                }
            }
            DecodingResult::U16(samples) if is_whole(samples.len()) => {
                for (start, from) in starts.zip(samples.chunks_exact(row)) {
                    self.wide.get_mut(start..start + row).ok_or_else(fewer)?.copy_from_slice(from);
                }
            }
            DecodingResult::U8(_) | DecodingResult::U16(_) => return Err(fewer()),
            _ => return Err(RARE),
        }
        Ok(())
    }

    fn pixels(self) -> Result<DynamicImage, DevelopError> {
        let size = (self.width, self.height);
        fn whole<P: Pixel>(size: (u32, u32), samples: Vec<P::Subpixel>) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
            ImageBuffer::from_raw(size.0, size.1, samples)
        }
        let pixels = match (self.wide.is_empty(), self.channels) {
            (true, 1) => whole::<Luma<u8>>(size, self.narrow).map(DynamicImage::from),
            (true, 2) => whole::<LumaA<u8>>(size, self.narrow).map(DynamicImage::from),
            (true, 3) => whole::<Rgb<u8>>(size, self.narrow).map(DynamicImage::from),
            (true, _) => whole::<Rgba<u8>>(size, self.narrow).map(DynamicImage::from),
            (false, 1) => whole::<Luma<u16>>(size, self.wide).map(DynamicImage::from),
            (false, 2) => whole::<LumaA<u16>>(size, self.wide).map(DynamicImage::from),
            (false, 3) => whole::<Rgb<u16>>(size, self.wide).map(DynamicImage::from),
            (false, _) => whole::<Rgba<u16>>(size, self.wide).map(DynamicImage::from),
        };
        pixels.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
    }
}
