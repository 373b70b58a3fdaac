//! Counts wrong invitations, of each peer and of all together, within a window of
//! time. Kept by each process for itself: several processes let through several times
//! as many, which 60 bits still outlast by far.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use enprint_protocol::PeerId;
use enprint_protocol::time::UnixMs;

use super::ms;
use crate::limits::{TRIES_WINDOW, WRONG_INVITATIONS_IN_ALL, WRONG_INVITATIONS_PER_PEER};

#[derive(Default)]
pub(super) struct Tries {
    counted: Mutex<Counted>,
}

/// At most [`WRONG_INVITATIONS_IN_ALL`] peers are remembered, since each has one wrong
/// try at least.
#[derive(Default)]
struct Counted {
    since_ms: i64,
    in_all: u32,
    of_peer: HashMap<PeerId, u32>,
}

impl Tries {
    /// Whether `peer` may try once more.
    pub(super) fn may_try(&self, peer: &PeerId, now: UnixMs) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if !(0..ms(TRIES_WINDOW)).contains(&(now.0 - counted.since_ms)) {
            *counted = Counted { since_ms: now.0, ..Counted::default() };
        }
        let of_peer = counted.of_peer.get(peer).copied().unwrap_or(0);
        counted.in_all < WRONG_INVITATIONS_IN_ALL && of_peer < WRONG_INVITATIONS_PER_PEER
    }

    /// Counts a wrong try.
    pub(super) fn wrong(&self, peer: PeerId) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.in_all = counted.in_all.saturating_add(1);
        let of_peer = counted.of_peer.entry(peer).or_default();
        *of_peer = of_peer.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guessing_peer_is_stopped_and_may_try_again_later() {
        let (tries, guesser, other) = (Tries::default(), PeerId::random(), PeerId::random());
        let start = UnixMs(1_000_000);
        for _ in 0..WRONG_INVITATIONS_PER_PEER {
            assert!(tries.may_try(&guesser, start));
            tries.wrong(guesser);
        }
        assert!(!tries.may_try(&guesser, start));
        assert!(tries.may_try(&other, start));
        assert!(tries.may_try(&guesser, start.plus_ms(ms(TRIES_WINDOW))));
    }

    #[test]
    fn guessing_under_ever_new_names_is_stopped_too() {
        let tries = Tries::default();
        let start = UnixMs(1_000_000);
        for _ in 0..WRONG_INVITATIONS_IN_ALL {
            let peer = PeerId::random();
            assert!(tries.may_try(&peer, start));
            tries.wrong(peer);
        }
        assert!(!tries.may_try(&PeerId::random(), start));
    }
}
