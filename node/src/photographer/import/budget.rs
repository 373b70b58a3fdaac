//! How much memory the originals on their way to the archive may take, all workers
//! together.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Bytes that may be held at once. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bytes_max: u64,
    held: Mutex<u64>,
    freed: Condvar,
}

/// Bytes held; given back when dropped.
#[derive(Debug)]
pub struct Claim {
    budget: Budget,
    bytes: u64,
}

impl Budget {
    /// At most `bytes_max` at once, or one claim above it alone.
    pub fn new(bytes_max: u64) -> Self {
        Self { shared: Arc::new(Shared { bytes_max, held: Mutex::new(0), freed: Condvar::new() }) }
    }

    /// Waits until there is room for `bytes`.
    pub fn claim(&self, bytes: u64) -> Claim {
        let held = self.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        let is_too_much = |held: &mut u64| *held > 0 && *held + bytes > self.shared.bytes_max;
        let mut held = self.shared.freed.wait_while(held, is_too_much).unwrap_or_else(PoisonError::into_inner);
        *held += bytes;
        Claim { budget: self.clone(), bytes }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = self.budget.shared.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = held.saturating_sub(self.bytes);
        self.budget.shared.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Budget;

    #[test]
    fn many_workers_never_hold_more_than_the_budget_and_a_giant_is_held_alone() {
        let (budget, held, most) = (Budget::new(100), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for worker in 0..8u64 {
                let (budget, held, most) = (budget.clone(), &held, &most);
                scope.spawn(move || {
                    for turn in 0..200 {
                        let bytes = if (worker + turn) % 50 == 0 { 400 } else { 10 + (worker * turn) % 60 };
                        let claim = budget.claim(bytes);
                        let now = held.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        if bytes == 400 {
                            assert_eq!(now, 400, "the giant is not alone");
                        } else {
                            most.fetch_max(now, Ordering::SeqCst);
                        }
                        std::thread::yield_now();
                        held.fetch_sub(bytes, Ordering::SeqCst);
                        drop(claim);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!((60..=100).contains(&most), "{most}");
    }
}
