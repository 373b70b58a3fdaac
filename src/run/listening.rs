//! Where the roles listen unless told otherwise, and what to do when another program does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Error;
use enprint_host_index::HostError;
use enprint_node::NodeError;
use enprint_protocol::multiaddr::Protocol;
use enprint_protocol::{Multiaddr, ProtocolError};

/// The addresses given; or `port` on TCP and QUIC, IPv4 and IPv6.
pub fn at(given: Vec<Multiaddr>, port: u16) -> Vec<Multiaddr> {
    if !given.is_empty() {
        return given;
    }
    let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let tcp = any.map(|ip| Multiaddr::from(ip).with(Protocol::Tcp(port)));
    let quic = any.map(|ip| Multiaddr::from(ip).with(Protocol::Udp(port)).with(Protocol::QuicV1));
    tcp.into_iter().chain(quic).collect()
}

/// An error of a peer that began to listen, with what to do where its port is taken.
pub fn explained(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let is_taken = is_taken(&error);
    let error = Error::new(error);
    if !is_taken {
        return error;
    }
    error.context(
        "Another program may have the port, such as another enprint on this machine: end it, or choose another port with \
         --listen /ip4/0.0.0.0/tcp/4050,/ip4/0.0.0.0/udp/4050/quic-v1",
    )
}

/// Whether a peer could not listen where it should.
pub fn is_taken(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(NodeError::Protocol(ProtocolError::CantListen { .. })))
        || matches!(error.downcast_ref(), Some(HostError::Protocol(ProtocolError::CantListen { .. })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_from_what_else_is_in_the_way() {
        let taken = || ProtocolError::CantListen { address: "/ip4/0.0.0.0/tcp/4040".into(), reason: "in use".into() };
        assert!(is_taken(&NodeError::Protocol(taken())) && is_taken(&HostError::Protocol(taken())));
        let other = || ProtocolError::PeerStart { reason: "it can't listen at all".into() };
        assert!(!is_taken(&NodeError::Protocol(other())) && !is_taken(&HostError::Protocol(other())));
        assert!(explained(NodeError::Protocol(taken())).to_string().starts_with("Another program"));
    }

    #[test]
    fn a_role_listens_on_both_kinds_of_line_and_both_kinds_of_address() {
        let shown: Vec<_> = at(Vec::new(), 4040).iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["/ip4/0.0.0.0/tcp/4040", "/ip6/::/tcp/4040", "/ip4/0.0.0.0/udp/4040/quic-v1", "/ip6/::/udp/4040/quic-v1"]
        );
        let given: Multiaddr = "/ip4/127.0.0.1/tcp/0".parse().unwrap();
        assert_eq!(at(vec![given.clone()], 4040), [given]);
    }
}
