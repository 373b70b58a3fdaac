//! A scan → its planes: walks the MCUs a row at a time, gathers blocks into batches
//! and puts their samples in place.

use fearless_simd::{Level, dispatch};

use crate::bits::Bits;
use crate::block::{LANES, Lane, Wanted};
use crate::error::ScaledError;
use crate::headers::{Component, Headers};
use crate::huffman::Code;
use crate::idct::transform;
use crate::limits::PLANE_SAMPLES_MAX;

/// A JPEG whose headers are read.
#[derive(Debug)]
pub struct Jpeg<'a> {
    headers: Headers<'a>,
}

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

impl<'a> Jpeg<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`ScaledError::NotForThis`], [`ScaledError::Headers`], [`ScaledError::CutShort`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, ScaledError> {
        Ok(Self { headers: Headers::read(bytes)? })
    }

    /// Width and height in pixels, as stored.
    pub fn size(&self) -> (usize, usize) {
        (self.headers.width, self.headers.height)
    }

    /// One, or three: light and the two colour differences.
    pub fn components(&self) -> &[Component] {
        &self.headers.components
    }

    /// Whether three components are light and two colour differences, rather than red,
    /// green and blue.
    pub fn is_ycbcr_or_grey(&self) -> bool {
        self.headers.is_ycbcr_or_grey()
    }

    /// Decodes the components, each at its number of eighths of its own size: 1 to 8.
    ///
    /// # Errors
    /// [`ScaledError::TooLarge`] before anything is decoded, [`ScaledError::Data`],
    /// [`ScaledError::CutShort`].
    pub fn decode(&self, eighths: &[usize]) -> Result<Vec<Plane>, ScaledError> {
        let mut channels = self.channels(eighths)?;
        // Compiled for each kind of processor: shifts and products take half as long on most.
        dispatch!(Level::new(), _ => self.fill(&mut channels))?;
        Ok(channels.into_iter().map(|channel| channel.plane).collect())
    }

    #[inline(always)]
    fn fill(&self, channels: &mut [Channel<'_>]) -> Result<(), ScaledError> {
        let mut bits = Bits::new(self.headers.scan);
        let (mcus_across, mcus_down) = self.headers.mcus();
        let mut until_restart = self.headers.restart_interval;
        for _ in 0..mcus_down {
            for column in 0..mcus_across {
                if self.headers.restart_interval > 0 {
                    if until_restart == 0 {
                        bits.restart()?;
                        channels.iter_mut().for_each(|channel| channel.level = 0);
                        until_restart = self.headers.restart_interval;
                    }
                    until_restart -= 1;
                }
                bits.prepare_mcu();
                for channel in channels.iter_mut() {
                    channel.decode_mcu(&mut bits, column)?;
                }
                bits.check()?;
            }
            channels.iter_mut().for_each(|channel| channel.finish_row());
        }
        Ok(())
    }

    fn channels(&self, eighths: &[usize]) -> Result<Vec<Channel<'_>>, ScaledError> {
        let components = self.headers.components.iter().zip(eighths);
        let channels = components.map(|(component, eighths)| self.channel(component, (*eighths).clamp(1, 8)));
        channels.collect()
    }

    fn channel(&self, component: &Component, n: usize) -> Result<Channel<'_>, ScaledError> {
        let missing = ScaledError::Headers("a table is missing");
        let (across_max, down_max) = self.headers.blocks_max();
        let covered = |pixels: usize, blocks: usize, max: usize| (pixels * blocks * n) as f64 / (max * 8) as f64;
        let covered = (
            covered(self.headers.width, component.across, across_max),
            covered(self.headers.height, component.down, down_max),
        );
        let (width, height) = (covered.0.ceil() as usize, covered.1.ceil() as usize);
        if width as u64 * height as u64 > PLANE_SAMPLES_MAX {
            return Err(ScaledError::TooLarge);
        }
        let table = self.headers.tables[component.table & 3].as_ref().ok_or(missing)?;

        let stride = self.headers.mcus().0 * component.across * n;
        Ok(Channel {
            component: *component,
            codes: self.headers.codes(component)?,
            wanted: Wanted::lowest(n, table),
            n,
            level: 0,
            batches: vec![[[0; LANES]; 65]; component.down],
            waiting: 0,
            strip: vec![0; stride * component.down * n],
            stride,
            plane: Plane { width, height, samples: Vec::with_capacity(width * height), covered },
        })
    }
}

/// A component on its way.
struct Channel<'a> {
    component: Component,
    codes: (&'a Code, &'a Code),
    wanted: Wanted,
    n: usize,
    /// The last DC value.
    level: i32,
    /// For each row of blocks in an MCU, the blocks that wait to be transformed.
    batches: Vec<[Lane; 65]>,
    /// How many wait in each.
    waiting: usize,
    /// The samples of one row of MCUs, padding and all.
    strip: Vec<u8>,
    stride: usize,
    plane: Plane,
}

impl Channel<'_> {
    #[inline(always)]
    fn decode_mcu(&mut self, bits: &mut Bits<'_>, column: usize) -> Result<(), ScaledError> {
        let across = self.component.across;
        if self.waiting + across > LANES {
            self.transform_waiting(column * across);
        }
        for batch in &mut self.batches {
            for block in 0..across {
                self.wanted.decode(bits, self.codes, &mut self.level, self.waiting + block, batch)?;
            }
        }
        self.waiting += across;
        Ok(())
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

    /// Moves the strip's samples to the plane, without the padding.
    #[inline(always)]
    fn finish_row(&mut self) {
        self.transform_waiting(self.stride / self.n);
        let plane = &mut self.plane;
        let missing = plane.height - plane.samples.len() / plane.width.max(1);
        for line in self.strip.chunks_exact(self.stride).take(missing) {
            plane.samples.extend_from_slice(&line[..plane.width]);
        }
    }
}
