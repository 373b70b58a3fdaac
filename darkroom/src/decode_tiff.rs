//! TIFF → pixels, part by part: files in inks, whose colours `image` would guess; those in
//! planes, with a palette, or as light and colour differences, which it does not read; and
//! what is left of files that were cut short or spoiled.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba};
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::error::DevelopError;
use crate::limits::{COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, TIFF_PADDING_PX_MAX};
use crate::planes::to_rgb;

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

/// Values of the tags that say how samples are stored.
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;
const LIGHT_AND_COLOURS: u16 = 6;
const IN_PLANES: u16 = 2;
const JPEG: u16 = 7;
const FLOATING: u16 = 3;

/// Width and height as stored.
///
/// # Errors
/// Damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    opened(bytes)?.dimensions().map_err(in_words)
}

/// Whether `image` would not read it, or not truly.
pub fn is_for_this(bytes: &[u8]) -> bool {
    let Ok(mut tiff) = opened(bytes) else { return false };
    let is_in_inks = tiff.colortype().is_ok_and(|it| matches!(it, ColorType::CMYK(_)) || is_deep(it));
    let is_floating = number(&mut tiff, Tag::SampleFormat) == Some(FLOATING);
    let photometric = number(&mut tiff, Tag::PhotometricInterpretation);
    let is_rare = matches!(photometric, Some(PALETTE | LIGHT_AND_COLOURS));
    is_in_inks || is_floating || is_rare || is_in_planes(&mut tiff)
}

fn is_in_planes(tiff: &mut Tiff<'_>) -> bool {
    number(tiff, Tag::PlanarConfiguration) == Some(IN_PLANES)
        && number(tiff, Tag::SamplesPerPixel).is_some_and(|samples| samples > 1)
}

fn is_deep(colours: ColorType) -> bool {
    colours.bit_depth() > 16
}

fn number(tiff: &mut Tiff<'_>, tag: Tag) -> Option<u16> {
    tiff.find_tag_unsigned(tag).ok().flatten()
}

/// Decodes all parts that can be decoded. `damage` is what somebody found who could not
/// decode them all.
///
/// # Errors
/// `damage`, or that of the first part, where nothing can be shown; claims out of bounds;
/// [`DevelopError::Unsupported`] for rare ways to store samples.
pub fn decode(bytes: &[u8], damage: Option<DevelopError>) -> Result<Picture, DevelopError> {
    let mut tiff = opened(bytes)?;
    if number(&mut tiff, Tag::PhotometricInterpretation) == Some(PALETTE) {
        let colours = Palette::of(&mut tiff)?;
        // Its decoder knows no palettes, and numbers of colours are read as grey is.
        let grey = with_photometric(bytes, BLACK_IS_ZERO).ok_or(RARE)?;
        return decoded(&mut opened(&grey)?, bytes.len(), damage, Some(colours));
    }
    decoded(&mut tiff, bytes.len(), damage, None)
}

fn decoded(
    tiff: &mut Tiff<'_>,
    file_bytes: usize,
    damage: Option<DevelopError>,
    palette: Option<Palette>,
) -> Result<Picture, DevelopError> {
    let (width, height) = tiff.dimensions().map_err(in_words)?;
    check_size(width, height)?;
    let Layout { channels, bits, meaning } = Layout::of(tiff)?;
    if palette.is_some() && (channels, bits) != (1, 8) {
        return Err(RARE);
    }
    let is_cmyk = meaning == Channels::Inks;
    // Inks are printed with 8 bits each, so that they are kept with no more.
    let is_wide = bits == 16 && !is_cmyk;
    let samples = u64::from(width) * u64::from(height) * channels as u64;
    let decoded_bytes = if is_wide { 2 * samples } else { samples };
    check_dense(file_bytes, decoded_bytes)?;
    let profile = tiff.get_tag_u8_vec(Tag::IccProfile).ok().filter(|it| it.len() <= COLOUR_PROFILE_BYTES_MAX);
    let more_bytes = if palette.is_some() || meaning == Channels::LightAndColours { 3 * samples } else { 0 };
    within_memory(decoded_bytes + more_bytes, || {
        let mut shown = Shown { width, height, channels, narrow: Vec::new(), wide: Vec::new(), parts: 0, damage };
        // What is missing is grey, and white where there is no ink.
        if is_wide {
            shown.wide = vec![0x8080; samples as usize];
        } else {
            let grey = palette.as_ref().map_or(0x80, Palette::greyest);
            shown.narrow = vec![if is_cmyk { 0 } else { grey }; samples as usize];
        }
        shown.read(tiff)?;
        let damage = shown.damage.take();
        if let Some(palette) = &palette {
            (shown.narrow, shown.channels) = (palette.colours(&shown.narrow), 3);
        } else if meaning == Channels::LightAndColours {
            shown.narrow = colours_of(&shown.narrow);
        }
        Ok(Picture { pixels: shown.pixels()?, is_cmyk, profile, damage })
    })
}

