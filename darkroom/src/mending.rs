//! What is left of a picture whose file was cut short, where its decoder shows nothing
//! without all of its bytes: they are made up twice, each time others, and what both
//! pictures show alike was in the file. Knows no format.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use image::DynamicImage;

use crate::error::DevelopError;
use crate::limits::{MENDING_BYTES, MENDING_TRIES_MAX};

/// What stands in place of missing bytes.
pub(crate) type Filling = [u8; MENDING_BYTES];

/// Zeros, where nothing is decoded.
pub(crate) const NOTHING: Filling = [0; MENDING_BYTES];

/// What two decodings with made-up bytes show alike, from the top down to the first row in
/// which they differ, and grey below. `decode` may fail over what was made up.
///
/// # Errors
/// `problem`, where that is nothing.
pub(crate) fn shown_alike(
    problem: &DevelopError,
    decode: impl Fn(&Filling) -> Result<DynamicImage, DevelopError>,
) -> Result<DynamicImage, DevelopError> {
    let mut made = (0..MENDING_TRIES_MAX).filter_map(|number| decode(&filling(number)).ok());
    let (Some(mut first), Some(second)) = (made.next(), made.next()) else { return Err(problem.clone()) };
    if first.color() != second.color() || (first.width(), first.height()) != (second.width(), second.height()) {
        return Err(problem.clone());
    }
    let row_bytes = first.width() as usize * usize::from(first.color().bytes_per_pixel());
    let mut rows = first.as_bytes().chunks(row_bytes).zip(second.as_bytes().chunks(row_bytes));
    match rows.position(|(one, other)| one != other) {
        Some(0) => return Err(problem.clone()),
        Some(top) => grey_from(&mut first, top),
        None => {}
    }
    Ok(first)
}

/// All zeros, which most decoders take for "nothing more"; the same behind a few ones, and
/// then bytes without a pattern.
fn filling(number: u32) -> Filling {
    const ONES: usize = 16;
    let mut seed = number;
    std::array::from_fn(|at| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match number {
            0 => 0,
            1 => u8::from(at < ONES) * 0xFF,
            _ => (seed >> 24) as u8,
        }
    })
}

/// Makes all rows from `top` on grey and opaque.
pub(crate) fn grey_from(picture: &mut DynamicImage, top: usize) {
    const GREY: (u8, u16) = (0x80, 0x8080);
    let start = |channels: usize, width: u32| top * width as usize * channels;
    macro_rules! grey {
        ($picture:ident, $grey:expr, $opaque:expr, $channels:literal) => {{
            let start = start($channels, $picture.width());
            for pixel in $picture.get_mut(start..).unwrap_or_default().chunks_exact_mut($channels) {
                pixel.fill($grey);
                if let (2 | 4, Some(alpha)) = ($channels, pixel.last_mut()) {
                    *alpha = $opaque;
                }
            }
        }};
    }
    match picture {
        DynamicImage::ImageLuma8(it) => grey!(it, GREY.0, u8::MAX, 1),
        DynamicImage::ImageLumaA8(it) => grey!(it, GREY.0, u8::MAX, 2),
        DynamicImage::ImageRgb8(it) => grey!(it, GREY.0, u8::MAX, 3),
        DynamicImage::ImageRgba8(it) => grey!(it, GREY.0, u8::MAX, 4),
        DynamicImage::ImageLuma16(it) => grey!(it, GREY.1, u16::MAX, 1),
        DynamicImage::ImageLumaA16(it) => grey!(it, GREY.1, u16::MAX, 2),
        DynamicImage::ImageRgb16(it) => grey!(it, GREY.1, u16::MAX, 3),
        DynamicImage::ImageRgba16(it) => grey!(it, GREY.1, u16::MAX, 4),
        _ => {}
    }
}

/// A file that goes on, behind its own bytes, with a filling up to its end.
pub(crate) struct Filled<'a> {
    own: &'a [u8],
    filling: &'a Filling,
    bytes: u64,
    at: u64,
}

impl<'a> Filled<'a> {
    /// A file of `bytes` bytes, of which `own` are the first.
    pub(crate) fn new(own: &'a [u8], filling: &'a Filling, bytes: u64) -> Self {
        Self { own, filling, bytes, at: 0 }
    }
}

impl BufRead for Filled<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = usize::try_from(self.bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        let next = match self.own.get(at..) {
            Some(own) if !own.is_empty() => own,
            _ => self.filling.get((at - self.own.len().min(at)) % MENDING_BYTES..).unwrap_or_default(),
        };
        Ok(next.get(..left).unwrap_or(next))
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes as u64;
    }
}

impl Read for Filled<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(to)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Filled<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let (from, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.bytes, by),
        };
        self.at = from.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
