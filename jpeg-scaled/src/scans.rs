//! All scans of a JPEG → its blocks, whatever their order: baseline, extended and
//! progressive files of one, three or four components. What a block keeps is its own
//! matter ([`Kept`]): all coefficients for a turn, the lowest for a small picture, or only
//! which of them are not zero, which is what it takes to follow the bits to the end.

use crate::bits::Bits;
use crate::block::{Block, ZIGZAG, difference, pass_whole, read_whole};
use crate::error::ScaledError;
use crate::headers::{Component, Headers, byte};
use crate::huffman::{Code, extended};
use crate::limits::{CHECKED_BLOCKS_MAX, MCU_BLOCKS_MAX, SCANS_MAX, TURNED_COEFFICIENTS_MAX};

/// Reads every scan to its last bit, and makes no picture.
///
/// # Errors
/// [`ScaledError::CutShort`] and [`ScaledError::Data`] for a picture of which a part is
/// missing or can't be right, [`ScaledError::NotForThis`] for rare processes, and
/// [`ScaledError::Headers`].
pub fn check_whole(bytes: &[u8]) -> Result<(), ScaledError> {
    Picture::<Places>::read(Headers::of_scans(bytes)?).map(drop)
}

/// What is kept of a block.
pub trait Kept: Clone {
    /// A block of zeros.
    const ZERO: Self;
    /// How many of them are held at once, at most.
    const HELD: u64;
    /// Sets a coefficient that was zero; positions are in zigzag order.
    fn put(&mut self, position: usize, value: i32);
    /// Adds the next lower bit, read from `bits`, to what is not zero from the band's first
    /// position on, up to the zero after `run` others, or to the band's last; where that is.
    fn refine(&mut self, bits: &mut Bits<'_>, bit: i32, band: (usize, usize), run: Option<u32>) -> usize;
    /// Adds it to the block's light.
    fn refine_light(&mut self, bit: i32);
    /// Reads a whole block of a file that is not progressive.
    fn read(&mut self, bits: &mut Bits<'_>, codes: (&Code, &Code), level: &mut i32) -> Result<(), ScaledError>;
}

/// Which coefficients are not zero.
#[derive(Clone)]
struct Places(u64);

impl Kept for Places {
    const ZERO: Self = Self(0);
    const HELD: u64 = CHECKED_BLOCKS_MAX;

    fn put(&mut self, position: usize, _: i32) {
        self.0 |= 1 << (position & 63);
    }

    fn refine(&mut self, bits: &mut Bits<'_>, _: i32, band: (usize, usize), run: Option<u32>) -> usize {
        refine_places(self.0, bits, band, 0, run, |_| {})
    }

    fn refine_light(&mut self, _: i32) {}

    fn read(&mut self, bits: &mut Bits<'_>, codes: (&Code, &Code), _: &mut i32) -> Result<(), ScaledError> {
        pass_whole(bits, codes)
    }
}

impl Kept for Block {
    const ZERO: Self = [0; 64];
    const HELD: u64 = TURNED_COEFFICIENTS_MAX / 64;

    fn put(&mut self, position: usize, value: i32) {
        self[usize::from(ZIGZAG[position & 63])] = value as i16;
    }

    fn refine(&mut self, bits: &mut Bits<'_>, bit: i32, band: (usize, usize), run: Option<u32>) -> usize {
        let places = ZIGZAG.iter().enumerate().filter(|(_, natural)| self[usize::from(**natural)] != 0);
        let places = places.fold(0, |places, (position, _)| places | 1 << position);
        refine_places(places, bits, band, 63, run, |position| {
            let value = &mut self[usize::from(ZIGZAG[position & 63])];
            *value = value.wrapping_add(if *value < 0 { -bit as i16 } else { bit as i16 });
        })
    }

    fn refine_light(&mut self, bit: i32) {
        self[0] |= bit as i16;
    }

    fn read(&mut self, bits: &mut Bits<'_>, codes: (&Code, &Code), level: &mut i32) -> Result<(), ScaledError> {
        read_whole(bits, codes, level, self)
    }
}

/// A component's blocks, row by row, those included that only fill up an MCU.
#[derive(Debug)]
pub struct Grid<B> {
    /// Blocks in a row.
    pub across: usize,
    /// Rows of blocks.
    pub down: usize,
    pub blocks: Vec<B>,
    /// Blocks in a row, and rows, that show something of the picture.
    shown: (usize, usize),
    is_begun: bool,
    /// Its quantisation table as it was when its first scan began.
    pub table: Option<[u16; 64]>,
}

/// All blocks of a picture.
#[derive(Debug)]
pub struct Picture<'a, B> {
    /// As they were when the last scan had been read.
    pub headers: Headers<'a>,
    pub grids: Vec<Grid<B>>,
}

/// A scan's header.
struct Scan {
    /// The components, and the numbers of their DC and AC codes.
    parts: Vec<(usize, usize, usize)>,
    first: usize,
    last: usize,
    /// Whether it adds a bit to what earlier scans gave.
    refines: bool,
    low: u32,
}

impl<'a, B: Kept> Picture<'a, B> {
    /// Reads all scans.
    ///
    /// # Errors
    /// As [`check_whole`].
    pub fn read(headers: Headers<'a>) -> Result<Self, ScaledError> {
        let mut picture = Self { headers, grids: Vec::new() };
        for _ in 0..SCANS_MAX {
            let Some(segment) = picture.headers.read_to_scan()? else { return picture.checked() };
            if picture.grids.is_empty() {
                picture.grids = grids(&picture.headers)?;
            }
            let scan = Scan::read(segment, &picture.headers)?;
            let mut bits = Bits::new(picture.headers.take_scan());
            picture.read_scan(&scan, &mut bits)?;
        }
        Err(ScaledError::Headers("too many scans"))
    }

