//! How the host is: a plain record, which crosses the control channel as JSON.

use enprint_protocol::peer::PeerStatus;
use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::ledger::outbox::Waiting;
use serde::{Deserialize, Serialize};

use super::Counts;

/// How the host is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// The process that runs; none when this is what the database says.
    pub process: Option<HostProcess>,
    /// Enrolled photographers and labs, and who else is connected.
    pub peers: Vec<PeerStatus>,
    /// How much of everything there is.
    pub counts: Counts,
    /// Bytes that the database takes on disk.
    pub bytes_at_rest: u64,
    /// Messages that wait for a photographer, and those that one refused.
    pub waiting: Vec<WaitingOrder>,
}

/// The process that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProcess {
    /// Its peer id.
    pub peer_id: PeerId,
    /// Where peers reach it.
    pub addresses: Vec<Multiaddr>,
    /// Where customers open galleries.
    pub public_url: String,
    /// Bytes sent to peers since the start, as the network sees them.
    pub wire_sent_bytes: u64,
    /// Bytes received from peers since the start.
    pub wire_received_bytes: u64,
}

/// A message that waits for a photographer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingOrder {
    /// Its id.
    pub id: String,
    /// The photographer's peer id.
    pub peer: String,
    /// How often it was tried since the photographer was last there.
    pub attempts: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// How long it has waited.
    pub waits_s: u64,
    /// When it is tried again, from now; none for one that was refused.
    pub next_try_s: Option<u64>,
    /// Whether it was refused: it stays for a person to look at.
    pub refused: bool,
}

impl WaitingOrder {
    /// The row as it is at `now_ms`.
    pub(crate) fn new(row: Waiting, now_ms: i64) -> Self {
        Self {
            waits_s: seconds(now_ms.saturating_sub(row.created_ms)),
            next_try_s: (!row.refused).then(|| seconds(row.due_ms.saturating_sub(now_ms))),
            id: row.id,
            peer: row.peer,
            attempts: row.attempts,
            last_error: row.last_error,
            refused: row.refused,
        }
    }
}

/// Whole seconds; none that are still to come where a clock was set back.
pub(crate) fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0) / 1_000
}
