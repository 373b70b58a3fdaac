//! Whether a connection whose pings go unanswered is dead, or a slow line on which they
//! wait behind ranges. Reads no clock and closes nothing.

use std::collections::HashMap;

use libp2p::swarm::ConnectionId;

use super::wire_count::WireCount;
use crate::limits::{PINGS_MISSED_MAX, PULSE_BYTES};

/// Pings missed on each connection, and what has crossed all of them lately.
#[derive(Debug, Default)]
pub(super) struct Pulses {
    missed: HashMap<ConnectionId, u32>,
    /// The totals one and two looks ago.
    looks: [u64; 2],
}

impl Pulses {
    /// Looks at the totals: to be called every [`crate::limits::PULSE_LOOK`].
    pub(super) fn look(&mut self, wire: WireCount) {
        self.looks = [total(wire), self.looks[0]];
    }

    /// A ping on `connection` was answered, or not. Whether it is dead.
    pub(super) fn is_dead(&mut self, connection: ConnectionId, answered: bool, wire: WireCount) -> bool {
        if answered {
            self.missed.remove(&connection);
            return false;
        }
        let missed = self.missed.entry(connection).or_default();
        *missed = missed.saturating_add(1);
        let is_flowing = total(wire).saturating_sub(self.looks[1]) > PULSE_BYTES;
        !is_flowing || *missed > PINGS_MISSED_MAX
    }

    /// `connection` is closed.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        self.missed.remove(&connection);
    }
}

fn total(wire: WireCount) -> u64 {
    wire.sent_bytes.saturating_add(wire.received_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(bytes: u64) -> WireCount {
        WireCount { sent_bytes: bytes, received_bytes: 0 }
    }

    #[test]
    fn a_silent_line_is_dead_and_a_slow_one_is_not() {
        let (mut pulses, line) = (Pulses::default(), ConnectionId::new_unchecked(1));
        pulses.look(wire(1_000));
        assert!(!pulses.is_dead(line, false, wire(1_000_000)), "ranges go over it");
        pulses.look(wire(1_000_000));
        pulses.look(wire(1_000_100));
        assert!(pulses.is_dead(line, false, wire(1_000_200)), "other peers' pings are no ranges");
    }

    #[test]
    fn other_peers_ranges_hide_a_dead_line_for_a_while_only() {
        let (mut pulses, line) = (Pulses::default(), ConnectionId::new_unchecked(1));
        let dead = (1..).find(|turn| pulses.is_dead(line, false, wire(turn * 1_000_000)));
        assert_eq!(dead, Some(u64::from(PINGS_MISSED_MAX) + 1));
    }
}