    fn checked(self) -> Result<Self, ScaledError> {
        let is_whole = !self.grids.is_empty() && self.grids.iter().all(|grid| grid.is_begun);
        if is_whole { Ok(self) } else { Err(ScaledError::CutShort) }
    }

    fn read_scan(&mut self, scan: &Scan, bits: &mut Bits<'_>) -> Result<(), ScaledError> {
        let (components, grids) = (&self.headers.components, &mut self.grids);
        let lone = if let [part] = scan.parts.as_slice() { Some(part.0) } else { None };
        // A scan of one component has a block at a time, and none that fills up an MCU.
        let (across, down) = match lone.and_then(|at| grids.get(at)) {
            Some(grid) => grid.shown,
            None => self.headers.mcus(),
        };
        let mut parts = Vec::with_capacity(scan.parts.len());
        for (at, dc, ac) in &scan.parts {
            let component = components.get(*at).ok_or(ScaledError::Data)?;
            let code =
                |codes: &'_ [Option<Code>; 4], number: usize| codes.get(number).and_then(Option::as_ref).cloned();
            let in_mcu = if lone.is_some() { (1, 1) } else { (component.across, component.down) };
            let codes = (code(&self.headers.dc_codes, *dc), code(&self.headers.ac_codes, *ac));
            parts.push(Part { at: *at, in_mcu, codes, level: 0 });
        }
        for part in &parts {
            let (Some(grid), Some(component)) = (grids.get_mut(part.at), components.get(part.at)) else { continue };
            if !grid.is_begun {
                grid.table = self.headers.tables.get(component.table).copied().flatten();
            }
            grid.is_begun = true;
        }
        let (interval, mut zeros) = (self.headers.restart_interval, 0);
        for mcu in 0..across * down {
            if interval > 0 && mcu > 0 && mcu.is_multiple_of(interval) {
                bits.restart()?;
                parts.iter_mut().for_each(|part| part.level = 0);
                zeros = 0;
            }
            bits.prepare_mcu();
            let (column, row) = (mcu % across, mcu / across);
            for part in &mut parts {
                let grid = grids.get_mut(part.at).ok_or(ScaledError::Data)?;
                let (wide, high) = part.in_mcu;
                for (y, x) in (0..high).flat_map(|y| (0..wide).map(move |x| (y, x))) {
                    let place = (row * high + y) * grid.across + column * wide + x;
                    let block = grid.blocks.get_mut(place).ok_or(ScaledError::Data)?;
                    if self.headers.is_progressive {
                        scan.pass_over(part, bits, block, &mut zeros)?;
                    } else {
                        let (dc, ac) = (part.codes.0.as_ref(), part.codes.1.as_ref());
                        block.read(bits, (dc.ok_or(MISSING)?, ac.ok_or(MISSING)?), &mut part.level)?;
                    }
                }
            }
            bits.check()?;
        }
        Ok(())
    }
}

/// A component in a scan.
struct Part {
    at: usize,
    in_mcu: (usize, usize),
    codes: (Option<Code>, Option<Code>),
    /// The last DC value.
    level: i32,
}

const MISSING: ScaledError = ScaledError::Headers("a table is missing");

impl Part {
    fn dc(&self) -> Result<&Code, ScaledError> {
        self.codes.0.as_ref().ok_or(MISSING)
    }

