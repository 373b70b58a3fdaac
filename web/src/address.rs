//! Who is asking: the address of the client, through a proxy if that proxy is
//! trusted, and the key under which connections and tries are counted.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::HeaderMap;
use warp::Filter;

use crate::limits::FORWARDED_BYTES_MAX;

/// The address of the client that made a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The client at `address`; an IPv4 address in IPv6 clothes counts as IPv4.
    pub fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The whole address.
    pub fn ip(self) -> IpAddr {
        self.0
    }

    /// What counts as one client: the address, or for IPv6 its /64, since a single
    /// household owns all addresses of one.
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }

    /// The client behind `peer`. Its word about whom it speaks for is taken only if
    /// it is one of `trusted`: the last address in `X-Forwarded-For` that is not a
    /// trusted proxy itself.
    pub(crate) fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let peer = Self::new(peer);
        if !trusted.contains(&peer.0) {
            return peer;
        }
        let named = headers
            .get_all("x-forwarded-for")
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
            .filter(|line| line.len() <= FORWARDED_BYTES_MAX)
            .and_then(|line| last_stranger(line, trusted));
        named.unwrap_or(peer)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A filter that gives a handler the client's address.
pub fn client_address() -> impl Filter<Extract = (ClientAddress,), Error = Infallible> + Clone {
    let unknown = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    warp::ext::optional::<ClientAddress>().map(move |address: Option<ClientAddress>| address.unwrap_or(unknown))
}

fn last_stranger(line: &str, trusted: &[IpAddr]) -> Option<ClientAddress> {
    let mut addresses = line.rsplit(',').map(|part| part.trim().parse::<IpAddr>());
    addresses
        .find(|address| !matches!(address, Ok(known) if trusted.contains(&known.to_canonical())))?
        .ok()
        .map(ClientAddress::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behind(peer: &str, forwarded: &str, trusted: &[IpAddr]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        ClientAddress::behind(peer.parse().unwrap(), &headers, trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(behind("203.0.113.9", "198.51.100.1", &[]), "203.0.113.9");
        let proxy = ["127.0.0.1".parse().unwrap()];
        assert_eq!(behind("203.0.113.9", "198.51.100.1", &proxy), "203.0.113.9");
        let lied = "10.9.9.9, 198.51.100.1, 127.0.0.1";
        assert_eq!(behind("127.0.0.1", lied, &proxy), "198.51.100.1");
        assert_eq!(behind("127.0.0.1", "nonsense", &proxy), "127.0.0.1");
    }

    #[test]
    fn one_household_is_one_client() {
        let of = |text: &str| ClientAddress::new(text.parse().unwrap()).network();
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
