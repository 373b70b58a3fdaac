//! What crosses from the running node to the one who gave a command: lines of JSON,
//! `{"progress":…}` as often as need be, then one `{"answer":…}` or
//! `{"error":{"message":…}}`. `"working"` says that the work goes on.

use serde::{Deserialize, Serialize};

use super::progress::ProgressLine;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<A> {
    /// The work goes on.
    Working,
    /// How far the command is.
    Progress(ProgressLine),
    /// What came of it; the last line.
    Answer(A),
    /// Why nothing came of it; the last line.
    Error {
        /// A sentence for the person who gave the command.
        message: String,
    },
}

/// Puts lines together from the pieces in which they arrive.
#[derive(Debug, Default)]
pub(super) struct Lines {
    piece: Vec<u8>,
}

impl Lines {
    /// Takes the next piece and gives the lines that it completes, empty ones left out.
    /// None when a line is longer than `bytes_max`.
    pub(super) fn take(&mut self, piece: &[u8], bytes_max: usize) -> Option<Vec<Vec<u8>>> {
        let mut whole = Vec::new();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.piece.extend_from_slice(part);
            if self.piece.len() > bytes_max {
                return None;
            }
            if self.piece.ends_with(b"\n") {
                let mut line = std::mem::take(&mut self.piece);
                line.pop();
                if !line.is_empty() {
                    whole.push(line);
                }
            }
        }
        Some(whole)
    }
}