    fn ac(&self) -> Result<&Code, ScaledError> {
        self.codes.1.as_ref().ok_or(MISSING)
    }
}

impl Scan {
    fn read(segment: &[u8], headers: &Headers<'_>) -> Result<Self, ScaledError> {
        let components = &headers.components;
        let count = usize::from(byte(segment, 0)?);
        let mut parts = Vec::new();
        for number in 0..count.min(components.len()) {
            let (id, codes) = (byte(segment, 1 + 2 * number)?, byte(segment, 2 + 2 * number)?);
            let at = components.iter().position(|component| component.id == id);
            let at = at.ok_or(ScaledError::Headers("a scan of other components"))?;
            parts.push((at, usize::from(codes >> 4), usize::from(codes & 15)));
        }
        let (first, last) = (byte(segment, 1 + 2 * count)?.into(), byte(segment, 2 + 2 * count)?.into());
        let bits = byte(segment, 3 + 2 * count)?;
        let scan = Self { parts, first, last, refines: bits >> 4 > 0, low: u32::from(bits & 15) };
        let blocks = |(at, ..): &(usize, usize, usize)| components.get(*at).map_or(0, |one| one.across * one.down);
        let is_crowded = count > 1 && scan.parts.iter().map(blocks).sum::<usize>() > MCU_BLOCKS_MAX;
        let is_twice = (1..scan.parts.len()).any(|at| scan.parts[..at].iter().any(|one| one.0 == scan.parts[at].0));
        let is_band = (first == 0 && last == 0) || (first > 0 && first <= last && last < 64 && count == 1);
        if count == 0 || count > components.len() || is_crowded || is_twice {
            return Err(ScaledError::Headers("a scan that can't be"));
        }
        if headers.is_progressive && (!is_band || scan.low > 13) {
            return Err(ScaledError::Headers("a pass that can't be"));
        }
        Ok(scan)
    }

    /// What this pass says of one block. `zeros` counts the blocks to come of which it
    /// says nothing new.
    fn pass_over<B: Kept>(
        &self,
        part: &mut Part,
        bits: &mut Bits<'_>,
        block: &mut B,
        zeros: &mut u32,
    ) -> Result<(), ScaledError> {
        match (self.first, self.refines) {
            (0, false) => {
                part.level = part.level.wrapping_add(difference(bits, part.dc()?)?);
                block.put(0, part.level << self.low);
                Ok(())
            }
            (0, true) => {
                if next_bit(bits) {
                    block.refine_light(1 << self.low);
                }
                Ok(())
            }
            (_, false) => self.first_pass(part.ac()?, bits, block, zeros),
            (_, true) => self.next_pass(part.ac()?, bits, block, zeros),
        }
    }

    fn first_pass<B: Kept>(
        &self,
        ac: &Code,
        bits: &mut Bits<'_>,
        block: &mut B,
        zeros: &mut u32,
    ) -> Result<(), ScaledError> {
        if *zeros > 0 {
            *zeros -= 1;
            return Ok(());
        }
        let mut position = self.first;
        while position <= self.last {
            match symbol(bits, ac)? {
                (15, 0) => position += 16,
                (run, 0) => {
                    *zeros = zero_blocks(bits, run) - 1;
                    break;
                }
                (run, extra_bits) => {
                    position += run as usize;
                    if position > self.last {
                        return Err(ScaledError::Data);
                    }
                    let extra = bits.look(extra_bits);
                    bits.take(extra_bits);
                    block.put(position, extended(extra, extra_bits) << self.low);
                    position += 1;
                }
            }
        }
        Ok(())
    }

