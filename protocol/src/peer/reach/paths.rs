//! By which way each connected peer is reached. Written by the swarm's behaviour, read
//! by everyone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use libp2p::PeerId;
use libp2p::core::{ConnectedPoint, Multiaddr};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;
use tokio::time::Instant;

use super::local_ip;
use crate::limits::RELAY_BULK_BYTES;

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

/// One connection.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) connection: ConnectionId,
    pub(super) relay: Option<PeerId>,
    pub(super) since: Instant,
    pub(super) is_dialled: bool,
    /// Of the interface that leads there.
    pub(super) local_ip: Option<IpAddr>,
    address: Multiaddr,
}

impl Way {
    pub(super) fn new(connection: ConnectionId, endpoint: &ConnectedPoint) -> Self {
        let circuit = match endpoint {
            ConnectedPoint::Dialer { address, .. } => address,
            ConnectedPoint::Listener { local_addr, .. } => local_addr,
        };
        let relay = if endpoint.is_relayed() { relay_of(circuit) } else { None };
        let address = endpoint.get_remote_address().clone();
        Self {
            connection,
            relay,
            since: Instant::now(),
            is_dialled: endpoint.is_dialer(),
            local_ip: if relay.is_none() { local_ip::towards(&address) } else { None },
            address,
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

    pub(super) fn add(&self, peer: PeerId, way: Way) {
        self.write().ways.entry(peer).or_default().push(way);
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

    fn dialled(address: &str) -> ConnectedPoint {
        ConnectedPoint::Dialer {
            address: address.parse().unwrap(),
            role_override: Endpoint::Dialer,
            port_use: PortUse::Reuse,
        }
    }

    #[test]
    fn print_files_wait_until_no_way_leads_through_a_relay() {
        let (paths, lab, host) = (Paths::default(), PeerId::random(), PeerId::random());
        assert_eq!(paths.path(&lab), None);
        let circuit = format!("/ip4/192.0.2.1/tcp/4040/p2p/{host}/p2p-circuit/p2p/{lab}");
        let relayed = ConnectionId::new_unchecked(1);
        paths.add(lab, Way::new(relayed, &dialled(&circuit)));
        assert_eq!(paths.path(&lab), Some(Path::Relayed { relay: host, takes_files: false }));
        paths.add(lab, Way::new(ConnectionId::new_unchecked(2), &dialled("/ip4/127.0.0.1/tcp/4042")));
        assert!(paths.path(&lab).unwrap().takes_files(), "the direct way is the better one");
        assert!(!paths.all_take_files(&lab), "a request could still go through the relay");
        paths.remove(&lab, relayed);
        assert!(paths.all_take_files(&lab));
    }

    #[test]
    fn a_relay_without_a_limit_takes_print_files() {
        let (paths, lab, host) = (Paths::default(), PeerId::random(), PeerId::random());
        let circuit = format!("/ip4/192.0.2.1/tcp/4040/p2p/{host}/p2p-circuit/p2p/{lab}");
        paths.add(lab, Way::new(ConnectionId::new_unchecked(1), &dialled(&circuit)));
        paths.set_terms(host, None);
        assert!(paths.all_take_files(&lab));
    }
}
