//! The door: how many may be connected, from one address and in all, how long strangers
//! stay, and in which order those get in that came while there was no room. What a peer
//! may ask once it is in is decided by `talk.rs`.
//!
//! | who comes | gets in |
//! |---|---|
//! | one we know | while there is room and nobody has waited longer (`queue.rs`) |
//! | one we know, to a full house | for seconds, to be told to come later |
//! | a stranger | while strangers have room, and nobody we know waits |
//! | too many of one address | not, known or not |
//! | who was shown out | not, for a while (`conduct.rs`) |

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
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
use super::conduct::Conduct;
use super::config::PeerLimits;
use super::connection_set::ConnectionSet;
use super::queue::Queue;
use super::source::{Guest, Source, Tally};
use crate::limits::{
    CONNECTIONS_PENDING_PER_ADDRESS_MAX, CONNECTIONS_PER_PEER_MAX, STRANGERS_PER_ADDRESS_MAX, TURNED_AWAY_MAX,
    TURNED_AWAY_TIME,
};

/// Lets peers in, and strangers out in time.
pub(super) struct Door {
    admission: Admission,
    conduct: Arc<Conduct>,
    waiting_room: ConnectionSet,
    room: Room,
    /// Connections in their handshake.
    coming: HashMap<ConnectionId, Option<Source>>,
    coming_from: Tally,
    inside: HashMap<ConnectionId, Guest>,
    inside_from: Tally,
    /// Those of `inside` who have a time to go.
    visits: HashMap<ConnectionId, Visit>,
    queue: Queue,
    /// Rings when the first visit ends.
    bell: Option<Pin<Box<Sleep>>>,
}

/// How many may be in.
struct Room {
    known: usize,
    of_one_address: usize,
    strangers: usize,
    stranger_time: Duration,
    counts_loopback: bool,
}

#[derive(Clone, Copy)]
struct Visit {
    peer: PeerId,
    ends: Instant,
    is_turned_away: bool,
}

/// Why a peer was not let in.
#[derive(Debug, Error)]
enum Shut {
    #[error("There are too many unknown peers connected; try again in a minute.")]
    StrangersFull,
    #[error("There is no room for one more; try again in a minute.")]
    Full,
    #[error("Too many peers are connected from one address; try again later.")]
    AddressFull,
    #[error("This peer has too many connections already.")]
    PeerFull,
    #[error("This peer has sent too much that can't be read; it may come again later.")]
    ShownOut,
}

impl Door {
    pub(super) fn new(
        admission: Admission,
        conduct: Arc<Conduct>,
        waiting_room: ConnectionSet,
        limits: &PeerLimits,
    ) -> Self {
        let room = Room {
            known: usize::try_from(limits.connections_max).unwrap_or(usize::MAX),
            of_one_address: limits.connections_per_address_max,
            strangers: limits.strangers_max,
            stranger_time: limits.stranger_time,
            counts_loopback: limits.counts_loopback,
        };
        Self {
            admission,
            conduct,
            waiting_room,
            room,
            coming: HashMap::new(),
            coming_from: Tally::default(),
            inside: HashMap::new(),
            inside_from: Tally::default(),
            visits: HashMap::new(),
            queue: Queue::default(),
            bell: None,
        }
    }

    fn knock(&mut self, connection: ConnectionId, from: &Multiaddr) -> Result<(), Shut> {
        let source = Source::of(from, self.room.counts_loopback);
        if self.coming_from.count(source) >= CONNECTIONS_PENDING_PER_ADDRESS_MAX {
            return Err(Shut::AddressFull);
        }
        self.coming.insert(connection, source);
        self.coming_from.add(source);
        Ok(())
    }

    fn enter(&mut self, connection: ConnectionId, guest: Guest) -> Result<(), Shut> {
        let now = Instant::now();
        if self.conduct.is_out(&guest.peer, now.into_std()) {
            return Err(Shut::ShownOut);
        }
        if self.inside_from.count(guest.source) >= self.room.of_one_address {
            return Err(Shut::AddressFull);
        }
        self.visits.retain(|_, visit| visit.is_turned_away || !self.admission.is_admitted(&visit.peer));
        let visit = match self.admission.is_admitted(&guest.peer) {
            true => self.receive_known(guest.peer, now)?,
            false => Some(self.receive_stranger(&guest, now)?),
        };
        if let Some(visit) = visit {
            self.visits.insert(connection, visit);
            self.bell = None;
            if visit.is_turned_away {
                self.waiting_room.add(connection);
            }
        }
        self.inside.insert(connection, guest);
        self.inside_from.add(guest.source);
        Ok(())
    }

