//! Who is known: the list of enrolled peers, and the standing of each request.
//! What a stranger may still do is in `door.rs` (connections) and `talk.rs`
//! (requests). The list itself is kept by whoever holds the database.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures::task::AtomicWaker;
use libp2p::PeerId;

/// The allow-list, shared by the peer and by those who may change it.
/// Cheap to clone; all clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    admitted: RwLock<HashSet<PeerId>>,
    /// Those whose connections have yet to be closed.
    forgotten: Mutex<Vec<PeerId>>,
    door: AtomicWaker,
}

impl Admission {
    /// A list that starts with `peers`.
    pub fn of(peers: impl IntoIterator<Item = PeerId>) -> Self {
        let admission = Self::default();
        peers.into_iter().for_each(|peer| admission.admit(peer));
        admission
    }

    /// From now on `peer` is known, on connections that are open too.
    pub fn admit(&self, peer: PeerId) {
        self.shared.admitted.write().unwrap_or_else(PoisonError::into_inner).insert(peer);
        self.forgotten().retain(|forgotten| *forgotten != peer);
    }

    /// From now on `peer` is a stranger. Its connections are closed.
    pub fn forget(&self, peer: PeerId) {
        let was_admitted = self.shared.admitted.write().unwrap_or_else(PoisonError::into_inner).remove(&peer);
        if was_admitted {
            self.forgotten().push(peer);
            self.shared.door.wake();
        }
    }

    /// Whether `peer` is known.
    pub fn is_admitted(&self, peer: &PeerId) -> bool {
        self.shared.admitted.read().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.shared.admitted.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn standing(&self, peer: &PeerId) -> Standing {
        if self.is_admitted(peer) { Standing::Admitted } else { Standing::Stranger }
    }

    /// One peer whose connections have to be closed; else wakes `cx` when there is one.
    pub(super) fn next_forgotten(&self, cx: &std::task::Context<'_>) -> Option<PeerId> {
        self.shared.door.register(cx.waker());
        self.forgotten().pop()
    }

    fn forgotten(&self) -> std::sync::MutexGuard<'_, Vec<PeerId>> {
        self.shared.forgotten.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a peer is to us at the moment it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// On the list.
    Admitted,
    /// Not on the list.
    Stranger,
    /// There was no room for its connection, whatever it is.
    Waiting,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admitting_and_forgetting_change_every_clone() {
        let (ana, bo) = (PeerId::random(), PeerId::random());
        let admission = Admission::of([ana]);
        let clone = admission.clone();
        clone.admit(bo);
        assert!(admission.is_admitted(&ana) && admission.is_admitted(&bo));
        clone.forget(ana);
        assert!(!admission.is_admitted(&ana));
        assert_eq!(*admission.forgotten(), [ana]);
        admission.admit(ana);
        assert!(admission.forgotten().is_empty(), "admitted again: its connections stay");
    }
}
