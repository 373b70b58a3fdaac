//! Connections of peers that found no room: nothing they ask is read, and the answer to
//! all of it is to come later. The door fills it, and empties it within seconds.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use libp2p::swarm::ConnectionId;

/// Shared by the door and the conversations.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitingRoom(Arc<RwLock<HashSet<ConnectionId>>>);

impl WaitingRoom {
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
