//! A JPEG → its planes. Where it is one scan, a row of MCUs is read and made at a time;
//! what comes in several is `passes.rs`'s.

use fearless_simd::{Level, dispatch};

use crate::bits::Bits;
use crate::block::Wanted;
use crate::error::ScaledError;
use crate::headers::{Component, Headers};
use crate::huffman::Code;
use crate::making::{Making, Plane};
use crate::passes;

/// A JPEG whose headers are read.
#[derive(Debug)]
pub struct Jpeg<'a> {
    bytes: &'a [u8],
    /// As they are at the first scan.
    headers: Headers<'a>,
}

impl<'a> Jpeg<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`ScaledError::NotForThis`], [`ScaledError::Headers`], [`ScaledError::CutShort`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, ScaledError> {
        Ok(Self { bytes, headers: Headers::read(bytes)? })
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

    /// Bytes that are held beside the planes while they are decoded at these eighths: what
    /// comes in several scans is kept until the last of them.
    pub fn held_bytes(&self, eighths: &[usize]) -> u64 {
        if self.headers.is_one_scan { 0 } else { passes::held_bytes(&self.headers, eighths) }
    }

    /// Decodes the components, each at its number of eighths of its own size: 1 to 8.
    ///
    /// # Errors
    /// [`ScaledError::TooLarge`] before anything is decoded, [`ScaledError::Data`],
    /// [`ScaledError::CutShort`].
    pub fn decode(&self, eighths: &[usize]) -> Result<Vec<Plane>, ScaledError> {
        self.decode_into(eighths, Vec::with_capacity)
    }

    /// As [`Self::decode`], into buffers of the caller's: `buffer` gives one for so many
    /// samples, whatever is in it.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn decode_into(&self, eighths: &[usize], buffer: impl Fn(usize) -> Vec<u8>) -> Result<Vec<Plane>, ScaledError> {
        if !self.headers.is_one_scan {
            return passes::decode(self.bytes, eighths);
        }
        let mut channels = self.channels(eighths)?;
        // Only now is it known that none of them is too large.
        channels.iter_mut().for_each(|channel| channel.making.fill_into(&buffer));
        // Compiled for each kind of processor: shifts and products take half as long on most.
        dispatch!(Level::new(), _ => self.fill(&mut channels))?;
        Ok(channels.into_iter().map(|channel| channel.making.finish()).collect())
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
            channels.iter_mut().for_each(|channel| channel.making.finish_row());
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
        let making = Making::new(&self.headers, component, n)?;
        let table = self.headers.tables[component.table & 3].as_ref().ok_or(missing)?;
        Ok(Channel { codes: self.headers.codes(component)?, wanted: Wanted::lowest(n, table), level: 0, making })
    }
}

/// A component on its way.
struct Channel<'a> {
    codes: (&'a Code, &'a Code),
    wanted: Wanted,
    /// The last DC value.
    level: i32,
    making: Making,
}

impl Channel<'_> {
    #[inline(always)]
    fn decode_mcu(&mut self, bits: &mut Bits<'_>, column: usize) -> Result<(), ScaledError> {
        let (wanted, codes, level) = (&self.wanted, self.codes, &mut self.level);
        self.making.take_mcu(column, |lane, _, batch| wanted.decode(bits, codes, level, lane, batch))
    }
}
