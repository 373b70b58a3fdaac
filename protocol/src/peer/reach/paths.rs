//! By which way each connected peer is reached. Written by the swarm's behaviour, read
//! by everyone.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::{ConnectedPoint, Multiaddr};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

use super::{local_ip, stale};
use crate::limits::RELAY_BULK_BYTES;
use crate::peer::watch::{Carrier, Line, LineWay, Meter};
use crate::peer::wire_count::WireTotals;

/// By which way a peer is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// Straight to it.
    Direct {
        /// Where it is, as seen from here.
        address: Multiaddr,
    },
    /// Through a host.
    Relayed {
        /// That host.
        relay: PeerId,
        /// Whether that host passes print files on.
        takes_files: bool,
    },
}

impl Path {
    /// The way in words, to follow “connected”.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Direct { .. } => "directly",
            Self::Relayed { takes_files: true, .. } => "through the host",
            Self::Relayed { takes_files: false, .. } => "through the host, which passes no print files on",
        }
    }

    /// Whether print files may go this way.
    pub fn takes_files(&self) -> bool {
        match self {
            Self::Direct { .. } => true,
            Self::Relayed { takes_files, .. } => *takes_files,
        }
    }
}

/// A connection of TCP's that leads straight to a peer.
#[derive(Debug, Clone)]
pub(in crate::peer) struct FarWay {
    pub(in crate::peer) is_dialled: bool,
    /// It came about by a hole in two routers.
    pub(in crate::peer) is_punched: bool,
    pub(in crate::peer) address: Multiaddr,
}

/// One connection.
#[derive(Debug, Clone)]
pub(in crate::peer) struct Way {
    pub(super) connection: ConnectionId,
    pub(super) relay: Option<PeerId>,
    pub(super) since: Instant,
    pub(super) is_dialled: bool,
    /// Of the interface that leads there.
    pub(super) local_ip: Option<IpAddr>,
    address: Multiaddr,
    meter: Meter,
}

impl Way {
    /// A connection that is just up, whose streams add to `count`.
    pub(in crate::peer) fn new(connection: ConnectionId, endpoint: &ConnectedPoint, count: Arc<WireTotals>) -> Self {
        let circuit = match endpoint {
            ConnectedPoint::Dialer { address, .. } => address,
            ConnectedPoint::Listener { local_addr, .. } => local_addr,
        };
        let relay = if endpoint.is_relayed() { relay_of(circuit) } else { None };
        let address = endpoint.get_remote_address().clone();
        let since = Instant::now();
        Self {
            connection,
            relay,
            since,
            is_dialled: endpoint.is_dialer(),
            local_ip: if relay.is_none() { local_ip::towards(&address) } else { None },
            address,
            meter: Meter::new(count, since),
        }
    }

    fn line(&self, peer_id: PeerId, shared: &Shared, now: Instant) -> Line {
        let is_local = local_ip::ip_of(&self.address).is_some_and(local_ip::is_near);
        let way = match self.relay {
            None => LineWay::Direct { carrier: Carrier::of(&self.address), is_local },
            Some(relay) => LineWay::Relayed { relay, takes_files: shared.takes_files(&relay) },
        };
        let (count, rate) = (self.meter.count(), self.meter.per_second(now));
        Line {
            peer_id,
            address: self.address.clone(),
            way,
            round_trip_us: self.meter.round_trip_us(),
            up_s: now.duration_since(self.since).as_secs(),
            sent_bytes: count.sent_bytes,
            received_bytes: count.received_bytes,
            sent_bytes_per_s: rate.sent_bytes,
            received_bytes_per_s: rate.received_bytes,
        }
    }
}

impl Shared {
    fn takes_files(&self, relay: &PeerId) -> bool {
        self.places.get(relay).copied().unwrap_or_default()
    }
}

/// The peer that a circuit's address goes through.
fn relay_of(circuit: &Multiaddr) -> Option<PeerId> {
    let before = circuit.iter().take_while(|part| *part != Protocol::P2pCircuit);
    before.filter_map(|part| if let Protocol::P2p(peer) = part { Some(peer) } else { None }).last()
}

/// The ways to all connected peers. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct Paths {
    shared: Arc<RwLock<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    ways: HashMap<PeerId, Vec<Way>>,
    /// Relays at which we have a place, and whether they pass print files on.
    places: HashMap<PeerId, bool>,
}

impl Paths {
    /// The best way to `peer`, if there is one.
    pub(in crate::peer) fn path(&self, peer: &PeerId) -> Option<Path> {
        let shared = self.read();
        let ways = shared.ways.get(peer)?;
        let best = ways.iter().min_by_key(|way| way.relay.is_some())?;
        Some(match best.relay {
            None => Path::Direct { address: best.address.clone() },
            Some(relay) => Path::Relayed { relay, takes_files: shared.takes_files(&relay) },
        })
    }

