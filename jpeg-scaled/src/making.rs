//! A plane on its way: gathers its blocks' coefficients into batches, transforms each
//! batch at once, and puts the samples in place. Knows nothing of bits.

use crate::block::{LANES, Lane};
use crate::error::ScaledError;
use crate::headers::{Component, Headers};
use crate::idct::transform;
use crate::limits::PLANE_SAMPLES_MAX;

/// One decoded component.
#[derive(Debug, Clone, PartialEq)]
pub struct Plane {
    /// Samples in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Levels 0 to 255, row by row.
    pub samples: Vec<u8>,
    /// How much of `width` and `height` the picture covers: where its size is no
    /// multiple of eight, the last column or row is only partly of it.
    pub covered: (f64, f64),
}

/// A component's plane, a row of MCUs at a time.
pub struct Making {
    /// Blocks beside and above each other in an MCU.
    in_mcu: (usize, usize),
    n: usize,
    /// For each row of blocks in an MCU, the blocks that wait to be transformed.
    batches: Vec<[Lane; 65]>,
    /// How many wait in each.
    waiting: usize,
    /// The samples of one row of MCUs, padding and all.
    strip: Vec<u8>,
    stride: usize,
    plane: Plane,
}

impl Making {
    /// Of a component at `n` eighths, 1 to 8.
    ///
    /// # Errors
    /// [`ScaledError::TooLarge`].
    pub fn new(headers: &Headers<'_>, component: &Component, n: usize) -> Result<Self, ScaledError> {
        let (across_max, down_max) = headers.blocks_max();
        let covered = |pixels: usize, blocks: usize, max: usize| (pixels * blocks * n) as f64 / (max * 8) as f64;
        let covered =
            (covered(headers.width, component.across, across_max), covered(headers.height, component.down, down_max));
        let (width, height) = (covered.0.ceil() as usize, covered.1.ceil() as usize);
        if width as u64 * height as u64 > PLANE_SAMPLES_MAX {
            return Err(ScaledError::TooLarge);
        }
        let stride = headers.mcus().0 * component.across * n;
        Ok(Self {
            in_mcu: (component.across, component.down),
            n,
            batches: vec![[[0; LANES]; 65]; component.down],
            waiting: 0,
            strip: vec![0; stride * component.down * n],
            stride,
            plane: Plane { width, height, samples: Vec::with_capacity(width * height), covered },
        })
    }

    /// Has the blocks of the MCU in that column put into the batches: `put` is given each
    /// block's lane, its place in the MCU (across, down), and the batch.
    #[inline(always)]
    pub fn take_mcu(
        &mut self,
        column: usize,
        mut put: impl FnMut(usize, (usize, usize), &mut [Lane; 65]) -> Result<(), ScaledError>,
    ) -> Result<(), ScaledError> {
        let across = self.in_mcu.0;
        if self.waiting + across > LANES {
            self.transform_waiting(column * across);
        }
        for (row, batch) in self.batches.iter_mut().enumerate() {
            for block in 0..across {
                put(self.waiting + block, (block, row), batch)?;
            }
        }
        self.waiting += across;
        Ok(())
    }

    /// Moves the samples of a whole row of MCUs to the plane, without the padding.
    #[inline(always)]
    pub fn finish_row(&mut self) {
        self.transform_waiting(self.stride / self.n);
        let plane = &mut self.plane;
        let missing = plane.height - plane.samples.len() / plane.width.max(1);
        for line in self.strip.chunks_exact(self.stride).take(missing) {
            plane.samples.extend_from_slice(&line[..plane.width]);
        }
    }

    /// Puts the samples into a buffer for so many, whatever is in it.
    pub fn fill_into(&mut self, buffer: impl Fn(usize) -> Vec<u8>) {
        self.plane.samples = buffer(self.plane.width * self.plane.height);
        self.plane.samples.clear();
    }

    /// What was made.
    pub fn finish(self) -> Plane {
        self.plane
    }

    /// Transforms the blocks that wait; `end` is the block after the last of them.
    #[inline(always)]
    fn transform_waiting(&mut self, end: usize) {
        let left = (end - self.waiting) * self.n;
        for (row, batch) in self.batches.iter_mut().enumerate() {
            let strip = self.strip.get_mut(row * self.n * self.stride..).unwrap_or_default();
            transform(self.n, batch, strip, self.stride, left, self.waiting);
        }
        self.waiting = 0;
    }
}
