//! What happens to a packet between the two ends of the line.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::conditions::{Conditions, Line};
use crate::pieces::{HEADER, Piece};
use crate::tun;

const LONGEST_PIECE: usize = 65_536 + HEADER;
const QUEUED_PACKETS: usize = 65_536;
const SMALLEST_QUEUE: f64 = 256_000.0;
const QUEUE_TIME: Duration = Duration::from_millis(100);
/// How long packets have the same jitter.
const JITTER_TIME: Duration = Duration::from_millis(10);
/// Packets that come so close after each other may arrive as one piece, with the last of
/// them: a slower line gives them one by one.
const PIECE_TIME: Duration = Duration::from_micros(500);

/// A packet or a piece, when it is to be delivered, and its number.
type Waiting = Reverse<(Instant, u64, Vec<u8>)>;

/// Carries what comes from one device to the other.
pub fn carry(from: File, to: File, line: Arc<Line>, in_pieces: bool, seed: u64) -> thread::JoinHandle<()> {
    let (queue, waiting) = sync_channel(QUEUED_PACKETS);
    let delivering = line.clone();
    thread::spawn(move || deliver(to, waiting, &delivering));
    let taking = TakeIn { queue, schedule: Schedule::new(seed), line, number: 0 };
    thread::spawn(move || taking.run(from, in_pieces))
}

/// What comes into the line.
struct TakeIn {
    queue: SyncSender<Waiting>,
    schedule: Schedule,
    line: Arc<Line>,
    number: u64,
}

impl TakeIn {
    fn run(mut self, mut from: File, in_pieces: bool) {
        let mut buffer = vec![0; LONGEST_PIECE];
        loop {
            let bytes = match from.read(&mut buffer) {
                Ok(length) => &buffer[..length],
                // Before the device is up, and when it goes.
                Err(_) => {
                    thread::sleep(Duration::from_millis(10));
                    continue;
                }
            };
            let is_open = if in_pieces { self.piece(bytes) } else { self.packet(bytes) };
            if !is_open {
                return;
            }
        }
    }

    /// Whether there is somebody to deliver it.
    fn packet(&mut self, bytes: &[u8]) -> bool {
        match self.schedule.arrives(Instant::now(), bytes.len(), self.line.conditions()) {
            None => self.lost(),
            Some(at) => self.carried(at, 1, bytes.to_vec()),
        }
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        let Some(piece) = Piece::read(bytes) else { return true };
        let (now, conditions) = (Instant::now(), self.line.conditions());
        let arrivals = (0..piece.count()).map(|at| self.schedule.arrives(now, piece.length(at), conditions));
        let arrivals: Vec<_> = arrivals.collect();
        let lost = arrivals.iter().filter(|arrival| arrival.is_none()).count();
        self.line.lost.fetch_add(lost as u64, Ordering::Relaxed);
        together(&arrivals).into_iter().all(|(at, packets)| self.carried(at, packets.len(), piece.cut(packets)))
    }

    fn carried(&mut self, at: Instant, packets: usize, bytes: Vec<u8>) -> bool {
        self.number += 1;
        self.line.carried.fetch_add(packets as u64, Ordering::Relaxed);
        self.queue.send(Reverse((at, self.number, bytes))).is_ok()
    }

    fn lost(&mut self) -> bool {
        self.line.lost.fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// Which packets of a piece arrive together, and when: nothing of what is lost, nothing
/// that overtakes, and no more than a moment's.
fn together(arrivals: &[Option<Instant>]) -> Vec<(Instant, Range<usize>)> {
    let mut pieces: Vec<(Instant, Instant, Range<usize>)> = Vec::new();
    for (number, arrival) in arrivals.iter().enumerate() {
        let Some(at) = *arrival else { continue };
        match pieces.last_mut() {
            Some((first, last, packets)) if packets.end == number && at >= *last && at - *first <= PIECE_TIME => {
                *last = at;
                packets.end = number + 1;
            }
            _ => pieces.push((at, at, number..number + 1)),
        }
    }
    pieces.into_iter().map(|(_, last, packets)| (last, packets)).collect()
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
    tun::wake_in_time();
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
        if left.is_zero() {
            if let Some(Reverse((.., packet))) = next.pop() {
                drop(to.write(&packet));
            }
        } else if line.conditions().reorder_percent == 0.0 {
            // Where nothing overtakes there is nothing to wake up for.
            thread::sleep(left);
        } else {
            match waiting.recv_timeout(left) {
                Ok(packet) => next.push(packet),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
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

    #[test]
    fn packets_of_a_piece_arrive_together_unless_one_is_lost_or_the_line_is_slow() {
        let now = Instant::now();
        let at = |micros: u64| Some(now + Duration::from_micros(micros));
        let ranges = |arrivals: &[Option<Instant>]| {
            let pieces = together(arrivals);
            pieces.into_iter().map(|(when, packets)| ((when - now).as_micros(), packets)).collect::<Vec<_>>()
        };
        assert_eq!(ranges(&[at(12), at(24), at(36)]), [(36, 0..3)]);
        assert_eq!(ranges(&[at(12), None, at(24), at(36)]), [(12, 0..1), (36, 2..4)]);
        assert_eq!(ranges(&[at(100), at(20), at(120)]), [(100, 0..1), (120, 1..3)], "the second overtakes");
        assert_eq!(ranges(&[at(1_200), at(2_400)]), [(1_200, 0..1), (2_400, 1..2)]);
        assert!(ranges(&[None]).is_empty());
    }
}
