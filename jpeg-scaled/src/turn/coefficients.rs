//! All coefficients of a picture, and what a turn does to them.

use super::Turn;
use crate::block::Block;
use crate::error::ScaledError;
use crate::scans::Picture;

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
    /// Those of a picture that was read.
    ///
    /// # Errors
    /// [`ScaledError::Data`] for values that no picture of 8 bits has.
    pub fn of(picture: Picture<'_, Block>) -> Result<Self, ScaledError> {
        let mut blocks = picture.grids.iter().flat_map(|grid| &grid.blocks);
        // Of 12 bits at most; what follows counts on 15.
        if blocks.any(|block| block.iter().any(|value| value.unsigned_abs() >= 1 << 14)) {
            return Err(ScaledError::Data);
        }
        let parts = picture.headers.components.iter().zip(picture.grids);
        let blocks = parts.map(|(component, grid)| {
            let in_mcu = (component.across, component.down);
            Blocks { across: grid.across, down: grid.down, in_mcu, blocks: grid.blocks }
        });
        Ok(Self { components: blocks.collect() })
    }

    /// The picture turned.
    pub fn turned(&self, turn: Turn) -> Self {
        Self { components: self.components.iter().map(|blocks| blocks.turned(turn)).collect() }
    }
}