    /// Adds a bit to what is not zero, and finds what was zero until now.
    fn next_pass<B: Kept>(
        &self,
        ac: &Code,
        bits: &mut Bits<'_>,
        block: &mut B,
        zeros: &mut u32,
    ) -> Result<(), ScaledError> {
        let bit = 1 << self.low;
        let mut position = self.first;
        while *zeros == 0 && position <= self.last {
            let (run, new) = match symbol(bits, ac)? {
                (15, 0) => (15, 0),
                (run, 0) => {
                    *zeros = zero_blocks(bits, run);
                    break;
                }
                (run, 1) => (run, if next_bit(bits) { bit } else { -bit }),
                _ => return Err(ScaledError::Data),
            };
            position = block.refine(bits, bit, (position, self.last), Some(run));
            if new != 0 {
                if position > self.last {
                    return Err(ScaledError::Data);
                }
                block.put(position, new);
            }
            position += 1;
        }
        if *zeros > 0 {
            block.refine(bits, bit, (position, self.last), None);
            *zeros -= 1;
        }
        Ok(())
    }
}

/// Reads a bit for each place that is not zero from the band's first on, up to the zero
/// after `run` others, or to the band's last; where that is. `add` is told of those up to
/// `last_wanted` whose bit is set; the rest is stepped over at once.
#[inline(always)]
pub fn refine_places(
    places: u64,
    bits: &mut Bits<'_>,
    (first, last): (usize, usize),
    last_wanted: usize,
    run: Option<u32>,
    mut add: impl FnMut(usize),
) -> usize {
    let band = u64::MAX >> (63 - last) & u64::MAX.checked_shl(first as u32).unwrap_or(0);
    // The places up to the zero that ends it.
    let (end, within) = match run.and_then(|run| nth_one(!places & band, run)) {
        Some(zero) => (zero, band & ((1 << zero) - 1)),
        None => (last + 1, band),
    };
    let set = places & within;
    let mut wanted = set & u64::MAX >> (63 - last_wanted);
    let passed = (set & !(u64::MAX >> (63 - last_wanted))).count_ones();
    while wanted != 0 {
        if next_bit(bits) {
            add(wanted.trailing_zeros() as usize);
        }
        wanted &= wanted - 1;
    }
    for count in [passed.min(32), passed.saturating_sub(32)] {
        bits.refill();
        bits.take(count);
    }
    end
}

/// The position of the one after `before` others.
#[inline(always)]
fn nth_one(mut ones: u64, before: u32) -> Option<usize> {
    for _ in 0..before {
        if ones == 0 {
            return None;
        }
        ones &= ones - 1;
    }
    (ones != 0).then(|| ones.trailing_zeros() as usize)
}

/// A run of zeros, and how many bits the value after it has.
fn symbol(bits: &mut Bits<'_>, ac: &Code) -> Result<(u32, u32), ScaledError> {
    bits.refill();
    let (symbol, length) = ac.symbol(bits.look(16)).ok_or(ScaledError::Data)?;
    bits.take(length);
    Ok((u32::from(symbol >> 4), u32::from(symbol & 15)))
}

/// Of how many blocks, this one included, nothing more is said: 2 to the power of `run`,
/// and what as many bits add to it.
fn zero_blocks(bits: &mut Bits<'_>, run: u32) -> u32 {
    if run == 0 {
        return 1;
    }
    let extra = bits.look(run);
    bits.take(run);
    (1 << run) + extra
}

fn next_bit(bits: &mut Bits<'_>) -> bool {
    bits.refill();
    let bit = bits.look(1) == 1;
    bits.take(1);
    bit
}

fn grids<B: Kept>(headers: &Headers<'_>) -> Result<Vec<Grid<B>>, ScaledError> {
    if headers.width == 0 || headers.height == 0 || headers.components.is_empty() {
        return Err(ScaledError::Headers("no pixels"));
    }
    let ((mcus_across, mcus_down), (across_max, down_max)) = (headers.mcus(), headers.blocks_max());
    let grid = |component: &Component| {
        let (across, down) = (mcus_across * component.across, mcus_down * component.down);
        let shown = (
            (headers.width * component.across).div_ceil(8 * across_max),
            (headers.height * component.down).div_ceil(8 * down_max),
        );
        Grid { across, down, blocks: vec![B::ZERO; across * down], shown, is_begun: false, table: None }
    };
    let in_mcu: usize = headers.components.iter().map(|component| component.across * component.down).sum();
    if mcus_across as u64 * mcus_down as u64 * in_mcu as u64 > B::HELD {
        return Err(ScaledError::TooLarge);
    }
    Ok(headers.components.iter().map(grid).collect())
}
