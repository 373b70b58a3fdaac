//! How a host is to be. Reads no file and no environment: `enprint` does.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use enprint_protocol::peer::{PeerLimits, PeerReach, Relay};
use enprint_protocol::{Multiaddr, limits, text};
use enprint_store::ledger::{Clock, LedgerLocation, SystemClock};

use crate::error::HostError;

/// What a host is started with.
///
/// The data folder holds `host.key`, which signs orders and certifies processes, and
/// from which the keys of all code hashes come; `peer.key`, the identity of this one
/// process; and, without `database`, the SQLite file `host.db`.
///
/// Several processes may share one PostgreSQL: each has a data folder and a `peer.key`
/// of its own, and a copy of the same `host.key`. A database that was made under another
/// host key is refused.
#[derive(Clone)]
pub struct HostConfig {
    /// Made when it is missing.
    pub data_dir: PathBuf,
    /// `postgres://…`, or another SQLite file than `host.db`.
    pub database: Option<String>,
    /// The name that photographers and labs see.
    pub name: String,
    /// Where customers reach the web pages: `https://photos.example`. Without it, the
    /// web server says where it listens ([`crate::Index::found_at`]).
    pub public_url: Option<String>,
    /// Where peers reach this process.
    pub listen: Vec<Multiaddr>,
    /// How it is found, and what it passes on between peers that can't reach each other.
    pub reach: PeerReach,
    /// Bounds of the peer.
    pub peer_limits: PeerLimits,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl HostConfig {
    /// A host in `data_dir` with its own database, that listens nowhere yet.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            database: None,
            name: "Enprint".into(),
            public_url: None,
            listen: Vec::new(),
            reach: PeerReach { relay: Relay::Meetings, ..PeerReach::default() },
            peer_limits: PeerLimits::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Where the database is.
    pub(crate) fn location(&self) -> Result<LedgerLocation, HostError> {
        match &self.database {
            Some(given) => Ok(given.parse()?),
            None => Ok(LedgerLocation::File(self.data_dir.join("host.db"))),
        }
    }

    /// The name, if it can be shown.
    pub(crate) fn checked_name(&self) -> Result<String, HostError> {
        Ok(text::required("The host's name", &self.name, limits::NAME_BYTES_MAX, false)?)
    }

    /// The public address, where one is configured.
    pub(crate) fn checked_url(&self) -> Result<Option<String>, HostError> {
        self.public_url.as_deref().map(checked_url).transpose()
    }
}

/// A public address without a slash at its end, if pages can be below it.
pub(crate) fn checked_url(url: &str) -> Result<String, HostError> {
    let unusable = |problem: &str| HostError::Config { what: "public address", problem: problem.into() };
    let url = text::required("The public address", url, limits::LINE_BYTES_MAX, false)?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(unusable("it should read https://photos.example"));
    }
    if url.contains(['?', '#', ' ']) {
        return Err(unusable("it can have no spaces, no question mark and no #"));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

impl fmt::Debug for HostConfig {
    /// Without the database's address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("data_dir", &self.data_dir)
            .field("name", &self.name)
            .field("public_url", &self.public_url)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}
