//! Where a connection comes from, as far as limits go: one machine, or one router with
//! all that is behind it. Knows no limit.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// An IPv4 address, or the first half of an IPv6 address: what a provider gives to one
/// customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    /// The source of a connection from `address`. None for what comes through a relay,
    /// which has counted it already, nor for this machine itself unless `counts_loopback`:
    /// all who come through a proxy on it come from there.
    pub(super) fn of(address: &Multiaddr, counts_loopback: bool) -> Option<Self> {
        let ip = match address.iter().next()? {
            Protocol::Ip4(ip) => IpAddr::from(ip),
            Protocol::Ip6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => ip.into(),
                None => ip.into(),
            },
            _ => return None,
        };
        if address.iter().any(|part| part == Protocol::P2pCircuit) || ip.is_loopback() && !counts_loopback {
            return None;
        }
        Some(Self(match ip {
            IpAddr::V4(_) => ip,
            IpAddr::V6(ip) => Ipv6Addr::from(u128::from(ip) >> 64 << 64).into(),
        }))
    }
}

/// A peer, with where its connection comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guest {
    pub(super) peer: PeerId,
    pub(super) source: Option<Source>,
}

impl Guest {
    /// `peer` at `address`; see [`Source::of`].
    pub(super) fn new(peer: PeerId, address: &Multiaddr, counts_loopback: bool) -> Self {
        Self { peer, source: Source::of(address, counts_loopback) }
    }
}

/// How many there are of each source.
#[derive(Debug, Default)]
pub(super) struct Tally(HashMap<Source, usize>);

impl Tally {
    /// What comes from no source is not counted.
    pub(super) fn count(&self, source: Option<Source>) -> usize {
        source.and_then(|source| self.0.get(&source).copied()).unwrap_or_default()
    }

    pub(super) fn add(&mut self, source: Option<Source>) {
        if let Some(source) = source {
            *self.0.entry(source).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, source: Option<Source>) {
        let Some(source) = source else { return };
        if let Some(count) = self.0.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Option<Source> {
        Source::of(&address.parse().unwrap(), false)
    }

    #[test]
    fn a_provider_s_customer_is_one_source_on_ipv6_too() {
        assert_eq!(of("/ip6/2001:db8:1:2:3::4/tcp/1"), of("/ip6/2001:db8:1:2:ffff::9/udp/2/quic-v1"));
        assert_ne!(of("/ip6/2001:db8:1:2::4/tcp/1"), of("/ip6/2001:db8:1:3::4/tcp/1"));
        assert_eq!(of("/ip4/203.0.113.5/tcp/1"), of("/ip6/::ffff:203.0.113.5/tcp/2"));
        assert_ne!(of("/ip4/203.0.113.5/tcp/1"), of("/ip4/203.0.113.6/tcp/1"));
    }

    #[test]
    fn a_relays_and_a_proxys_peers_are_not_taken_for_one() {
        let relay = "/ip4/203.0.113.5/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit";
        assert_eq!(of(relay), None);
        assert_eq!(of("/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"), None);
        assert_eq!(of("/ip4/127.0.0.1/tcp/1/ws"), None);
        assert!(Source::of(&"/ip4/127.0.0.1/tcp/1".parse().unwrap(), true).is_some());
    }

    #[test]
    fn what_is_counted_can_be_taken_off_and_leaves_nothing() {
        let (mut tally, source) = (Tally::default(), of("/ip4/203.0.113.5/tcp/1"));
        tally.add(source);
        tally.add(source);
        tally.remove(source);
        assert_eq!(tally.count(source), 1);
        tally.remove(source);
        tally.remove(source);
        assert_eq!((tally.count(source), tally.0.len()), (0, 0));
    }
}
