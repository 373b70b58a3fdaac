//! How far a long command is, and whether anybody still wants it. Draws nothing.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::limits::PROGRESS_LINES_WAITING_MAX;

/// One report of how far a command is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressLine {
    /// What is being done: "Importing".
    pub what: String,
    /// How much of it is done, in `unit`.
    pub done: u64,
    /// How much there is to do, where that is known.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: ProgressUnit,
}

/// What [`ProgressLine`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressUnit {
    /// Bytes.
    Bytes,
    /// Photos.
    Photos,
    /// Files.
    Files,
}

/// A command's way to say how far it is. Cheap to clone and never in the way: a
/// report that finds its listener busy is dropped.
#[derive(Debug, Clone)]
pub struct Progress {
    lines: mpsc::Sender<ProgressLine>,
    cancelled: CancellationToken,
}

impl Progress {
    /// Reports that nobody hears; never cancelled.
    pub fn silent() -> Self {
        Self::channel(CancellationToken::new()).0
    }

    /// A way to report, its listener's end, and the command's end by `cancelled`.
    pub fn channel(cancelled: CancellationToken) -> (Self, mpsc::Receiver<ProgressLine>) {
        let (lines, heard) = mpsc::channel(PROGRESS_LINES_WAITING_MAX);
        (Self { lines, cancelled }, heard)
    }

    /// `done` of `total` photos.
    pub fn photos(&self, what: &str, done: u64, total: u64) {
        self.tell(what, done, Some(total), ProgressUnit::Photos);
    }

    /// `done` of `total` files.
    pub fn files(&self, what: &str, done: u64, total: u64) {
        self.tell(what, done, Some(total), ProgressUnit::Files);
    }

    /// `done` of `total` bytes.
    pub fn bytes(&self, what: &str, done: u64, total: u64) {
        self.tell(what, done, Some(total), ProgressUnit::Bytes);
    }

    /// As the others, for work whose end may be unknown.
    pub fn tell(&self, what: &str, done: u64, total: Option<u64>, unit: ProgressUnit) {
        let line = ProgressLine { what: what.to_owned(), done, total, unit };
        // Full or closed: the next report says more than this one.
        drop(self.lines.try_send(line));
    }

    /// Whether the one who gave the command has gone, or the node is stopping. The
    /// command then ends as soon as it can without losing what is done.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Waits until [`Self::is_cancelled`].
    pub async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }
}
