//! Reaching peers behind routers: which way leads to whom, places at relays, and where
//! this peer may be seen from outside. Opens no connection itself.
//!
//! | file | owns |
//! |---|---|
//! | `paths` | the ways to each peer |
//! | `reservations` | our places at relays |
//! | `guesses` | our own addresses, seen and guessed |
//! | `observed` | whose word on that counts |
//! | `local_ip` | which interface leads to a peer |
//! | `stale` | which of two connections to one peer goes |

mod guesses;
mod local_ip;
mod observed;
mod paths;
mod reservations;
mod stale;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, ListenOpts, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, dummy,
};
use tokio::time::{Instant, Sleep, sleep_until};

use guesses::Guesses;
pub(super) use local_ip::{ip_of, is_near, towards};
pub(super) use observed::Observed;
pub use paths::Path;
pub(super) use paths::{FarWay, Paths, Way};
use reservations::Reservations;

use super::beside::Transfers;
use super::watch::NewLines;

/// Where this peer was seen from outside, shared with whoever announces it.
pub(super) type SeenAt = Arc<RwLock<Vec<Multiaddr>>>;

type Action = ToSwarm<SeenAnew, Infallible>;

/// This peer is seen, or guessed to be, at one more address.
#[derive(Debug)]
pub(super) struct SeenAnew(pub(super) Multiaddr);

/// The part of the swarm that knows the ways.
pub(super) struct Reach {
    paths: Paths,
    new_lines: NewLines,
    transfers: Transfers,
    seen_at: SeenAt,
    reservations: Reservations,
    guesses: Guesses,
    actions: VecDeque<Action>,
    /// Rings when a place at a relay is to be asked for again.
    bell: Option<Pin<Box<Sleep>>>,
}

impl Reach {
    pub(super) fn new(paths: Paths, new_lines: NewLines, transfers: Transfers, seen_at: SeenAt) -> Self {
        Self {
            paths,
            new_lines,
            transfers,
            seen_at,
            reservations: Reservations::default(),
            guesses: Guesses::default(),
            actions: VecDeque::new(),
            bell: None,
        }
    }

    /// Reaches others, and can be reached, through `relay` from now on.
    pub(super) fn use_relay(&mut self, relay: PeerId, addresses: Vec<Multiaddr>) {
        let is_connected = self.is_direct(&relay);
        self.reservations.add(relay, addresses, is_connected, Instant::now());
        self.bell = None;
    }

    /// Whether a hole may have to be punched to `peer`: it may be met at a relay.
    pub(super) fn may_punch(&self, peer: &PeerId) -> bool {
        self.reservations.may_meet(peer)
    }

    /// Is not reached through `relay` any more; its place goes with the connection.
    pub(super) fn leave_relay(&mut self, relay: &PeerId) {
        self.reservations.remove(relay);
    }

    /// `relay` gave us a place.
    pub(super) fn granted(&mut self, relay: &PeerId) {
        self.reservations.granted(relay);
    }

    fn is_direct(&self, peer: &PeerId) -> bool {
        self.paths.ways(peer).iter().any(|way| way.relay.is_none())
    }

    fn on_connected(&mut self, peer: PeerId, way: Way) {
        if way.relay.is_none() {
            self.reservations.connected(&peer, Instant::now());
            self.bell = None;
        }
        let mut others = self.paths.ways(&peer);
        if way.relay.is_none() && self.transfers.may_come_beside(&peer) {
            // It may stand beside the direct ones. Where it replaces them, `beside/` says so.
            others.retain(|other| other.relay.is_some());
        }
        let closing = stale::to_close(&others, &way, self.reservations.contains(&peer));
        self.paths.add(peer, way);
        closing.into_iter().for_each(|connection| self.close(peer, connection));
    }

    fn on_closed(&mut self, peer: PeerId, connection: ConnectionId) {
        self.paths.remove(&peer, connection);
        if !self.is_direct(&peer) {
            self.paths.lose_place(&peer);
            self.reservations.disconnected(&peer);
        }
    }

    /// An address of this machine is gone: what went over it is dead, though TCP would
    /// find out in minutes only.
    fn on_address_gone(&mut self, gone: IpAddr) {
        for (peer, way) in self.paths.all() {
            if way.local_ip == Some(gone) {
                tracing::info!(peer.id = %peer, "the network changed; closing a connection that went over it");
                self.close(peer, way.connection);
            }
        }
    }

    fn close(&mut self, peer_id: PeerId, connection: ConnectionId) {
        self.actions.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) });
    }

    fn on_seen_at(&mut self, address: &Multiaddr) {
        for guess in self.guesses.seen_at(address) {
            self.actions.push_back(ToSwarm::NewExternalAddrCandidate(guess));
        }
        let mut seen_at = self.seen_at.write().unwrap_or_else(PoisonError::into_inner);
        if *seen_at != self.guesses.known() {
            *seen_at = self.guesses.known().to_vec();
            self.actions.push_back(ToSwarm::GenerateEvent(SeenAnew(address.clone())));
        }
    }

    fn ask_for_places(&mut self) {
        let actions = &mut self.actions;
        self.reservations.due(Instant::now(), |address| {
            let opts = ListenOpts::new(address);
            let listener = opts.listener_id();
            actions.push_back(ToSwarm::ListenOn { opts });
            listener
        });
    }
}

impl NetworkBehaviour for Reach {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = SeenAnew;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    /// Whoever is dialled may be found through a relay too.
    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        Ok(peer.map(|peer| self.reservations.circuits_to(peer)).unwrap_or_default())
    }

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
            FromSwarm::ConnectionEstablished(up) => {
                let count = self.new_lines.take(&up.peer_id, up.endpoint);
                self.on_connected(up.peer_id, Way::new(up.connection_id, up.endpoint, count));
            }
            FromSwarm::ConnectionClosed(down) => self.on_closed(down.peer_id, down.connection_id),
            FromSwarm::NewListenAddr(new) => self.guesses.listens_at(new.addr),
            FromSwarm::ExpiredListenAddr(gone) => {
                // A listener that is closed says the same of an address that is still there.
                if let Some(ip) = local_ip::ip_of(gone.addr).filter(|ip| !local_ip::is_ours(*ip)) {
                    self.on_address_gone(ip);
                }
            }
            FromSwarm::ListenerClosed(closed) => {
                if let Some(relay) = self.reservations.closed(closed.listener_id, Instant::now(), rand::random()) {
                    self.paths.lose_place(&relay);
                }
                self.bell = None;
            }
            FromSwarm::NewExternalAddrCandidate(seen) => self.on_seen_at(seen.addr),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Poll::Ready(action);
            }
            let Some(due) = self.reservations.next_due() else { return Poll::Pending };
            let bell = self.bell.get_or_insert_with(|| Box::pin(sleep_until(due)));
            std::task::ready!(bell.as_mut().poll(cx));
            self.bell = None;
            self.ask_for_places();
        }
    }
}
