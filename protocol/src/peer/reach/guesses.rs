//! Where this peer may be reached from outside. What one peer has seen of us on one
//! transport is guessed for the others: home routers keep the port where they can, and
//! a port that was forwarded by hand is the one that we listen at.

use std::collections::BTreeSet;
use std::net::IpAddr;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::local_ip::ip_of;
use crate::limits::GUESSED_ADDRESSES_MAX;

/// Addresses that were seen or guessed, and the ports they are guessed from.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    known: Vec<Multiaddr>,
    listening: BTreeSet<Listening>,
}

/// A port of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Listening {
    is_ipv4: bool,
    is_quic: bool,
    port: u16,
}

impl Guesses {
    /// This peer listens at `address`.
    pub(super) fn listens_at(&mut self, address: &Multiaddr) {
        if let Some((ip, is_quic, port)) = parts(address)
            && self.listening.len() < GUESSED_ADDRESSES_MAX
        {
            self.listening.insert(Listening { is_ipv4: ip.is_ipv4(), is_quic, port });
        }
    }

    /// Another peer sees us at `address`: what else follows from it.
    pub(super) fn seen_at(&mut self, address: &Multiaddr) -> Vec<Multiaddr> {
        let Some((ip, ..)) = parts(address) else { return Vec::new() };
        self.note(address);
        let ports = self.listening.iter().filter(|at| at.is_ipv4 == ip.is_ipv4());
        let guesses: Vec<_> = ports.map(|at| joined(ip, at)).collect();
        guesses.into_iter().filter(|guess| self.note(guess)).collect()
    }

    /// All of them, what was seen before what was guessed of it.
    pub(super) fn known(&self) -> &[Multiaddr] {
        &self.known
    }

    /// Keeps an address; whether it is new. The oldest goes when there are too many.
    fn note(&mut self, address: &Multiaddr) -> bool {
        if self.known.contains(address) {
            return false;
        }
        if self.known.len() >= GUESSED_ADDRESSES_MAX {
            self.known.remove(0);
        }
        self.known.push(address.clone());
        true
    }
}

fn joined(ip: IpAddr, at: &Listening) -> Multiaddr {
    let address = Multiaddr::from(ip);
    match at.is_quic {
        true => address.with(Protocol::Udp(at.port)).with(Protocol::QuicV1),
        false => address.with(Protocol::Tcp(at.port)),
    }
}

/// The IP address, whether it is QUIC, and the port; of plain TCP and QUIC alone.
fn parts(address: &Multiaddr) -> Option<(IpAddr, bool, u16)> {
    let mut rest = address.iter().skip(1).filter(|part| !matches!(part, Protocol::P2p(_)));
    let ip = ip_of(address)?;
    // What goes on from there is a circuit, and the port is the relay's.
    match (rest.next()?, rest.next(), rest.next()) {
        (Protocol::Tcp(port), None, _) => Some((ip, false, port)),
        (Protocol::Udp(port), Some(Protocol::QuicV1), None) => Some((ip, true, port)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Multiaddr {
        address.parse().unwrap()
    }

    #[test]
    fn what_was_seen_on_tcp_is_guessed_for_quic() {
        let mut guesses = Guesses::default();
        guesses.listens_at(&at("/ip4/192.168.1.2/tcp/4041"));
        guesses.listens_at(&at("/ip4/192.168.1.2/udp/4041/quic-v1"));
        guesses.listens_at(&at("/ip6/fd00::2/udp/4041/quic-v1"));
        let found = guesses.seen_at(&at("/ip4/203.0.113.5/tcp/4041"));
        assert_eq!(found, [at("/ip4/203.0.113.5/udp/4041/quic-v1")]);
        assert!(guesses.seen_at(&found[0]).is_empty(), "a guess leads no further");
    }

    #[test]
    fn a_circuit_is_no_port_of_ours() {
        let mut guesses = Guesses::default();
        let relay = libp2p::PeerId::random();
        guesses.listens_at(&at(&format!("/ip4/198.51.100.1/udp/4040/quic-v1/p2p/{relay}/p2p-circuit")));
        guesses.listens_at(&at(&format!("/ip4/198.51.100.1/tcp/4040/p2p/{relay}/p2p-circuit")));
        assert!(guesses.seen_at(&at("/ip4/203.0.113.5/tcp/4041")).is_empty());
    }

    #[test]
    fn an_endless_row_of_observations_is_bounded() {
        let mut guesses = Guesses::default();
        guesses.listens_at(&at("/ip4/192.168.1.2/tcp/4041"));
        for port in 1..2_000_u16 {
            guesses.seen_at(&at(&format!("/ip4/203.0.113.5/tcp/{port}")));
        }
        assert!(guesses.known().len() <= GUESSED_ADDRESSES_MAX);
    }
}
