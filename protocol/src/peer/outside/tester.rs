//! A photographer's or a lab's side: asks hosts to dial it where it may be found. Of what
//! could be asked it asks little, since each test costs the host a dial, and of an address
//! that the host does not see us at up to 100 KB, so that nobody is dialled to harm him:
//!
//! - addresses of the internet alone; on a local network peers find each other by mDNS
//! - QUIC only where TCP was reached, or is not spoken: routers open both or none
//! - a few for each connection

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::task::{Context, Poll};

use libp2p::autonat::v2::client;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NewExternalAddrCandidate, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, swarm};
use tokio::time::Instant;

use super::Verdict;
use crate::limits::{TEST_EVERY, TEST_TIME, TESTED_ADDRESSES_MAX, TESTS_PER_CONNECTION_MAX};
use crate::peer::connection_set::ConnectionSet;
use crate::peer::reach::{Paths, ip_of, is_near};

type Action = ToSwarm<VerdictChanged, THandlerInEvent<client::Behaviour>>;

/// More, or something else, is known about where this peer can be reached.
#[derive(Debug)]
pub(in crate::peer) struct VerdictChanged(pub(in crate::peer) Multiaddr);

/// The tests of all connections.
pub(in crate::peer) struct Tester {
    verdict: Verdict,
    /// Where we may be, the newest last; at most [`TESTED_ADDRESSES_MAX`].
    candidates: Vec<Multiaddr>,
    /// Open at the router, as it says.
    open: Vec<OpenPort>,
    /// The router was not asked yet: what it opens would be tried too early.
    waits: bool,
    /// One for each connection that we dialled.
    tests: HashMap<ConnectionId, Test>,
    /// For connections that others dialled: what they bring back goes to a test of theirs.
    door: client::Behaviour,
    paths: Paths,
    /// Requests of ours go over others, if there are any.
    apart: ConnectionSet,
    actions: VecDeque<Action>,
}

/// A port of ours as it is outside a router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::peer) struct OpenPort {
    pub(in crate::peer) is_quic: bool,
    pub(in crate::peer) number: u16,
}

/// What is tried by one connection.
struct Test {
    peer: PeerId,
    client: client::Behaviour,
    asked: Vec<Multiaddr>,
    /// Libp2p would ask for ever where a host does not answer.
    ends: Instant,
}

impl Tester {
    /// Before `waits` is over nothing is tried: see [`Self::router_opened`].
    pub(in crate::peer) fn new(verdict: Verdict, waits: bool, paths: Paths, apart: ConnectionSet) -> Self {
        Self {
            verdict,
            candidates: Vec::new(),
            open: Vec::new(),
            waits,
            tests: HashMap::new(),
            door: client(),
            paths,
            apart,
            actions: VecDeque::new(),
        }
    }

    /// The router was asked, and opened `open`. Where that leads is known when somebody
    /// sees us: its own word on that is not needed.
    pub(in crate::peer) fn router_opened(&mut self, open: Vec<OpenPort>) {
        if !self.waits && self.open == open {
            return;
        }
        (self.open, self.waits) = (open, false);
        let seen: Vec<_> = self.candidates.iter().filter_map(ip_of).collect();
        for ip in seen {
            self.add_open(ip);
            self.ask(ip);
        }
    }

    fn add_open(&mut self, ip: IpAddr) {
        let at = |port: &OpenPort| {
            let address = Multiaddr::from(ip);
            match port.is_quic {
                true => address.with(Protocol::Udp(port.number)).with(Protocol::QuicV1),
                false => address.with(Protocol::Tcp(port.number)),
            }
        };
        if ip.is_ipv4() {
            let open: Vec<_> = self.open.iter().map(at).collect();
            open.into_iter().for_each(|address| self.add(address));
        }
    }

    fn add(&mut self, address: Multiaddr) {
        if !self.candidates.contains(&address) {
            if self.candidates.len() >= TESTED_ADDRESSES_MAX {
                self.candidates.remove(0);
            }
            self.candidates.push(address);
        }
    }

    /// We are seen at `address`, or guess that we are there.
    fn may_be_at(&mut self, address: &Multiaddr) {
        let Some(ip) = ip_of(address).filter(|ip| !is_near(*ip)) else { return };
        if !is_quic(address) && !is_tcp(address) {
            return;
        }
        for over in self.verdict.moved_to(ip) {
            self.actions.push_back(ToSwarm::ExternalAddrExpired(over));
        }
        self.candidates.retain(|known| is_of_another_kind(known, ip) || ip_of(known) == Some(ip));
        self.add(address.clone());
        self.add_open(ip);
        self.ask(ip);
    }

