//! How much a sender keeps under way. Not by single lost packets, as is usual: on radio
//! and on long ways some are lost though there is room. But by what comes, as BBR does: it
//! measures what the other end gets in a round trip, and keeps up to twice what fits on
//! the way at that rate under way. While the rate still grows and no packet waits for
//! another, each that comes makes room for two, to be there soon.
//!
//! What the line itself loses is measured while hardly more is under way than fits. More
//! loss than that tells that the line's queue is full: then it goes back to what fits, and
//! from there up again in small steps.
//!
//! It is our own because quinn's BBR takes the time between two acknowledgements for the
//! line's rate, and floods it: of what it sent over 100 Mbit/s and 50 ms, half was lost
//! (benches/RESULTS.md).

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::congestion::{Controller, ControllerFactory};
use quinn_proto::RttEstimator;

/// Packets under way when nothing is known of a line: 48 KB, as browsers begin.
const FIRST_PACKETS: u64 = 32;
/// Round trips for which a rate is remembered: one bad moment is none of the line's.
const ROUNDS_REMEMBERED: usize = 10;
/// Under way while the rate grows, in hundredths of what fits on the way. What is known of
/// the rate is a round trip old, so that this makes it three times as much in two.
const GROWING: u64 = 300;
/// Packets of a round after which its shortest round trip says whether they wait.
const ROUND_TRIPS_TOLD: u32 = 8;
/// As [`GROWING`], once it is known.
const MOST: u64 = 200;
/// As [`GROWING`], where the queue was full: what fits, and a little for acknowledgements
/// that come late.
const LEAST: u64 = 102;
/// From there up to [`MOST`], each round.
const STEP: u64 = 2;
/// Up to here the queue is taken for empty, so that what is lost the line has lost.
const NEARLY_LEAST: u64 = LEAST + 3 * STEP;
/// Rounds in which the rate did not grow by a quarter, after which it is known.
const ROUNDS_WITHOUT_GROWTH: u32 = 3;
/// Lost of a round, in thousandths, beyond what the line loses by itself, from which on the
/// queue is full. So much is lost by chance in one of some twenty rounds.
const LOSS_OF_A_FULL_QUEUE: u64 = 20;
/// As [`LOSS_OF_A_FULL_QUEUE`], while the rate has just stopped to grow: of thrice what fits
/// much more is lost. Of a few packets that are all there was to send it says nothing: one
/// of those that was lost would leave a rate of next to nothing for known.
const LOSS_OF_TOO_MUCH: u64 = 100;
/// Rounds in which losses of what was under way before are still told; of a window that has
/// just been doubled, so many.
const ROUNDS_OF_ECHO: u32 = 4;
/// After so long without a round trip as short as the shortest, the way may have become
/// another one: the queue is emptied for a moment, to measure it.
const WAY_HOLDS: Duration = Duration::from_secs(10);
/// Rounds of that moment; the first half of them empties the queue.
const ROUNDS_OF_LOOKING: u32 = 6;
/// What the line loses by itself is known no better than this, in thousandths: past it
/// there is nothing to be kept full.
const OWN_LOSS_MOST: u64 = 600;

/// Makes a [`Pace`] for each connection.
pub(super) struct Paces;

impl ControllerFactory for Paces {
    fn build(self: Arc<Self>, _: Instant, packet_bytes: u16) -> Box<dyn Controller> {
        Box::new(Pace::new(packet_bytes.into()))
    }
}

/// The pace of one connection.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    packet_bytes: u64,
    window: u64,
    /// What is kept under way, in hundredths of what fits on the way.
    keeps: u64,
    way: Way,
    /// Bytes a second of the last rounds.
    rates: [u64; ROUNDS_REMEMBERED],
    next_rate: usize,
    grown_to: u64,
    rounds_without_growth: u32,
    rounds_of_echo: u32,
    own_loss: OwnLoss,
    last_sent: u64,
    round: Round,
    /// By the round trips of the last round that told it.
    waits: bool,
}

/// How long the way is: the shortest round trip, since a queue makes it longer.
#[derive(Debug, Clone, Default)]
struct Way {
    shortest: Option<Duration>,
    /// When a round trip was last about as short.
    confirmed: Option<Instant>,
    /// Rounds for which the queue is still kept empty.
    looking: u32,
    /// The shortest of these.
    anew: Option<Duration>,
}

