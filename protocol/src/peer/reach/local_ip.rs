//! Which of this machine's addresses leads to a peer: the kernel knows, and tells it
//! without sending anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// The source address of what is sent to `address` now.
pub(in crate::peer) fn towards(address: &Multiaddr) -> Option<IpAddr> {
    let ip = ip_of(address)?;
    let any: IpAddr = if ip.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).ok()?;
    socket.connect(SocketAddr::new(ip, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Whether this machine has the address now.
pub(super) fn is_ours(ip: IpAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(ip, 0)).is_ok()
}

/// Whether `ip` is of this machine or of its own network.
pub(in crate::peer) fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local(),
    }
}

/// The IP address that `address` begins with.
pub(in crate::peer) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_private_network_is_near() {
        for near in ["192.168.1.9", "10.0.0.2", "169.254.3.4", "127.0.0.1", "fd00::2", "fe80::1", "::1"] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["203.0.113.7", "100.64.0.1", "2001:db8::1"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn this_machine_reaches_itself_by_its_loopback() {
        let address = "/ip4/127.0.0.1/tcp/4040".parse().unwrap();
        assert_eq!(towards(&address), Some(IpAddr::from([127, 0, 0, 1])));
        assert!(is_ours(IpAddr::from([127, 0, 0, 1])) && !is_ours(IpAddr::from([192, 0, 2, 1])));
        assert_eq!(towards(&"/dns4/photos.example/tcp/4040".parse().unwrap()), None);
    }
}
