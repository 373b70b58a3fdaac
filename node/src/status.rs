//! What the statuses of a photographer's node and of a lab have in common. Plain
//! records: they cross the control channel as JSON and are what `--json` prints.

use enprint_protocol::peer::{BacklogFigures, Path};
use enprint_store::ledger::outbox::{Backlog, Waiting};
use serde::{Deserialize, Serialize};

/// A message that waits for another peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingMessage {
    /// What it is about.
    pub what: String,
    /// How often it was tried since the peer was last there.
    pub attempts: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// How long it has waited.
    #[serde(default)]
    pub waits_s: u64,
    /// When it is tried again, from now; none for one that was refused.
    #[serde(default)]
    pub next_try_s: Option<u64>,
    /// Whether the peer refused it: it stays for a person to look at.
    #[serde(default)]
    pub refused: bool,
}

/// An order that does not come on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halted {
    /// The order's number.
    pub number: String,
    /// What stands in the way, in a sentence.
    pub why: String,
}

impl WaitingMessage {
    /// The row as it is at `now_ms`, in words.
    pub(crate) fn new(what: String, row: Waiting, now_ms: i64) -> Self {
        Self {
            what,
            attempts: row.attempts,
            last_error: row.last_error,
            waits_s: seconds(now_ms.saturating_sub(row.created_ms)),
            next_try_s: (!row.refused).then(|| seconds(row.due_ms.saturating_sub(now_ms))),
            refused: row.refused,
        }
    }
}

/// What there is to say of print files on their way between this peer and `other`, by the
/// way that leads there; nothing when they go directly, or nobody is there.
pub(crate) fn files_on_their_way(path: Option<Path>, other: &str) -> Option<String> {
    match path? {
        Path::Direct { .. } => None,
        Path::Relayed { takes_files: true, .. } => {
            Some(format!("The files go through the host, encrypted, for there is no direct way to {other}."))
        }
        Path::Relayed { takes_files: false, .. } => Some(format!(
            "The files wait for a direct way to {other}: only the host leads there, which passes no print files on. \
             A forwarded port at either router makes one."
        )),
    }
}

/// The outbox's figures at `now_ms`.
pub(crate) fn backlog_figures(backlog: &Backlog, now_ms: i64) -> BacklogFigures {
    BacklogFigures {
        waiting: backlog.waiting,
        retried: backlog.retried,
        refused: backlog.refused,
        oldest_s: backlog.oldest_ms.map_or(0, |put_ms| seconds(now_ms.saturating_sub(put_ms))),
    }
}

/// Whole seconds; none that are still to come where a clock was set back.
fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use enprint_protocol::PeerId;

    use super::*;

    #[test]
    fn files_that_wait_for_a_direct_way_are_told_from_those_that_go_through_the_host() {
        let relayed = |takes_files| Some(Path::Relayed { relay: PeerId::random(), takes_files });
        let said = files_on_their_way(relayed(false), "The lab").unwrap();
        assert!(said.contains("wait for a direct way to The lab"), "{said}");
        let said = files_on_their_way(relayed(true), "The lab").unwrap();
        assert!(said.contains("go through the host"), "{said}");
        let direct = Path::Direct { address: "/ip4/192.0.2.1/tcp/1".parse().unwrap() };
        assert_eq!(files_on_their_way(Some(direct), "The lab"), None);
        assert_eq!(files_on_their_way(None, "The lab"), None);
    }
}
