//! Buffers for originals, from one photo of an import to the next: each is as large as a
//! file, and what the system gives is given anew, page by page. What waits here counts in
//! the memory of all photos.

use std::sync::{Mutex, PoisonError};

use enprint_darkroom::memory::{Resting, rest};

use crate::limits::IMPORT_SPARE_MAX;

/// Buffers that wait for the next file.
#[derive(Debug, Default)]
pub struct Spare {
    buffers: Mutex<Vec<(Vec<u8>, Resting)>>,
}

impl Spare {
    /// An empty buffer with room for `bytes`: the smallest one that waits, or a new one. A
    /// photo counts what its file is long, so that it gets none that is far longer.
    pub fn take(&self, bytes: usize) -> Vec<u8> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = buffers
            .iter()
            .enumerate()
            .filter(|(_, (buffer, _))| (bytes..=bytes.saturating_mul(2)).contains(&buffer.capacity()));
        let found = fitting.min_by_key(|(_, (buffer, _))| buffer.capacity()).map(|(at, _)| at);
        let taken = found.map(|at| buffers.swap_remove(at).0);
        drop(buffers);
        let mut buffer = taken.unwrap_or_else(|| Vec::with_capacity(bytes));
        buffer.clear();
        buffer
    }

    /// Puts one back, unless enough wait or a photo needs the memory.
    pub fn put_back(&self, buffer: Vec<u8>) {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if buffers.len() >= IMPORT_SPARE_MAX {
            buffers.remove(0);
        }
        match rest(buffer.capacity() as u64) {
            Some(resting) => buffers.push((buffer, resting)),
            None => buffers.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_no_more_wait_than_are_needed() {
        let spare = Spare::default();
        let original = [spare.take(1_000), vec![7; 900]].concat();
        let (place, bytes) = (original.as_ptr(), original.capacity());
        spare.put_back(original);
        let next = spare.take(bytes);
        assert_eq!((next.as_ptr(), next.len()), (place, 0));
        for _ in 0..3 * IMPORT_SPARE_MAX {
            spare.put_back(vec![1; 2_000]);
        }
        assert_eq!(spare.buffers.lock().unwrap().len(), IMPORT_SPARE_MAX);
        assert!(spare.take(100).capacity() < 2_000, "far more than it counts");
        let again = spare.take(1_500);
        assert!(again.is_empty() && again.capacity() >= 2_000, "a new one, or with something in it");
        assert_eq!(spare.buffers.lock().unwrap().len(), IMPORT_SPARE_MAX - 1);
    }
}
