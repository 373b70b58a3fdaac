//! Equal shares of something: each who asks has one of its own, and what it takes is missing
//! to itself alone. Knows neither what is shared nor who asks.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::limits::SHARES_REMEMBERED;

/// What each of many may take.
#[derive(Debug)]
pub(super) struct Shares<K> {
    each: usize,
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K> {
    shares: HashMap<K, Arc<Semaphore>>,
    /// At so many, those of which nothing is taken are forgotten.
    tidied_at: usize,
}

impl<K: Eq + Hash> Shares<K> {
    /// Shares of `each` pieces.
    pub(super) fn of(each: usize) -> Self {
        Self { each, taken: Mutex::new(Taken { shares: HashMap::new(), tidied_at: SHARES_REMEMBERED }) }
    }

    /// The share of `key`. It is the same for all who ask while anybody has it.
    pub(super) fn share(&self, key: K) -> Arc<Semaphore> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.shares.len() >= taken.tidied_at {
            // Whoever has nothing in hand has its whole share, remembered or not.
            taken.shares.retain(|_, share| Arc::strong_count(share) > 1);
            taken.tidied_at = SHARES_REMEMBERED.max(2 * taken.shares.len());
        }
        Arc::clone(taken.shares.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.each))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_those_who_have_nothing_is_bounded_and_what_one_has_is_not_forgotten() {
        let shares = Shares::of(1);
        let held = shares.share(usize::MAX);
        let place = Arc::clone(&held).try_acquire_owned().unwrap();
        drop(held);
        for one in 0..3 * SHARES_REMEMBERED {
            assert!(shares.share(one).try_acquire().is_ok());
        }
        assert!(shares.taken.lock().unwrap().shares.len() <= SHARES_REMEMBERED);
        assert!(shares.share(usize::MAX).try_acquire().is_err());
        drop(place);
        assert!(shares.share(usize::MAX).try_acquire().is_ok());
    }
}
