//! What to ask next for one file, and what to do with what came: a state machine
//! without clock, disk or network. `drive.rs` drives it.
//!
//! A range is *missing*, *asked*, *written* (verified, in the file), and at last
//! *recorded* (durable, and known to be). Only what is recorded survives a kill; so
//! written and not yet recorded ranges are few.

use std::collections::{BTreeMap, BTreeSet};

use enprint_protocol::subtree::range_bytes;

use super::ranges::RangeSet;
use crate::limits::{RANGE_TRIES_MAX, RANGES_RECORDED_TOGETHER, RANGES_UNRECORDED_MAX};

/// The fetch of one file.
#[derive(Debug)]
pub(crate) struct Plan {
    file_bytes: u64,
    recorded: RangeSet,
    asked: BTreeSet<u64>,
    /// Verified and in the file, not yet taken by [`Plan::take_written`].
    written: BTreeSet<u64>,
    /// Taken by [`Plan::take_written`], not yet [`Plan::recorded`].
    recording: BTreeSet<u64>,
    /// How often a range came corrupted.
    corrupted: BTreeMap<u64, u32>,
    discarded_bytes: u64,
    in_flight_max: usize,
}

/// What came of asking for a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the right one, and written at its place.
    Written,
    /// Bytes came, this many, and they are not those that were announced.
    Corrupted {
        /// How many.
        bytes: u64,
    },
    /// Nothing came.
    Lost,
}

/// What the driver does next after an [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Goes on.
    GoOn,
    /// The same range came corrupted too often: the job rests, and the photographer is told of.
    GiveUp,
}

impl Plan {
    /// A fetch of what `recorded` lacks, with at most `in_flight_max` ranges asked at once.
    pub(crate) fn new(file_bytes: u64, recorded: RangeSet, in_flight_max: usize) -> Self {
        Self {
            file_bytes,
            recorded,
            asked: BTreeSet::new(),
            written: BTreeSet::new(),
            recording: BTreeSet::new(),
            corrupted: BTreeMap::new(),
            discarded_bytes: 0,
            in_flight_max,
        }
    }

    /// The next range to ask for: the first that is missing and not asked for. None
    /// while enough are in flight or unrecorded, or when none is missing.
    pub(crate) fn next_ask(&mut self) -> Option<u64> {
        let unrecorded = self.written.len() + self.recording.len();
        if self.asked.len() >= self.in_flight_max || unrecorded >= RANGES_UNRECORDED_MAX {
            return None;
        }
        let mut at = self.recorded.missing_from(0);
        while let Some(found) = at {
            if !self.is_under_way(found) {
                self.asked.insert(found);
                return Some(found);
            }
            at = self.recorded.missing_from(found + 1);
        }
        None
    }

    /// Notes what came of asking for range `at`. What was not asked for changes nothing
    /// but the count of discarded bytes: it was a duplicate, or nonsense.
    pub(crate) fn came(&mut self, at: u64, outcome: Outcome) -> Verdict {
        let was_asked = self.asked.remove(&at);
        match outcome {
            Outcome::Written if was_asked => {
                self.written.insert(at);
                Verdict::GoOn
            }
            Outcome::Written => {
                self.discarded_bytes += range_bytes(self.file_bytes, at);
                Verdict::GoOn
            }
            Outcome::Corrupted { bytes } => {
                self.discarded_bytes += bytes;
                let tries = self.corrupted.entry(at).or_default();
                *tries += 1;
                if *tries >= RANGE_TRIES_MAX { Verdict::GiveUp } else { Verdict::GoOn }
            }
            Outcome::Lost => Verdict::GoOn,
        }
    }

    /// Whether it is worth asking the disk: much is written, nothing more is on its way,
    /// or what is written has `waited`.
    pub(crate) fn is_to_be_recorded(&self, waited: bool) -> bool {
        let is_much = self.written.len() >= RANGES_RECORDED_TOGETHER;
        self.recording.is_empty() && !self.written.is_empty() && (is_much || self.asked.is_empty() || waited)
    }

    /// Takes the written ranges, to be made durable and recorded in one go; their bytes.
    /// None while others are being recorded, or when there are none.
    pub(crate) fn take_written(&mut self) -> u64 {
        if !self.recording.is_empty() {
            return 0;
        }
        self.recording = std::mem::take(&mut self.written);
        self.recording.iter().map(|at| range_bytes(self.file_bytes, *at)).sum()
    }

    /// The set as it will be once what [`Self::take_written`] took is recorded.
    pub(crate) fn with_recording(&self) -> RangeSet {
        let mut set = self.recorded.clone();
        for at in &self.recording {
            set.add(*at);
        }
        set
    }

    /// What [`Self::take_written`] took is durable, and known to be.
    pub(crate) fn recorded(&mut self) {
        for at in std::mem::take(&mut self.recording) {
            self.recorded.add(at);
        }
    }

