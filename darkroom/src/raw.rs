//! A camera's RAW file → the largest JPEG that the camera put into it, and how large
//! that is beside the sensor's picture. Develops no sensor data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::container::Metadata;
use crate::decode::check_size;
use crate::error::DevelopError;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{
    PICTURE_EDGE_PX_MAX, RAW_DIRECTORIES_MAX, RAW_ENTRIES_MAX, RAW_FALSE_STARTS_MAX, RAW_JPEG_HEADERS_BYTES_MAX,
    RAW_JPEGS_MAX, RAW_PRINT_SHARE_PERCENT_MIN,
};
use crate::{raw_canon, raw_sensor};

/// What a photo can be printed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrintSource {
    /// The whole picture.
    Full,
    /// The JPEG that the camera put into its RAW file, nothing else.
    Preview {
        /// As stored.
        width_px: u32,
        /// As stored.
        height_px: u32,
        /// How long its longer edge is beside the sensor's, where the file says that.
        share_percent: Option<u8>,
    },
}

impl PrintSource {
    /// Why it should not be printed, as a sentence; None where it may be.
    pub fn refusal(self) -> Option<String> {
        match self {
            Self::Full => None,
            Self::Preview { share_percent: Some(share), .. } if share >= RAW_PRINT_SHARE_PERCENT_MIN => None,
            Self::Preview { width_px, height_px, .. } => Some(format!(
                "This RAW photograph holds a preview of {width_px} × {height_px} pixels only, which is too small to print. Develop it, export it as JPEG or TIFF and import that."
            )),
        }
    }
}

/// An embedded JPEG.
#[derive(Debug, Clone, Copy)]
pub struct Preview<'a> {
    /// The JPEG, from its first byte; more may follow.
    pub jpeg: &'a [u8],
    /// As stored.
    pub width_px: u32,
    /// As stored.
    pub height_px: u32,
    /// The longer edge of the largest picture that the directories tell of.
    sensor_edge_px: u32,
}

impl Preview<'_> {
    /// How good it is for print.
    pub fn print_source(&self) -> PrintSource {
        let (width_px, height_px) = (self.width_px, self.height_px);
        let edge = u64::from(width_px.max(height_px));
        let share = (100 * edge).checked_div(u64::from(self.sensor_edge_px));
        let share_percent = share.map(|share| u8::try_from(share).unwrap_or(100).min(100));
        PrintSource::Preview { width_px, height_px, share_percent }
    }
}

/// The largest JPEG in `bytes` that an ordinary decoder can read.
///
/// # Errors
/// [`DevelopError::NoPreview`]; what its header claims that is out of bounds.
pub fn preview(bytes: &[u8]) -> Result<Preview<'_>, DevelopError> {
    let told = directories(bytes);
    let mut found = told.jpegs.iter().filter_map(|at| jpeg_at(bytes, *at)).max_by_key(area);
    let is_large = found.is_some_and(|jpeg| 2 * jpeg.1.max(jpeg.2) >= told.longest_edge_px);
    // Makers' notes and boxes hide the large one where directories don't tell of it.
    if found.is_none() || !is_large || told.longest_edge_px == 0 {
        found = scanned(bytes).into_iter().chain(found).max_by_key(area);
    }
    let (jpeg, width_px, height_px) = found.ok_or(DevelopError::NoPreview)?;
    check_size(width_px, height_px)?;
    Ok(Preview { jpeg, width_px, height_px, sensor_edge_px: told.longest_edge_px })
}

type Jpeg<'a> = (&'a [u8], u32, u32);

fn area(jpeg: &Jpeg<'_>) -> u64 {
    u64::from(jpeg.1) * u64::from(jpeg.2)
}

/// The JPEG that begins at `at`, if it is one that shows something. Sensor data is
/// often a lossless JPEG, which is none.
fn jpeg_at(bytes: &[u8], at: usize) -> Option<Jpeg<'_>> {
    let jpeg = bytes.get(at..).filter(|jpeg| jpeg.starts_with(b"\xFF\xD8\xFF"))?;
    let frame = JpegHeaders::before_scans(head_of(jpeg)).ok()?.frame?;
    let shows = frame.marker <= 0xC2 && frame.precision_bits == 8 && matches!(frame.components, 1 | 3);
    shows.then_some((jpeg, frame.width_px, frame.height_px))
}

/// As much of a JPEG as its headers may take: a file of false beginnings would be read
/// from each of them to its end.
pub(crate) fn head_of(jpeg: &[u8]) -> &[u8] {
    jpeg.get(..RAW_JPEG_HEADERS_BYTES_MAX).unwrap_or(jpeg)
}

/// Every JPEG that a search finds, outside of others.
fn scanned(bytes: &[u8]) -> Vec<Jpeg<'_>> {
    let (mut found, mut false_starts, mut at) = (Vec::new(), 0, 0);
    while let Some(next) = next_start(bytes, at) {
        if let Some(jpeg) = jpeg_at(bytes, next) {
            found.push(jpeg);
            if found.len() == RAW_JPEGS_MAX {
                break;
            }
            // Its own thumbnail lies within its segments, and is passed over with them.
            at = next + JpegHeaders::scan_offset(head_of(jpeg.0)).unwrap_or(2).max(2);
        } else {
            false_starts += 1;
            if false_starts > RAW_FALSE_STARTS_MAX {
                break;
            }
            at = next + 2;
        }
    }
    found
}

