//! Our places at relays: each is asked for when the relay is connected, and asked for
//! again when it is lost, since nothing else renews it. A state machine without clock
//! or socket.

use std::collections::HashMap;
use std::time::Duration;

use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use crate::limits::{RELAYS_MAX, RESERVATION_WAIT_FIRST, RESERVATION_WAIT_MAX};

/// Relays, and how far we are with each.
#[derive(Debug, Default)]
pub(super) struct Reservations {
    relays: HashMap<PeerId, Relay>,
}

#[derive(Debug)]
struct Relay {
    addresses: Vec<Multiaddr>,
    tries: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not connected to the relay.
    Away,
    /// Connected; to be asked for at this time.
    Waiting { until: Instant },
    /// Asked for, and had unless the listener closes.
    Listening { listener: ListenerId },
}

impl Reservations {
    /// Uses `relay` from now on, which is at `addresses`.
    pub(super) fn add(&mut self, relay: PeerId, addresses: Vec<Multiaddr>, is_connected: bool, now: Instant) {
        let addresses: Vec<_> = addresses.into_iter().filter(|at| !is_circuit(at)).collect();
        if addresses.is_empty() {
            return;
        }
        if let Some(known) = self.relays.get_mut(&relay) {
            known.addresses = addresses;
        } else if self.relays.len() < RELAYS_MAX {
            let state = if is_connected { State::Waiting { until: now } } else { State::Away };
            self.relays.insert(relay, Relay { addresses, tries: 0, state });
        }
    }

    /// Asks `relay` for nothing any more.
    pub(super) fn remove(&mut self, relay: &PeerId) {
        self.relays.remove(relay);
    }

    /// Whether `peer` is one of them.
    pub(super) fn contains(&self, peer: &PeerId) -> bool {
        self.relays.contains_key(peer)
    }

    /// Addresses by which `peer` may be reached through them.
    pub(super) fn circuits_to(&self, peer: PeerId) -> Vec<Multiaddr> {
        let connected = self.relays.iter().filter(|(relay, known)| **relay != peer && known.state != State::Away);
        connected
            .filter_map(|(relay, known)| Some(circuit(known.addresses.first()?, *relay)?.with(Protocol::P2p(peer))))
            .collect()
    }

    /// Whether `peer` may be met at a relay.
    pub(super) fn may_meet(&self, peer: &PeerId) -> bool {
        !self.relays.is_empty() && !self.relays.contains_key(peer)
    }

    /// A direct connection to `relay` is up.
    pub(super) fn connected(&mut self, relay: &PeerId, now: Instant) {
        if let Some(known) = self.relays.get_mut(relay)
            && known.state == State::Away
        {
            known.state = State::Waiting { until: now };
        }
    }

    /// The last direct connection to `relay` is gone.
    pub(super) fn disconnected(&mut self, relay: &PeerId) {
        if let Some(known) = self.relays.get_mut(relay) {
            known.state = State::Away;
            known.tries = 0;
        }
    }

    /// `relay` gave us a place.
    pub(super) fn granted(&mut self, relay: &PeerId) {
        if let Some(known) = self.relays.get_mut(relay) {
            known.tries = 0;
        }
    }

    /// A listener closed: the relay at which a place is lost. `random` is in 0..1.
    pub(super) fn closed(&mut self, listener: ListenerId, now: Instant, random: f64) -> Option<PeerId> {
        let (relay, known) = self.relays.iter_mut().find(|(_, known)| known.state == State::Listening { listener })?;
        known.state = State::Waiting { until: now + wait(known.tries, random) };
        known.tries = known.tries.saturating_add(1);
        Some(*relay)
    }

    /// When [`Self::due`] will next have something.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let waiting = self.relays.values().filter_map(|known| match known.state {
            State::Waiting { until } => Some(until),
            _ => None,
        });
        waiting.min()
    }

    /// Listens at the circuits whose time has come; `listen` gives the listener's id.
    pub(super) fn due(&mut self, now: Instant, mut listen: impl FnMut(Multiaddr) -> ListenerId) {
        for (relay, known) in &mut self.relays {
            match known.state {
                State::Waiting { until } if until <= now => {}
                _ => continue,
            }
            known.state = match known.addresses.first().and_then(|at| circuit(at, *relay)) {
                Some(address) => State::Listening { listener: listen(address) },
                None => State::Away,
            };
        }
    }
}

/// Doubles with each try; half of it is chance, so that all who lost the same relay do
/// not come back in the same moment.
fn wait(tries: u32, random: f64) -> Duration {
    let full = RESERVATION_WAIT_FIRST.saturating_mul(2_u32.saturating_pow(tries.min(20)));
    full.min(RESERVATION_WAIT_MAX).mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
}

/// The circuit through `relay`, which is at `address`.
fn circuit(address: &Multiaddr, relay: PeerId) -> Option<Multiaddr> {
    Some(address.clone().with_p2p(relay).ok()?.with(Protocol::P2pCircuit))
}

fn is_circuit(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> (Reservations, PeerId, Instant) {
        let (mut reservations, relay, now) = (Reservations::default(), PeerId::random(), Instant::now());
        reservations.add(relay, vec!["/ip4/192.0.2.1/tcp/4040".parse().unwrap()], false, now);
        (reservations, relay, now)
    }

    fn asked(reservations: &mut Reservations, now: Instant) -> Option<(Multiaddr, ListenerId)> {
        let mut asked = None;
        reservations.due(now, |address| {
            let listener = ListenerId::next();
            asked = Some((address, listener));
            listener
        });
        asked
    }

    #[test]
    fn a_place_is_asked_for_once_the_relay_is_connected() {
        let (mut reservations, relay, now) = one();
        assert!(asked(&mut reservations, now).is_none());
        assert!(reservations.circuits_to(PeerId::random()).is_empty());
        reservations.connected(&relay, now);
        let (address, _) = asked(&mut reservations, now).unwrap();
        assert_eq!(address.to_string(), format!("/ip4/192.0.2.1/tcp/4040/p2p/{relay}/p2p-circuit"));
        assert!(asked(&mut reservations, now).is_none(), "once");
        assert_eq!(reservations.circuits_to(PeerId::random()).len(), 1);
        assert!(reservations.circuits_to(relay).is_empty(), "nobody reaches a relay through itself");
    }

    #[test]
    fn a_relay_that_was_left_is_neither_used_nor_asked_again() {
        let (mut reservations, relay, now) = one();
        reservations.connected(&relay, now);
        let (_, listener) = asked(&mut reservations, now).unwrap();
        reservations.remove(&relay);
        assert!(reservations.circuits_to(PeerId::random()).is_empty());
        assert!(reservations.closed(listener, now, 1.0).is_none());
        assert!(reservations.next_due().is_none());
    }

    #[test]
    fn a_lost_place_is_asked_for_again_later_and_later_and_not_by_all_at_once() {
        let (mut reservations, relay, now) = one();
        reservations.connected(&relay, now);
        let mut waits = Vec::new();
        let mut at = now;
        for _ in 0..12 {
            let (_, listener) = asked(&mut reservations, at).unwrap();
            reservations.closed(listener, at, 1.0);
            let next = reservations.next_due().unwrap();
            waits.push(next - at);
            at = next;
        }
        assert_eq!(waits[0], RESERVATION_WAIT_FIRST);
        assert_eq!(waits[11], RESERVATION_WAIT_MAX);
        assert!(wait(3, 0.0) < wait(3, 0.9));
        reservations.disconnected(&relay);
        assert!(reservations.next_due().is_none(), "it is asked for when the relay is back");
    }
}
