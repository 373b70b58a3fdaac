//! Tells this process's courier that a commit put parcels into the outbox.
//!
//! It is a hint that spares waiting for the next look around; nothing is lost with it,
//! because the outbox is what counts.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::limits;

#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<Rung>,
    notify: Notify,
}

/// For whom the bell rang since it was last heard.
#[derive(Default)]
pub(super) struct Rung {
    pub(super) peers: BTreeSet<String>,
    /// For everybody, or for more peers than are worth naming.
    pub(super) everybody: bool,
}

impl Bell {
    pub(super) fn ring(&self, peers: impl IntoIterator<Item = String>) {
        {
            let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            rung.peers.extend(peers);
            if rung.peers.len() > limits::BELL_PEERS_MAX {
                *rung = Rung { peers: BTreeSet::new(), everybody: true };
            }
        }
        self.notify.notify_one();
    }

    pub(super) fn ring_for_everybody(&self) {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).everybody = true;
        self.notify.notify_one();
    }

    /// Waits until it has rung since the last call.
    pub(super) async fn heard(&self) -> Rung {
        self.notify.notified().await;
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