/// What the line loses by itself: of the last rounds in which its queue was empty.
#[derive(Debug, Clone, Default)]
struct OwnLoss {
    lost_bytes: u64,
    came_bytes: u64,
}

/// From an acknowledgement to that of what was sent after it.
#[derive(Debug, Clone, Default)]
struct Round {
    began: Option<Instant>,
    ends_after: u64,
    came_bytes: u64,
    lost_bytes: u64,
    /// There was less to send than could be sent.
    is_idle: bool,
    /// The shortest round trip, and of how many packets.
    shortest: Option<Duration>,
    round_trips: u32,
}

impl Pace {
    fn new(packet_bytes: u64) -> Self {
        Self {
            packet_bytes,
            window: FIRST_PACKETS * packet_bytes,
            keeps: GROWING,
            way: Way::default(),
            rates: [0; ROUNDS_REMEMBERED],
            next_rate: 0,
            grown_to: 0,
            rounds_without_growth: 0,
            rounds_of_echo: 0,
            own_loss: OwnLoss::default(),
            last_sent: 0,
            round: Round::default(),
            waits: false,
        }
    }

    fn came(&mut self, now: Instant, sent: Instant, bytes: u64) {
        let took = now.saturating_duration_since(sent);
        self.way.came(now, took);
        self.round.came(bytes, took);
        if self.round.round_trips >= ROUND_TRIPS_TOLD {
            self.waits = self.round.shortest.is_some_and(|shortest| self.way.is_longer(shortest));
        }
        if self.doubles() && !self.round.is_idle {
            self.window += bytes;
        }
    }

    /// The rate is not known yet.
    fn grows_still(&self) -> bool {
        self.rounds_without_growth < ROUNDS_WITHOUT_GROWTH
    }

    /// The rate is not known yet, and nothing says that the line is full.
    fn doubles(&self) -> bool {
        self.grows_still() && !self.waits && self.round.lost_thousandths() <= LOSS_OF_A_FULL_QUEUE
    }

    fn end_round(&mut self, now: Instant, is_idle: bool) {
        let doubled = self.doubles();
        let next = Round { began: Some(now), ends_after: self.last_sent, is_idle, ..Round::default() };
        let round = std::mem::replace(&mut self.round, next);
        let Some(rate) = round.rate(now) else { return };
        if !round.is_idle || rate > self.best_rate() {
            self.rates[self.next_rate] = rate;
            self.next_rate = (self.next_rate + 1) % ROUNDS_REMEMBERED;
        }
        self.keeps = self.keeps_after(&round);
        if self.way.is_looked_at(now) {
            self.keeps = LEAST;
        }
        let fits = u128::from(self.best_rate()) * self.way.shortest.unwrap_or_default().as_micros() / 1_000_000;
        // What the line loses is under way until it is missed.
        let comes = u128::from(1_000 - self.own_loss.thousandths());
        let keeps = u64::try_from(fits * u128::from(self.keeps) * 10 / comes).unwrap_or(u64::MAX);
        let grown = if doubled { self.window } else { 0 };
        self.window = keeps.max(grown).max(self.initial_window());
    }

    fn keeps_after(&mut self, round: &Round) -> u64 {
        let is_full = round.lost_thousandths() > self.own_loss.thousandths() + LOSS_OF_A_FULL_QUEUE;
        if self.grows_still() {
            return self.grows(round);
        }
        if self.rounds_of_echo > 0 {
            self.rounds_of_echo -= 1;
            return self.keeps;
        }
        if self.keeps <= NEARLY_LEAST || !is_full {
            self.own_loss.learn(round, self.keeps <= NEARLY_LEAST);
        }
        match is_full && self.keeps > NEARLY_LEAST {
            true => self.goes_back(),
            false if round.is_idle => self.keeps,
            false => (self.keeps + STEP).min(MOST),
        }
    }

    fn grows(&mut self, round: &Round) -> u64 {
        if self.best_rate() > self.grown_to + self.grown_to / 4 {
            (self.grown_to, self.rounds_without_growth) = (self.best_rate(), 0);
        } else if round.lost_thousandths() > LOSS_OF_TOO_MUCH && round.bytes() >= self.initial_window() {
            self.rounds_without_growth = ROUNDS_WITHOUT_GROWTH;
            return self.goes_back();
        } else if !round.is_idle {
            self.rounds_without_growth += 1;
        }
        if self.grows_still() { GROWING } else { MOST }
    }

