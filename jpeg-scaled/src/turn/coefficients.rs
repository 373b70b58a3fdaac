//! All coefficients of a picture, and what a turn does to them.

use super::Turn;
use crate::bits::Bits;
use crate::block::read_whole;
use crate::error::ScaledError;
use crate::headers::Headers;

/// A block's coefficients, row by row: `[8 · down + across]`.
pub type Block = [i16; 64];

/// A component's blocks, row by row.
#[derive(Debug)]
pub struct Blocks {
    /// Blocks in a row, padding included.
    pub across: usize,
    /// Rows of blocks, padding included.
    pub down: usize,
    /// Side by side in an MCU.
    pub in_mcu: (usize, usize),
    blocks: Vec<Block>,
}

/// A picture's components.
#[derive(Debug)]
pub struct Coefficients {
    pub components: Vec<Blocks>,
}

impl Blocks {
    fn empty(across: usize, down: usize, in_mcu: (usize, usize)) -> Self {
        Self { across, down, in_mcu, blocks: vec![[0; 64]; across * down] }
    }

    /// The block at a place; an empty one outside.
    pub fn at(&self, x: usize, y: usize) -> &Block {
        const EMPTY: &Block = &[0; 64];
        self.blocks.get(y * self.across + x).unwrap_or(EMPTY)
    }

    fn turned(&self, turn: Turn) -> Self {
        let (across, down, in_mcu) = if turn.transposes {
            (self.down, self.across, (self.in_mcu.1, self.in_mcu.0))
        } else {
            (self.across, self.down, self.in_mcu)
        };
        let mut to = Self::empty(across, down, in_mcu);
        let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        for (block, (x, y)) in to.blocks.iter_mut().zip(places) {
            let x = if turn.mirrors_across { across - 1 - x } else { x };
            let y = if turn.mirrors_down { down - 1 - y } else { y };
            let from = if turn.transposes { self.at(y, x) } else { self.at(x, y) };
            *block = block_turned(from, turn);
        }
        to
    }
}

/// Mirroring a picture turns over its odd waves.
fn block_turned(from: &Block, turn: Turn) -> Block {
    std::array::from_fn(|at| {
        let (down, across) = (at / 8, at % 8);
        let value = if turn.transposes { from[across * 8 + down] } else { from[at] };
        let turns_over = (turn.mirrors_across && across % 2 == 1) != (turn.mirrors_down && down % 2 == 1);
        if turns_over { value.saturating_neg() } else { value }
    })
}

impl Coefficients {
    /// Reads a whole scan.
    ///
    /// # Errors
    /// [`ScaledError::Data`], [`ScaledError::CutShort`].
    pub fn read(headers: &Headers<'_>) -> Result<Self, ScaledError> {
        let (mcus_across, mcus_down) = headers.mcus();
        let blocks = headers.components.iter().map(|component| {
            let (across, down) = (component.across, component.down);
            Blocks::empty(mcus_across * across, mcus_down * down, (across, down))
        });
        let mut read = Self { components: blocks.collect() };
        let mut bits = Bits::new(headers.scan);
        let mut levels = vec![0; headers.components.len()];
        for mcu in 0..mcus_across * mcus_down {
            if headers.restart_interval > 0 && mcu > 0 && mcu.is_multiple_of(headers.restart_interval) {
                bits.restart()?;
                levels.fill(0);
            }
            bits.prepare_mcu();
            read.read_mcu(headers, &mut bits, &mut levels, (mcu % mcus_across, mcu / mcus_across))?;
            bits.check()?;
        }
        Ok(read)
    }

    fn read_mcu(
        &mut self,
        headers: &Headers<'_>,
        bits: &mut Bits<'_>,
        levels: &mut [i32],
        (column, row): (usize, usize),
    ) -> Result<(), ScaledError> {
        for ((blocks, component), level) in self.components.iter_mut().zip(&headers.components).zip(levels) {
            let codes = headers.codes(component)?;
            let (across, down) = blocks.in_mcu;
            for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
                let at = (row * down + y) * blocks.across + column * across + x;
                let block = blocks.blocks.get_mut(at).ok_or(ScaledError::Data)?;
                read_whole(bits, codes, level, block)?;
            }
        }
        Ok(())
    }

    /// The picture turned.
    pub fn turned(&self, turn: Turn) -> Self {
        Self { components: self.components.iter().map(|blocks| blocks.turned(turn)).collect() }
    }
}
