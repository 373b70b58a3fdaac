//! Whether an address can be listened at, asked before the swarm tries.

use std::io;
use std::net::{IpAddr, Ipv6Addr, TcpListener, UdpSocket};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// Fails if another program listens at `address`. libp2p lets programs share a TCP
/// port, so that peers would be led to one of them by chance.
pub(in crate::peer) fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let Some(ip) = parts.next().and_then(ip_of) else { return Ok(()) };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        Some(Protocol::Udp(port)) if port != 0 => UdpSocket::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// Whether a peer can do without `address`: it is “any IPv6 address”, and this machine
/// has no IPv6.
pub(in crate::peer) fn is_optional(address: &Multiaddr) -> bool {
    let any = Ipv6Addr::UNSPECIFIED;
    address.iter().next() == Some(Protocol::Ip6(any)) && UdpSocket::bind((any, 0)).is_err()
}

fn ip_of(part: Protocol<'_>) -> Option<IpAddr> {
    match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_found_taken_on_tcp_and_on_quic() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (tcp_port, udp_port) = (tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port());
        let addresses = [format!("/ip4/127.0.0.1/tcp/{tcp_port}"), format!("/ip4/127.0.0.1/udp/{udp_port}/quic-v1")];
        let [at_tcp, at_quic] = addresses.map(|address| address.parse().unwrap());
        assert!(check_free(&at_tcp).is_err() && check_free(&at_quic).is_err());
        drop((tcp, udp));
        assert!(check_free(&at_tcp).is_ok() && check_free(&at_quic).is_ok());
    }
}
