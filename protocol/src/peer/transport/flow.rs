//! A TCP connection that much is sent on does not stop to be measured. BBR wants to know the
//! shortest round trip, and if none as short came for 10 s it sends four packets and no
//! more for 0.2 s, until the line is empty: of a long transfer that is 2 to 3 % of the time,
//! which no other congestion control takes (benches/RESULTS.md). What it wants to know the
//! kernel knows of the connection anyway, for five minutes. So shortly before, BBR begins
//! anew: it takes the kernel's shortest round trip and looks for the line's rate, for a
//! moment with three times of it under way.
//!
//! That is right where such a moment costs nothing: while nearly nothing is sent twice. Where
//! less is sent after it than before, the way may have become longer than the kernel
//! remembers: then it is left alone, and measures. So it is once a minute, too, for others
//! on the line, who can measure it then.

use std::time::Instant;

use super::ending::Ending;
use crate::limits::{
    BBR_BEGINS_MAX, BBR_BUSY_BYTES, BBR_HOLDS, BBR_PAUSE, BBR_RESENT_PER_THOUSAND_MAX, BBR_RESTS_MAX, PACKET_BYTES,
};
use crate::peer::congestion;
use crate::peer::watched::{Watched, Watcher};

/// A TCP connection whose pace is kept fresh.
pub(super) type Flow = Watched<Ending, Freshness>;

/// When to begin anew. Has no clock and no kernel.
#[derive(Debug)]
pub(in crate::peer) struct Freshness {
    period: Period,
    last_sent: Instant,
    /// How often in a row it was begun anew.
    begins: u32,
    /// Periods for which it is left alone.
    rests: u32,
    /// For so many the next time that it costs something.
    next_rests: u32,
    /// What was sent in the period before.
    sent_before: u64,
}

/// Since it was last begun anew, or since there is something to send.
#[derive(Debug)]
struct Period {
    begun: Instant,
    sent_bytes: u64,
    /// Packets that were sent twice on this machine before it.
    resent_before: Option<u64>,
}

impl Flow {
    /// `stream`, kept fresh.
    pub(super) fn of(stream: Ending) -> Self {
        Self::new(stream, Freshness::new(Instant::now()))
    }
}

impl Watcher<Ending> for Freshness {
    fn sent(&mut self, stream: &Ending, bytes: usize) {
        if self.is_to_begin_anew(Instant::now(), bytes as u64, congestion::resent_packets)
            && let Some(socket) = stream.socket()
        {
            congestion::begin_anew(socket);
        }
    }
}

impl Freshness {
    fn new(now: Instant) -> Self {
        Self { period: Period::new(now), last_sent: now, begins: 0, rests: 0, next_rests: 1, sent_before: 0 }
    }

    /// Notes bytes that were sent; whether it begins anew now.
    fn is_to_begin_anew(&mut self, now: Instant, bytes: u64, resent_packets: impl Fn() -> Option<u64>) -> bool {
        if now.saturating_duration_since(self.last_sent) > BBR_PAUSE {
            // BBR takes a line that was empty for measured.
            (self.period, self.begins, self.sent_before) = (Period::new(now), 0, 0);
        }
        self.last_sent = now;
        let period = &mut self.period;
        period.sent_bytes += bytes;
        if period.resent_before.is_none() && period.sent_bytes >= BBR_BUSY_BYTES {
            period.resent_before = resent_packets();
        }
        if now.saturating_duration_since(period.begun) < BBR_HOLDS {
            return false;
        }
        let resent = resent_packets();
        let next = Period { resent_before: resent, ..Period::new(now) };
        let period = std::mem::replace(&mut self.period, next);
        self.decides(&period, resent)
    }

    fn decides(&mut self, period: &Period, resent: Option<u64>) -> bool {
        let (Some(before), Some(after), BBR_BUSY_BYTES..) = (period.resent_before, resent, period.sent_bytes) else {
            return false;
        };
        let has_lost =
            after.saturating_sub(before) * 1_000 > period.sent_bytes / PACKET_BYTES * BBR_RESENT_PER_THOUSAND_MAX;
        let is_slower = self.begins > 0 && period.sent_bytes < self.sent_before / 4 * 3;
        self.sent_before = period.sent_bytes;
        if has_lost || is_slower {
            (self.rests, self.begins) = (self.next_rests, 0);
            self.next_rests = (self.next_rests * 2).min(BBR_RESTS_MAX);
            return false;
        }
        if self.rests > 0 {
            self.rests -= 1;
            return false;
        }
        self.begins = (self.begins + 1) % (BBR_BEGINS_MAX + 1);
        self.begins > 0
    }
}

impl Period {
    fn new(begun: Instant) -> Self {
        Self { begun, sent_bytes: 0, resent_before: None }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    const TICK: Duration = Duration::from_millis(100);
    const BYTES: u64 = 120_000;

    /// Sends so much every tenth of a second, of which so many packets are sent twice, by
    /// whether it was begun anew just before; the seconds at which it begins anew.
    fn begins(seconds: u64, bytes: u64, resent: impl Fn(bool) -> u64) -> Vec<u64> {
        begins_by(seconds, |_| bytes, resent)
    }

    /// As [`begins`], where what is sent goes by when it was last begun anew.
    fn begins_by(seconds: u64, bytes: impl Fn(Option<u64>) -> u64, resent: impl Fn(bool) -> u64) -> Vec<u64> {
        let begun = Instant::now();
        let (mut freshness, total) = (Freshness::new(begun), Cell::new(0));
        let (mut at, mut is_anew) = (Vec::new(), false);
        for tick in 0..seconds * 10 {
            total.set(total.get() + resent(is_anew));
            let now = begun + TICK * u32::try_from(tick).unwrap();
            is_anew = freshness.is_to_begin_anew(now, bytes(at.last().copied()), || Some(total.get()));
            at.extend(is_anew.then_some(tick / 10));
        }
        at
    }

    #[test]
    fn a_clean_line_is_not_emptied_but_once_a_minute() {
        assert_eq!(begins(120, BYTES, |_| 0), [9, 18, 27, 36, 45, 63, 72, 81, 90, 99, 117]);
    }

    #[test]
    fn where_packets_are_lost_it_is_left_alone() {
        assert_eq!(begins(600, BYTES, |_| 1), [0_u64; 0]);
    }

    #[test]
    fn where_to_begin_anew_costs_packets_it_is_tried_ever_more_seldom() {
        assert_eq!(begins(400, BYTES, |is_anew| if is_anew { 100 } else { 0 }), [9, 36, 72, 126, 216, 378]);
    }

    #[test]
    fn where_less_is_sent_after_it_it_is_left_alone() {
        // As on a way that has become longer, until five minutes later the kernel knows it.
        let slow = |begun: Option<u64>| if begun.is_some() { BYTES / 2 } else { BYTES };
        assert_eq!(begins_by(40, slow, |_| 0), [9, 36]);
    }

    #[test]
    fn small_talk_and_what_pauses_is_left_alone() {
        assert_eq!(begins(60, 100, |_| 0), [0_u64; 0]);
        let mut freshness = Freshness::new(Instant::now());
        let begun = Instant::now();
        for second in 0..120 {
            assert!(!freshness.is_to_begin_anew(begun + Duration::from_secs(2 * second), 9_000_000, || Some(0)));
        }
    }

    #[test]
    fn a_system_that_does_not_tell_what_is_sent_twice_is_left_alone() {
        let (mut freshness, begun) = (Freshness::new(Instant::now()), Instant::now());
        assert!((0..600).all(|tick| !freshness.is_to_begin_anew(begun + TICK * tick, BYTES, || None)));
    }
}
