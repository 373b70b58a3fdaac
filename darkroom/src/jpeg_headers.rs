//! What a JPEG claims of itself, read before any decoder sees it, so that bombs,
//! bad sizes and files that were cut short are known beforehand. Walks every
//! segment and counts scans; decodes nothing.

use std::borrow::Cow;

use crate::decode::check_size;
use crate::error::DevelopError;
use crate::limits::{
    COLOUR_PROFILE_BYTES_MAX, IPTC_BYTES_MAX, JPEG_CODES_BYTES_MAX, JPEG_PART_BYTES_MIN, JPEG_RARE_SCAN_PIXELS_MAX,
    JPEG_SCAN_PIXELS_MAX, JPEG_SCANS_MAX, JPEG_SCANS_USUAL, XMP_BYTES_MAX,
};

const EXIF: &[u8] = b"Exif\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// What does not fit into the packet's segment, in segments of its own.
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";

/// The frame header (SOF): the picture's size and how it is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Which SOF marker: 0xC0 to 0xCF.
    pub marker: u8,
    /// Bits of each channel.
    pub precision_bits: u8,
    /// As coded, before orientation.
    pub width_px: u32,
    /// As coded, before orientation.
    pub height_px: u32,
    /// Channels.
    pub components: u8,
    /// Samples of all channels together for each 64 pixels at full sampling.
    samples_per_64_px: u64,
}

impl Frame {
    /// Coded so that all coefficients must be kept until the last scan.
    pub fn is_progressive(self) -> bool {
        self.marker == 0xC2
    }

    /// The least that such a picture can take, if each block is as short as the coding
    /// allows: one bit for its DC value, and in a baseline file one for its end.
    fn file_bytes_min(self) -> u64 {
        let pixels = u64::from(self.width_px) * u64::from(self.height_px);
        let blocks = pixels / 64 * self.samples_per_64_px / 64;
        if self.is_progressive() { blocks / 8 } else { blocks / 4 }
    }

    /// What a decoder of this frame holds, in bytes, when it is decoded in full.
    pub fn decoded_bytes(self) -> u64 {
        let pixels = u64::from(self.width_px) * u64::from(self.height_px);
        let coefficients = if self.is_progressive() { 2 * pixels * self.samples_per_64_px / 64 } else { 0 };
        coefficients + pixels * u64::from(self.components)
    }
}

/// A JPEG's segments of interest.
#[derive(Debug, Default)]
pub struct JpegHeaders<'a> {
    /// The frame header, once seen.
    pub frame: Option<Frame>,
    /// The EXIF block, from its TIFF header on.
    pub exif: Option<&'a [u8]>,
    /// The XMP packet.
    pub xmp: Option<&'a [u8]>,
    more_xmp: Parts<'a>,
    photoshop: Parts<'a>,
    /// Whether it has Adobe's segment, which tells how colours are stored.
    pub is_adobes: bool,
    profile_parts: Vec<&'a [u8]>,
    codes_bytes: usize,
    scans: u32,
    scans_at: usize,
    is_complete: bool,
}

impl<'a> JpegHeaders<'a> {
    /// Reads the segments before the first scan: enough for facts.
    ///
    /// # Errors
    /// [`DevelopError::CutShort`], or damage to the structure.
    pub fn before_scans(bytes: &'a [u8]) -> Result<Self, DevelopError> {
        let mut headers = Self::default();
        headers.walk(bytes, true)?;
        Ok(headers)
    }

    /// Where the first scan's data begins.
    pub fn scan_offset(bytes: &'a [u8]) -> Option<usize> {
        Self::before_scans(bytes).ok().map(|headers| headers.scans_at)
    }

    /// Whether the file breaks off before its picture ends.
    pub fn is_cut_short(&self) -> bool {
        !self.is_complete
    }

    /// Reads all segments, and checks what they claim against the bounds.
    ///
    /// # Errors
    /// [`DevelopError::CutShort`], [`DevelopError::TooManyScans`],
    /// [`DevelopError::Unsupported`], or damage to the structure.
    pub fn of_whole_file(bytes: &'a [u8]) -> Result<Self, DevelopError> {
        let mut headers = Self::default();
        match headers.walk(bytes, false) {
            // What came before the break may be worth showing.
            Err(DevelopError::CutShort) if headers.scans > 0 => {}
            walked => walked?,
        }
        headers.check(bytes.len())?;
        Ok(headers)
    }

