//! Markers → what a scan needs: frame, tables, restart interval. Reads up to the
//! first scan, and knows nothing of metadata.

use crate::error::ScaledError;
use crate::huffman::Code;
use crate::limits::{CODES_MAX, MCU_BLOCKS_MAX};

/// A component: one plane of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Blocks of it side by side in an MCU: 1 to 4.
    pub across: usize,
    /// Blocks of it one above the other in an MCU: 1 to 4.
    pub down: usize,
    pub(crate) table: usize,
    pub(crate) id: u8,
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

/// What the headers say.
#[derive(Debug)]
pub(crate) struct Headers<'a> {
    pub width: usize,
    pub height: usize,
    pub components: Vec<Component>,
    /// Quantisation tables, in zigzag order.
    pub tables: [Option<[u16; 64]>; 4],
    pub dc_codes: [Option<Code>; 4],
    pub ac_codes: [Option<Code>; 4],
    /// MCUs between two restart markers; 0 for none.
    pub restart_interval: usize,
    /// What follows the scan's header.
    pub scan: &'a [u8],
    /// Whether the picture comes in passes that each add to the one before.
    pub is_progressive: bool,
    /// Whether the first scan has all of the picture.
    pub is_one_scan: bool,
    adobe_transform: Option<u8>,
    has_jfif: bool,
    codes_read: usize,
}

