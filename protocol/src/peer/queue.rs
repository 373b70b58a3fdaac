//! The order in which peers get in that came while there was no room. They are not
//! connected meanwhile: each keeps its turn for as long as it comes again to ask. A state
//! machine without clock or socket.

use std::collections::{BTreeMap, HashMap};

use libp2p::PeerId;
use tokio::time::Instant;

use crate::limits::{QUEUE_MAX, QUEUE_PATIENCE};

/// Who waits, the first first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    turns: BTreeMap<u64, PeerId>,
    waiting: HashMap<PeerId, Waiting>,
    next_turn: u64,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    turn: u64,
    asked: Instant,
}

impl Queue {
    /// Whether `peer` gets one of the `free` places now: when there is one beyond those
    /// of all who wait longer. If not, it waits from now on.
    pub(super) fn admits(&mut self, peer: PeerId, free: usize, now: Instant) -> bool {
        self.forget_absent(now);
        let ahead = match self.waiting.get(&peer) {
            Some(known) => self.turns.range(..known.turn).count(),
            None => self.turns.len(),
        };
        if ahead < free {
            self.leave(&peer);
            return true;
        }
        self.wait(peer, now);
        false
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&mut self, now: Instant) -> bool {
        self.forget_absent(now);
        self.turns.is_empty()
    }

    fn wait(&mut self, peer: PeerId, now: Instant) {
        if let Some(known) = self.waiting.get_mut(&peer) {
            known.asked = now;
        } else if self.waiting.len() < QUEUE_MAX {
            self.turns.insert(self.next_turn, peer);
            self.waiting.insert(peer, Waiting { turn: self.next_turn, asked: now });
            self.next_turn += 1;
        }
    }

    fn leave(&mut self, peer: &PeerId) {
        if let Some(known) = self.waiting.remove(peer) {
            self.turns.remove(&known.turn);
        }
    }

    /// Who has not come again has gone elsewhere, or off.
    fn forget_absent(&mut self, now: Instant) {
        while let Some((_, peer)) = self.turns.first_key_value() {
            let peer = *peer;
            let is_absent = |known: &Waiting| now.saturating_duration_since(known.asked) > QUEUE_PATIENCE;
            if !self.waiting.get(&peer).is_none_or(is_absent) {
                return;
            }
            self.leave(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whoever_waits_longest_gets_the_next_place_and_a_newcomer_does_not() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let [ana, bo, cy] = [(); 3].map(|()| PeerId::random());
        assert!(queue.admits(ana, 1, now), "there is room");
        assert!(!queue.admits(ana, 0, now) && !queue.admits(bo, 0, now));
        assert!(!queue.admits(cy, 1, now), "one place is ana's");
        assert!(!queue.admits(bo, 1, now), "nor is it bo's");
        assert!(queue.admits(bo, 2, now), "of two the second is");
        assert!(queue.admits(ana, 1, now) && queue.admits(cy, 1, now) && queue.is_empty(now));
    }

    #[test]
    fn a_place_is_not_kept_for_one_that_does_not_come_back() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let [ana, bo] = [(); 2].map(|()| PeerId::random());
        assert!(!queue.admits(ana, 0, now) && !queue.admits(bo, 0, now));
        let later = now + QUEUE_PATIENCE;
        assert!(!queue.admits(bo, 1, later));
        assert!(queue.admits(bo, 1, later + Duration::from_secs(1)));
    }

    #[test]
    fn the_memory_of_those_who_wait_is_bounded() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        (0..QUEUE_MAX + 100).for_each(|_| assert!(!queue.admits(PeerId::random(), 0, now)));
        assert_eq!((queue.turns.len(), queue.waiting.len()), (QUEUE_MAX, QUEUE_MAX));
    }
}
