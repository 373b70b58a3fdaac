//! The small door: how many strangers may be connected, and how long.
//! Known peers are bounded by libp2p's connection limits alone. What a stranger
//! may ask is decided by `talk.rs`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep_until};

use super::admission::Admission;

/// Lets strangers in while there is room, and shows them out in time.
pub(super) struct Door {
    admission: Admission,
    strangers_max: usize,
    stranger_time: Duration,
    strangers: HashMap<ConnectionId, Visit>,
    /// Rings when the first visit ends.
    bell: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy)]
struct Visit {
    peer: PeerId,
    ends: Instant,
}

/// Why a stranger was not let in.
#[derive(Debug, Error)]
#[error("There are too many unknown peers connected; try again in a minute.")]
struct DoorFull;

impl Door {
    pub(super) fn new(admission: Admission, strangers_max: usize, stranger_time: Duration) -> Self {
        Self { admission, strangers_max, stranger_time, strangers: HashMap::new(), bell: None }
    }

    fn enter(&mut self, connection: ConnectionId, peer: PeerId) -> Result<(), ConnectionDenied> {
        if self.admission.is_admitted(&peer) {
            return Ok(());
        }
        self.strangers.retain(|_, visit| !self.admission.is_admitted(&visit.peer));
        if self.strangers.len() >= self.strangers_max {
            return Err(ConnectionDenied::new(DoorFull));
        }
        let visit = Visit { peer, ends: Instant::now() + self.stranger_time };
        self.strangers.insert(connection, visit);
        Ok(())
    }

    /// The connection of a stranger whose time is up.
    fn poll_overstayed(&mut self, cx: &mut Context<'_>) -> Poll<(PeerId, ConnectionId)> {
        loop {
            let first = self.strangers.iter().min_by_key(|(_, visit)| visit.ends);
            let Some((connection, visit)) = first.map(|(id, visit)| (*id, *visit)) else {
                self.bell = None;
                return Poll::Pending;
            };
            let bell = self.bell.get_or_insert_with(|| Box::pin(sleep_until(visit.ends)));
            std::task::ready!(bell.as_mut().poll(cx));
            self.bell = None;
            if visit.ends <= Instant::now() {
                self.strangers.remove(&connection);
                if !self.admission.is_admitted(&visit.peer) {
                    return Poll::Ready((visit.peer, connection));
                }
            }
        }
    }
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enter(connection, peer)?;
        Ok(dummy::ConnectionHandler)
    }

    /// Whom we dial is no intruder, though what it may ask depends on the list.
    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let ended = match event {
            FromSwarm::ConnectionClosed(closed) => closed.connection_id,
            FromSwarm::ListenFailure(failed) => failed.connection_id,
            _ => return,
        };
        self.strangers.remove(&ended);
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(peer_id) = self.admission.next_forgotten(cx) {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::All });
        }
        let (peer_id, connection) = std::task::ready!(self.poll_overstayed(cx));
        tracing::debug!(peer.id = %peer_id, "a stranger's time is up");
        Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
    }
}