    /// Whether every way to `peer` takes print files: a request may go any of them.
    pub(in crate::peer) fn all_take_files(&self, peer: &PeerId) -> bool {
        let shared = self.read();
        let takes = |way: &Way| way.relay.is_none_or(|relay| shared.takes_files(&relay));
        shared.ways.get(peer).is_none_or(|ways| ways.iter().all(takes))
    }

    /// How many ways lead to `peer`.
    pub(in crate::peer) fn count(&self, peer: &PeerId) -> usize {
        self.read().ways.get(peer).map_or(0, Vec::len)
    }

    /// The ways to `peer`, if all are TCP's, straight, and longer than the local network,
    /// or `nearby` ones count too.
    pub(in crate::peer) fn far_tcp(
        &self,
        peer: &PeerId,
        punched: &HashSet<ConnectionId>,
        nearby: bool,
    ) -> Option<Vec<FarWay>> {
        let shared = self.read();
        let far = |way: &Way| {
            let is_near = local_ip::ip_of(&way.address).is_some_and(local_ip::is_near);
            let counts = way.relay.is_none() && Carrier::of(&way.address) == Carrier::Tcp && (nearby || !is_near);
            counts.then(|| FarWay {
                is_dialled: way.is_dialled,
                is_punched: punched.contains(&way.connection),
                address: way.address.clone(),
            })
        };
        shared.ways.get(peer)?.iter().map(far).collect()
    }

    /// Which ways to `peer` are gone, now that one turns out to have been opened for them.
    pub(in crate::peer) fn replaced_by(&self, peer: &PeerId, connection: ConnectionId) -> Vec<ConnectionId> {
        stale::replaced(&self.ways(peer), connection)
    }

    /// How many bytes `relay` lets through a circuit, as it said when it gave us a place.
    pub(in crate::peer) fn set_terms(&self, relay: PeerId, bytes: Option<u64>) {
        let mut shared = self.write();
        // A relay that names no limit, or one of zero, has none.
        let takes_files = bytes.is_none_or(|bytes| bytes == 0 || bytes >= RELAY_BULK_BYTES);
        shared.places.insert(relay, takes_files);
    }

    /// Our place at `relay` is lost.
    pub(in crate::peer) fn lose_place(&self, relay: &PeerId) {
        self.write().places.remove(relay);
    }

    /// Whether we have a place at `relay`.
    pub(in crate::peer) fn has_place(&self, relay: &PeerId) -> bool {
        self.read().places.contains_key(relay)
    }

    /// All connections, each as it is now; of one peer the best first.
    pub(in crate::peer) fn lines(&self, now: Instant) -> Vec<Line> {
        let shared = self.read();
        let mut lines = Vec::new();
        for (peer, ways) in &shared.ways {
            let mut ways: Vec<_> = ways.iter().collect();
            ways.sort_by_key(|way| way.relay.is_some());
            lines.extend(ways.into_iter().map(|way| way.line(*peer, &shared, now)));
        }
        lines
    }

    /// Looks at every connection's count: to be called every [`crate::limits::PULSE_LOOK`].
    pub(in crate::peer) fn look(&self, now: Instant) {
        self.write().ways.values_mut().flatten().for_each(|way| way.meter.look(now));
    }

    /// A ping to `peer` took `time` there and back.
    pub(in crate::peer) fn pinged(&self, peer: &PeerId, connection: ConnectionId, time: Duration) {
        let mut shared = self.write();
        let ways = shared.ways.get_mut(peer).into_iter().flatten();
        ways.filter(|way| way.connection == connection).for_each(|way| way.meter.pinged(time));
    }

    /// Bytes that crossed one connection in the last two looks.
    pub(in crate::peer) fn lately_bytes(&self, peer: &PeerId, connection: ConnectionId) -> u64 {
        let shared = self.read();
        let way = shared.ways.get(peer).into_iter().flatten().find(|way| way.connection == connection);
        way.map_or(0, |way| way.meter.lately_bytes())
    }

