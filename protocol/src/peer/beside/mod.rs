//! Connections beside the first, over which files go to a lab from a sender whose system
//! does not let TCP find its pace, where QUIC does not get through: each of them loses its own
//! packets, and slows down alone. They are opened while something is carried, and closed
//! when it is over. Requests spread over all connections of a peer by themselves.
//!
//! | file | owns |
//! |---|---|
//! | `transfers` | with whom files are being carried |
//! | `told` | what both ends say of it |
//! | `plan` | who dials, how many |
//! | `again` | when, after one did not come about, or broke |

mod again;
mod plan;
mod told;
mod transfers;

use std::collections::{HashMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{ConnectedPoint, Endpoint, Multiaddr};
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::admission::Admission;
use super::config::PeerConfig;
use super::reach::Paths;
use crate::limits::{PATH_SETTLING, SEVERAL_LOOK};
use again::Again;
use plan::{End, Opened, to_dial};
use told::{Said, Telling};
pub(super) use transfers::{Carried, Transfers};

/// Opens and closes them, and tells those of others from connections that replace what a
/// peer has lost.
pub(super) struct Beside {
    says: Said,
    admission: Admission,
    paths: Paths,
    transfers: Transfers,
    /// How long a transfer lasts before, and how long after.
    after: Duration,
    idle: Duration,
    nearby: bool,
    peers: HashMap<PeerId, Peer>,
    actions: VecDeque<ToSwarm<Infallible, Infallible>>,
    /// Rings at the next look.
    bell: Option<Pin<Box<Sleep>>>,
}

/// One that is connected.
#[derive(Default)]
struct Peer {
    said: Said,
    /// Those that we opened.
    own: HashMap<ConnectionId, State>,
    punched: HashSet<ConnectionId>,
    /// Those of which it said that they stand beside others.
    beside: HashSet<ConnectionId>,
    /// Those that it opened and has not said yet what they are, until when it may.
    untold: HashMap<ConnectionId, Instant>,
    again: Again,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Coming,
    /// Since then.
    Up(Instant),
    Leaving,
}

impl State {
    fn is_up(&self) -> bool {
        matches!(self, Self::Up(_))
    }
}

impl Beside {
    pub(super) fn new(config: &PeerConfig, has_pace: bool, paths: Paths, transfers: Transfers) -> Self {
        Self {
            says: Said::by(config.role, has_pace),
            admission: config.admission.clone(),
            paths,
            transfers,
            after: config.limits.several_after,
            idle: config.limits.several_idle,
            nearby: config.limits.several_nearby,
            peers: HashMap::new(),
            actions: VecDeque::new(),
            bell: None,
        }
    }

    /// That connection came about by a hole in two routers.
    pub(super) fn punched(&mut self, peer: PeerId, connection: ConnectionId) {
        self.peers.entry(peer).or_default().punched.insert(connection);
    }

    /// At which end of files from or to such a peer we are, if several connections help.
    fn end(&self, other: Said) -> Option<End> {
        match (self.says, other) {
            (Said { is_unpaced: true, .. }, Said { takes: true, .. }) => Some(End::Sends),
            (Said { takes: true, .. }, Said { is_unpaced: true, .. }) => Some(End::Takes),
            _ => None,
        }
    }

    fn on_said(&mut self, id: PeerId, connection: ConnectionId, said: Said) {
        let end = self.end(said);
        let peer = self.peers.entry(id).or_default();
        peer.said = Said { is_beside: false, ..said };
        let was_untold = peer.untold.remove(&connection).is_some();
        self.transfers.set_beside(id, end.is_some());
        if said.is_beside {
            peer.beside.insert(connection);
        } else if was_untold {
            self.replaced_by(id, connection);
        }
    }

    /// The peer has opened a connection since it has lost the others, and with them all that
    /// stood beside them, however new.
    fn replaced_by(&mut self, id: PeerId, connection: ConnectionId) {
        let mut lost = self.paths.replaced_by(&id, connection);
        if let Some(peer) = self.peers.get(&id).filter(|_| !lost.is_empty()) {
            let beside = peer.beside.iter().filter(|other| **other != connection && !lost.contains(other));
            lost.extend(beside.copied().collect::<Vec<_>>());
        }
        for old in lost {
            self.close(id, old);
        }
    }

    fn on_up(&mut self, id: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let may_come = self.transfers.may_come_beside(&id);
        let peer = self.peers.entry(id).or_default();
        if let Some(state) = peer.own.get_mut(&connection) {
            let now = Instant::now();
            *state = State::Up(now);
            self.open(id, now);
        } else if may_come && endpoint.is_listener() && !endpoint.is_relayed() {
            peer.untold.insert(connection, Instant::now() + PATH_SETTLING);
        }
    }

    fn on_down(&mut self, id: PeerId, connection: ConnectionId, others: usize) {
        if others == 0 {
            self.peers.remove(&id);
            return self.transfers.set_beside(id, false);
        }
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.punched.remove(&connection);
        peer.untold.remove(&connection);
        peer.beside.remove(&connection);
        peer.lose(connection);
    }

    /// Looks at all peers: who needs more connections, who needs them no more, and who did
    /// not say what a connection is.
    fn look(&mut self, now: Instant) {
        self.transfers.forget_idle(now, self.idle);
        let ids: Vec<PeerId> = self.peers.keys().copied().collect();
        for id in ids {
            match self.transfers.since(&id) {
                Some(_) => self.open(id, now),
                None => self.let_go(id),
            }
            self.give_up_hearing(id, now);
        }
    }

    /// Once a transfer has lasted for a while.
    fn open(&mut self, id: PeerId, now: Instant) {
        let is_long = self.transfers.since(&id).is_some_and(|since| now.duration_since(since) >= self.after);
        let Some(peer) = self.peers.get(&id).filter(|_| is_long) else { return };
        let Some(end) = self.end(peer.said).filter(|_| self.admission.is_admitted(&id)) else { return };
        if !peer.again.may_be(now) {
            return;
        }
        let Some(ways) = self.paths.far_tcp(&id, &peer.punched, self.nearby) else { return };
        let Some((address, count)) = to_dial(end, &ways, peer.opened()) else { return };
        tracing::debug!(peer.id = %id, count, "TCP finds no pace; more connections are opened");
        for _ in 0..count {
            self.dial(id, address.clone());
        }
    }

    /// By a port of its own each: two connections of the same ports are one.
    fn dial(&mut self, id: PeerId, address: Multiaddr) {
        let options = DialOpts::peer_id(id).addresses(vec![address]).condition(PeerCondition::Always);
        let opts = options.allocate_new_port().build();
        self.peers.entry(id).or_default().own.insert(opts.connection_id(), State::Coming);
        self.actions.push_back(ToSwarm::Dial { opts });
    }

    /// Closes those that we opened, but the last way to the peer.
    fn let_go(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get(&id) else { return };
        let mut ways = self.paths.count(&id);
        let up: Vec<_> = peer.own.iter().filter(|(_, state)| state.is_up()).map(|(id, _)| *id).collect();
        for connection in up {
            if ways > 1 {
                ways -= 1;
                self.close(id, connection);
            } else if let Some(peer) = self.peers.get_mut(&id) {
                // From now on it is the connection.
                peer.own.remove(&connection);
            }
        }
    }

    /// A peer that says nothing for so long is taken for one that came back.
    fn give_up_hearing(&mut self, id: PeerId, now: Instant) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let silent: Vec<_> = peer.untold.extract_if(|_, until| *until <= now).collect();
        for (connection, _) in silent {
            self.replaced_by(id, connection);
        }
    }

    fn close(&mut self, peer_id: PeerId, connection: ConnectionId) {
        if let Some(state) = self.peers.get_mut(&peer_id).and_then(|peer| peer.own.get_mut(&connection)) {
            *state = State::Leaving;
        }
        self.actions.push_back(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) });
    }

    fn has_work(&self) -> bool {
        !self.transfers.is_empty() || self.peers.values().any(|peer| !peer.own.is_empty() || !peer.untold.is_empty())
    }
}

