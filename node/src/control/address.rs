//! `control.json`: where the running node listens for commands, and the secret that
//! they must carry. Written by the node that holds the data folder's lock, so that
//! a file left by one that was killed is replaced by the next.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::NodeError;
use crate::limits::CONTROL_FILE_BYTES_MAX;

/// The file's name in the data folder.
pub const CONTROL_FILE: &str = "control.json";

/// Of this program. Another one may not know what a command says, and do without it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where to send commands.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ControlAddress {
    /// On this machine alone.
    pub(super) address: SocketAddr,
    /// Whoever can read the file may command the node.
    pub(super) token: String,
    /// The process, for people.
    pub(super) pid: u32,
    /// Which version of this program it is; earlier ones don’t say it.
    #[serde(default)]
    pub(super) version: String,
}

impl ControlAddress {
    /// This process, which listens at `address` for commands that carry `secret`.
    pub(super) fn new(address: SocketAddr, secret: &str) -> Self {
        Self { address, token: secret.to_owned(), pid: std::process::id(), version: VERSION.to_owned() }
    }

    /// Whether the node is of this version.
    pub(super) fn is_of_this_version(&self) -> bool {
        self.version == VERSION
    }

    /// Writes the file whole, readable by its owner alone.
    pub(super) fn write(&self, data_dir: &Path) -> Result<(), NodeError> {
        let path = data_dir.join(CONTROL_FILE);
        let temporary = data_dir.join(format!(".{CONTROL_FILE}.{}", self.pid));
        let written = write_private(&temporary, &serde_json::to_vec(self).unwrap_or_default())
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| {
            drop(fs::remove_file(&temporary));
            NodeError::file(&path, &error)
        })
    }

    /// Reads the file; None where there is none, or no such record in it.
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        let path = data_dir.join(CONTROL_FILE);
        if fs::metadata(&path).ok()?.len() > CONTROL_FILE_BYTES_MAX {
            return None;
        }
        let found: Self = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        found.address.ip().is_loopback().then_some(found)
    }

    /// Removes the file if it is still this process's.
    pub(super) fn remove(&self, data_dir: &Path) {
        if Self::read(data_dir).as_ref() == Some(self) {
            drop(fs::remove_file(data_dir.join(CONTROL_FILE)));
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
