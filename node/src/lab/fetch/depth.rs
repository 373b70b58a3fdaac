//! How many ranges of one photographer are in flight: a state machine without clock or
//! network. It grows while the line takes more and shrinks when ranges only wait for
//! each other, so that a long fast line is full and a slow one has no long queue.
//!
//! The measure is how many ranges wait on the line rather than travel: of `depth` ranges
//! that take `took` where one alone took `shortest`, that is
//! `depth × (1 − shortest ÷ took)` (the measure of TCP Vegas).

use std::time::Duration;

use crate::limits::{RANGE_PATIENCE, RANGES_QUEUED_FEW, RANGES_QUEUED_MANY};
use crate::limits::{RANGES_IN_FLIGHT_FIRST, RANGES_IN_FLIGHT_MAX, RANGES_OF_ONE_CONNECTION};

/// The depth of one line.
#[derive(Debug)]
pub(super) struct Depth {
    ranges: usize,
    /// The shortest time that a range took on this line.
    shortest: Option<Duration>,
    /// The shortest time of the present round, and how many ranges came in it.
    round: Option<(Duration, usize)>,
    /// It grows with each range that comes, until they begin to wait for each other.
    is_new: bool,
    /// Counts the times that it shrank: what was asked for earlier shrinks it no more.
    shrunk: u64,
    /// So many go over several connections, each of which has its own pace: there the
    /// shortest time is that of a lucky one, and says nothing of the others.
    spread: usize,
}

/// When a range was asked for, in the depth's own reckoning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    shrunk: u64,
}

impl Default for Depth {
    fn default() -> Self {
        Self { ranges: RANGES_IN_FLIGHT_FIRST, shortest: None, round: None, is_new: true, shrunk: 0, spread: 0 }
    }
}

impl Depth {
    /// How many ranges may be in flight; from 1 to [`RANGES_IN_FLIGHT_MAX`].
    pub(super) fn ranges(&self) -> usize {
        self.ranges
    }

    /// From now on ranges go over so many connections by turns.
    pub(super) fn spread_over(&mut self, connections: usize) {
        self.spread = if connections > 1 { connections * RANGES_OF_ONE_CONNECTION } else { 0 };
    }

    /// To be kept with a range that is being asked for.
    pub(super) fn asked(&self) -> Asked {
        Asked { shrunk: self.shrunk }
    }

    /// Notes that a range came after `took`. `in_flight` counts it too: a line that was
    /// not full says nothing of a greater depth.
    pub(super) fn came(&mut self, asked: Asked, took: Duration, in_flight: usize) {
        if took >= RANGE_PATIENCE {
            return self.shrink(asked);
        }
        let shortest = self.shortest.map_or(took, |shortest| shortest.min(took));
        self.shortest = Some(shortest);
        let (least, count) = self.round.map_or((took, 1), |(least, count)| (least.min(took), count + 1));
        self.round = Some((least, count));
        let is_full = in_flight >= self.ranges;
        if self.is_new && self.queued(shortest, took) < RANGES_QUEUED_FEW {
            self.set(self.ranges + usize::from(is_full));
        } else if count >= self.ranges {
            self.end_round(self.queued(shortest, least), is_full);
        }
    }

    /// Notes that a range did not come: the line broke, or it took too long.
    pub(super) fn lost(&mut self, asked: Asked) {
        self.shortest = None;
        self.shrink(asked);
    }

    fn end_round(&mut self, queued: f64, is_full: bool) {
        self.is_new = false;
        self.round = None;
        if self.ranges < self.spread {
            self.set(self.ranges + usize::from(is_full));
        } else if queued > RANGES_QUEUED_MANY {
            self.set(self.ranges.saturating_sub(1).max(self.spread));
        } else if queued < RANGES_QUEUED_FEW && is_full {
            self.set(self.ranges + 1);
        }
    }

    /// Halves it, once for all that was in flight together.
    fn shrink(&mut self, asked: Asked) {
        if asked.shrunk == self.shrunk {
            self.shrunk += 1;
            self.is_new = false;
            self.round = None;
            self.set(self.ranges / 2);
        }
    }

    fn set(&mut self, ranges: usize) {
        self.ranges = ranges.clamp(1, RANGES_IN_FLIGHT_MAX);
    }

