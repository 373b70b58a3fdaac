//! What crosses one connection, how fast, and how long a ping takes. Reads no clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::peer::wire_count::{WireCount, WireTotals};

/// The meter of one connection.
#[derive(Debug, Clone)]
pub(in crate::peer) struct Meter {
    count: Arc<WireTotals>,
    /// What had crossed one and two looks ago.
    looks: [Look; 2],
    round_trip: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
struct Look {
    at: Instant,
    count: WireCount,
}

impl Meter {
    /// A meter that reads `count`, from now on.
    pub(in crate::peer) fn new(count: Arc<WireTotals>, now: Instant) -> Self {
        let begin = Look { at: now, count: WireCount::default() };
        Self { count, looks: [begin; 2], round_trip: None }
    }

    /// Looks at the count: to be called every [`crate::limits::PULSE_LOOK`].
    pub(in crate::peer) fn look(&mut self, now: Instant) {
        self.looks = [Look { at: now, count: self.count.read() }, self.looks[0]];
    }

    /// A ping took `time` there and back.
    pub(in crate::peer) fn pinged(&mut self, time: Duration) {
        self.round_trip = Some(time);
    }

    pub(in crate::peer) fn round_trip_us(&self) -> Option<u64> {
        self.round_trip.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
    }

    /// What has crossed since the beginning.
    pub(in crate::peer) fn count(&self) -> WireCount {
        self.count.read()
    }

    /// Bytes that crossed in the last two looks, both ways together.
    pub(in crate::peer) fn lately_bytes(&self) -> u64 {
        let lately = self.lately();
        lately.sent_bytes.saturating_add(lately.received_bytes)
    }

    /// Bytes a second, each way, in the last two looks.
    pub(in crate::peer) fn per_second(&self, now: Instant) -> WireCount {
        let time = now.duration_since(self.looks[1].at).max(Duration::from_secs(1));
        let rate = |bytes: u64| (bytes as f64 / time.as_secs_f64()) as u64;
        let lately = self.lately();
        WireCount { sent_bytes: rate(lately.sent_bytes), received_bytes: rate(lately.received_bytes) }
    }

    fn lately(&self) -> WireCount {
        let (now, then) = (self.count.read(), self.looks[1].count);
        WireCount {
            sent_bytes: now.sent_bytes.saturating_sub(then.sent_bytes),
            received_bytes: now.received_bytes.saturating_sub(then.received_bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_seconds_alone() {
        let (count, begin) = (Arc::new(WireTotals::default()), Instant::now());
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut meter = Meter::new(count.clone(), begin);
        count.add(&WireCount { sent_bytes: 1_000, received_bytes: 50 });
        assert_eq!(meter.per_second(after(10)), WireCount { sent_bytes: 100, received_bytes: 5 });
        assert_eq!(meter.lately_bytes(), 1_050);
        meter.look(after(10));
        meter.look(after(20));
        assert_eq!(meter.per_second(after(25)), WireCount::default(), "nothing has crossed since");
        assert_eq!(meter.lately_bytes(), 0);
        assert_eq!(meter.count(), WireCount { sent_bytes: 1_000, received_bytes: 50 });
        assert_eq!(meter.round_trip_us(), None);
        meter.pinged(Duration::from_micros(1_234));
        assert_eq!(meter.round_trip_us(), Some(1_234));
    }
}