    /// Has our addresses at `ip` tried by every connection by which they were not.
    fn ask(&mut self, ip: IpAddr) {
        if self.waits {
            return;
        }
        let here: Vec<_> = self.candidates.iter().filter(|known| ip_of(known) == Some(ip)).cloned().collect();
        let confirmed = self.verdict.confirmed();
        let tcp_is_open = confirmed.iter().any(|known| is_tcp(known) && ip_of(known) == Some(ip));
        let may_ask = |known: &Multiaddr| tcp_is_open || is_tcp(known) || !here.iter().any(is_tcp);
        for address in here.iter().filter(|known| may_ask(known)) {
            self.tests.values_mut().for_each(|test| test.ask(address));
        }
    }

    fn ended(&mut self, address: &Multiaddr, is_reached: bool) {
        tracing::debug!(%address, is_reached, "a host tried to reach this peer");
        if self.verdict.note(address, is_reached) {
            self.actions.push_back(ToSwarm::GenerateEvent(VerdictChanged(address.clone())));
        }
        let ip = ip_of(address).filter(|_| is_reached);
        ip.into_iter().for_each(|ip| self.ask(ip));
    }

    fn poll_tests(&mut self, cx: &mut Context<'_>) -> Poll<Action> {
        let now = Instant::now();
        for test in self.tests.values_mut().filter(|test| now < test.ends) {
            let Poll::Ready(action) = test.client.poll(cx) else { continue };
            let (address, is_reached) = match action {
                ToSwarm::ExternalAddrConfirmed(address) => (address, true),
                ToSwarm::GenerateEvent(event) => (event.tested_addr, event.result.is_ok()),
                other => return Poll::Ready(other.map_out(|event| VerdictChanged(event.tested_addr))),
            };
            self.ended(&address, is_reached);
            return Poll::Ready(match is_reached {
                true => ToSwarm::ExternalAddrConfirmed(address),
                false => ToSwarm::ExternalAddrExpired(address),
            });
        }
        Poll::Pending
    }
}

impl Test {
    fn ask(&mut self, address: &Multiaddr) {
        if self.asked.len() >= TESTS_PER_CONNECTION_MAX || self.asked.contains(address) {
            return;
        }
        self.asked.push(address.clone());
        self.ends = Instant::now() + TEST_TIME;
        let candidate = NewExternalAddrCandidate { addr: address };
        self.client.on_swarm_event(FromSwarm::NewExternalAddrCandidate(candidate));
    }
}

fn client() -> client::Behaviour {
    client::Behaviour::new(rand::make_rng(), client::Config::default().with_probe_interval(TEST_EVERY))
}

fn is_of_another_kind(address: &Multiaddr, ip: IpAddr) -> bool {
    ip_of(address).is_some_and(|other| other.is_ipv4() != ip.is_ipv4())
}

fn is_tcp(address: &Multiaddr) -> bool {
    let is_plain = address.iter().skip(2).all(|part| matches!(part, Protocol::P2p(_)));
    is_plain && matches!(address.iter().nth(1), Some(Protocol::Tcp(_)))
}

fn is_quic(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::QuicV1) && !address.iter().any(|part| part == Protocol::P2pCircuit)
}

impl NetworkBehaviour for Tester {
    type ConnectionHandler = THandler<client::Behaviour>;
    type ToSwarm = VerdictChanged;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        // Hosts call for nothing else.
        if self.paths.has_place(&peer) {
            self.apart.add(connection);
        }
        self.door.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let mut test = Test { peer, client: client(), asked: Vec::new(), ends: Instant::now() };
        let handler = test.client.handle_established_outbound_connection(connection, peer, address, role, port);
        self.tests.insert(connection, test);
        handler
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(up) => {
                if let Some(test) = self.tests.get_mut(&up.connection_id) {
                    test.client.on_swarm_event(FromSwarm::ConnectionEstablished(up));
                }
            }
            FromSwarm::ConnectionClosed(swarm::ConnectionClosed { connection_id, .. })
            | FromSwarm::DialFailure(swarm::DialFailure { connection_id, .. }) => {
                self.tests.remove(&connection_id);
                self.apart.remove(connection_id);
            }
            FromSwarm::NewExternalAddrCandidate(candidate) => self.may_be_at(candidate.addr),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        // What is brought back (right) comes by a connection that was dialled there.
        let test = match event.is_right() {
            true => self.tests.values_mut().find(|test| test.peer == peer),
            false => self.tests.get_mut(&connection),
        };
        if let Some(test) = test {
            test.client.on_connection_handler_event(peer, connection, event);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.actions.pop_front() {
            Some(action) => Poll::Ready(action),
            None => self.poll_tests(cx),
        }
    }
}
