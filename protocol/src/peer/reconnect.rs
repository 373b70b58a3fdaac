//! Which connections are wanted, and when to try again for those that are
//! missing. A state machine without clock or socket: `event_loop.rs` drives it.

use std::collections::HashMap;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::limits::{CONNECTION_STEADY, KEPT_PEERS_MAX, RETURN_WINDOW_MAX, RETURNS_PER_SECOND};

/// The wanted connections.
pub(super) struct Reconnector {
    first_wait: Duration,
    longest_wait: Duration,
    kept: HashMap<PeerId, Kept>,
}

struct Kept {
    addresses: Vec<Multiaddr>,
    /// Over how long those who lose this peer in one moment come back to it.
    window: Duration,
    /// Tries since the last connection that lasted.
    tries: u32,
    state: State,
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LostBy {
    /// This peer: the line was dead, or the network another. A dial that failed, too.
    Us,
    /// The other end: it stops, or has crashed, and so it has for everybody.
    Peer,
}

impl Kept {
    fn hurry(&mut self, soon: Instant) {
        if let State::Waiting { until } = &mut self.state {
            *until = soon.min(*until);
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    Waiting { until: Instant },
    Dialing,
    Connected { since: Instant },
}

impl Reconnector {
    pub(super) fn new(first_wait: Duration, longest_wait: Duration) -> Self {
        Self { first_wait, longest_wait, kept: HashMap::new() }
    }

    /// Wants a connection to `peer` from now on, or changes its addresses.
    /// False if there are too many wanted already.
    pub(super) fn keep(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, connected: bool, now: Instant) -> bool {
        if self.kept.len() >= KEPT_PEERS_MAX && !self.kept.contains_key(&peer) {
            return false;
        }
        let state = if connected { State::Connected { since: now } } else { State::Waiting { until: now } };
        let window = self.kept.get(&peer).map(|kept| kept.window).unwrap_or_default();
        self.kept.insert(peer, Kept { addresses, window, tries: 0, state });
        true
    }

    /// When `peer` goes away, comes back to it at some time within `window`, so that not
    /// all who are connected to it arrive in the same moment.
    pub(super) fn return_within(&mut self, peer: &PeerId, window: Duration) {
        if let Some(kept) = self.kept.get_mut(peer) {
            kept.window = window;
        }
    }

    /// No longer wants a connection to `peer`.
    pub(super) fn release(&mut self, peer: &PeerId) {
        self.kept.remove(peer);
    }

    /// When [`Self::due`] will next have something.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.kept
            .values()
            .filter_map(|kept| match kept.state {
                State::Waiting { until } => Some(until),
                _ => None,
            })
            .min()
    }

    /// A peer to dial now. The caller reports what became of it.
    pub(super) fn due(&mut self, now: Instant) -> Option<(PeerId, Vec<Multiaddr>)> {
        self.kept.iter_mut().find_map(|(peer, kept)| match kept.state {
            State::Waiting { until } if until <= now => {
                kept.state = State::Dialing;
                Some((*peer, kept.addresses.clone()))
            }
            _ => None,
        })
    }

    /// There is a connection to `peer`, whoever made it.
    pub(super) fn connected(&mut self, peer: &PeerId, now: Instant) {
        if let Some(kept) = self.kept.get_mut(peer) {
            kept.state = State::Connected { since: now };
        }
    }

    /// The network has changed: who is missing is tried within a second, not all in
    /// the same moment. `random` is in 0..1.
    pub(super) fn hurry(&mut self, now: Instant, random: f64) {
        let soon = now + self.first_wait.mul_f64(random.clamp(0.0, 1.0));
        for kept in self.kept.values_mut() {
            kept.hurry(soon);
        }
    }

    /// `peer` was found: it is tried now, if it is wanted and missing.
    pub(super) fn hurry_to(&mut self, peer: &PeerId, now: Instant) {
        if let Some(kept) = self.kept.get_mut(peer) {
            kept.hurry(now);
        }
    }

    /// A dial failed or the last connection ended. `random` is in 0..1.
    pub(super) fn lost(&mut self, peer: &PeerId, by: LostBy, now: Instant, random: f64) {
        let Some(kept) = self.kept.get_mut(peer) else {
            return;
        };
        let mut window = Duration::ZERO;
        match kept.state {
            State::Waiting { .. } => return,
            State::Connected { since } if now.duration_since(since) >= CONNECTION_STEADY => {
                kept.tries = 0;
                // A line of our own that broke is nobody else's: that one is tried at once.
                if by == LostBy::Peer {
                    window = kept.window;
                }
            }
            _ => {}
        }
        let wait = backoff(self.first_wait, self.longest_wait, kept.tries, random);
        let wait = wait.max(window.mul_f64(random.clamp(0.0, 1.0)));
        kept.tries = kept.tries.saturating_add(1);
        kept.state = State::Waiting { until: now + wait };
    }
}

/// Over how long `crowd` peers come back to one that they lost together.
pub(super) fn return_window(crowd: u32) -> Duration {
    Duration::from_secs_f64(f64::from(crowd) / f64::from(RETURNS_PER_SECOND)).min(RETURN_WINDOW_MAX)
}

/// Doubles with each try up to `longest`; half of it is chance, so that all who
/// lost the same host don't come back in the same moment.
fn backoff(first: Duration, longest: Duration, tries: u32, random: f64) -> Duration {
    let factor = 2_u32.saturating_pow(tries.min(30));
    let full = first.saturating_mul(factor).min(longest);
    full.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(60);

    fn one() -> (Reconnector, PeerId, Instant) {
        let mut reconnector = Reconnector::new(FIRST, LONGEST);
        let (peer, now) = (PeerId::random(), Instant::now());
        assert!(reconnector.keep(peer, vec![], false, now));
        (reconnector, peer, now)
    }

    #[test]
    fn a_wanted_peer_is_dialled_at_once_and_only_once() {
        let (mut reconnector, peer, now) = one();
        assert_eq!(reconnector.due(now).unwrap().0, peer);
        assert!(reconnector.due(now).is_none());
        reconnector.connected(&peer, now);
        assert!(reconnector.next_due().is_none());
    }

    #[test]
    fn waits_double_up_to_a_minute_and_stay_there() {
        let (mut reconnector, peer, mut now) = one();
        let mut waits = Vec::new();
        for _ in 0..40 {
            reconnector.due(now).unwrap();
            reconnector.lost(&peer, LostBy::Peer, now, 1.0);
            let next = reconnector.next_due().unwrap();
            waits.push((next - now).as_secs());
            now = next;
        }
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits[8..].iter().all(|wait| *wait == 60));
    }

