//! The bytes of a range. One that comes is in memory that is used again, since fresh memory
//! of a mebibyte costs more than what is done with it; it begins where a disk wants what
//! goes past the system's cache. One that goes stays in the parts in which it was found.
//! On the wire they are bytes like any others.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::{DISK_ALIGNMENT_BYTES, RANGE_BYTES, RANGE_ROOM_BYTES_MIN, RANGE_ROOMS_KEPT};

const RANGE: usize = RANGE_BYTES as usize;
/// A range's bytes, and as many as may be left out before them.
const ROOM_BYTES: usize = RANGE + DISK_ALIGNMENT_BYTES;

/// Memory that waits for the next ranges. What it holds is of ranges before.
static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// The bytes of a range, or of a part of one. Cheap to make and to drop.
pub struct RangeBytes(Bytes);

enum Bytes {
    Together(Room),
    Apart { parts: Vec<Part>, length: usize, together: OnceLock<Room> },
}

type Part = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Bytes in memory of their own.
struct Room {
    room: Vec<u8>,
    begin: usize,
    length: usize,
}

impl RangeBytes {
    /// So many bytes of anything, to be written over.
    pub fn to_fill(length: usize) -> Self {
        Self(Bytes::Together(Room::new(length)))
    }

    /// The bytes of `parts`, one after another, which are left where they are.
    pub fn of_parts<P: AsRef<[u8]> + Send + Sync + 'static>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut length = 0;
        let parts = parts.into_iter().inspect(|part| length += part.as_ref().len());
        let parts = parts.map(|part| Box::new(part) as Part).collect();
        Self(Bytes::Apart { parts, length, together: OnceLock::new() })
    }

    /// How many.
    pub fn len(&self) -> usize {
        match &self.0 {
            Bytes::Together(room) => room.length,
            Bytes::Apart { length, .. } => *length,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// They, as they lie: some together, then those that follow.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let (one, more) = match &self.0 {
            Bytes::Together(room) => (Some(room.bytes()), &[][..]),
            Bytes::Apart { parts, .. } => (None, &parts[..]),
        };
        one.into_iter().chain(more.iter().map(|part| (**part).as_ref()))
    }

    fn copied(&self) -> Room {
        let mut room = Room::new(self.len());
        let mut rest = room.bytes_mut();
        for part in self.parts() {
            let (place, later) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = later;
        }
        room
    }
}

impl Room {
    fn new(length: usize) -> Self {
        if !(RANGE_ROOM_BYTES_MIN..=RANGE).contains(&length) {
            return Self { room: vec![0; length], begin: 0, length };
        }
        let room = kept().pop().unwrap_or_else(|| vec![0; ROOM_BYTES]);
        // May say that it can't tell; then they begin where no disk takes them.
        let begin = room.as_ptr().align_offset(DISK_ALIGNMENT_BYTES).min(DISK_ALIGNMENT_BYTES);
        Self { room, begin, length }
    }

    fn bytes(&self) -> &[u8] {
        &self.room[self.begin..self.begin + self.length]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.begin..self.begin + self.length]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut kept = kept();
        if self.room.len() == ROOM_BYTES && kept.len() < RANGE_ROOMS_KEPT {
            kept.push(std::mem::take(&mut self.room));
        }
    }
}

/// Those that lie apart are copied together, once.
impl Deref for RangeBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Together(room) => room.bytes(),
            Bytes::Apart { together, .. } => together.get_or_init(|| self.copied()).bytes(),
        }
    }
}

impl DerefMut for RangeBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        if let Bytes::Apart { .. } = &self.0 {
            self.0 = Bytes::Together(self.copied());
        }
        match &mut self.0 {
            Bytes::Together(room) => room.bytes_mut(),
            Bytes::Apart { .. } => &mut [],
        }
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
        Self(Bytes::Together(self.copied()))
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
        write!(f, "RangeBytes({})", self.len())
    }
}

impl Serialize for RangeBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for RangeBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Visiting)
    }
}

struct Visiting;

impl<'de> Visitor<'de> for Visiting {
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
    fn bytes_in_parts_are_those_of_the_parts_one_after_another() {
        let whole: Vec<u8> = (0..RANGE).map(|at| (at ^ (at >> 8)) as u8).collect();
        let mut apart = RangeBytes::of_parts(whole.chunks(95_326).map(<[u8]>::to_vec));
        assert_eq!((apart.len(), apart.parts().count()), (RANGE, 11));
        assert_eq!(apart.parts().collect::<Vec<_>>().concat(), whole);
        assert_eq!((&apart[..], apart.clone()), (&whole[..], RangeBytes::from(&whole[..])));
        apart[5] ^= 1;
        assert!(apart.parts().count() == 1 && apart[5] != whole[5] && apart[6..] == whole[6..]);
        let none = RangeBytes::of_parts(Vec::<Vec<u8>>::new());
        assert!(none.is_empty() && none.parts().count() == 0 && (*none).is_empty());
    }

    #[test]
    fn memory_that_is_kept_is_bounded() {
        let many: Vec<_> = (0..3 * RANGE_ROOMS_KEPT).map(|_| RangeBytes::to_fill(RANGE)).collect();
        drop(many);
        assert!(kept().len() <= RANGE_ROOMS_KEPT);
    }
}