impl Peer {
    fn opened(&self) -> Opened {
        let count = |is: fn(&State) -> bool| self.own.values().filter(|state| is(state)).count();
        Opened { up: count(State::is_up), coming: count(|state| *state == State::Coming) }
    }

    /// One did not come about, or has ended.
    fn lose(&mut self, connection: ConnectionId) {
        let now = Instant::now();
        match self.own.remove(&connection) {
            Some(State::Coming) => self.again.failed(now, Duration::ZERO),
            Some(State::Up(since)) => self.again.failed(now, now.duration_since(since)),
            Some(State::Leaving) | None => {}
        }
    }
}

impl NetworkBehaviour for Beside {
    type ConnectionHandler = Telling;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Telling::new(self.says))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let is_beside = self.peers.get(&peer).is_some_and(|peer| peer.own.contains_key(&connection));
        Ok(Telling::new(Said { is_beside, ..self.says }))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(up) => self.on_up(up.peer_id, up.connection_id, up.endpoint),
            FromSwarm::ConnectionClosed(down) => {
                self.on_down(down.peer_id, down.connection_id, down.remaining_established);
            }
            FromSwarm::DialFailure(failed) => {
                if let Some(peer) = failed.peer_id.and_then(|id| self.peers.get_mut(&id)) {
                    peer.lose(failed.connection_id);
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, said: THandlerOutEvent<Self>) {
        self.on_said(peer, connection, said);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Poll::Ready(action);
            }
            if !self.has_work() {
                self.bell = None;
                return Poll::Pending;
            }
            let bell = self.bell.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + SEVERAL_LOOK)));
            std::task::ready!(bell.as_mut().poll(cx));
            self.bell = None;
            self.look(Instant::now());
        }
    }
}
