//! What a node answers of its homes. Plain records.

use enprint_protocol::PeerId;
use enprint_protocol::time::UnixMs;
use serde::{Deserialize, Serialize};

/// A home in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeSummary {
    /// Who.
    pub peer_id: PeerId,
    /// How it is called.
    pub name: String,
    /// Whether this node follows it; else it follows this node.
    pub is_first: bool,
    /// Whether it is connected now.
    pub connected: bool,
    /// Photos of the first home, as far as the second knows.
    pub photos: u64,
    /// Of these, photos whose original is at the second home, too.
    pub copied: u64,
    /// Verified bytes of originals that came here; nothing at the first home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_bytes: Option<u64>,
    /// What stands in the way of the copy, in a sentence.
    pub trouble: Option<String>,
}

/// What lets another node join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeInvitation {
    /// What is given to “second-home join” there: the code, and where this node is.
    pub line: String,
    /// Until when it can be used.
    pub until: UnixMs,
}