/// The colours that numbers stand for.
struct Palette(Vec<[u8; 3]>);

impl Palette {
    fn of(tiff: &mut Tiff<'_>) -> Result<Self, DevelopError> {
        let levels = tiff.get_tag_u16_vec(Tag::ColorMap).map_err(in_words)?;
        let count = levels.len() / 3;
        // All reds come first; each has 16 bits, of which some writers fill the lower 8 alone.
        let shift = if levels.iter().any(|level| *level > 0xFF) { 8 } else { 0 };
        let level = |at: usize| (levels.get(at).copied().unwrap_or_default() >> shift) as u8;
        let colours = (0..count).map(|at| [level(at), level(count + at), level(2 * count + at)]);
        Ok(Self(colours.collect()))
    }

    fn greyest(&self) -> u8 {
        let off = |colour: &[u8; 3]| colour.iter().map(|level| u32::from(level.abs_diff(0x80))).sum::<u32>();
        let nearest = (0_u8..=u8::MAX).zip(&self.0).min_by_key(|(_, colour)| off(colour));
        nearest.map_or(0, |(number, _)| number)
    }

    fn colours(&self, numbers: &[u8]) -> Vec<u8> {
        numbers.iter().flat_map(|number| self.0.get(usize::from(*number)).copied().unwrap_or_default()).collect()
    }
}

/// Light and two colour differences of each pixel → red, green and blue, as JFIF has it,
/// which is what TIFF has where it says nothing else.
fn colours_of(samples: &[u8]) -> Vec<u8> {
    let channel = |at: usize| samples.iter().skip(at).step_by(3).copied().collect::<Vec<u8>>();
    to_rgb(&channel(0), &channel(1), &channel(2))
}

/// The file with another way to read its first picture's numbers; None for one of more than
/// 4 GB, which has another form.
fn with_photometric(bytes: &[u8], photometric: u16) -> Option<Vec<u8>> {
    let mut file = bytes.to_vec();
    let is_little = bytes.starts_with(b"II*\0");
    if !is_little && !bytes.starts_with(b"MM\0*") {
        return None;
    }
    let short = |two: [u8; 2]| if is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) };
    let start = *bytes.get(4..)?.first_chunk()?;
    let start = if is_little { u32::from_le_bytes(start) } else { u32::from_be_bytes(start) } as usize;
    let count = usize::from(short(*bytes.get(start..)?.first_chunk()?));
    let mut entries = file.get_mut(start + 2..)?.chunks_exact_mut(12).take(count);
    let entry = entries.find(|entry| short([entry[0], entry[1]]) == Tag::PhotometricInterpretation.to_u16())?;
    entry[8..10].copy_from_slice(&if is_little { photometric.to_le_bytes() } else { photometric.to_be_bytes() });
    Some(file)
}

fn opened(bytes: &[u8]) -> Result<Tiff<'_>, DevelopError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(DECODE_BYTES_MAX).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = COLOUR_PROFILE_BYTES_MAX;
    Decoder::new(Cursor::new(bytes)).map(|tiff| tiff.with_limits(limits)).map_err(in_words)
}

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channels {
    Light,
    Inks,
    LightAndColours,
}

struct Layout {
    channels: usize,
    bits: u8,
    meaning: Channels,
}

