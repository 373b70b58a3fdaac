//! How a blob is divided into pieces: each run of 1 MiB, which is what is asked for at
//! once, into so many of one length, of which the last is shorter. A part of the format.

use crate::limits::{PIECES_PER_RUN, RANGE_BYTES_MAX};

const RUN_BYTES: u64 = RANGE_BYTES_MAX;

/// How many pieces a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pieces_per_run: u8,
}

impl Layout {
    /// Of blobs that are written now.
    pub(super) const NEW: Self = Self { pieces_per_run: PIECES_PER_RUN };
    /// Of blobs whose header does not say: those of the first format.
    pub(super) const FIRST: Self = Self { pieces_per_run: 16 };

    /// The layout with so many pieces to a run, if it can be.
    pub(super) fn of(pieces_per_run: u8) -> Option<Self> {
        (pieces_per_run > 0).then_some(Self { pieces_per_run })
    }

    /// Pieces to a run.
    pub(super) fn pieces_per_run(self) -> u8 {
        self.pieces_per_run
    }

    /// The length of a piece that is not the last of its run or its blob.
    pub(super) fn piece_bytes(self) -> usize {
        usize::try_from(RUN_BYTES.div_ceil(u64::from(self.pieces_per_run))).unwrap_or(usize::MAX)
    }

    /// How many pieces a blob of that length has.
    pub(super) fn count(self, blob_bytes: u64) -> u32 {
        let rest = (blob_bytes % RUN_BYTES).div_ceil(self.piece_bytes() as u64);
        u32::try_from(blob_bytes / RUN_BYTES * u64::from(self.pieces_per_run) + rest).unwrap_or(u32::MAX)
    }

    /// The number of a run's first piece.
    pub(super) fn first_of_run(self, run: u64) -> u32 {
        u32::try_from(run * u64::from(self.pieces_per_run)).unwrap_or(u32::MAX)
    }

    /// Which piece has the blob's byte at `offset`, and how many bytes of it come before.
    pub(super) fn piece_at(self, offset: u64) -> (u32, usize) {
        let in_run = usize::try_from(offset % RUN_BYTES).unwrap_or(0);
        let piece = u32::try_from(in_run / self.piece_bytes()).unwrap_or(u32::MAX);
        (self.first_of_run(offset / RUN_BYTES).saturating_add(piece), in_run % self.piece_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pieces_and_their_keys_leave_little_of_a_slot_of_sleds_empty() {
        const SLOT_BYTES: usize = 196_608;
        let (pair, keys_and_frame) = (2 * Layout::NEW.piece_bytes(), 512);
        assert!(pair + keys_and_frame <= SLOT_BYTES && pair > SLOT_BYTES * 95 / 100, "{pair}");
    }

    #[test]
    fn every_byte_of_a_blob_lies_in_one_of_its_pieces_and_pieces_follow_each_other() {
        for layout in [Layout::NEW, Layout::FIRST, Layout::of(1).unwrap(), Layout::of(255).unwrap()] {
            let mut expected = (0, 0);
            for offset in 0..2 * RUN_BYTES + 200_000 {
                let at = layout.piece_at(offset);
                assert_eq!(at, expected, "{layout:?}, byte {offset}");
                assert_eq!(layout.count(offset + 1), at.0 + 1, "{layout:?}, byte {offset}");
                let is_last_of_run = (offset + 1) % RUN_BYTES == 0;
                let is_last = is_last_of_run || at.1 + 1 == layout.piece_bytes();
                expected = if is_last { (at.0 + 1, 0) } else { (at.0, at.1 + 1) };
            }
        }
        assert_eq!((Layout::NEW.count(0), Layout::FIRST.piece_bytes(), Layout::of(0)), (0, 65_536, None));
    }
}