    pub(super) fn ways(&self, peer: &PeerId) -> Vec<Way> {
        self.read().ways.get(peer).cloned().unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<(PeerId, Way)> {
        let shared = self.read();
        let of_one = |(peer, ways): (&PeerId, &Vec<Way>)| {
            let peer = *peer;
            ways.iter().cloned().map(move |way| (peer, way)).collect::<Vec<_>>()
        };
        shared.ways.iter().flat_map(of_one).collect()
    }

    /// Whether `peer` is connected from `ip`, with no proxy or relay between.
    pub(in crate::peer) fn is_straight_from(&self, peer: &PeerId, ip: IpAddr) -> bool {
        let is_straight = |way: &Way| way.relay.is_none() && Carrier::of(&way.address) != Carrier::Websocket;
        self.ways(peer).iter().any(|way| is_straight(way) && local_ip::ip_of(&way.address) == Some(ip))
    }

    pub(in crate::peer) fn add(&self, peer: PeerId, way: Way) {
        // Nearly all have one way, and a list that grows begins with room for four.
        self.write().ways.entry(peer).or_insert_with(|| Vec::with_capacity(1)).push(way);
    }

    pub(super) fn remove(&self, peer: &PeerId, connection: ConnectionId) {
        let mut shared = self.write();
        if let Some(ways) = shared.ways.get_mut(peer) {
            ways.retain(|way| way.connection != connection);
            if ways.is_empty() {
                shared.ways.remove(peer);
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Shared> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shared> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::Endpoint;
    use libp2p::core::transport::PortUse;

    use super::*;
    use crate::peer::pulse::Pulses;
    use crate::peer::wire_count::WireCount;

    fn way(number: usize, dialled: &str) -> Way {
        let endpoint = ConnectedPoint::Dialer {
            address: dialled.parse().unwrap(),
            role_override: Endpoint::Dialer,
            port_use: PortUse::Reuse,
        };
        Way::new(ConnectionId::new_unchecked(number), &endpoint, Arc::default())
    }

    fn counted(number: usize, count: &Arc<WireTotals>) -> Way {
        let meter = Meter::new(count.clone(), Instant::now());
        Way { meter, ..way(number, "/ip4/203.0.113.7/udp/4042/quic-v1") }
    }

    #[test]
    fn print_files_wait_until_no_way_leads_through_a_relay() {
        let (paths, lab, host) = (Paths::default(), PeerId::random(), PeerId::random());
        assert_eq!(paths.path(&lab), None);
        let circuit = format!("/ip4/192.0.2.1/tcp/4040/p2p/{host}/p2p-circuit/p2p/{lab}");
        let relayed = ConnectionId::new_unchecked(1);
        paths.add(lab, way(1, &circuit));
        assert_eq!(paths.path(&lab), Some(Path::Relayed { relay: host, takes_files: false }));
        paths.add(lab, way(2, "/ip4/127.0.0.1/tcp/4042"));
        assert!(paths.path(&lab).unwrap().takes_files(), "the direct way is the better one");
        assert!(!paths.all_take_files(&lab), "a request could still go through the relay");
        paths.remove(&lab, relayed);
        assert!(paths.all_take_files(&lab));
    }

    #[test]
    fn a_relay_without_a_limit_takes_print_files() {
        let (paths, lab, host) = (Paths::default(), PeerId::random(), PeerId::random());
        let circuit = format!("/ip4/192.0.2.1/tcp/4040/p2p/{host}/p2p-circuit/p2p/{lab}");
        paths.add(lab, way(1, &circuit));
        paths.set_terms(host, None);
        assert!(paths.all_take_files(&lab));
    }

    #[test]
    fn other_peers_pings_do_not_hide_a_dead_line() {
        let (paths, now) = (Paths::default(), Instant::now());
        let (dead, busy) = (PeerId::random(), Arc::new(WireTotals::default()));
        paths.add(dead, counted(0, &Arc::default()));
        for number in 1..=300 {
            paths.add(PeerId::random(), counted(number, &busy));
        }
        busy.add(&WireCount { sent_bytes: 10_000_000, received_bytes: 10_000_000 });
        paths.look(now);
        let mut pulses = Pulses::default();
        let connection = ConnectionId::new_unchecked(0);
        assert!(pulses.is_dead(connection, false, paths.lately_bytes(&dead, connection)));
    }

    #[test]
    fn a_status_tells_the_direct_line_first_and_what_crosses_each() {
        let (paths, lab, host) = (Paths::default(), PeerId::random(), PeerId::random());
        let circuit = format!("/ip4/192.0.2.1/tcp/4040/p2p/{host}/p2p-circuit/p2p/{lab}");
        paths.add(lab, way(1, &circuit));
        let count = Arc::new(WireTotals::default());
        paths.add(lab, counted(2, &count));
        count.add(&WireCount { sent_bytes: 7, received_bytes: 9 });
        paths.pinged(&lab, ConnectionId::new_unchecked(2), Duration::from_millis(25));
        let lines = paths.lines(Instant::now());
        assert_eq!(lines[0].way, LineWay::Direct { carrier: Carrier::Quic, is_local: false });
        assert_eq!((lines[0].sent_bytes, lines[0].received_bytes, lines[0].round_trip_us), (7, 9, Some(25_000)));
        assert_eq!(lines[1].way, LineWay::Relayed { relay: host, takes_files: false });
        assert_eq!((lines[1].sent_bytes, lines[1].round_trip_us), (0, None));
    }
}