    /// How many ranges wait on the line, if each takes `took`.
    fn queued(&self, shortest: Duration, took: Duration) -> f64 {
        if took.is_zero() { 0.0 } else { self.ranges as f64 * (1.0 - shortest.as_secs_f64() / took.as_secs_f64()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that carries a range in `each_ms` and delays every one by `delay_ms`; it is
    /// used to its depth for `ranges` ranges.
    fn use_line(depth: &mut Depth, (each_ms, delay_ms): (f64, f64), ranges: usize) {
        for _ in 0..ranges {
            let in_flight = depth.ranges();
            let took_ms = (in_flight as f64 * each_ms).max(each_ms + delay_ms);
            depth.came(depth.asked(), Duration::from_secs_f64(took_ms / 1000.0), in_flight);
        }
    }

    #[test]
    fn a_long_fast_line_is_filled() {
        let mut depth = Depth::default();
        // 1 Gbit/s and 100 ms; a range needs three round trips for its stream's windows.
        let line = (8.4, 300.0);
        use_line(&mut depth, line, 200);
        assert!(depth.ranges() as f64 * line.0 > line.0 + line.1, "{}", depth.ranges());
    }

    #[test]
    fn a_slow_line_has_a_short_queue() {
        let mut depth = Depth::default();
        use_line(&mut depth, (8_400.0, 50.0), 50);
        assert!(depth.ranges() as f64 * 8.4 < RANGE_PATIENCE.as_secs_f64() + 8.4, "{}", depth.ranges());
    }

    #[test]
    fn a_usual_line_is_full_and_its_queue_stays_bounded() {
        let mut depth = Depth::default();
        use_line(&mut depth, (84.0, 150.0), 2_000);
        // The first few go together, so the shortest time is theirs.
        let most = RANGES_IN_FLIGHT_FIRST as f64 + RANGES_QUEUED_MANY + 1.0;
        assert!((3.0..most).contains(&(depth.ranges() as f64)), "{}", depth.ranges());
    }

    #[test]
    fn a_cut_line_halves_it_once_for_all_that_was_in_flight() {
        let mut depth = Depth::default();
        let asked = depth.asked();
        for _ in 0..RANGES_IN_FLIGHT_FIRST {
            depth.lost(asked);
        }
        assert_eq!(depth.ranges(), RANGES_IN_FLIGHT_FIRST / 2);
        depth.lost(depth.asked());
        assert_eq!(depth.ranges(), RANGES_IN_FLIGHT_FIRST / 4);
    }

    #[test]
    fn over_several_connections_each_has_ranges_however_much_one_was_in_luck() {
        let mut depth = Depth::default();
        depth.came(depth.asked(), Duration::from_millis(100), 1);
        use_line(&mut depth, (0.0, 3_000.0), 2_000);
        assert!(depth.ranges() < 2 * RANGES_IN_FLIGHT_FIRST, "as if they waited for each other: {}", depth.ranges());
        depth.spread_over(8);
        use_line(&mut depth, (0.0, 3_000.0), 2_000);
        assert_eq!(depth.ranges(), 8 * RANGES_OF_ONE_CONNECTION);
        depth.spread_over(1);
        use_line(&mut depth, (0.0, 3_000.0), 2_000);
        assert!(depth.ranges() < 2 * RANGES_IN_FLIGHT_FIRST, "{}", depth.ranges());
    }

    #[test]
    fn several_connections_of_a_slow_line_keep_no_range_waiting_for_too_long() {
        let mut depth = Depth::default();
        depth.spread_over(8);
        for _ in 0..200 {
            use_line(&mut depth, (4_000.0, 50.0), 1);
            let longest = depth.ranges() as f64 * 4.0;
            assert!(longest < 2.0 * RANGE_PATIENCE.as_secs_f64(), "{}", depth.ranges());
        }
    }

    #[test]
    fn it_never_falls_below_one_nor_grows_past_its_bound() {
        let mut depth = Depth::default();
        for _ in 0..10 {
            depth.lost(depth.asked());
        }
        assert_eq!(depth.ranges(), 1);
        use_line(&mut depth, (1.0, 10_000.0), 100_000);
        assert_eq!(depth.ranges(), RANGES_IN_FLIGHT_MAX);
    }

    #[test]
    fn a_line_that_is_not_full_says_nothing_of_a_greater_depth() {
        let mut depth = Depth::default();
        for _ in 0..1_000 {
            depth.came(depth.asked(), Duration::from_millis(10), 1);
        }
        assert_eq!(depth.ranges(), RANGES_IN_FLIGHT_FIRST);
    }
}
