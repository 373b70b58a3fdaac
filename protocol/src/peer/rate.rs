//! How often others may ask: a token bucket for each peer, and one for each address. It
//! holds one second's worth, so that a burst passes and a flood does not.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use libp2p::PeerId;

use super::admission::Standing;
use super::source::{Guest, Source};
use crate::limits::{PEERS_AT_FULL_SPEED_PER_ADDRESS, RATED_MAX};

/// Requests per second, by standing, over all conversations together.
#[derive(Debug)]
pub(super) struct Rates {
    admitted_per_second: u32,
    strangers_per_second: u32,
    peers: Buckets<PeerId>,
    /// Those we know take nothing from the strangers of their address, nor those from them.
    addresses: Buckets<(Source, bool)>,
}

impl Rates {
    pub(super) fn new(admitted_per_second: u32, strangers_per_second: u32) -> Self {
        Self { admitted_per_second, strangers_per_second, peers: Buckets::default(), addresses: Buckets::default() }
    }

    /// Whether `guest` may ask one more thing at `now`. What a peer asks too often is not
    /// counted against its address.
    pub(super) fn allow(&self, guest: Guest, standing: Standing, now: Instant) -> bool {
        let is_admitted = standing == Standing::Admitted;
        let per_second = if is_admitted { self.admitted_per_second } else { self.strangers_per_second };
        if !self.peers.take(guest.peer, per_second.into(), now) {
            return false;
        }
        let of_address = f64::from(per_second) * PEERS_AT_FULL_SPEED_PER_ADDRESS as f64;
        guest.source.is_none_or(|source| self.addresses.take((source, is_admitted), of_address, now))
    }
}

/// A bucket for each who asks.
#[derive(Debug)]
struct Buckets<K>(Mutex<HashMap<K, Bucket>>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Takes a token of `key`'s, of which there are so many `per_second`.
    fn take(&self, key: K, per_second: f64, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= RATED_MAX && !buckets.contains_key(&key) {
            // A bucket not touched for a second is full again: nothing is lost with it.
            buckets.retain(|_, bucket| now.duration_since(bucket.filled).as_secs() < 1);
            if buckets.len() >= RATED_MAX {
                return false;
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: per_second, filled: now });
        let earned = now.duration_since(bucket.filled).as_secs_f64() * per_second;
        bucket.tokens = (bucket.tokens + earned).min(per_second);
        bucket.filled = now;
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn guest() -> Guest {
        Guest { peer: PeerId::random(), source: None }
    }

    fn at(address: &str) -> Guest {
        Guest::new(PeerId::random(), &address.parse().unwrap(), false)
    }

    #[test]
    fn a_stranger_is_slowed_and_others_are_not() {
        let rates = Rates::new(100, 5);
        let (stranger, friend, now) = (guest(), guest(), Instant::now());
        let allowed = (0..50).filter(|_| rates.allow(stranger, Standing::Stranger, now)).count();
        assert_eq!(allowed, 5);
        assert!((0..100).all(|_| rates.allow(friend, Standing::Admitted, now)));
        let later = now + Duration::from_millis(400);
        let allowed = (0..50).filter(|_| rates.allow(stranger, Standing::Stranger, later)).count();
        assert_eq!(allowed, 2);
    }

    #[test]
    fn many_strangers_of_one_address_are_slowed_and_neither_its_friends_nor_others_are() {
        let rates = Rates::new(100, 5);
        let (house, now) = ("/ip4/203.0.113.5/tcp/1", Instant::now());
        let ask = |guest: Guest, standing| (0..5).filter(|_| rates.allow(guest, standing, now)).count();
        let allowed: usize = (0..100).map(|_| ask(at(house), Standing::Stranger)).sum();
        assert_eq!(allowed, 5 * PEERS_AT_FULL_SPEED_PER_ADDRESS);
        assert_eq!(ask(at(house), Standing::Admitted), 5);
        assert_eq!(ask(at("/ip4/203.0.113.6/tcp/1"), Standing::Stranger), 5);
    }

    #[test]
    fn who_asks_too_often_takes_nothing_from_others_of_its_address() {
        let rates = Rates::new(100, 5);
        let (house, now) = ("/ip4/203.0.113.5/tcp/1", Instant::now());
        let bad = at(house);
        let allowed = (0..1_000).filter(|_| rates.allow(bad, Standing::Stranger, now)).count();
        assert_eq!(allowed, 5);
        let good = at(house);
        assert!((0..5).all(|_| rates.allow(good, Standing::Stranger, now)));
    }

    #[test]
    fn the_memory_of_peers_is_bounded() {
        let rates = Rates::new(100, 5);
        let now = Instant::now();
        for _ in 0..RATED_MAX {
            assert!(rates.allow(guest(), Standing::Stranger, now));
        }
        assert!(!rates.allow(guest(), Standing::Stranger, now));
        let later = now + Duration::from_secs(2);
        assert!(rates.allow(guest(), Standing::Stranger, later));
        assert_eq!(rates.peers.0.lock().unwrap().len(), 1);
    }
}
