//! Some of a peer's connections, by whoever sorts them, for others to look up.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use libp2p::swarm::ConnectionId;

/// Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionSet(Arc<RwLock<HashSet<ConnectionId>>>);

impl ConnectionSet {
    pub(super) fn add(&self, connection: ConnectionId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(connection);
    }

    pub(super) fn remove(&self, connection: ConnectionId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&connection);
    }

    pub(super) fn has(&self, connection: ConnectionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&connection)
    }
}
