//! How often a peer may ask: a token bucket for each peer. It holds one
//! second's worth, so that a burst passes and a flood does not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use libp2p::PeerId;

use super::admission::Standing;
use crate::limits::RATED_PEERS_MAX;

/// Requests per second, by standing, over all conversations together.
#[derive(Debug)]
pub(super) struct Rates {
    admitted_per_second: u32,
    strangers_per_second: u32,
    buckets: Mutex<HashMap<PeerId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rates {
    pub(super) fn new(admitted_per_second: u32, strangers_per_second: u32) -> Self {
        Self { admitted_per_second, strangers_per_second, buckets: Mutex::default() }
    }

    /// Whether `peer` may ask one more thing at `now`.
    pub(super) fn allow(&self, peer: PeerId, standing: Standing, now: Instant) -> bool {
        let per_second = match standing {
            Standing::Admitted => self.admitted_per_second,
            Standing::Stranger | Standing::Waiting => self.strangers_per_second,
        };
        let per_second = f64::from(per_second);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= RATED_PEERS_MAX && !buckets.contains_key(&peer) {
            // A bucket not touched for a second is full again: nothing is lost with it.
            buckets.retain(|_, bucket| now.duration_since(bucket.filled).as_secs() < 1);
            if buckets.len() >= RATED_PEERS_MAX {
                return false;
            }
        }
        let bucket = buckets.entry(peer).or_insert(Bucket { tokens: per_second, filled: now });
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

    #[test]
    fn a_stranger_is_slowed_and_others_are_not() {
        let rates = Rates::new(100, 5);
        let (stranger, friend, now) = (PeerId::random(), PeerId::random(), Instant::now());
        let allowed = (0..50).filter(|_| rates.allow(stranger, Standing::Stranger, now)).count();
        assert_eq!(allowed, 5);
        assert!((0..100).all(|_| rates.allow(friend, Standing::Admitted, now)));
        let later = now + Duration::from_millis(400);
        let allowed = (0..50).filter(|_| rates.allow(stranger, Standing::Stranger, later)).count();
        assert_eq!(allowed, 2);
    }

    #[test]
    fn the_memory_of_peers_is_bounded() {
        let rates = Rates::new(100, 5);
        let now = Instant::now();
        for _ in 0..RATED_PEERS_MAX {
            assert!(rates.allow(PeerId::random(), Standing::Stranger, now));
        }
        assert!(!rates.allow(PeerId::random(), Standing::Stranger, now));
        let later = now + Duration::from_secs(2);
        assert!(rates.allow(PeerId::random(), Standing::Stranger, later));
        assert_eq!(rates.buckets.lock().unwrap().len(), 1);
    }
}
