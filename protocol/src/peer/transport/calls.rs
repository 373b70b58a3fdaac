//! Whom QUIC is calling at the moment: only there TCP leaves it time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// Whom an address leads to, if it says so.
type Whom = Option<PeerId>;

/// Calls on their way. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(Arc<Mutex<HashMap<Whom, usize>>>);

/// One call, as long as it is on its way.
pub(super) struct OnItsWay {
    calls: Calls,
    whom: Whom,
}

impl Calls {
    /// A call `to` an address begins.
    pub(super) fn begin(&self, to: &Multiaddr) -> OnItsWay {
        let whom = whom(to);
        *self.known().entry(whom).or_default() += 1;
        OnItsWay { calls: self.clone(), whom }
    }

    /// Whether one is on its way to the peer that this address leads to.
    pub(super) fn are_to(&self, address: &Multiaddr) -> bool {
        self.known().contains_key(&whom(address))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Whom, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        let mut known = self.calls.known();
        if let Some(count) = known.get_mut(&self.whom) {
            *count -= 1;
            if *count == 0 {
                known.remove(&self.whom);
            }
        }
    }
}

fn whom(address: &Multiaddr) -> Whom {
    address.iter().find_map(|part| match part {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}