    #[test]
    fn chance_spreads_the_waits() {
        assert_eq!(backoff(FIRST, LONGEST, 3, 0.0), Duration::from_secs(4));
        assert_eq!(backoff(FIRST, LONGEST, 3, 0.5), Duration::from_secs(6));
        assert_eq!(backoff(FIRST, LONGEST, u32::MAX, 0.0), Duration::from_secs(30));
    }

    #[test]
    fn only_a_connection_that_lasts_begins_the_waits_anew() {
        let (mut reconnector, peer, now) = one();
        for _ in 0..5 {
            reconnector.due(now + LONGEST);
            reconnector.connected(&peer, now);
            reconnector.lost(&peer, LostBy::Peer, now, 1.0);
        }
        assert_eq!(reconnector.next_due().unwrap() - now, Duration::from_secs(16));
        let later = now + CONNECTION_STEADY;
        reconnector.connected(&peer, now);
        reconnector.lost(&peer, LostBy::Peer, later, 1.0);
        assert_eq!(reconnector.next_due().unwrap() - later, FIRST);
    }

    #[test]
    fn a_change_of_network_ends_a_long_wait() {
        let (mut reconnector, peer, now) = one();
        for _ in 0..10 {
            reconnector.due(now + 2 * LONGEST);
            reconnector.lost(&peer, LostBy::Peer, now, 1.0);
        }
        assert_eq!(reconnector.next_due().unwrap() - now, LONGEST);
        reconnector.hurry(now, 0.5);
        assert_eq!(reconnector.next_due().unwrap() - now, FIRST / 2);
        reconnector.hurry_to(&peer, now);
        assert_eq!(reconnector.due(now).unwrap().0, peer);
    }

    #[test]
    fn wanted_peers_are_bounded_and_can_be_released() {
        let (mut reconnector, peer, now) = one();
        for _ in 1..KEPT_PEERS_MAX {
            assert!(reconnector.keep(PeerId::random(), vec![], false, now));
        }
        assert!(!reconnector.keep(PeerId::random(), vec![], false, now));
        assert!(reconnector.keep(peer, vec![], false, now), "a known one can change");
        reconnector.release(&peer);
        assert!(reconnector.keep(PeerId::random(), vec![], false, now));
    }

    #[test]
    fn ten_thousand_who_lose_their_host_in_one_moment_come_back_over_half_a_minute() {
        let (mut reconnector, peer, now) = one();
        let window = return_window(10_000);
        reconnector.return_within(&peer, window);
        let later = now + CONNECTION_STEADY;
        let mut arrivals = [0; 40];
        for turn in 0..10_000 {
            reconnector.connected(&peer, now);
            reconnector.lost(&peer, LostBy::Peer, later, f64::from(turn) / 10_000.0);
            let wait = reconnector.next_due().unwrap() - later;
            arrivals[usize::try_from(wait.as_secs()).unwrap()] += 1;
        }
        assert!(arrivals.iter().all(|in_a_second| *in_a_second <= 2 * RETURNS_PER_SECOND), "{arrivals:?}");
        assert!(arrivals[30] > 0 && arrivals[35..].iter().all(|late| *late == 0), "{arrivals:?}");
    }

    #[test]
    fn a_line_of_our_own_that_broke_is_tried_at_once_at_the_largest_host_too() {
        let (mut reconnector, peer, now) = one();
        reconnector.return_within(&peer, return_window(10_000));
        assert!(reconnector.keep(peer, vec![], true, now), "and other addresses change nothing of it");
        let later = now + CONNECTION_STEADY;
        reconnector.lost(&peer, LostBy::Us, later, 1.0);
        assert_eq!(reconnector.next_due().unwrap() - later, FIRST);
        reconnector.connected(&peer, now);
        reconnector.lost(&peer, LostBy::Peer, later, 1.0);
        assert!(reconnector.next_due().unwrap() - later > 30 * FIRST);
        assert_eq!(return_window(u32::MAX), RETURN_WINDOW_MAX);
        assert!(return_window(3) < FIRST, "a small host's few come back as they did");
    }
}
