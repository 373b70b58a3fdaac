//! Which ranges of a file are verified and durable: one bit each. Its bytes are what
//! the catalogue keeps, so they must not change. Knows no file and no peer.

use enprint_protocol::subtree::{range_bytes, range_count};

/// A set of a file's ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RangeSet {
    /// Bit `at % 8` of byte `at / 8`, lowest first, is range `at`.
    bits: Vec<u8>,
    file_bytes: u64,
}

impl RangeSet {
    /// No range of a file of `file_bytes`.
    pub(crate) fn none(file_bytes: u64) -> Self {
        let bytes = usize::try_from(range_count(file_bytes).div_ceil(8)).unwrap_or(usize::MAX);
        Self { bits: vec![0; bytes], file_bytes }
    }

    /// The set that [`Self::to_bytes`] wrote; bits of another number count as none,
    /// so that at worst a range is fetched again.
    pub(crate) fn from_bytes(bits: &[u8], file_bytes: u64) -> Self {
        let mut set = Self::none(file_bytes);
        if bits.len() == set.bits.len() {
            set.bits.copy_from_slice(bits);
        }
        set
    }

    /// For the catalogue: a bit for each range, 128 bytes for a GiB.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.bits.clone()
    }

    /// How many ranges the file has.
    pub(crate) fn count(&self) -> u64 {
        range_count(self.file_bytes)
    }

    /// Whether range `at` is in the set.
    pub(crate) fn has(&self, at: u64) -> bool {
        at < self.count() && self.bit(at).is_some_and(|(byte, bit)| self.bits[byte] & bit != 0)
    }

    /// Adds range `at`; true if it was not in the set.
    pub(crate) fn add(&mut self, at: u64) -> bool {
        let is_new = at < self.count() && !self.has(at);
        if let Some((byte, bit)) = self.bit(at).filter(|_| is_new) {
            self.bits[byte] |= bit;
        }
        is_new
    }

    /// Takes range `at` out.
    pub(crate) fn remove(&mut self, at: u64) {
        if let Some((byte, bit)) = self.bit(at).filter(|_| at < self.count()) {
            self.bits[byte] &= !bit;
        }
    }

    /// Whether the whole file is in the set.
    pub(crate) fn is_full(&self) -> bool {
        self.missing_from(0).is_none()
    }

    /// The first range from `at` on that is not in the set.
    pub(crate) fn missing_from(&self, at: u64) -> Option<u64> {
        (at..self.count()).find(|at| !self.has(*at))
    }

    /// The ranges in the set, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        (0..self.count()).filter(|at| self.has(*at))
    }

    /// Bytes of the ranges in the set.
    pub(crate) fn bytes(&self) -> u64 {
        self.iter().map(|at| range_bytes(self.file_bytes, at)).sum()
    }

    fn bit(&self, at: u64) -> Option<(usize, u8)> {
        let byte = usize::try_from(at / 8).ok().filter(|byte| *byte < self.bits.len())?;
        Some((byte, 1 << (at % 8)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn stored_bits_read_back_and_never_change_their_meaning() {
        let mut set = RangeSet::none(10 * MIB + 1);
        assert_eq!(set.count(), 11);
        for at in [0, 3, 8, 10] {
            assert!(set.add(at));
        }
        assert_eq!(set.to_bytes(), [0b0000_1001, 0b0000_0101]);
        assert_eq!(RangeSet::from_bytes(&[0b0000_1001, 0b0000_0101], 10 * MIB + 1), set);
        assert_eq!(set.bytes(), 3 * MIB + 1);
    }

    #[test]
    fn ranges_past_the_end_are_never_there() {
        let mut set = RangeSet::from_bytes(&[0xff], 3 * MIB);
        assert!(set.has(2) && !set.has(3) && !set.has(u64::MAX));
        assert!(!set.add(3) && !set.add(u64::MAX));
        set.remove(u64::MAX);
        assert!(set.is_full());
        set.remove(1);
        assert_eq!(set.missing_from(0), Some(1));
        assert_eq!(set.missing_from(2), None);
    }

    #[test]
    fn bits_of_another_file_count_as_none() {
        assert_eq!(RangeSet::from_bytes(&[0xff, 0xff], MIB), RangeSet::none(MIB));
    }
}