    /// The embedded colour profile, put together from its parts: the first one, where a
    /// program has added its own without taking out the camera's.
    pub fn profile(&self) -> Option<Vec<u8>> {
        let count = self.profile_parts.first()?[1];
        let mut parts = Vec::<&[u8]>::new();
        for part in self.profile_parts.iter().filter(|part| part[1] == count) {
            if !parts.iter().any(|known| known[0] == part[0]) {
                parts.push(part);
            }
        }
        parts.sort_by_key(|part| part[0]);
        let whole = parts.iter().flat_map(|part| &part[2..]).copied().collect::<Vec<u8>>();
        (!whole.is_empty() && whole.len() <= COLOUR_PROFILE_BYTES_MAX).then_some(whole)
    }

    /// Photoshop's resources: what does not fit into one segment goes on in the next.
    pub fn photoshop(&self) -> Option<Cow<'a, [u8]>> {
        match self.photoshop.all.as_slice() {
            [] => None,
            [only] => Some((*only).into()),
            several => Some(several.concat().into()),
        }
    }

    /// The packet that goes on where [`Self::xmp`] says so, by its number; None where a part
    /// of it is missing. Each part: 32 digits, the whole's length, where in it the part
    /// begins, and its text.
    pub fn more_xmp(&self) -> Option<Vec<u8>> {
        const DIGITS: usize = 32;
        let packet = self.xmp?;
        let part = |part: &&'a [u8]| {
            let (digits, rest) = part.split_at_checked(DIGITS)?;
            let (numbers, text) = rest.split_first_chunk::<8>()?;
            let [l0, l1, l2, l3, a0, a1, a2, a3] = *numbers;
            memchr::memmem::find(packet, digits)?;
            Some((u32::from_be_bytes([a0, a1, a2, a3]), u32::from_be_bytes([l0, l1, l2, l3]), text))
        };
        let mut parts = self.more_xmp.all.iter().filter_map(part).collect::<Vec<_>>();
        parts.sort_by_key(|(at, ..)| *at);
        let bytes = parts.first()?.1 as usize;
        let mut whole = Vec::new();
        for (at, _, text) in parts {
            // A part that is there twice is taken once.
            if at as usize == whole.len() {
                whole.extend(text);
            }
        }
        (whole.len() == bytes).then_some(whole)
    }

    fn check(&self, file_bytes: usize) -> Result<(), DevelopError> {
        let frame = self.frame.ok_or_else(|| DevelopError::damaged("it has no frame header"))?;
        check_size(frame.width_px, frame.height_px)?;
        check_coding(frame)?;
        // Decoders fill in grey for what is missing.
        let is_hollow = (file_bytes as u64) < frame.file_bytes_min();
        if self.scans == 0 || is_hollow {
            return Err(DevelopError::CutShort);
        }
        let pixels = u64::from(frame.width_px) * u64::from(frame.height_px);
        let is_usual = self.scans <= JPEG_SCANS_USUAL;
        let pixels_max = if is_usual { JPEG_SCAN_PIXELS_MAX } else { JPEG_RARE_SCAN_PIXELS_MAX };
        if pixels * u64::from(self.scans) > pixels_max {
            return Err(DevelopError::TooManyScans);
        }
        Ok(())
    }

    fn walk(&mut self, bytes: &'a [u8], stop_at_scan: bool) -> Result<(), DevelopError> {
        let mut at = 2;
        while let Some((marker, after)) = next_marker(bytes, at) {
            at = after;
            match marker {
                0xD9 => {
                    self.is_complete = true;
                    return Ok(());
                }
                // Restart markers, TEM and a second SOI carry nothing.
                0x01 | 0xD0..=0xD8 => continue,
                0xDA if stop_at_scan => {
                    self.scans_at = at;
                    return Ok(());
                }
                _ => {}
            }
            let Some(body) = segment(bytes, at) else {
                return cut_short_unless(stop_at_scan, self);
            };
            at += 2 + body.len();
            self.note(marker, body)?;
        }
        cut_short_unless(stop_at_scan, self)
    }

    fn note(&mut self, marker: u8, body: &'a [u8]) -> Result<(), DevelopError> {
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => self.note_frame(marker, body)?,
            0xC4 => self.codes_bytes += body.len(),
            0xDA => self.scans += 1,
            0xE1 if self.exif.is_none() && body.starts_with(EXIF) => self.exif = body.get(EXIF.len() + 1..),
            0xE1 if self.xmp.is_none() && body.starts_with(XMP) => self.xmp = body.get(XMP.len()..),
            0xEE => self.is_adobes |= body.starts_with(b"Adobe"),
            0xE1 if body.starts_with(MORE_XMP) => {
                self.more_xmp.keep(body.get(MORE_XMP.len()..), XMP_BYTES_MAX);
            }
            0xED if body.starts_with(PHOTOSHOP) => {
                self.photoshop.keep(body.get(PHOTOSHOP.len()..), IPTC_BYTES_MAX);
            }
            0xE2 if body.starts_with(ICC) && body.len() > ICC.len() + 2 => {
                self.profile_parts.push(&body[ICC.len()..]);
            }
            _ => {}
        }
        if self.codes_bytes > JPEG_CODES_BYTES_MAX {
            return Err(DevelopError::damaged("it has more Huffman codes than a picture needs"));
        }
        if self.scans > JPEG_SCANS_MAX { Err(DevelopError::TooManyScans) } else { Ok(()) }
    }

    fn note_frame(&mut self, marker: u8, body: &[u8]) -> Result<(), DevelopError> {
        let frame = parse_frame(marker, body).ok_or_else(|| DevelopError::damaged("its frame header is short"))?;
        if self.frame.replace(frame).is_some() {
            return Err(DevelopError::damaged("it has two frame headers"));
        }
        Ok(())
    }
}

