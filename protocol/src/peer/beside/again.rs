//! When connections are opened again after one did not come about, or broke: soon where they
//! had lasted, since the line had a bad moment; ever later where a router lets in no more.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{SEVERAL_AGAIN, SEVERAL_AGAIN_MAX};

/// When. Has no clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Again {
    last: Option<Wait>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    until: Instant,
    long: Duration,
}

impl Again {
    pub(super) fn may_be(&self, now: Instant) -> bool {
        self.last.is_none_or(|wait| now >= wait.until)
    }

    /// One did not come about, or broke after it had `lasted` so long. What fails while it is
    /// waited for anyway came of the same.
    pub(super) fn failed(&mut self, now: Instant, lasted: Duration) {
        if !self.may_be(now) {
            return;
        }
        let long = match self.last {
            Some(wait) if lasted < wait.long => (wait.long * 2).min(SEVERAL_AGAIN_MAX),
            _ => SEVERAL_AGAIN,
        };
        self.last = Some(Wait { until: now + long, long });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits after failures that follow each other as soon as may be, when connections
    /// have lasted so long each time.
    fn waits(lasted: Duration, count: usize) -> Vec<Duration> {
        let (mut again, mut now) = (Again::default(), Instant::now());
        let mut wait = || {
            now += lasted;
            again.failed(now, lasted);
            let long = again.last.unwrap().until - now;
            now += long;
            long
        };
        (0..count).map(|_| wait()).collect()
    }

    #[test]
    fn where_a_router_lets_in_no_more_it_is_tried_ever_later() {
        let waits = waits(Duration::ZERO, 12);
        assert_eq!(waits[..3], [SEVERAL_AGAIN, SEVERAL_AGAIN * 2, SEVERAL_AGAIN * 4]);
        assert_eq!(waits[11], SEVERAL_AGAIN_MAX);
    }

    #[test]
    fn what_broke_after_it_had_lasted_is_soon_there_again() {
        assert_eq!(waits(SEVERAL_AGAIN * 3, 4), [SEVERAL_AGAIN; 4]);
    }

    #[test]
    fn eight_that_break_at_one_moment_are_one_failure() {
        let (mut again, now) = (Again::default(), Instant::now());
        assert!(again.may_be(now));
        for number in 0..8 {
            again.failed(now + Duration::from_millis(number), Duration::ZERO);
        }
        assert!(!again.may_be(now + SEVERAL_AGAIN - Duration::from_millis(1)));
        assert!(again.may_be(now + SEVERAL_AGAIN));
    }
}
