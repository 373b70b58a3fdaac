//! What a node answers of its hosts: the list, and what is shown at each. Plain records.

use enprint_protocol::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

/// An event at one of its hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventAtHost {
    /// The host's name.
    pub host: String,
    /// Where customers open the gallery, once it is published.
    pub gallery_url: Option<String>,
    /// Photos that the host has, as far as this node was told.
    pub published: u64,
}

/// A host in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSummary {
    /// The process that the node enrolled with first.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Whether it is connected now.
    pub connected: bool,
    /// By which way, in words, if connected.
    pub way: Option<String>,
    /// Where it may be.
    pub addresses: Vec<Multiaddr>,
    /// Where customers go.
    pub public_url: String,
    /// Events that are shown there.
    pub events: u64,
    /// Orders placed there that are not finished.
    pub open_orders: u64,
    /// The lab that prints what is ordered there.
    pub lab: Option<String>,
}

/// What a withdrawal did at one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOffAt {
    /// The host's name.
    pub host: String,
    /// Photos that it took off.
    pub photos: u64,
    /// It could not be reached; it is told as soon as it can be.
    pub queued: bool,
    /// Why it did not take them off.
    pub problem: Option<String>,
}

/// What a publish did at one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedAt {
    /// The host's name.
    pub host: String,
    /// Where customers open the gallery.
    pub gallery_url: Option<String>,
    /// Photos that the host needed and got.
    pub sent: u64,
    /// The host could not be reached; the running node goes on by itself.
    pub queued: bool,
    /// Why it is not published there.
    pub problem: Option<String>,
}
