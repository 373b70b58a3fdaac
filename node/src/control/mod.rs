//! How commands reach a node: by the data folder if no process has it, else by the
//! node that runs on it. A running node listens on a port of this machine alone and
//! writes where, with a secret, into a file that only the folder's owner can read.
//! Knows no command: those are the photographer's and the lab's.
//!
//! | file | owns |
//! |---|---|
//! | `progress` | how far a command is, and whether it is still wanted |
//! | `address` | `control.json`: where the running node listens |
//! | `line` | what crosses: a line of JSON each |
//! | `serve` | the running node's end |
//! | `ask` | the other end, and commands carried out in this process |

mod address;
mod ask;
mod line;
mod progress;
mod serve;

use std::future::Future;

use serde::{Serialize, de::DeserializeOwned};

pub use address::CONTROL_FILE;
pub use ask::{ask, run_here};
pub use progress::{Progress, ProgressLine, ProgressUnit};
pub use serve::serve;

use crate::error::NodeError;

/// What a node can be told. The same commands work in the running node and, when
/// none runs, in the process of whoever gives them.
pub trait Commands: Send + Sync + 'static {
    /// What is asked for; JSON on the way.
    type Command: Serialize + DeserializeOwned + Send + 'static;
    /// What comes back; JSON on the way, and what `--json` prints.
    type Answer: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// Carries out `command`. A long one tells `progress` how far it is, and ends
    /// early, with what is done kept, once [`Progress::is_cancelled`].
    fn execute(
        &self,
        command: Self::Command,
        progress: Progress,
    ) -> impl Future<Output = Result<Self::Answer, NodeError>> + Send;
}

#[cfg(test)]
mod tests;
