//! Patience with the other side, as a debt of time: waiting for it adds to the debt,
//! each byte that it moves pays some off at the slowest rate allowed, and at the end
//! of the grace it is cut. One rule covers a standstill and a trickle; what was fast
//! before earns no credit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// One direction of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    debt: Debt,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

/// The time that the other side owes.
#[derive(Debug)]
struct Debt {
    grace: Duration,
    bytes_per_s: u64,
    owed: Duration,
}

impl Pace {
    pub(crate) fn new(grace: Duration, bytes_per_s: u64) -> Self {
        Self { debt: Debt::none(grace, bytes_per_s), waiting: None }
    }

    /// The other side keeps us waiting. Ready when patience has come to its end.
    pub(crate) fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.debt.patience_left();
        let (_, alarm) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        alarm.as_mut().poll(cx)
    }

    /// The other side moved so many bytes.
    pub(crate) fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.debt.add(since.elapsed());
        }
        self.debt.pay(bytes);
    }
}

impl Debt {
    fn none(grace: Duration, bytes_per_s: u64) -> Self {
        Self { grace, bytes_per_s: bytes_per_s.max(1), owed: Duration::ZERO }
    }

    fn add(&mut self, waited: Duration) {
        self.owed = self.owed.saturating_add(waited);
    }

    fn pay(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let paid_us = bytes.saturating_mul(1_000_000) / self.bytes_per_s;
        self.owed = self.owed.saturating_sub(Duration::from_micros(paid_us));
    }

    fn patience_left(&self) -> Duration {
        self.grace.saturating_sub(self.owed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(half_seconds: u32, bytes_each: usize) -> Duration {
        let mut debt = Debt::none(Duration::from_secs(10), 1000);
        for _ in 0..half_seconds {
            debt.add(Duration::from_millis(500));
            debt.pay(bytes_each);
        }
        debt.patience_left()
    }

    #[test]
    fn a_trickle_spends_the_patience_and_the_slowest_rate_does_not() {
        assert_eq!(after(100, 100), Duration::ZERO);
        assert_eq!(after(100, 500), Duration::from_secs(10));
        assert_eq!(after(10, 250), Duration::from_millis(7500));
    }

    #[test]
    fn speed_earns_no_credit() {
        let mut debt = Debt::none(Duration::from_secs(10), 1000);
        debt.pay(100_000_000);
        debt.add(Duration::from_secs(10));
        assert_eq!(debt.patience_left(), Duration::ZERO);
    }
}
