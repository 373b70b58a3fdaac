//! With whom files are being carried, either way, and since when: written by the talks,
//! read where connections beside the first are dialled and let in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::PeerId;
use tokio::time::Instant;

/// The transfers of one peer. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct Transfers {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    work: HashMap<PeerId, Work>,
    /// Those who may open a connection beside the ones they have.
    beside: HashSet<PeerId>,
}

#[derive(Debug, Clone, Copy)]
struct Work {
    /// Requests without an answer.
    under_way: usize,
    since: Instant,
    /// When a request last came or ended.
    last: Instant,
}

/// One request for a part of a file, until it is dropped.
#[derive(Debug)]
pub(in crate::peer) struct Carried {
    transfers: Transfers,
    peer: PeerId,
}

impl Transfers {
    /// A part of a file is asked for, by `peer` or of it.
    pub(in crate::peer) fn carry(&self, peer: PeerId) -> Carried {
        let now = Instant::now();
        let mut shared = self.locked();
        let work = shared.work.entry(peer).or_insert(Work { under_way: 0, since: now, last: now });
        (work.under_way, work.last) = (work.under_way + 1, now);
        Carried { transfers: self.clone(), peer }
    }

    /// Since when files are carried to or from `peer`, if they are.
    pub(super) fn since(&self, peer: &PeerId) -> Option<Instant> {
        self.locked().work.get(peer).map(|work| work.since)
    }

    /// Forgets those with whom nothing has been carried for `idle`; whether any are left.
    pub(super) fn forget_idle(&self, now: Instant, idle: Duration) -> bool {
        let mut shared = self.locked();
        shared.work.retain(|_, work| work.under_way > 0 || now.duration_since(work.last) < idle);
        !shared.work.is_empty()
    }

    /// Whether nothing is carried, nor was a moment ago.
    pub(super) fn is_empty(&self) -> bool {
        self.locked().work.is_empty()
    }

    /// From now on `peer` may, or may not, open connections beside the ones it has.
    pub(super) fn set_beside(&self, peer: PeerId, may_come: bool) {
        let beside = &mut self.locked().beside;
        if may_come {
            beside.insert(peer)
        } else {
            beside.remove(&peer)
        };
    }

    /// Whether a new connection of `peer` need not mean that it has lost the others.
    pub(in crate::peer) fn may_come_beside(&self, peer: &PeerId) -> bool {
        self.locked().beside.contains(peer)
    }

    fn locked(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        if let Some(work) = self.transfers.locked().work.get_mut(&self.peer) {
            (work.under_way, work.last) = (work.under_way.saturating_sub(1), Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(9);

    #[test]
    fn a_transfer_lasts_from_its_first_request_until_nothing_was_carried_for_a_while() {
        let (transfers, lab) = (Transfers::default(), PeerId::random());
        let slow = transfers.carry(lab);
        let begun = transfers.since(&lab).unwrap();
        assert!(transfers.forget_idle(Instant::now() + IDLE * 3, IDLE), "a range is under way, however slow");
        drop(slow);
        assert!(transfers.forget_idle(Instant::now() + IDLE / 2, IDLE), "the next file may begin");
        drop(transfers.carry(lab));
        assert_eq!(transfers.since(&lab), Some(begun));
        assert!(!transfers.forget_idle(Instant::now() + IDLE, IDLE));
        assert_eq!(transfers.since(&lab), None);
    }
}
