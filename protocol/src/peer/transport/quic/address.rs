//! `/ip4/…/udp/…/quic-v1` and its like, to sockets and back. Names are looked up before.

use std::net::{IpAddr, SocketAddr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// The socket of a QUIC address, and the peer that is named at its end; `None` of any
/// other kind of address.
pub(super) fn parts(address: &Multiaddr) -> Option<(SocketAddr, Option<PeerId>)> {
    let mut rest = address.iter();
    let ip: IpAddr = match rest.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let (Protocol::Udp(port), Protocol::QuicV1) = (rest.next()?, rest.next()?) else { return None };
    let peer = match rest.next() {
        None => None,
        Some(Protocol::P2p(peer)) => Some(peer),
        Some(_) => return None,
    };
    rest.next().is_none().then_some((SocketAddr::new(ip, port), peer))
}

/// As [`parts`], of an address that can be called.
pub(super) fn callable(address: &Multiaddr) -> Option<(SocketAddr, Option<PeerId>)> {
    parts(address).filter(|(socket, _)| socket.port() != 0 && !socket.ip().is_unspecified())
}

/// The QUIC address of a socket.
pub(super) fn of(socket: SocketAddr) -> Multiaddr {
    Multiaddr::from(socket.ip()).with(Protocol::Udp(socket.port())).with(Protocol::QuicV1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Option<(SocketAddr, Option<PeerId>)> {
        parts(&address.parse().unwrap())
    }

    #[test]
    fn a_quic_address_is_a_socket_with_or_without_a_peer() {
        let (socket, peer): (SocketAddr, _) = ("[2001:db8::1]:4040".parse().unwrap(), PeerId::random());
        assert_eq!(read("/ip6/2001:db8::1/udp/4040/quic-v1"), Some((socket, None)));
        assert_eq!(read(&format!("/ip6/2001:db8::1/udp/4040/quic-v1/p2p/{peer}")), Some((socket, Some(peer))));
        assert_eq!(parts(&of(socket)), Some((socket, None)));
    }

    #[test]
    fn what_other_transports_speak_is_left_to_them() {
        let peer = PeerId::random();
        for other in [
            "/ip4/192.0.2.1/tcp/4040".to_owned(),
            "/ip4/192.0.2.1/udp/4040/quic".to_owned(),
            "/ip4/192.0.2.1/udp/4040/quic-v1/webtransport".to_owned(),
            "/dns4/photos.example/udp/4040/quic-v1".to_owned(),
            format!("/ip4/192.0.2.1/udp/4040/quic-v1/p2p/{peer}/p2p-circuit"),
        ] {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn nobody_calls_a_wildcard() {
        for wildcard in ["/ip4/0.0.0.0/udp/4040/quic-v1", "/ip4/192.0.2.1/udp/0/quic-v1"] {
            assert_eq!(callable(&wildcard.parse().unwrap()), None);
            assert!(read(wildcard).is_some());
        }
    }
}
