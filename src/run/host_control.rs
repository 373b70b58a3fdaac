//! What can be asked of a host's process while it runs, by the same way as a node; and
//! how a host is that does not run. What the operator changes goes through the database.

use enprint_host_index::views::HostStatus;
use enprint_host_index::{HostConfig, HostError, HostWatch, Index};
use enprint_node::NodeError;
use enprint_node::control::{Commands, Progress};
use enprint_store::DataLock;
use serde::{Deserialize, Serialize};

/// Answers for a host that runs.
pub struct HostDesk(pub HostWatch);

/// What can be asked.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum HostQuestion {
    /// How the host is.
    Status,
}

impl Commands for HostDesk {
    type Command = HostQuestion;
    type Answer = HostStatus;

    async fn execute(&self, HostQuestion::Status: HostQuestion, _: Progress) -> Result<HostStatus, NodeError> {
        self.0.status().await.map_err(of_host)
    }
}

/// How the host is, by its database.
///
/// # Errors
/// When a process has the data folder, and the database's.
pub async fn look(config: HostConfig) -> Result<HostStatus, NodeError> {
    // Let go at once: a host that starts meanwhile may have it.
    drop(DataLock::acquire(&config.data_dir)?);
    let index = Index::open(&config).await.map_err(of_host)?;
    let status = index.status().await;
    index.close().await;
    status.map_err(of_host)
}

fn of_host(error: HostError) -> NodeError {
    NodeError::FromNode { message: error.to_string() }
}
