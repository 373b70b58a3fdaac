//! Entropy-coded bytes → bits: takes out the stuffing a window at a time, stops at
//! markers, and hands out bits without looking for either.

use crate::error::ScaledError;
use crate::limits::{MCU_BYTES_MAX, WINDOW_BYTES};

/// Bits of one scan.
#[derive(Debug)]
pub struct Bits<'a> {
    /// What of the scan is not in the window yet.
    rest: &'a [u8],
    /// Whether `rest` begins with a marker, so that zeros follow the window's bytes.
    at_marker: bool,
    window: Box<[u8; WINDOW_BYTES + 8]>,
    /// Bytes of the window that are of the scan.
    filled: usize,
    /// Next byte to be taken from the window.
    at: usize,
    /// The next bits, the first of them on top.
    next: u64,
    /// How many of `next` are valid.
    count: u32,
}

impl<'a> Bits<'a> {
    /// Begins with the bytes after a `SOS` segment.
    pub fn new(scan: &'a [u8]) -> Self {
        let window = Box::new([0; WINDOW_BYTES + 8]);
        Self { rest: scan, at_marker: false, window, filled: 0, at: 0, next: 0, count: 0 }
    }

    /// Makes sure that a whole MCU is at hand; once for each.
    #[inline]
    pub fn prepare_mcu(&mut self) {
        if self.filled < self.at + MCU_BYTES_MAX && !self.at_marker {
            self.fill_window();
        }
    }

    /// Takes up the bits after the next restart marker.
    ///
    /// # Errors
    /// [`ScaledError::CutShort`] where another marker or the end stands,
    /// [`ScaledError::Data`] where the scan went on.
    pub fn restart(&mut self) -> Result<(), ScaledError> {
        self.check()?;
        (self.next, self.count) = (0, 0);
        // A whole segment ends in less than a byte; a longer rest means damage before.
        if self.at + 8 < self.filled {
            return Err(ScaledError::Data);
        }
        (self.at, self.filled) = (0, 0);
        if !self.at_marker {
            self.fill_window();
            if self.filled > 8 || !self.at_marker {
                return Err(ScaledError::Data);
            }
            self.filled = 0;
        }
        let marker = self.rest.iter().position(|byte| *byte != 0xFF).ok_or(ScaledError::CutShort)?;
        if !matches!(self.rest[marker], 0xD0..=0xD7) {
            return Err(ScaledError::CutShort);
        }
        self.rest = &self.rest[marker + 1..];
        self.at_marker = false;
        Ok(())
    }

    /// Whether more bits were taken than there are.
    ///
    /// # Errors
    /// [`ScaledError::CutShort`].
    #[inline]
    pub fn check(&self) -> Result<(), ScaledError> {
        let unread = (self.count / 8) as usize;
        if self.at_marker && self.at > self.filled + unread { Err(ScaledError::CutShort) } else { Ok(()) }
    }

    /// At least 32 bits can be looked at and taken after this.
    #[inline(always)]
    pub fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        let eight = self.window.get(self.at..).and_then(|bytes| bytes.first_chunk::<8>());
        let eight = u64::from_be_bytes(*eight.unwrap_or(&[0; 8]));
        self.next |= eight >> self.count;
        let bytes = (63 - self.count) / 8;
        self.at += bytes as usize;
        self.count += bytes * 8;
    }

    /// The next `bits` bits, 1 to 32, which stay.
    #[inline(always)]
    pub fn look(&self, bits: u32) -> u32 {
        (self.next >> (64 - bits)) as u32
    }

    /// Steps over `bits` bits.
    #[inline(always)]
    pub fn take(&mut self, bits: u32) {
        self.next <<= bits;
        self.count = self.count.wrapping_sub(bits);
    }

    /// Moves what is unread to the window's beginning and fills it up, to the next
    /// marker at most.
    #[cold]
    fn fill_window(&mut self) {
        let at = self.at.min(self.filled);
        self.window.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.at -= at;
        while self.filled < WINDOW_BYTES {
            let room = WINDOW_BYTES - self.filled;
            let part = &self.rest[..self.rest.len().min(room)];
            let plain = memchr::memchr(0xFF, part).unwrap_or(part.len());
            self.window[self.filled..self.filled + plain].copy_from_slice(&part[..plain]);
            self.filled += plain;
            self.rest = &self.rest[plain..];
            match self.rest {
                [0xFF, 0, after @ ..] if self.filled < WINDOW_BYTES => {
                    self.window[self.filled] = 0xFF;
                    self.filled += 1;
                    self.rest = after;
                }
                [0xFF, 0, ..] => break,
                [0xFF, ..] | [] => {
                    self.at_marker = true;
                    break;
                }
                _ => {}
            }
        }
        // What is read past the end is zeros, and `check` finds it out.
        self.window[self.filled..].iter_mut().take(MCU_BYTES_MAX + 8).for_each(|byte| *byte = 0);
    }
}
