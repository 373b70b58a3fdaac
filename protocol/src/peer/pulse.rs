//! Whether a connection whose pings go unanswered is dead, or a slow line on which they
//! wait behind ranges. Reads no clock and closes nothing.

use std::collections::HashMap;

use libp2p::swarm::ConnectionId;

use crate::limits::{PINGS_MISSED_MAX, PULSE_BYTES};

/// Pings missed in a row on each connection.
#[derive(Debug, Default)]
pub(super) struct Pulses {
    missed: HashMap<ConnectionId, u32>,
}

impl Pulses {
    /// A ping on `connection`, which carried `lately_bytes` in the last two looks
    /// ([`crate::limits::PULSE_LOOK`]), was answered, or not. Whether it is dead.
    pub(super) fn is_dead(&mut self, connection: ConnectionId, answered: bool, lately_bytes: u64) -> bool {
        if answered {
            self.missed.remove(&connection);
            return false;
        }
        let missed = self.missed.entry(connection).or_default();
        *missed = missed.saturating_add(1);
        lately_bytes <= PULSE_BYTES || *missed > PINGS_MISSED_MAX
    }

    /// `connection` is closed.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        self.missed.remove(&connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_line_is_dead_and_a_slow_one_is_not() {
        let (mut pulses, line) = (Pulses::default(), ConnectionId::new_unchecked(1));
        assert!(!pulses.is_dead(line, false, 1_000_000), "ranges go over it");
        assert!(pulses.is_dead(line, false, 200), "pings are no ranges");
    }

    #[test]
    fn a_line_that_is_written_to_and_never_answers_is_dead_after_a_while() {
        let (mut pulses, line) = (Pulses::default(), ConnectionId::new_unchecked(1));
        let dead = (1..).find(|_| pulses.is_dead(line, false, 1_000_000));
        assert_eq!(dead, Some(PINGS_MISSED_MAX + 1));
        pulses.forget(line);
        assert!(!pulses.is_dead(line, false, 1_000_000));
        assert!(!pulses.is_dead(line, true, 0), "an answer is a sign of life");
    }
}
