//! Bits → the coefficients of a block that a scaled picture needs. The rest is
//! stepped over, several symbols at a time.

use crate::bits::Bits;
use crate::error::ScaledError;
use crate::huffman::{Code, END_OF_BLOCK, LOOK_BITS, SKIP_BITS, extended, meaning};

/// Blocks that are transformed together, side by side in one register or two.
pub const LANES: usize = 8;
/// A coefficient of [`LANES`] blocks.
pub type Lane = [i32; LANES];

/// A block's coefficients, row by row: `[8 · down + across]`.
pub type Block = [i16; 64];

/// Row-major position of each coefficient in zigzag order.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Which coefficients of a component's blocks are needed, and their steps.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// For each position: where in the batch its coefficient goes, and what it is
    /// multiplied by. Positions past 63 and those not wanted go to one more than the
    /// last, which nobody reads.
    places: Box<[Place; 256]>,
    /// The last position that is wanted.
    last: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    slot: u32,
    step: i32,
}

impl Wanted {
    /// The lowest `edge` × `edge` coefficients, with a quantisation table in zigzag order.
    pub fn lowest(edge: usize, table: &[u16; 64]) -> Self {
        let mut places = Box::new([Place { slot: (edge * edge) as u32, step: 0 }; 256]);
        let mut last = 0;
        for (position, (natural, step)) in ZIGZAG.iter().zip(table).enumerate() {
            let (row, column) = (usize::from(natural / 8), usize::from(natural % 8));
            if row < edge && column < edge {
                places[position] = Place { slot: (row * edge + column) as u32, step: i32::from(*step) };
                last = position;
            }
        }
        Self { places, last }
    }

    /// Decodes one block into `lane` of the batch; `level` is the component's last
    /// DC value. The batch has one coefficient more than are wanted.
    ///
    /// # Errors
    /// [`ScaledError::Data`] for a word that no code has, and for runs past the block's end.
    #[inline(always)]
    pub fn decode(
        &self,
        bits: &mut Bits<'_>,
        (dc, ac): (&Code, &Code),
        level: &mut i32,
        lane: usize,
        batch: &mut [Lane; 65],
    ) -> Result<(), ScaledError> {
        bits.refill();
        let (_, difference) = symbol(bits, dc, true)?;
        *level = level.wrapping_add(difference) & 0xFFFF;
        let light = i32::from((*level as u16).cast_signed());
        batch[0][lane & 7] = light * self.places[0].step;
        let mut position = 1;
        while position <= self.last {
            bits.refill();
            let (advance, value) = symbol(bits, ac, false)?;
            position += advance;
            let place = self.places[(position - 1) & 255];
            // No slot is above 64.
            if let Some(coefficients) = batch.get_mut(place.slot as usize) {
                coefficients[lane & 7] = value * place.step;
            }
        }
        pass(bits, ac, position)
    }
}

/// Decodes all coefficients of a block, row by row and without their steps. The block
/// is zero before.
///
/// # Errors
/// As [`Wanted::decode`].
pub fn read_whole(
    bits: &mut Bits<'_>,
    (dc, ac): (&Code, &Code),
    level: &mut i32,
    block: &mut Block,
) -> Result<(), ScaledError> {
    bits.refill();
    *level = level.wrapping_add(symbol(bits, dc, true)?.1);
    block[0] = *level as i16;
    let mut position = 1;
    while position < 64 {
        bits.refill();
        let (advance, value) = symbol(bits, ac, false)?;
        position += advance;
        if let Some(natural) = ZIGZAG.get(position - 1) {
            block[usize::from(*natural)] = value as i16;
        }
    }
    // No picture of 8 bits has values of more than 12; what follows counts on 15.
    let is_small = block.iter().all(|value| value.unsigned_abs() < 1 << 14) && level.unsigned_abs() < 1 << 14;
    if is_small && (position == 64 || position > END_OF_BLOCK) { Ok(()) } else { Err(ScaledError::Data) }
}

/// Decodes the coefficients of a block up to the position `last`, without their steps, and
/// steps over the rest; `put` is given each that is not zero, and its position.
///
/// # Errors
/// As [`Wanted::decode`].
#[inline(always)]
pub fn read_lowest(
    bits: &mut Bits<'_>,
    (dc, ac): (&Code, &Code),
    level: &mut i32,
    last: usize,
    mut put: impl FnMut(usize, i32),
) -> Result<(), ScaledError> {
    bits.refill();
    *level = level.wrapping_add(symbol(bits, dc, true)?.1);
    put(0, *level);
    let mut position = 1;
    while position <= last {
        bits.refill();
        let (advance, value) = symbol(bits, ac, false)?;
        position += advance;
        if value != 0 && position <= 64 {
            put(position - 1, value);
        }
    }
    pass(bits, ac, position)
}

/// Steps over a whole block.
///
/// # Errors
/// As [`Wanted::decode`].
pub fn pass_whole(bits: &mut Bits<'_>, (dc, ac): (&Code, &Code)) -> Result<(), ScaledError> {
    bits.refill();
    symbol(bits, dc, true)?;
    pass(bits, ac, 1)
}

/// A difference to the last DC value.
///
/// # Errors
/// [`ScaledError::Data`] for a word that no code has.
pub fn difference(bits: &mut Bits<'_>, dc: &Code) -> Result<i32, ScaledError> {
    bits.refill();
    symbol(bits, dc, true).map(|(_, value)| value)
}

/// Steps over the rest of a block.
#[inline(always)]
fn pass(bits: &mut Bits<'_>, ac: &Code, mut position: usize) -> Result<(), ScaledError> {
    while position < 64 {
        bits.refill();
        let skip = ac.skip(bits.look(SKIP_BITS) as usize);
        if skip.bits() > 0 && position + skip.advance() <= 64 {
            bits.take(skip.bits());
            position += skip.advance();
            if skip.ends() {
                return Ok(());
            }
        } else {
            position += symbol(bits, ac, false)?.0;
        }
    }
    // An end-of-block leads above all sums of runs; anything between is damage.
    if position == 64 || position > END_OF_BLOCK { Ok(()) } else { Err(ScaledError::Data) }
}

/// The next symbol's advance and value. At least 32 bits are at hand.
#[inline(always)]
fn symbol(bits: &mut Bits<'_>, code: &Code, is_dc: bool) -> Result<(usize, i32), ScaledError> {
    let look = code.look(bits.look(LOOK_BITS) as usize);
    if look.is_whole() {
        bits.take(look.bits());
        return Ok((look.advance(), look.value()));
    }
    let (advance, extra_bits) = if look.bits() > 0 {
        bits.take(look.bits());
        (look.advance(), look.extra_bits())
    } else {
        let (symbol, length) = code.symbol(bits.look(16)).ok_or(ScaledError::Data)?;
        bits.take(length);
        meaning(symbol, is_dc)
    };
    if extra_bits == 0 {
        return Ok((advance, 0));
    }
    let extra = bits.look(extra_bits);
    bits.take(extra_bits);
    Ok((advance, extended(extra, extra_bits)))
}
