//! What a host passes on between enrolled peers that can't reach each other, and for
//! how long.

use libp2p::{Multiaddr, PeerId, relay};

use super::config::{PeerConfig, Relay};
use crate::limits::{
    RELAY_BULK_BYTES, RELAY_BULK_TIME, RELAY_CIRCUIT_BYTES, RELAY_CIRCUITS_MAX, RELAY_CIRCUITS_PER_PEER_MAX,
    RELAY_RESERVATION_TIME, RELAY_RESERVATIONS_MAX, RELAY_RESERVATIONS_PER_PEER_MAX, RELAY_TRIES_SAVED,
    RELAY_TRY_EVERY,
};

/// The relay of `me`, if it is one. Strangers get no place and no circuit.
pub(super) fn behaviour(me: PeerId, config: &PeerConfig) -> Option<relay::Behaviour> {
    let (max_circuit_bytes, max_circuit_duration) = match config.reach.relay {
        Relay::Nothing => return None,
        Relay::Meetings => (RELAY_CIRCUIT_BYTES, config.limits.relay_circuit_time),
        Relay::Files => (RELAY_BULK_BYTES, RELAY_BULK_TIME),
    };
    // Before the rate limits, so that strangers are not even counted.
    let (for_place, for_circuit) = (config.admission.clone(), config.admission.clone());
    let config = relay::Config {
        max_reservations: RELAY_RESERVATIONS_MAX,
        // Of one peer libp2p grants one more than it is told.
        max_reservations_per_peer: RELAY_RESERVATIONS_PER_PEER_MAX - 1,
        reservation_duration: RELAY_RESERVATION_TIME,
        reservation_rate_limiters: vec![Box::new(move |peer: PeerId, _: &Multiaddr, _| for_place.is_admitted(&peer))],
        max_circuits: RELAY_CIRCUITS_MAX,
        max_circuits_per_peer: RELAY_CIRCUITS_PER_PEER_MAX - 1,
        max_circuit_duration,
        max_circuit_bytes,
        circuit_src_rate_limiters: vec![Box::new(move |peer: PeerId, _: &Multiaddr, _| for_circuit.is_admitted(&peer))],
    };
    let config = config
        .reservation_rate_per_peer(RELAY_TRIES_SAVED, RELAY_TRY_EVERY)
        .circuit_src_per_peer(RELAY_TRIES_SAVED, RELAY_TRY_EVERY);
    let mut behaviour = relay::Behaviour::new(me, config);
    behaviour.set_status(Some(relay::Status::Enable));
    Some(behaviour)
}
