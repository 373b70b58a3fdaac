//! The memory of records: a connection has some only while it has a part of a record in
//! hand, so that an idle one takes none, and a busy one takes what was used before.

use std::sync::{Mutex, PoisonError};

use crate::limits::{RECORD_ROOM_BYTES, RECORD_ROOMS_KEPT};

static KEPT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// Room for two records, of any content; or none.
#[derive(Default)]
pub(super) struct RecordRoom(Vec<u8>);

impl RecordRoom {
    /// The room; taken if there is none yet.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        if self.0.is_empty() {
            let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner).pop();
            self.0 = kept.unwrap_or_else(|| vec![0; RECORD_ROOM_BYTES]);
        }
        &mut self.0
    }

    #[cfg(test)]
    pub(super) fn is_left(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives it to others.
    pub(super) fn leave(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let room = std::mem::take(&mut self.0);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < RECORD_ROOMS_KEPT {
            kept.push(room);
        }
    }
}

impl Drop for RecordRoom {
    fn drop(&mut self) {
        self.leave();
    }
}
