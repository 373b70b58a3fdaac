//! What the operator looks at: peers, events, counts.

use enprint_protocol::enrol::Role;
use enprint_protocol::ids::EventId;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

/// An enrolled photographer or lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// Who.
    pub peer_id: PeerId,
    /// As what.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Where it said it can be reached.
    pub addresses: Vec<Multiaddr>,
    /// Whether it may take part.
    pub state: PeerState,
    /// Since when.
    pub enrolled: UnixMs,
    /// When it was last connected.
    pub seen: Option<UnixMs>,
}

/// Whether an enrolled peer may take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerState {
    /// It may.
    Active,
    /// Not until the operator restores it; its galleries are closed meanwhile.
    Suspended,
}

/// An event as the operator lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSummary {
    /// The event.
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub photographer: PeerId,
    /// The photographer's name at this host.
    pub photographer_name: String,
    /// Photos in its gallery.
    pub photos: u64,
    /// Bytes of their renditions.
    pub bytes: u64,
    /// Orders placed.
    pub orders: u64,
    /// When it was first published.
    pub published: UnixMs,
}

/// How much of everything there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Enrolled photographers.
    pub photographers: u64,
    /// Enrolled labs.
    pub labs: u64,
    /// Galleries.
    pub events: u64,
    /// Photos in them.
    pub photos: u64,
    /// Bytes of their renditions.
    pub rendition_bytes: u64,
    /// Orders placed.
    pub orders: u64,
    /// Of these, not paid yet and not declined.
    pub orders_unpaid: u64,
    /// Messages that wait for a peer.
    pub messages_waiting: u64,
    /// Messages that a peer refused, for a person to look at.
    pub messages_refused: u64,
    /// Customers' sessions.
    pub sessions: u64,
    /// Customers' accounts.
    pub accounts: u64,
}
