//! What happens to a packet between the two ends of the line.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::conditions::{Conditions, Line};

const LONGEST_PACKET: usize = 65_536;
const QUEUED_PACKETS: usize = 65_536;
const SMALLEST_QUEUE: f64 = 256_000.0;
const QUEUE_TIME: Duration = Duration::from_millis(100);
/// How long packets have the same jitter.
const JITTER_TIME: Duration = Duration::from_millis(10);
/// Sleeping wakes up this much late; the rest is spent turning.
const SLEEP_LATE: Duration = Duration::from_micros(120);

/// A packet, when it is to be delivered, and its number.
type Waiting = Reverse<(Instant, u64, Vec<u8>)>;

/// Carries what comes from one device to the other.
pub fn carry(from: File, to: File, line: Arc<Line>, seed: u64) -> thread::JoinHandle<()> {
    let (queue, waiting) = sync_channel(QUEUED_PACKETS);
    let delivering = line.clone();
    thread::spawn(move || deliver(to, waiting, &delivering));
    thread::spawn(move || take_in(from, queue, &line, seed))
}

fn take_in(mut from: File, queue: SyncSender<Waiting>, line: &Line, seed: u64) {
    let mut buffer = vec![0; LONGEST_PACKET];
    let mut schedule = Schedule::new(seed);
    for number in 0.. {
        let length = match from.read(&mut buffer) {
            Ok(length) => length,
            // Before the device is up, and when it goes.
            Err(_) => {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        match schedule.arrives(Instant::now(), length, line.conditions()) {
            None => line.lost.fetch_add(1, Ordering::Relaxed),
            Some(at) => match queue.send(Reverse((at, number, buffer[..length].to_vec()))) {
                Ok(()) => line.carried.fetch_add(1, Ordering::Relaxed),
                Err(_) => return,
            },
        };
    }
}

/// When packets arrive, and which.
struct Schedule {
    random: u64,
    jitter_random: u64,
    jitter: (Instant, f64),
    free_at: Instant,
    /// Nothing but what overtakes arrives before this.
    last: Instant,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let now = Instant::now();
        let jitter_random = seed.rotate_left(32) | 1;
        Self { random: seed | 1, jitter_random, jitter: (now, 0.0), free_at: now, last: now }
    }

    /// When a packet arrives that comes `now`; None if it is lost.
    fn arrives(&mut self, now: Instant, length: usize, line: Conditions) -> Option<Instant> {
        let bytes_per_second = line.mbit * 1e6 / 8.0;
        let queue_time = QUEUE_TIME.max(Duration::from_secs_f64(SMALLEST_QUEUE / bytes_per_second));
        let begin = self.free_at.max(now);
        let is_full = begin - now > queue_time;
        if is_full || chance(&mut self.random) < line.loss_percent / 100.0 {
            return None;
        }
        self.free_at = begin + Duration::from_secs_f64(length as f64 / bytes_per_second);
        if line.reorder_percent > 0.0 && chance(&mut self.random) < line.reorder_percent / 100.0 {
            return Some(self.free_at);
        }
        let delay = line.delay_ms + line.jitter_ms * self.jitter(now);
        self.last = self.last.max(self.free_at + Duration::from_secs_f64(delay / 1e3));
        Some(self.last)
    }

    /// In 0..1, the same for [`JITTER_TIME`].
    fn jitter(&mut self, now: Instant) -> f64 {
        if now - self.jitter.0 >= JITTER_TIME {
            self.jitter = (now, chance(&mut self.jitter_random));
        }
        self.jitter.1
    }
}

fn deliver(mut to: File, waiting: Receiver<Waiting>, line: &Line) {
    let mut next: BinaryHeap<Waiting> = BinaryHeap::new();
    loop {
        next.extend(waiting.try_iter());
        let Some(Reverse((at, ..))) = next.peek() else {
            match waiting.recv() {
                Ok(packet) => next.push(packet),
                Err(_) => return,
            }
            continue;
        };
        let left = at.saturating_duration_since(Instant::now());
        if left > SLEEP_LATE {
            // Where nothing overtakes there is nothing to wake up for.
            if line.conditions().reorder_percent == 0.0 {
                thread::sleep(left - SLEEP_LATE);
                continue;
            }
            match waiting.recv_timeout(left - SLEEP_LATE) {
                Ok(packet) => next.push(packet),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        } else if !left.is_zero() {
            thread::yield_now();
        } else if let Some(Reverse((.., packet))) = next.pop() {
            drop(to.write(&packet));
        }
    }
}

/// In 0..1: xorshift, so that a run can be repeated.
fn chance(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Conditions {
        Conditions { mbit: 100.0, delay_ms: 25.0, ..Conditions::default() }
    }

    /// How long after its coming each of `count` packets arrives, one a millisecond.
    fn delays_ms(line: Conditions, count: u32) -> Vec<Option<f64>> {
        let mut schedule = Schedule::new(7);
        let begin = Instant::now();
        let comings = (0..count).map(|number| begin + Duration::from_millis(number.into()));
        let delay = |now| Some((schedule.arrives(now, 1_500, line)? - now).as_secs_f64() * 1e3);
        comings.map(delay).collect()
    }

    #[test]
    fn packets_take_the_delay_and_their_own_time() {
        assert!(delays_ms(line(), 1_000).into_iter().all(|delay| (25.11..25.13).contains(&delay.unwrap())));
    }

    #[test]
    fn thirty_percent_are_lost() {
        let delays = delays_ms(Conditions { loss_percent: 30.0, ..line() }, 10_000);
        let lost = delays.iter().filter(|delay| delay.is_none()).count();
        assert!((2_800..3_200).contains(&lost), "{lost}");
    }

    #[test]
    fn jitter_makes_packets_late_and_lets_none_overtake() {
        let delays: Vec<f64> =
            delays_ms(Conditions { jitter_ms: 20.0, ..line() }, 1_000).into_iter().flatten().collect();
        assert!(delays.iter().any(|delay| *delay < 30.0) && delays.iter().any(|delay| *delay > 40.0));
        assert!(delays.windows(2).all(|pair| pair[1] + 1.0 >= pair[0] - 1e-6));
    }

    #[test]
    fn some_overtake_where_they_are_reordered() {
        let delays: Vec<f64> =
            delays_ms(Conditions { reorder_percent: 5.0, ..line() }, 1_000).into_iter().flatten().collect();
        let ahead = delays.iter().filter(|delay| **delay < 1.0).count();
        assert!((20..90).contains(&ahead), "{ahead}");
    }

    #[test]
    fn a_full_queue_loses_what_comes() {
        let slow = Conditions { mbit: 1.0, ..line() };
        let delays = delays_ms(slow, 3_000);
        assert!(delays.iter().flatten().all(|delay| *delay < 2_100.0));
        assert!(delays.iter().any(Option::is_none));
    }
}