/// Segments that belong together.
#[derive(Debug, Default)]
struct Parts<'a> {
    all: Vec<&'a [u8]>,
    bytes: usize,
}

impl<'a> Parts<'a> {
    /// Keeps a part, unless all would be more than is read; a small one counts for more.
    fn keep(&mut self, part: Option<&'a [u8]>, bytes_max: usize) {
        let bytes = self.bytes + JPEG_PART_BYTES_MIN + part.map_or(0, <[u8]>::len);
        if bytes <= bytes_max {
            self.bytes = bytes;
            self.all.extend(part);
        }
    }
}

fn cut_short_unless(facts_only: bool, headers: &JpegHeaders<'_>) -> Result<(), DevelopError> {
    if facts_only && headers.frame.is_some() { Ok(()) } else { Err(DevelopError::CutShort) }
}

/// The next marker at or after `at`, and where its segment begins. Skips entropy-coded
/// data, in which 0xFF is followed by zero, and garbage between segments.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += memchr::memchr(0xFF, bytes.get(at..)?)?;
        match *bytes.get(at + 1)? {
            0xFF => at += 1,
            0x00 => at += 2,
            marker => return Some((marker, at + 2)),
        }
    }
}

/// The body of the segment whose length stands at `at`.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    bytes.get(at + 2..at + length.max(2))
}

fn parse_frame(marker: u8, body: &[u8]) -> Option<Frame> {
    let &[precision_bits, h1, h0, w1, w0, components, ref table @ ..] = body else {
        return None;
    };
    let mut factors = table.chunks_exact(3).take(components.into()).map(|entry| (entry[1] >> 4, entry[1] & 15));
    let (across, down) = factors.clone().fold((1, 1), |max, f| (max.0.max(f.0), max.1.max(f.1)));
    let samples = factors.try_fold(0_u64, |sum, f| Some(sum + u64::from(f.0) * u64::from(f.1)))?;
    Some(Frame {
        marker,
        precision_bits,
        width_px: u16::from_be_bytes([w1, w0]).into(),
        height_px: u16::from_be_bytes([h1, h0]).into(),
        components,
        samples_per_64_px: 64 * samples / (u64::from(across) * u64::from(down)),
    })
}

/// Refuses in words what no decoder here reads.
fn check_coding(frame: Frame) -> Result<(), DevelopError> {
    let what = match (frame.marker, frame.precision_bits, frame.components) {
        (0xC3 | 0xC7 | 0xCB | 0xCF, ..) => "Lossless JPEG",
        (0xC9 | 0xCA | 0xCD | 0xCE, ..) => "JPEG with arithmetic coding",
        (0xC5 | 0xC6, ..) => "Hierarchical JPEG",
        (_, 12, _) => "JPEG with 12 bits per channel",
        (_, 8, 1 | 3 | 4) => return Ok(()),
        (_, 8, _) => "JPEG with this number of channels",
        _ => "JPEG with this number of bits per channel",
    };
    Err(DevelopError::Unsupported { what })
}