impl Layout {
    fn of(tiff: &mut Tiff<'_>) -> Result<Self, DevelopError> {
        let colours = tiff.colortype().map_err(in_words)?;
        if is_deep(colours) || number(tiff, Tag::SampleFormat) == Some(FLOATING) {
            return Err(DevelopError::Unsupported { what: "TIFF of 32 bits or of floating-point numbers" });
        }
        let is_jpeg = number(tiff, Tag::Compression) == Some(JPEG);
        let (channels, bits, meaning) = match colours {
            ColorType::Gray(bits @ (8 | 16)) => (1, bits, Channels::Light),
            ColorType::GrayA(bits @ (8 | 16)) => (2, bits, Channels::Light),
            ColorType::RGB(bits @ (8 | 16)) => (3, bits, Channels::Light),
            ColorType::RGBA(bits @ (8 | 16)) => (4, bits, Channels::Light),
            ColorType::CMYK(bits @ (8 | 16)) => (4, bits, Channels::Inks),
            ColorType::YCbCr(8) if !is_jpeg => (3, 8, Channels::LightAndColours),
            _ => return Err(RARE),
        };
        Ok(Self { channels, bits, meaning })
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

/// Where a part belongs.
struct Place {
    left: u32,
    top: u32,
    /// Of the channels, the one that it has, where each has parts of its own.
    plane: Option<usize>,
}

/// Lays a row of samples `step` apart from `start` on; None where they have no room.
fn laid<S: Copy, T>(to: &mut [T], start: usize, step: usize, from: &[S], sample: impl Fn(S) -> T) -> Option<()> {
    let room = to.get_mut(start..=start + (from.len() - 1) * step)?;
    room.iter_mut().step_by(step).zip(from).for_each(|(to, from)| *to = sample(*from));
    Some(())
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
        let (of_plane, planes) =
            (columns.saturating_mul(rows), if is_in_planes(tiff) { self.channels as u32 } else { 1 });
        let all = of_plane.saturating_mul(planes);
        for number in 0..count.min(all) {
            let at = number % of_plane;
            let place = Place {
                left: at % columns * across,
                top: at / columns * down,
                plane: (planes > 1).then_some((number / of_plane) as usize),
            };
            let part = tiff.read_chunk(number).map_err(in_words);
            match part.and_then(|samples| self.lay(&samples, &place, tiff.chunk_data_dimensions(at))) {
                Ok(()) => self.parts += 1,
                Err(problem) => drop(self.damage.get_or_insert(problem)),
            }
        }
        if count < all {
            self.damage.get_or_insert(DevelopError::CutShort);
        }
        if self.parts > 0 { Ok(()) } else { Err(self.damage.take().unwrap_or(DevelopError::CutShort)) }
    }

    /// Lays a part where it belongs.
    fn lay(&mut self, part: &DecodingResult, place: &Place, (across, down): (u32, u32)) -> Result<(), DevelopError> {
        let (step, first) = place.plane.map_or((1, 0), |plane| (self.channels, plane));
        let row = across as usize * self.channels / step;
        let samples = row * down as usize;
        let start = |y: usize| ((place.top as usize + y) * self.width as usize + place.left as usize) * self.channels;
        let starts = (0..down as usize).map(|y| start(y) + first);
        let fewer = || DevelopError::damaged("it has fewer pixels than it claims");
        if row == 0 {
            return Err(fewer());
        }
        match part {
            DecodingResult::U8(part) if part.len() >= samples && self.wide.is_empty() => {
                for (start, from) in starts.zip(part.chunks_exact(row)) {
                    laid(&mut self.narrow, start, step, from, |level| level).ok_or_else(fewer)?;
                }
            }
            DecodingResult::U16(part) if part.len() >= samples && self.wide.is_empty() => {
                let halved = |ink: u16| ((u32::from(ink) + 128) / 257) as u8;
                for (start, from) in starts.zip(part.chunks_exact(row)) {
                    laid(&mut self.narrow, start, step, from, halved).ok_or_else(fewer)?;
                }
            }
            DecodingResult::U16(part) if part.len() >= samples => {
                for (start, from) in starts.zip(part.chunks_exact(row)) {
                    laid(&mut self.wide, start, step, from, |level| level).ok_or_else(fewer)?;
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
