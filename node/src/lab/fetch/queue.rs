//! Which job is fetched next: few at once, shared fairly between photographers, and
//! those that came to a halt after a wait that doubles. A state machine without clock:
//! callers say what time it is.

use std::collections::BTreeMap;
use std::time::Duration;

use enprint_protocol::PeerId;
use enprint_protocol::ids::JobId;
use tokio::time::Instant;

use crate::limits::{JOB_RETRY_FIRST, JOB_RETRY_MAX, JOBS_FETCHED_AT_ONCE, JOBS_OF_ONE_PHOTOGRAPHER};

/// Jobs that want something.
#[derive(Debug, Default)]
pub(super) struct Queue {
    jobs: BTreeMap<JobId, Entry>,
    /// Counts arrivals, so that of two ready jobs the older goes first.
    arrivals: u64,
}

#[derive(Debug)]
struct Entry {
    photographer: PeerId,
    job_bytes: u64,
    arrival: u64,
    /// Halts in a row.
    halts: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting {
        until: Option<Instant>,
    },
    /// `again`: something happened meanwhile that is worth another try.
    Running {
        again: bool,
    },
}

impl Queue {
    /// Adds a job, ready now; one that is there already is made ready.
    pub(super) fn add(&mut self, job_id: JobId, photographer: PeerId, job_bytes: u64) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let waiting = State::Waiting { until: None };
        let new = Entry { photographer, job_bytes, arrival, halts: 0, state: waiting };
        let entry = self.jobs.entry(job_id).or_insert(new);
        entry.photographer = photographer; // it may come from another home now
        entry.wake();
    }

    /// Makes the jobs of `photographer` ready: it has just connected.
    pub(super) fn wake(&mut self, photographer: &PeerId) {
        self.jobs.values_mut().filter(|entry| entry.photographer == *photographer).for_each(Entry::wake);
    }

    /// A job to begin now, of those photographers who have the fewest running: first
    /// the oldest, and beside it the smallest, which need not wait until a season's
    /// albums have crossed.
    pub(super) fn begin(&mut self, now: Instant) -> Option<JobId> {
        let running = |entry: &&Entry| matches!(entry.state, State::Running { .. });
        if self.jobs.values().filter(running).count() >= JOBS_FETCHED_AT_ONCE {
            return None;
        }
        let of_same = |one: &Entry| {
            let running = self.jobs.values().filter(running);
            running.filter(|entry| entry.photographer == one.photographer).count()
        };
        let ready = self.jobs.iter().filter(|(_, entry)| entry.is_ready(now));
        let allowed = ready.filter(|(_, entry)| of_same(entry) < JOBS_OF_ONE_PHOTOGRAPHER);
        let next = allowed.min_by_key(|(_, entry)| {
            let beside = of_same(entry);
            (beside, if beside == 0 { 0 } else { entry.job_bytes }, entry.arrival)
        });
        let job_id = next.map(|(job_id, _)| *job_id)?;
        self.jobs.get_mut(&job_id)?.state = State::Running { again: false };
        Some(job_id)
    }

    /// A job is finished, or no longer wanted; unless it was offered again meanwhile.
    pub(super) fn done(&mut self, job_id: &JobId) {
        match self.jobs.get_mut(job_id) {
            Some(entry) if entry.state == (State::Running { again: true }) => {
                entry.state = State::Waiting { until: None };
            }
            _ => drop(self.jobs.remove(job_id)),
        }
    }

    /// A job came to a halt. It is tried again later, sooner if it `progressed`.
    /// `random` is in 0..1: jobs that halted together don't come back together.
    pub(super) fn halted(&mut self, job_id: &JobId, progressed: bool, now: Instant, random: f64) {
        let Some(entry) = self.jobs.get_mut(job_id) else { return };
        if progressed {
            entry.halts = 0;
        }
        let again = entry.state == State::Running { again: true };
        let until = if again { None } else { Some(now + wait(entry.halts, random)) };
        entry.state = State::Waiting { until };
        entry.halts = entry.halts.saturating_add(1);
    }

    /// How many jobs run.
    pub(super) fn running(&self) -> u64 {
        self.jobs.values().filter(|entry| matches!(entry.state, State::Running { .. })).count() as u64
    }

    /// When a job will next become ready. One that is ready and found no place is not
    /// waited for: it is begun when another ends.
    pub(super) fn next_ready(&self, now: Instant) -> Option<Instant> {
        let waiting = self.jobs.values().filter_map(|entry| match entry.state {
            State::Waiting { until } => until,
            State::Running { .. } => None,
        });
        waiting.filter(|until| *until > now).min()
    }
}

impl Entry {
    fn wake(&mut self) {
        self.state = match self.state {
            State::Waiting { .. } => State::Waiting { until: None },
            State::Running { .. } => State::Running { again: true },
        };
    }