impl<'a> Headers<'a> {
    /// Reads up to the picture's data.
    ///
    /// # Errors
    /// [`ScaledError::NotForThis`] for what this decoder leaves to others, and
    /// [`ScaledError::Headers`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, ScaledError> {
        let rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or(ScaledError::NotForThis("not a JPEG"))?;
        let mut headers = Self::empty(rest);
        let segment = headers.read_to_scan()?.ok_or(ScaledError::CutShort)?;
        if !matches!(headers.components.len(), 0 | 1 | 3) {
            return Err(ScaledError::NotForThis("four inks"));
        }
        if headers.components.is_empty() {
            return Err(ScaledError::Headers("a scan before the frame"));
        }
        let has_all = usize::from(byte(segment, 0)?) == headers.components.len();
        headers.is_one_scan = has_all && !headers.is_progressive;
        if headers.is_one_scan {
            headers.read_scan(segment)?;
        }
        headers.checked()
    }

    /// Of any number of scans: nothing is read yet.
    ///
    /// # Errors
    /// [`ScaledError::NotForThis`] for what is no JPEG.
    pub fn of_scans(bytes: &'a [u8]) -> Result<Self, ScaledError> {
        let rest = bytes.strip_prefix(&[0xFF, 0xD8]).ok_or(ScaledError::NotForThis("not a JPEG"))?;
        Ok(Self::empty(rest))
    }

    /// Reads up to the next scan, and gives that scan's header; None at the picture's end.
    ///
    /// # Errors
    /// As [`Headers::read`].
    pub fn read_to_scan(&mut self) -> Result<Option<&'a [u8]>, ScaledError> {
        loop {
            let (marker, segment) = self.next_segment()?;
            match marker {
                0xC0..=0xC2 => self.read_frame(segment, marker == 0xC2)?,
                0xC4 => self.read_codes(segment)?,
                0xDB => self.read_tables(segment)?,
                0xDD => self.restart_interval = usize::from(be16(segment, 0)?),
                0xDA => return Ok(Some(segment)),
                0xD9 => return Ok(None),
                0xC3 | 0xC5..=0xCF => return Err(ScaledError::NotForThis("a rare process")),
                0xE0 => self.has_jfif |= segment.starts_with(b"JFIF\0"),
                0xEE if segment.starts_with(b"Adobe") => self.adobe_transform = segment.get(11).copied(),
                _ => {}
            }
        }
    }

    /// The data of the scan whose header was read, restart markers and all; what follows
    /// it is read next.
    pub fn take_scan(&mut self) -> &'a [u8] {
        let mut end = 0;
        while let Some(found) = self.scan.get(end..).and_then(|rest| memchr::memchr(0xFF, rest)) {
            match self.scan.get(end + found + 1) {
                Some(0x00 | 0xD0..=0xD7) => end += found + 2,
                Some(0xFF) => end += found + 1,
                Some(_) => {
                    let (data, rest) = self.scan.split_at(end + found);
                    self.scan = rest;
                    return data;
                }
                None => break,
            }
        }
        std::mem::take(&mut self.scan)
    }

    /// Whether the planes are light, blue difference, red difference; or light alone.
    pub fn is_ycbcr_or_grey(&self) -> bool {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        match (self.components.len(), self.adobe_transform) {
            (1, _) => true,
            (3, _) if self.has_jfif => true,
            (3, Some(transform)) => transform == 1,
            (3, None) => ids != *b"RGB",
            _ => false,
        }
    }

    /// MCUs beside and above each other.
    pub fn mcus(&self) -> (usize, usize) {
        let (across, down) = self.blocks_max();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// The most blocks of a component in an MCU, across and down.
    pub fn blocks_max(&self) -> (usize, usize) {
        let of = |blocks: fn(&Component) -> usize| self.components.iter().map(blocks).max().unwrap_or(1);
        (of(|component| component.across), of(|component| component.down))
    }

    /// The DC and the AC code of a component.
    ///
    /// # Errors
    /// [`ScaledError::Headers`] when one is missing.
    pub fn codes(&self, component: &Component) -> Result<(&Code, &Code), ScaledError> {
        let missing = ScaledError::Headers("a table is missing");
        let dc = self.dc_codes.get(component.dc).and_then(Option::as_ref).ok_or(missing)?;
        let ac = self.ac_codes.get(component.ac).and_then(Option::as_ref).ok_or(missing)?;
        Ok((dc, ac))
    }

    fn empty(rest: &'a [u8]) -> Self {
        Self {
            width: 0,
            height: 0,
            components: Vec::new(),
            tables: [None; 4],
            dc_codes: [const { None }; 4],
            ac_codes: [const { None }; 4],
            restart_interval: 0,
            scan: rest,
            is_progressive: false,
            is_one_scan: false,
            adobe_transform: None,
            has_jfif: false,
            codes_read: 0,
        }
    }

    /// The next marker that has a segment, and the segment, or that ends the picture;
    /// `scan` moves past it.
    fn next_segment(&mut self) -> Result<(u8, &'a [u8]), ScaledError> {
        loop {
            let start = self.scan.iter().position(|byte| *byte == 0xFF).ok_or(ScaledError::CutShort)?;
            let after = &self.scan[start..];
            let at = after.iter().position(|byte| *byte != 0xFF).ok_or(ScaledError::CutShort)?;
            let marker = after[at];
            self.scan = &after[at + 1..];
            match marker {
                0x00 | 0x01 | 0xD0..=0xD8 => {}
                0xD9 => break Ok((marker, &[])),
                _ => break self.segment(marker),
            }
        }
    }

    fn segment(&mut self, marker: u8) -> Result<(u8, &'a [u8]), ScaledError> {
        let length = usize::from(be16(self.scan, 0).map_err(|_| ScaledError::CutShort)?);
        if length < 2 {
            return Err(ScaledError::Headers("a segment without a length"));
        }
        let segment = self.scan.get(2..length).ok_or(ScaledError::CutShort)?;
        self.scan = &self.scan[length..];
        Ok((marker, segment))
    }

    fn read_frame(&mut self, segment: &[u8], is_progressive: bool) -> Result<(), ScaledError> {
        if !self.components.is_empty() {
            return Err(ScaledError::Headers("two frames"));
        }
        let (precision, count) = (byte(segment, 0)?, byte(segment, 5)?);
        if precision != 8 || !matches!(count, 1 | 3 | 4) {
            return Err(ScaledError::NotForThis("12 bits, or a rare number of channels"));
        }
        self.is_progressive = is_progressive;
        (self.height, self.width) = (be16(segment, 1)?.into(), be16(segment, 3)?.into());
        for at in 0..usize::from(count) {
            let (id, sampling, table) =
                (byte(segment, 6 + 3 * at)?, byte(segment, 7 + 3 * at)?, byte(segment, 8 + 3 * at)?);
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || table > 3 {
                return Err(ScaledError::Headers("a component that can't be"));
            }
            self.components.push(Component { across, down, table: table.into(), id, dc: 0, ac: 0 });
        }
        // A lone component's sampling means nothing: its scan is not interleaved.
        if let [only] = self.components.as_mut_slice() {
            (only.across, only.down) = (1, 1);
        }
        Ok(())
    }

    fn read_codes(&mut self, mut segment: &[u8]) -> Result<(), ScaledError> {
        while let Some((place, rest)) = segment.split_first() {
            self.codes_read += 1;
            if self.codes_read > CODES_MAX {
                return Err(ScaledError::Headers("too many Huffman codes"));
            }
            let counts = rest.first_chunk::<16>().ok_or(ScaledError::Headers("a short Huffman code"))?;
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let symbols = rest.get(16..16 + total).ok_or(ScaledError::Headers("a short Huffman code"))?;
            let is_dc = place >> 4 == 0;
            let codes = if is_dc { &mut self.dc_codes } else { &mut self.ac_codes };
            let code = codes.get_mut(usize::from(place & 15)).ok_or(ScaledError::Headers("a fifth Huffman code"))?;
            *code = Some(Code::new(counts, symbols, is_dc)?);
            segment = &rest[16 + total..];
        }
        Ok(())
    }

    fn read_tables(&mut self, mut segment: &[u8]) -> Result<(), ScaledError> {
        while let Some((place, rest)) = segment.split_first() {
            let bytes_each = if place >> 4 == 0 { 1 } else { 2 };
            let values = rest.get(..64 * bytes_each).ok_or(ScaledError::Headers("a short quantisation table"))?;
            let table = self.tables.get_mut(usize::from(place & 15));
            let table = table.ok_or(ScaledError::Headers("a fifth quantisation table"))?.insert([0; 64]);
            for (step, value) in table.iter_mut().zip(values.chunks_exact(bytes_each)) {
                *step = value.iter().fold(0, |step, byte| step << 8 | u16::from(*byte));
            }
            segment = &rest[64 * bytes_each..];
        }
        Ok(())
    }

    /// Of a scan's header: which component uses which codes.
    fn read_scan(&mut self, segment: &[u8]) -> Result<(), ScaledError> {
        for (at, component) in self.components.iter_mut().enumerate() {
            if byte(segment, 1 + 2 * at)? != component.id {
                return Err(ScaledError::Headers("a scan of other components"));
            }
            let codes = byte(segment, 2 + 2 * at)?;
            (component.dc, component.ac) = (usize::from(codes >> 4), usize::from(codes & 15));
        }
        Ok(())
    }

    fn checked(self) -> Result<Self, ScaledError> {
        if self.width == 0 || self.height == 0 {
            return Err(ScaledError::Headers("no pixels"));
        }
        let blocks: usize = self.components.iter().map(|component| component.across * component.down).sum();
        if blocks > MCU_BLOCKS_MAX {
            return Err(ScaledError::Headers("too many blocks together"));
        }
        let whole = !self.is_one_scan
            || self.components.iter().all(|component| {
                let has = |codes: &[Option<Code>; 4], at: usize| codes.get(at).is_some_and(Option::is_some);
                let has_table = self.tables.get(component.table).is_some_and(Option::is_some);
                has_table && has(&self.dc_codes, component.dc) && has(&self.ac_codes, component.ac)
            });
        if whole { Ok(self) } else { Err(ScaledError::Headers("a table is missing")) }
    }
}

/// The segments before a file's first scan: each one's marker and body.
pub(crate) fn segments_before_scan(bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut headers = Headers::empty(bytes.get(2..).unwrap_or_default());
    let segments = std::iter::from_fn(|| headers.next_segment().ok());
    segments.take_while(|(marker, _)| !matches!(marker, 0xD9 | 0xDA)).collect()
}

pub(crate) fn byte(segment: &[u8], at: usize) -> Result<u8, ScaledError> {
    segment.get(at).copied().ok_or(ScaledError::Headers("a short segment"))
}

fn be16(segment: &[u8], at: usize) -> Result<u16, ScaledError> {
    Ok(u16::from(byte(segment, at)?) << 8 | u16::from(byte(segment, at + 1)?))
}
