//! What tests from outside have said of this peer's addresses.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use libp2p::Multiaddr;
use serde::{Deserialize, Serialize};

use crate::limits::TESTED_ADDRESSES_MAX;
use crate::peer::reach::ip_of;

/// Whether strangers to this peer's network can call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachability {
    /// A host has dialled it, without being called first.
    FromTheInternet,
    /// A host has tried, and did not get through.
    BehindARouter,
}

impl Reachability {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::FromTheInternet => "reachable from the internet",
            Self::BehindARouter => "behind a router that lets nobody in; peers meet at the host",
        }
    }
}

/// What is known now. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct Verdict {
    tested: Arc<RwLock<Vec<Tested>>>,
}

#[derive(Debug)]
struct Tested {
    address: Multiaddr,
    is_reached: bool,
}

impl Verdict {
    /// Whether this peer can be reached, if that was tried.
    pub(in crate::peer) fn reachability(&self) -> Option<Reachability> {
        let tested = self.tested.read().unwrap_or_else(PoisonError::into_inner);
        match tested.as_slice() {
            [] => None,
            some if some.iter().any(|one| one.is_reached) => Some(Reachability::FromTheInternet),
            _ => Some(Reachability::BehindARouter),
        }
    }

    /// Where it was reached.
    pub(in crate::peer) fn confirmed(&self) -> Vec<Multiaddr> {
        let tested = self.tested.read().unwrap_or_else(PoisonError::into_inner);
        tested.iter().filter(|one| one.is_reached).map(|one| one.address.clone()).collect()
    }

    /// A test has ended; whether that is news. The oldest goes when there are too many.
    pub(super) fn note(&self, address: &Multiaddr, is_reached: bool) -> bool {
        let mut tested = self.tested.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tested.iter_mut().find(|one| one.address == *address) {
            return std::mem::replace(&mut known.is_reached, is_reached) != is_reached;
        }
        if tested.len() >= TESTED_ADDRESSES_MAX {
            tested.remove(0);
        }
        tested.push(Tested { address: address.clone(), is_reached });
        true
    }

    /// This peer is at `ip` now: what was said of others of its kind is over. Gives those
    /// at which it was reached.
    pub(super) fn moved_to(&self, ip: IpAddr) -> Vec<Multiaddr> {
        let is_over =
            |one: &Tested| ip_of(&one.address).is_none_or(|other| other != ip && other.is_ipv4() == ip.is_ipv4());
        let mut tested = self.tested.write().unwrap_or_else(PoisonError::into_inner);
        let over = tested.extract_if(.., |one| is_over(one));
        over.filter(|one| one.is_reached).map(|one| one.address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Multiaddr {
        address.parse().unwrap()
    }

    #[test]
    fn one_address_that_was_reached_is_enough_and_until_a_test_nothing_is_said() {
        let verdict = Verdict::default();
        assert_eq!(verdict.reachability(), None);
        assert!(verdict.note(&at("/ip4/203.0.113.5/tcp/4041"), false));
        assert!(!verdict.note(&at("/ip4/203.0.113.5/tcp/4041"), false), "that is no news");
        assert_eq!(verdict.reachability(), Some(Reachability::BehindARouter));
        assert!(verdict.note(&at("/ip6/2001:db8::5/tcp/4041"), true));
        assert_eq!(verdict.reachability(), Some(Reachability::FromTheInternet));
        assert_eq!(verdict.confirmed(), [at("/ip6/2001:db8::5/tcp/4041")]);
    }

    #[test]
    fn a_laptop_that_was_carried_away_is_not_said_to_be_where_it_was() {
        let verdict = Verdict::default();
        verdict.note(&at("/ip4/203.0.113.5/tcp/4041"), true);
        verdict.note(&at("/ip6/2001:db8::5/tcp/4041"), true);
        assert!(verdict.moved_to("203.0.113.5".parse().unwrap()).is_empty());
        assert_eq!(verdict.moved_to("198.51.100.7".parse().unwrap()), [at("/ip4/203.0.113.5/tcp/4041")]);
        assert_eq!(verdict.confirmed(), [at("/ip6/2001:db8::5/tcp/4041")]);
    }

    #[test]
    fn a_router_with_another_port_for_each_connection_fills_no_memory() {
        let verdict = Verdict::default();
        for port in 1..2_000_u16 {
            verdict.note(&at(&format!("/ip4/203.0.113.5/tcp/{port}")), false);
        }
        assert!(verdict.tested.read().unwrap().len() <= TESTED_ADDRESSES_MAX);
    }
}