    /// Bytes thrown away since the last call: corrupted or unasked for.
    pub(crate) fn take_discarded_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.discarded_bytes)
    }

    /// Whether every range is recorded.
    pub(crate) fn is_complete(&self) -> bool {
        self.recorded.is_full()
    }

    fn is_under_way(&self, at: u64) -> bool {
        self.asked.contains(&at) || self.written.contains(&at) || self.recording.contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn plan(ranges: u64, in_flight: usize) -> Plan {
        Plan::new(ranges * MIB, RangeSet::none(ranges * MIB), in_flight)
    }

    fn record(plan: &mut Plan) -> Vec<u64> {
        plan.take_written();
        let ranges = plan.recording.iter().copied().collect();
        plan.recorded();
        ranges
    }

    #[test]
    fn ranges_are_asked_in_order_and_no_more_than_may_be_in_flight() {
        let mut plan = plan(5, 3);
        let asked: Vec<_> = std::iter::from_fn(|| plan.next_ask()).collect();
        assert_eq!(asked, [0, 1, 2]);
        plan.came(1, Outcome::Written);
        assert_eq!(plan.next_ask(), Some(3));
        assert_eq!(plan.next_ask(), None);
    }

    #[test]
    fn reordered_ranges_complete_the_file() {
        let mut plan = plan(4, 4);
        while plan.next_ask().is_some() {}
        for at in [3, 0, 2, 1] {
            assert!(!plan.is_complete());
            assert_eq!(plan.came(at, Outcome::Written), Verdict::GoOn);
            assert_eq!(record(&mut plan), [at]);
        }
        assert!(plan.is_complete());
        assert_eq!(plan.next_ask(), None);
    }

    #[test]
    fn a_duplicate_is_counted_and_changes_nothing() {
        let mut plan = plan(2, 2);
        assert_eq!(plan.next_ask(), Some(0));
        plan.came(0, Outcome::Written);
        plan.came(0, Outcome::Written);
        assert_eq!(plan.take_discarded_bytes(), MIB);
        assert_eq!(plan.take_discarded_bytes(), 0);
        assert_eq!(record(&mut plan), [0]);
        assert_eq!(plan.next_ask(), Some(1));
    }

    #[test]
    fn a_corrupted_range_is_asked_again_and_given_up_in_the_end() {
        let mut plan = plan(2, 1);
        for _ in 1..RANGE_TRIES_MAX {
            assert_eq!(plan.next_ask(), Some(0));
            assert_eq!(plan.came(0, Outcome::Corrupted { bytes: 7 }), Verdict::GoOn);
        }
        assert_eq!(plan.next_ask(), Some(0));
        assert_eq!(plan.came(0, Outcome::Corrupted { bytes: 7 }), Verdict::GiveUp);
        assert_eq!(plan.take_discarded_bytes(), 7 * u64::from(RANGE_TRIES_MAX));
    }

    #[test]
    fn a_lost_range_is_asked_again_as_often_as_need_be() {
        let mut plan = plan(1, 1);
        for _ in 0..100 {
            assert_eq!(plan.next_ask(), Some(0));
            assert_eq!(plan.came(0, Outcome::Lost), Verdict::GoOn);
        }
    }

    #[test]
    fn a_resume_begins_at_the_first_missing_range_and_skips_what_is_recorded() {
        let mut have = RangeSet::none(6 * MIB);
        for at in [0, 1, 3] {
            have.add(at);
        }
        let mut plan = Plan::new(6 * MIB, have, 16);
        let asked: Vec<_> = std::iter::from_fn(|| plan.next_ask()).collect();
        assert_eq!(asked, [2, 4, 5]);
    }

    #[test]
    fn the_disk_is_asked_for_many_ranges_together_and_for_few_when_no_more_come() {
        let mut plan = plan(RANGES_RECORDED_TOGETHER as u64 + 1, 2);
        for written in 1..=RANGES_RECORDED_TOGETHER {
            while plan.next_ask().is_some() {}
            assert!(!plan.is_to_be_recorded(false), "{written}");
            assert_eq!(plan.is_to_be_recorded(true), written > 1, "what waits long is recorded");
            plan.came(written as u64 - 1, Outcome::Written);
        }
        assert!(plan.is_to_be_recorded(false), "many");
        record(&mut plan);
        assert!(!plan.is_to_be_recorded(true), "nothing is written");
        plan.came(RANGES_RECORDED_TOGETHER as u64, Outcome::Written);
        assert!(plan.is_to_be_recorded(false), "it was the last");
    }

    #[test]
    fn unrecorded_ranges_are_few_however_slow_the_disk() {
        let mut plan = plan(1_000, 16);
        let mut written = 0;
        while let Some(at) = plan.next_ask() {
            plan.came(at, Outcome::Written);
            written += 1;
        }
        assert_eq!(written, RANGES_UNRECORDED_MAX);
        let taken = plan.take_written();
        assert_eq!(taken, RANGES_UNRECORDED_MAX as u64 * MIB);
        assert_eq!(plan.take_written(), 0, "one recording at a time");
        assert_eq!(plan.with_recording().bytes(), taken);
        assert_eq!(plan.next_ask(), None);
        plan.recorded();
        assert_eq!(plan.next_ask(), Some(RANGES_UNRECORDED_MAX as u64));
    }
}
