//! Buffers of messages, kept for the next ones: fresh memory of a mebibyte costs more
//! than what is done with it. Knows no message.

use std::sync::{Mutex, PoisonError};

use crate::limits::{BUFFER_KEPT_BYTES_MAX, BUFFER_KEPT_BYTES_MIN, BUFFERS_KEPT_MAX};

/// The buffers of one conversation. What they hold is of messages before, and to be
/// written over.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    kept: Mutex<Vec<Vec<u8>>>,
}

impl Buffers {
    /// A buffer that was used before, or an empty one.
    pub(super) fn take(&self) -> Vec<u8> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Keeps a buffer for the next message, if it is worth it.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        if !(BUFFER_KEPT_BYTES_MIN..=BUFFER_KEPT_BYTES_MAX).contains(&buffer.capacity()) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < BUFFERS_KEPT_MAX {
            kept.push(buffer);
        }
    }
}