    fn goes_back(&mut self) -> u64 {
        self.rounds_of_echo = ROUNDS_OF_ECHO;
        LEAST
    }

    fn best_rate(&self) -> u64 {
        self.rates.iter().copied().max().unwrap_or_default()
    }
}

impl Round {
    fn came(&mut self, bytes: u64, took: Duration) {
        self.came_bytes += bytes;
        self.round_trips += 1;
        self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
    }

    /// Bytes a second that came, if it has begun.
    fn rate(&self, now: Instant) -> Option<u64> {
        let micros = now.saturating_duration_since(self.began?).as_micros().max(1);
        Some(u64::try_from(u128::from(self.came_bytes) * 1_000_000 / micros).unwrap_or(u64::MAX))
    }

    fn bytes(&self) -> u64 {
        self.lost_bytes + self.came_bytes
    }

    fn lost_thousandths(&self) -> u64 {
        self.lost_bytes * 1_000 / self.bytes().max(1)
    }
}

impl Way {
    fn came(&mut self, now: Instant, took: Duration) {
        self.shortest = Some(self.shortest.map_or(took, |shortest| shortest.min(took)));
        if !self.is_longer(took) {
            self.confirmed = Some(now);
        }
        if (1..=ROUNDS_OF_LOOKING / 2).contains(&self.looking) {
            self.anew = Some(self.anew.map_or(took, |shortest| shortest.min(took)));
        }
    }

    /// Whether a round trip of so long has a wait in it.
    fn is_longer(&self, took: Duration) -> bool {
        self.shortest.is_some_and(|shortest| took > shortest + shortest / 8)
    }

    /// At a round's end: whether nothing is to be kept in the queue now.
    fn is_looked_at(&mut self, now: Instant) -> bool {
        if self.looking == 0 {
            let holds = self.confirmed.is_none_or(|confirmed| now.saturating_duration_since(confirmed) < WAY_HOLDS);
            self.looking = if holds { 0 } else { ROUNDS_OF_LOOKING };
            return !holds;
        }
        self.looking -= 1;
        if self.looking == 0
            && let Some(anew) = self.anew.take()
        {
            (self.shortest, self.confirmed) = (Some(anew), Some(now));
        }
        self.looking > 0
    }
}

impl OwnLoss {
    fn thousandths(&self) -> u64 {
        (self.lost_bytes * 1_000 / (self.lost_bytes + self.came_bytes).max(1)).min(OWN_LOSS_MOST)
    }

    /// Of a round; the older ones fade. Where the queue may not have been empty, only that
    /// less is lost tells something.
    fn learn(&mut self, round: &Round, is_empty: bool) {
        if is_empty || round.lost_thousandths() < self.thousandths() {
            self.lost_bytes = self.lost_bytes * 7 / 8 + round.lost_bytes;
            self.came_bytes = self.came_bytes * 7 / 8 + round.came_bytes;
        }
    }
}

impl Controller for Pace {
    fn on_sent(&mut self, now: Instant, _: u64, last_packet_number: u64) {
        self.last_sent = last_packet_number;
        self.round.began.get_or_insert(now);
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, _: bool, _: &RttEstimator) {
        self.came(now, sent, bytes);
    }

    fn on_end_acks(&mut self, now: Instant, _: u64, app_limited: bool, largest_packet_num_acked: Option<u64>) {
        self.round.is_idle |= app_limited;
        if largest_packet_num_acked.is_some_and(|largest| largest > self.round.ends_after) {
            self.end_round(now, app_limited);
        }
    }

    fn on_congestion_event(&mut self, _: Instant, _: Instant, is_persistent_congestion: bool, lost_bytes: u64) {
        self.round.lost_bytes += lost_bytes;
        if is_persistent_congestion {
            // Nothing came for long: the line may be another one now.
            let (packet_bytes, last_sent) = (self.packet_bytes, self.last_sent);
            *self = Self { last_sent, ..Self::new(packet_bytes) };
            self.round.ends_after = last_sent;
        }
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.packet_bytes = new_mtu.into();
        self.window = self.window.max(self.initial_window());
    }

    fn window(&self) -> u64 {
        self.window
    }

    fn initial_window(&self) -> u64 {
        FIRST_PACKETS * self.packet_bytes
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests;