/// Where `FF D8 FF` and a marker that may follow it stand, at or after `at`.
fn next_start(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        match bytes.get(at..at + 4)? {
            [0xFF, 0xD8, 0xFF, 0xC0..=0xC2 | 0xC4 | 0xDB | 0xDD | 0xE0..=0xEF | 0xFE] => return Some(at),
            _ => at += 1,
        }
    }
}

/// What the directories tell.
#[derive(Default)]
struct Told {
    jpegs: Vec<usize>,
    longest_edge_px: u32,
}

/// A TIFF's directories and those they name, and Fuji's header.
fn directories(bytes: &[u8]) -> Told {
    let mut told = Told::default();
    if bytes.starts_with(b"FUJIFILMCCD-RAW") {
        told.jpegs
            .extend(bytes.get(84..88).and_then(|at| at.try_into().ok()).map(|at| u32::from_be_bytes(at) as usize));
        told.note_sensor(raw_sensor::in_raf(bytes));
        return told;
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        told.note_sensor(raw_sensor::in_cr3(bytes));
        return told;
    }
    let tiff = Tiff { bytes, little: bytes.starts_with(b"II") };
    let mut waiting = tiff.long(4).into_iter().collect::<Vec<_>>();
    let mut seen = Vec::new();
    while let Some(start) = waiting.pop() {
        if start >= 8 && seen.len() < RAW_DIRECTORIES_MAX && !seen.contains(&start) {
            seen.push(start);
            tiff.read(start, &mut told, &mut waiting);
        }
    }
    if bytes.get(8..10) == Some(b"CR") {
        for at in told.jpegs.clone() {
            told.note_sensor(bytes.get(at..).and_then(raw_sensor::in_lossless_jpeg));
        }
    }
    told
}

impl Told {
    fn note_sensor(&mut self, size: Option<(u32, u32)>) {
        let (width, height) = size.unwrap_or_default();
        self.note_edge(width.max(height) as usize);
    }

    fn note_edge(&mut self, px: usize) {
        let px = u32::try_from(px).ok().filter(|px| *px <= PICTURE_EDGE_PX_MAX);
        self.longest_edge_px = self.longest_edge_px.max(px.unwrap_or(0));
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl Tiff<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) } as usize)
    }

    fn read(&self, start: usize, told: &mut Told, waiting: &mut Vec<usize>) {
        let count = usize::from(self.short(start).unwrap_or(0)).min(RAW_ENTRIES_MAX);
        for number in 0..count {
            let _ = self.entry(start + 2 + 12 * number, told, waiting);
        }
        waiting.extend(self.long(start + 2 + 12 * count).filter(|next| *next != 0));
    }

    fn entry(&self, at: usize, told: &mut Told, waiting: &mut Vec<usize>) -> Option<()> {
        let (tag, kind, count) = (self.short(at)?, self.short(at + 2)?, self.long(at + 4)?);
        let value = if kind == 3 { usize::from(self.short(at + 8)?) } else { self.long(at + 8)? };
        match tag {
            // Width and height, and Panasonic's lower right corner of the sensor.
            0x0100 | 0x0101 => told.note_edge(value),
            0x0006 | 0x0007 if self.bytes.starts_with(b"IIU\0") => told.note_edge(value),
            // Strips, JPEGInterchangeFormat, Panasonic's JpgFromRaw.
            0x0111 | 0x0201 | 0x002E if told.jpegs.len() < RAW_JPEGS_MAX => told.jpegs.push(value),
            0x014A if count > 1 => {
                waiting.extend((0..count.min(RAW_JPEGS_MAX)).map_while(|number| self.long(value + 4 * number)));
            }
            0x014A | 0x8769 => waiting.push(value),
            _ => {}
        }
        Some(())
    }
}

/// The metadata of a RAW file: its EXIF is the whole file where it is a TIFF, with the
/// header that readers know; Canon's blocks in a CR3; the embedded JPEG's in a RAF.
pub(crate) fn metadata(bytes: &[u8]) -> Metadata<'_> {
    if bytes.get(4..8) == Some(b"ftyp") {
        return raw_canon::metadata(bytes);
    }
    if bytes.starts_with(b"II") || bytes.starts_with(b"MM") {
        let mut tiff = bytes.to_vec();
        let version: [u8; 2] = if bytes.starts_with(b"II") { [b'*', 0] } else { [0, b'*'] };
        if let Some(place) = tiff.get_mut(2..4) {
            place.copy_from_slice(&version);
        }
        return Metadata { exif: Some(tiff.into()), ..Metadata::default() };
    }
    let headers = preview(bytes).ok().and_then(|preview| JpegHeaders::before_scans(head_of(preview.jpeg)).ok());
    Metadata { exif: headers.and_then(|headers| headers.exif).map(Cow::from), ..Metadata::default() }
}
