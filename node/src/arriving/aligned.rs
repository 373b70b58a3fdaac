//! A buffer for one range that begins where a disk wants it to.

use enprint_protocol::limits::RANGE_BYTES;

use crate::limits::DISK_ALIGNMENT_BYTES;

/// A range's bytes, aligned.
#[derive(Debug)]
pub(super) struct Aligned {
    room: Vec<u8>,
    begin: usize,
}

impl Default for Aligned {
    fn default() -> Self {
        let room = vec![0; RANGE_BYTES as usize + DISK_ALIGNMENT_BYTES];
        // May say that it can't tell; then the disk refuses, and the cache is used.
        let begin = room.as_ptr().align_offset(DISK_ALIGNMENT_BYTES).min(DISK_ALIGNMENT_BYTES);
        Self { room, begin }
    }
}

impl Aligned {
    /// All of it: as long as a range.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.room[self.begin..self.begin + RANGE_BYTES as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_where_a_disk_wants_it() {
        let mut buffer = Aligned::default();
        let bytes = buffer.bytes();
        assert_eq!(bytes.len() as u64, RANGE_BYTES);
        assert_eq!(bytes.as_ptr() as usize % DISK_ALIGNMENT_BYTES, 0);
    }
}
