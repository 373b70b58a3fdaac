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
    grace: Duration,
    bytes_per_s: u64,
    debt: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pace {
    pub(crate) fn new(grace: Duration, bytes_per_s: u64) -> Self {
        Self {
            grace,
            bytes_per_s: bytes_per_s.max(1),
            debt: Duration::ZERO,
            waiting: None,
        }
    }

    /// The other side keeps us waiting. Ready when patience has come to its end.
    pub(crate) fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = self.grace.saturating_sub(self.debt);
        let (_, alarm) = self
            .waiting
            .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        alarm.as_mut().poll(cx)
    }

    /// The other side moved so many bytes.
    pub(crate) fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.debt += since.elapsed();
        }
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let paid_ms = bytes.saturating_mul(1000) / self.bytes_per_s;
        self.debt = self.debt.saturating_sub(Duration::from_millis(paid_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn waits(pace: &mut Pace, ms: u64) -> bool {
        let spent = poll_fn(|cx| pace.poll_spent(cx));
        tokio::time::timeout(Duration::from_millis(ms), spent).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_standstill_ends_at_the_grace() {
        let mut pace = Pace::new(Duration::from_secs(10), 1000);
        assert!(waits(&mut pace, 9_900).await);
        assert!(!waits(&mut pace, 200).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_below_the_rate_is_cut_and_one_above_is_not() {
        for (bytes, survives) in [(100, false), (600, true)] {
            let mut pace = Pace::new(Duration::from_secs(10), 1000);
            let mut alive = true;
            for _ in 0..100 {
                alive = alive && waits(&mut pace, 500).await;
                pace.moved(bytes);
            }
            assert_eq!(alive, survives, "{bytes} bytes each half second");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn speed_earns_no_credit() {
        let mut pace = Pace::new(Duration::from_secs(10), 1000);
        pace.moved(100_000_000);
        assert!(!waits(&mut pace, 10_100).await);
    }
}
