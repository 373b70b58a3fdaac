//! What the event loop lets others see without asking it: who is connected, why somebody
//! is not, and where this peer listens.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use libp2p::{Multiaddr, PeerId};

use crate::limits::PEER_TROUBLES_MAX;

/// Something that happened to a connection or a listener of this peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerEvent {
    /// The first connection to a peer is up.
    Connected {
        /// To whom.
        peer: PeerId,
        /// The remote address that led to it, or from which it came.
        address: Multiaddr,
    },
    /// A connected peer is reached by another way than before. What was asked of it on
    /// the old one got no answer, and may be asked again.
    Rerouted {
        /// Who.
        peer: PeerId,
    },
    /// The last connection to a peer is gone.
    Disconnected {
        /// To whom.
        peer: PeerId,
    },
    /// None of a peer's addresses led to it.
    DialFailed {
        /// Who was dialled.
        peer: PeerId,
        /// Why, in words.
        reason: String,
    },
    /// This peer listens at one more address.
    Listening {
        /// Where.
        address: Multiaddr,
    },
    /// This peer no longer listens there.
    NotListening {
        /// Where.
        address: Multiaddr,
    },
    /// A peer that we know sees this one at an address that is new; what this peer
    /// announces has changed.
    SeenAt {
        /// Where.
        address: Multiaddr,
    },
}

/// Written by the event loop alone.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    seen: RwLock<Seen>,
}

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) connected: HashSet<PeerId>,
    pub(super) listeners: Vec<Multiaddr>,
    /// Why the last dial to each who is missing failed.
    pub(super) troubles: HashMap<PeerId, String>,
}

impl Neighbours {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Seen> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn apply(&self, event: &PeerEvent) {
        let mut seen = self.write();
        match event {
            PeerEvent::Connected { peer, .. } => {
                seen.connected.insert(*peer);
                seen.troubles.remove(peer);
            }
            PeerEvent::Disconnected { peer } => {
                seen.connected.remove(peer);
            }
            PeerEvent::Listening { address } => seen.listeners.push(address.clone()),
            PeerEvent::NotListening { address } => seen.listeners.retain(|seen| seen != address),
            PeerEvent::DialFailed { peer, reason } => {
                if seen.troubles.len() < PEER_TROUBLES_MAX || seen.troubles.contains_key(peer) {
                    seen.troubles.insert(*peer, reason.clone());
                }
            }
            PeerEvent::Rerouted { .. } | PeerEvent::SeenAt { .. } => {}
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, Seen> {
        self.seen.write().unwrap_or_else(PoisonError::into_inner)
    }
}