    fn is_ready(&self, now: Instant) -> bool {
        matches!(self.state, State::Waiting { until } if until.is_none_or(|until| until <= now))
    }
}

fn wait(halts: u32, random: f64) -> Duration {
    let full = JOB_RETRY_FIRST.saturating_mul(1 << halts.min(16)).min(JOB_RETRY_MAX);
    full.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(number: u8) -> JobId {
        JobId([number; 16])
    }

    #[test]
    fn a_photographer_with_many_jobs_leaves_room_for_the_others() {
        let (ana, now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        for number in 0..10 {
            queue.add(job(number), ana, 1);
        }
        assert_eq!(queue.begin(now), Some(job(0)));
        queue.add(job(99), PeerId::random(), 1);
        assert_eq!(queue.begin(now), Some(job(99)), "whoever has fewer running goes first");
        assert_eq!(queue.begin(now), Some(job(1)));
        assert_eq!(queue.begin(now), None, "no more than {JOBS_OF_ONE_PHOTOGRAPHER} of one");
        queue.done(&job(0));
        assert_eq!(queue.begin(now), Some(job(2)));
    }

    #[test]
    fn a_small_job_passes_the_big_ones_and_the_oldest_is_begun_first() {
        let (ana, now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        for (number, bytes) in [(0, 900), (1, 800), (2, 5), (3, 700)] {
            queue.add(job(number), ana, bytes);
        }
        assert_eq!(queue.begin(now), Some(job(0)), "the oldest");
        assert_eq!(queue.begin(now), Some(job(2)), "the smallest");
        queue.done(&job(2));
        assert_eq!(queue.begin(now), Some(job(3)));
    }

    #[test]
    fn no_more_jobs_run_than_there_are_places() {
        let now = Instant::now();
        let mut queue = Queue::default();
        for number in 0..20 {
            queue.add(job(number), PeerId::random(), 1);
        }
        let begun: Vec<_> = std::iter::from_fn(|| queue.begin(now)).collect();
        assert_eq!(begun, (0..8).map(job).collect::<Vec<_>>());
    }

    #[test]
    fn a_halted_job_waits_longer_each_time_and_makes_room() {
        let (ana, mut now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        queue.add(job(1), ana, 1);
        let mut waits = Vec::new();
        for _ in 0..9 {
            assert_eq!(queue.begin(now), Some(job(1)));
            queue.halted(&job(1), false, now, 1.0);
            assert_eq!(queue.begin(now), None);
            let next = queue.next_ready(now).unwrap();
            waits.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(queue.begin(now), Some(job(1)));
        queue.halted(&job(1), true, now, 1.0);
        assert_eq!(queue.next_ready(now).unwrap() - now, Duration::from_secs(1), "progress begins the waits anew");
    }

    #[test]
    fn a_due_job_that_finds_no_place_is_not_waited_for_with_a_busy_processor() {
        let (ana, now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        queue.add(job(1), ana, 1);
        assert_eq!(queue.begin(now), Some(job(1)));
        queue.halted(&job(1), false, now, 1.0);
        for number in 2..=3 {
            queue.add(job(number), ana, 1);
            assert_eq!(queue.begin(now), Some(job(number)));
        }
        let due = queue.next_ready(now).unwrap();
        assert_eq!(queue.begin(due), None, "two of one photographer run");
        assert_eq!(queue.next_ready(due), None, "only the end of another can help");
        queue.done(&job(2));
        assert_eq!(queue.begin(due), Some(job(1)));
    }

    #[test]
    fn a_photographer_that_connects_wakes_its_jobs_even_while_they_halt() {
        let (ana, now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        queue.add(job(1), ana, 1);
        queue.begin(now);
        queue.wake(&ana);
        queue.halted(&job(1), false, now, 1.0);
        assert_eq!(queue.begin(now), Some(job(1)), "it connected while the job ran");
        queue.halted(&job(1), false, now, 1.0);
        assert_eq!(queue.begin(now), None);
        queue.wake(&PeerId::random());
        assert_eq!(queue.begin(now), None);
        queue.wake(&ana);
        assert_eq!(queue.begin(now), Some(job(1)));
        queue.done(&job(1));
        assert!(queue.jobs.is_empty());
    }

    #[test]
    fn a_job_that_is_offered_again_while_its_withdrawal_is_noticed_is_not_lost() {
        let (ana, now) = (PeerId::random(), Instant::now());
        let mut queue = Queue::default();
        queue.add(job(1), ana, 1);
        assert_eq!(queue.begin(now), Some(job(1)));
        queue.add(job(1), ana, 1);
        queue.done(&job(1));
        assert_eq!(queue.begin(now), Some(job(1)));
        queue.done(&job(1));
        assert!(queue.jobs.is_empty());
    }
}