    /// One we know: without a visit it stays.
    fn receive_known(&mut self, peer: PeerId, now: Instant) -> Result<Option<Visit>, Shut> {
        let free = self.room.known.saturating_sub(self.inside.len().saturating_sub(self.visits.len()));
        if (free == 0 && self.is_staying(&peer)) || self.queue.admits(peer, free, now) {
            return Ok(None);
        }
        let turned_away = self.visits.values().filter(|visit| visit.is_turned_away).count();
        if turned_away >= TURNED_AWAY_MAX {
            return Err(Shut::Full);
        }
        self.conduct.connections.add();
        tracing::debug!(peer.id = %peer, "there is no room; the peer is told to come later");
        Ok(Some(Visit { peer, ends: now + TURNED_AWAY_TIME, is_turned_away: true }))
    }

    /// Whether it is in already: another connection of it takes that one's place.
    fn is_staying(&self, peer: &PeerId) -> bool {
        self.inside.iter().any(|(connection, guest)| guest.peer == *peer && !self.visits.contains_key(connection))
    }

    fn receive_stranger(&mut self, guest: &Guest, now: Instant) -> Result<Visit, Shut> {
        let strangers = self.visits.iter().filter(|(_, visit)| !visit.is_turned_away);
        let source_of = |connection| self.inside.get(connection).and_then(|guest: &Guest| guest.source);
        let (mut in_all, mut of_the_address, mut of_the_peer) = (0, 0, 0);
        for (connection, visit) in strangers {
            in_all += 1;
            of_the_peer += u32::from(visit.peer == guest.peer);
            of_the_address += usize::from(guest.source.is_some() && source_of(connection) == guest.source);
        }
        if in_all >= self.room.strangers || !self.queue.is_empty(now) {
            return Err(Shut::StrangersFull);
        }
        if of_the_address >= STRANGERS_PER_ADDRESS_MAX {
            return Err(Shut::AddressFull);
        }
        if of_the_peer >= CONNECTIONS_PER_PEER_MAX {
            return Err(Shut::PeerFull);
        }
        Ok(Visit { peer: guest.peer, ends: now + self.room.stranger_time, is_turned_away: false })
    }

    /// The handshake is over, well or not.
    fn arrived(&mut self, connection: ConnectionId) {
        if let Some(source) = self.coming.remove(&connection) {
            self.coming_from.remove(source);
        }
    }

    fn gone(&mut self, connection: ConnectionId) {
        self.arrived(connection);
        if let Some(guest) = self.inside.remove(&connection) {
            self.inside_from.remove(guest.source);
        }
        if self.visits.remove(&connection).is_some_and(|visit| visit.is_turned_away) {
            self.waiting_room.remove(connection);
        }
    }

    /// The connection of one whose time is up.
    fn poll_overstayed(&mut self, cx: &mut Context<'_>) -> Poll<(PeerId, ConnectionId)> {
        loop {
            if self.bell.is_none() {
                let Some(first) = self.visits.values().map(|visit| visit.ends).min() else { return Poll::Pending };
                self.bell = Some(Box::pin(sleep_until(first)));
            }
            if let Some(bell) = &mut self.bell {
                std::task::ready!(bell.as_mut().poll(cx));
            }
            self.bell = None;
            let now = Instant::now();
            self.visits.retain(|_, visit| visit.is_turned_away || !self.admission.is_admitted(&visit.peer));
            if let Some((connection, visit)) = self.visits.iter_mut().find(|(_, visit)| visit.ends <= now) {
                // It is counted until the connection has closed, and told again if it has not.
                visit.ends = now + TURNED_AWAY_TIME;
                return Poll::Ready((visit.peer, *connection));
            }
        }
    }

    fn refuse(&self, shut: Shut) -> ConnectionDenied {
        self.conduct.connections.add();
        ConnectionDenied::new(shut)
    }
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.knock(connection, remote).map_err(|shut| self.refuse(shut))
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.arrived(connection);
        let guest = Guest::new(peer, remote, self.room.counts_loopback);
        self.enter(connection, guest).map_err(|shut| self.refuse(shut))?;
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
        match event {
            FromSwarm::ConnectionClosed(closed) => self.gone(closed.connection_id),
            FromSwarm::ListenFailure(failed) => self.gone(failed.connection_id),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        let leaving = self.admission.next_forgotten(cx).or_else(|| self.conduct.next_leaving(cx));
        if let Some(peer_id) = leaving {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::All });
        }
        let (peer_id, connection) = std::task::ready!(self.poll_overstayed(cx));
        tracing::debug!(peer.id = %peer_id, "a visitor's time is up");
        Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_has_no_more_connections_where_those_that_are_known_may_have_several() {
        let (admission, peer) = (Admission::default(), PeerId::random());
        let limits = PeerLimits::default();
        let mut door = Door::new(admission.clone(), Arc::default(), ConnectionSet::default(), &limits);
        let mut enter = |number| {
            let connection = ConnectionId::new_unchecked(number);
            door.enter(connection, Guest { peer, source: None })
        };
        let few = CONNECTIONS_PER_PEER_MAX as usize;
        assert!((0..few).all(|number| enter(number).is_ok()));
        assert!(matches!(enter(few), Err(Shut::PeerFull)));
        admission.admit(peer);
        assert!(enter(few).is_ok());
    }
}
