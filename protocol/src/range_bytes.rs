//! The bytes of a range, in memory that is used again: fresh memory of a mebibyte costs
//! more than what is done with it. They begin where a disk wants what goes past the
//! system's cache. On the wire they are bytes like any others.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::{DISK_ALIGNMENT_BYTES, RANGE_BYTES, RANGE_ROOM_BYTES_MIN, RANGE_ROOMS_KEPT};

const RANGE: usize = RANGE_BYTES as usize;
/// A range's bytes, and as many as may be left out before them.
const ROOM_BYTES: usize = RANGE + DISK_ALIGNMENT_BYTES;

/// Memory that waits for the next ranges. What it holds is of ranges before.
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// The bytes of a range, or of a part of one. Cheap to make and to drop.
pub struct RangeBytes {
    room: Vec<u8>,
    begin: usize,
    length: usize,
}

impl RangeBytes {
    /// So many bytes of anything, to be written over.
    pub fn to_fill(length: usize) -> Self {
        if !(RANGE_ROOM_BYTES_MIN..=RANGE).contains(&length) {
            return Self { room: vec![0; length], begin: 0, length };
        }
        let room = kept().pop().unwrap_or_else(|| vec![0; ROOM_BYTES]);
        // May say that it can't tell; then they begin where no disk takes them.
        let begin = room.as_ptr().align_offset(DISK_ALIGNMENT_BYTES).min(DISK_ALIGNMENT_BYTES);
        Self { room, begin, length }
    }
}

impl Drop for RangeBytes {
    fn drop(&mut self) {
        let mut kept = kept();
        if self.room.len() == ROOM_BYTES && kept.len() < RANGE_ROOMS_KEPT {
            kept.push(std::mem::take(&mut self.room));
        }
    }
}

impl Deref for RangeBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room[self.begin..self.begin + self.length]
    }
}

impl DerefMut for RangeBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.begin..self.begin + self.length]
    }
}

impl AsMut<[u8]> for RangeBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl From<&[u8]> for RangeBytes {
    fn from(bytes: &[u8]) -> Self {
        let mut range = Self::to_fill(bytes.len());
        range.copy_from_slice(bytes);
        range
    }
}

impl From<Vec<u8>> for RangeBytes {
    fn from(bytes: Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl Clone for RangeBytes {
    fn clone(&self) -> Self {
        (**self).into()
    }
}

impl PartialEq for RangeBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for RangeBytes {}

impl fmt::Debug for RangeBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RangeBytes({})", self.length)
    }
}

impl Serialize for RangeBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for RangeBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = RangeBytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a range")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<RangeBytes, E> {
        Ok(bytes.into())
    }
}

fn kept() -> MutexGuard<'static, Vec<Vec<u8>>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_begins_where_a_disk_wants_it_and_has_its_length_alone() {
        for length in [RANGE, RANGE - 1, RANGE_ROOM_BYTES_MIN] {
            let range = RangeBytes::to_fill(length);
            assert_eq!((range.len(), range.as_ptr() as usize % DISK_ALIGNMENT_BYTES), (length, 0));
        }
        for length in [0, 1, RANGE + 1] {
            assert_eq!(RangeBytes::to_fill(length).len(), length);
        }
    }

    #[test]
    fn a_range_in_the_memory_of_a_longer_one_is_itself() {
        let long: Vec<u8> = (0..RANGE).map(|at| at as u8).collect();
        for bytes in [&long[..], &[7; 100_000], &long[..], &[9; 70_000], &[]] {
            let range = RangeBytes::from(bytes);
            assert_eq!(&range[..], bytes);
            assert_eq!(range, range.clone());
        }
        assert_ne!(RangeBytes::from(&long[1..]), RangeBytes::from(&long[..RANGE - 1]));
    }

    #[test]
    fn memory_that_is_kept_is_bounded() {
        let many: Vec<_> = (0..3 * RANGE_ROOMS_KEPT).map(|_| RangeBytes::to_fill(RANGE)).collect();
        drop(many);
        assert!(kept().len() <= RANGE_ROOMS_KEPT);
    }
}
