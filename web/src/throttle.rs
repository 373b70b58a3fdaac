//! Limits on tries: a bucket of tokens for each key and one for all together.
//! Memory is bounded; the clock can be a test's.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::WebError;
use crate::limits::{THROTTLE_KEYS_MAX, TRIES_IN_ALL, TRIES_PER_ADDRESS, TRIES_PERIOD_MS};

/// Where a throttle's time comes from.
pub type Clock = fn() -> Instant;

/// Counts tries by `K`, usually [`ClientAddress::network`](crate::ClientAddress::network).
#[derive(Debug)]
pub struct Throttle<K> {
    per_key: u32,
    in_all: u32,
    period: Duration,
    clock: Clock,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    keys: HashMap<K, Bucket>,
    all: Bucket,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tries_left: f64,
    filled_at: Instant,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// For access codes and log-ins: ten tries in five minutes for each key, 600 in all.
    pub fn for_codes() -> Self {
        let period = Duration::from_millis(TRIES_PERIOD_MS);
        Self::new(TRIES_PER_ADDRESS, TRIES_IN_ALL, period, Instant::now)
    }

    /// At most `per_key` tries of one key and `in_all` of all keys at once; they come
    /// back evenly over `period`.
    pub fn new(per_key: u32, in_all: u32, period: Duration, clock: Clock) -> Self {
        let all = Bucket::full(in_all, clock());
        let keys = HashMap::new();
        Self { per_key, in_all, period, clock, state: Mutex::new(State { keys, all }) }
    }

    /// Takes one try of `key`.
    ///
    /// # Errors
    /// [`WebError::TooMany`] with the seconds until the next one is free. Then
    /// nothing was taken.
    pub fn take(&self, key: &K) -> Result<(), WebError> {
        let now = (self.clock)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = state.keys.get(key).copied();
        let own = own.get_or_insert(Bucket::full(self.per_key, now));
        own.refill(self.per_key, self.period, now);
        state.all.refill(self.in_all, self.period, now);
        own.check(self.per_key, self.period)?;
        state.all.check(self.in_all, self.period)?;
        own.tries_left -= 1.0;
        state.all.tries_left -= 1.0;
        state.make_room_for(key);
        state.keys.insert(key.clone(), *own);
        Ok(())
    }

    /// Gives `key` back the one try that was right, so that guests behind one address
    /// do not use up each other's. Wrong ones stay counted: who knows one code shall
    /// not guess at others the faster.
    pub fn give_back(&self, key: &K) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.all.give_back(self.in_all);
        if let Some(own) = state.keys.get_mut(key) {
            own.give_back(self.per_key);
        }
    }

    /// How many keys are remembered.
    pub fn remembered(&self) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keys.len()
    }
}

impl<K: Hash + Eq + Clone> State<K> {
    /// Forgets the key that has been quiet longest, if there is no room for another.
    fn make_room_for(&mut self, key: &K) {
        if self.keys.len() < THROTTLE_KEYS_MAX || self.keys.contains_key(key) {
            return;
        }
        let quietest = self.keys.iter().min_by_key(|(_, bucket)| bucket.filled_at);
        if let Some(quietest) = quietest.map(|(key, _)| key.clone()) {
            self.keys.remove(&quietest);
        }
    }
}

impl Bucket {
    fn full(size: u32, now: Instant) -> Self {
        Self { tries_left: f64::from(size), filled_at: now }
    }

    fn refill(&mut self, size: u32, period: Duration, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at);
        let back = f64::from(size) * passed.as_secs_f64() / period.as_secs_f64();
        self.tries_left = (self.tries_left + back).min(f64::from(size));
        self.filled_at = now;
    }

    fn give_back(&mut self, size: u32) {
        self.tries_left = (self.tries_left + 1.0).min(f64::from(size));
    }

    fn check(&self, size: u32, period: Duration) -> Result<(), WebError> {
        if self.tries_left >= 1.0 {
            return Ok(());
        }
        let each_s = period.as_secs_f64() / f64::from(size.max(1));
        let wait_s = (1.0 - self.tries_left) * each_s;
        Err(WebError::TooMany { retry_after_s: wait_s.ceil().max(1.0) as u64 })
    }
}
