//! Huffman codes as tables: one that gives a symbol with the value of its extra bits
//! in one look, and one that steps over as many symbols as a look can hold.

use crate::error::ScaledError;

/// Bits of one look for a value. More would leave the processor's first cache.
pub const LOOK_BITS: u32 = 10;
/// Bits of one look when symbols are only stepped over.
pub const SKIP_BITS: u32 = 12;
/// What an end-of-block adds to the position: no sum of runs gets there.
pub const END_OF_BLOCK: usize = 80;

/// What one look found. `bits` 0 means that the code is longer than the look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look(u32);

impl Look {
    const UNFINISHED: u32 = 1 << 12;

    fn whole(bits: u32, advance: usize, value: i16) -> Self {
        Self(bits | (advance as u32) << 5 | u32::from(value.cast_unsigned()) << 16)
    }

    fn unfinished(bits: u32, advance: usize, extra_bits: u32) -> Self {
        Self(bits | (advance as u32) << 5 | Self::UNFINISHED | extra_bits << 16)
    }

    /// Whether symbol and value both were in the look.
    pub fn is_whole(self) -> bool {
        self.0 & Self::UNFINISHED == 0 && self.0 != 0
    }

    /// Bits that it took: of code and value, or of the code alone.
    pub fn bits(self) -> u32 {
        self.0 & 31
    }

    /// How far the position moves: a run of zeros and the coefficient after it.
    pub fn advance(self) -> usize {
        (self.0 >> 5 & 127) as usize
    }

    /// The coefficient, of a whole look.
    pub fn value(self) -> i32 {
        self.0.cast_signed() >> 16
    }

    /// How many bits the value has, of an unfinished look.
    pub fn extra_bits(self) -> u32 {
        self.0 >> 16
    }
}

/// Several symbols at once, for coefficients that nobody needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skip(u16);

impl Skip {
    const ENDS: u16 = 1 << 15;

    /// Bits that it takes; 0 if not even one symbol fits.
    pub fn bits(self) -> u32 {
        u32::from(self.0 & 31)
    }

    /// Positions passed, an end-of-block counting as one: within the block only if
    /// the position after it is at most 64.
    pub fn advance(self) -> usize {
        usize::from(self.0 >> 5 & 127)
    }

    /// Whether the last symbol ends the block.
    pub fn ends(self) -> bool {
        self.0 & Self::ENDS != 0
    }
}

/// A code of the file, with what is looked up in it.
#[derive(Debug, Clone)]
pub struct Code {
    looks: Box<[Look; 1 << LOOK_BITS]>,
    skips: Box<[Skip; 1 << SKIP_BITS]>,
    /// For each length, the first code after those of it, aligned to 16 bits.
    ends: [u32; 18],
    /// For each length, what to add to a code to find its symbol.
    offsets: [i32; 18],
    symbols: Vec<u8>,
}

impl Code {
    /// Builds the tables of a `DHT` segment's code: how many codes there are of each
    /// length, and their symbols in order.
    ///
    /// # Errors
    /// When the counts overflow their lengths, or a symbol can't be.
    pub fn new(counts: &[u8; 16], symbols: &[u8], is_dc: bool) -> Result<Self, ScaledError> {
        let (mut ends, mut offsets) = ([0; 18], [0; 18]);
        let (mut code, mut first) = (0u32, 0i32);
        for (length, count) in (1u32..).zip(counts) {
            let count = u32::from(*count);
            if code + count > 1 << length {
                return Err(ScaledError::Headers("a Huffman code has too many words"));
            }
            offsets[length as usize] = first - code.cast_signed();
            first += count.cast_signed();
            code += count;
            ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        ends[17] = u32::MAX;
        if symbols.len() != usize::try_from(first).unwrap_or(0) || (is_dc && symbols.iter().any(|symbol| *symbol > 15))
        {
            return Err(ScaledError::Headers("a Huffman code has wrong symbols"));
        }
        let (looks, skips) = (Box::new([Look(0); 1 << LOOK_BITS]), Box::new([Skip(0); 1 << SKIP_BITS]));
        let mut built = Self { looks, skips, ends, offsets, symbols: symbols.to_vec() };
        for at in 0..1u32 << LOOK_BITS {
            built.looks[at as usize] = built.look_into(at << (16 - LOOK_BITS), LOOK_BITS, is_dc);
        }
        if !is_dc {
            for at in 0..1u32 << SKIP_BITS {
                built.skips[at as usize] = built.skip_into(at << (16 - SKIP_BITS));
            }
        }
        Ok(built)
    }

    /// What stands at the beginning of `window`, the next [`LOOK_BITS`] bits.
    pub fn look(&self, window: usize) -> Look {
        self.looks[window & ((1 << LOOK_BITS) - 1)]
    }

    /// What can be stepped over in `window`, the next [`SKIP_BITS`] bits.
    pub fn skip(&self, window: usize) -> Skip {
        self.skips[window & ((1 << SKIP_BITS) - 1)]
    }

    /// The symbol at the beginning of the next 16 bits, and its length.
    pub fn symbol(&self, window: u32) -> Option<(u8, u32)> {
        let length = (1..=17).find(|length| window < self.ends[*length])?;
        if length > 16 {
            return None;
        }
        let code = (window >> (16 - length)).cast_signed();
        let at = usize::try_from(code + self.offsets[length]).ok()?;
        Some((*self.symbols.get(at)?, length as u32))
    }

    /// Looks into the upper `bits` of a window of 16.
    fn look_into(&self, window: u32, bits: u32, is_dc: bool) -> Look {
        let Some((symbol, length)) = self.symbol(window).filter(|(_, length)| *length <= bits) else {
            return Look(0);
        };
        let (advance, extra_bits) = meaning(symbol, is_dc);
        if length + extra_bits > bits {
            return Look::unfinished(length, advance, extra_bits);
        }
        let extra = window >> (16 - length - extra_bits) & ((1 << extra_bits) - 1);
        Look::whole(length + extra_bits, advance, extended(extra, extra_bits) as i16)
    }

    fn skip_into(&self, window: u32) -> Skip {
        let (mut used, mut advance, mut ends) = (0, 0, false);
        while let Some((symbol, length)) = self.symbol((window << used) & 0xFFFF) {
            let (step, extra_bits) = meaning(symbol, false);
            let step_ends = step == END_OF_BLOCK;
            let step = if step_ends { 1 } else { step };
            if used + length + extra_bits > SKIP_BITS || advance + step > 64 {
                break;
            }
            used += length + extra_bits;
            advance += step;
            ends = step_ends;
            if ends {
                break;
            }
        }
        Skip(used as u16 | (advance as u16) << 5 | if ends { Skip::ENDS } else { 0 })
    }
}

/// How far an AC symbol moves the position and how many bits its value has; a DC
/// symbol is the number of bits alone.
pub fn meaning(symbol: u8, is_dc: bool) -> (usize, u32) {
    let (run, extra_bits) = (usize::from(symbol >> 4), u32::from(symbol & 15));
    match (is_dc, run, extra_bits) {
        (true, ..) => (0, u32::from(symbol & 15)),
        // Runs without a value below 15 belong to progressive files; here they end the block.
        (false, 0..15, 0) => (END_OF_BLOCK, 0),
        _ => (run + 1, extra_bits),
    }
}

/// The value that `bits` extra bits stand for.
pub fn extended(extra: u32, bits: u32) -> i32 {
    if bits == 0 {
        return 0;
    }
    let value = extra.cast_signed();
    if extra >> (bits - 1) == 0 { value - (1 << bits) + 1 } else { value }
}
