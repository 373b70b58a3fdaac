//! Addresses that peers announce, written many at a time: after a host's restart
//! thousands come in a moment, and a transaction takes as long for one as for all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use enprint_protocol::PeerId;
use enprint_store::args;

use super::Index;
use crate::error::HostError;

/// What waits for the transaction that is being written.
#[derive(Default)]
pub(super) struct Announcements {
    /// In order, so that two processes on one database lock its rows in the same one.
    waiting: Mutex<BTreeMap<PeerId, String>>,
    writing: tokio::sync::Mutex<()>,
}

impl Announcements {
    fn add(&self, peer: PeerId, addresses: String) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(peer, addresses);
    }

    fn take(&self) -> Batch<'_> {
        let addresses = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        Batch { of: self, addresses }
    }
}

/// What one transaction writes. If it is dropped before, it waits again, but for those
/// who have said something newer.
struct Batch<'a> {
    of: &'a Announcements,
    addresses: BTreeMap<PeerId, String>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        let mut waiting = self.of.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for (peer, addresses) in std::mem::take(&mut self.addresses) {
            waiting.entry(peer).or_insert(addresses);
        }
    }
}

impl Index {
    /// Stores where `peer` is, together with all that came while another transaction was
    /// written. It is on disk when this returns.
    ///
    /// # Errors
    /// The database's; the addresses are written with the next ones then.
    pub(super) async fn note_addresses(&self, peer: PeerId, addresses: String) -> Result<(), HostError> {
        let announcements = &self.shared.announcements;
        announcements.add(peer, addresses);
        let _one_at_a_time = announcements.writing.lock().await;
        // Nothing waits where the transaction before took this one's with it.
        let mut batch = announcements.take();
        if !batch.addresses.is_empty() {
            self.write_addresses(&batch.addresses).await?;
            batch.addresses.clear();
        }
        Ok(())
    }

    async fn write_addresses(&self, batch: &BTreeMap<PeerId, String>) -> Result<(), HostError> {
        let now = self.now();
        let sql = "UPDATE peer SET addresses = $2, seen_ms = $3 WHERE peer_id = $1";
        let written = self.ledger().write(|tx| {
            Box::pin(async move {
                for (peer, addresses) in batch {
                    tx.execute(sql, args![peer.to_string(), addresses, now.0]).await?;
                }
                Ok(())
            })
        });
        written.await
    }
}
