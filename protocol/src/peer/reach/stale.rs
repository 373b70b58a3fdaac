//! Of several connections to one peer, which go. A peer dials another only when it has
//! no connection to it; so a new one says that the others are dead at its end, unless
//! all of them come of one meeting. A host dials those that are connected, too, to see
//! whether they can be reached: that replaces nothing at either end. Nor does one that is
//! opened beside others (`beside/`), which is told a moment later.

use libp2p::swarm::ConnectionId;

use super::paths::Way;
use crate::limits::PATH_SETTLING;

/// What to close of `new` and the `others`, now that `new` is up.
pub(super) fn to_close(others: &[Way], new: &Way, is_relay: bool) -> Vec<ConnectionId> {
    if is_relay {
        return Vec::new();
    }
    let is_old = |way: &&Way| is_old(way, new);
    let (direct, relayed): (Vec<_>, Vec<_>) = others.iter().partition(|way| way.relay.is_none());
    let ids = |ways: Vec<&Way>| ways.into_iter().map(|way| way.connection).collect();
    match new.relay {
        None if new.is_dialled && !direct.is_empty() => Vec::new(),
        // A hole was punched, or the peer was found without it.
        None => ids(relayed.into_iter().chain(direct.into_iter().filter(is_old)).collect()),
        Some(_) if direct.is_empty() => ids(relayed.into_iter().filter(is_old).collect()),
        // They met both ways at once.
        Some(_) if !direct.iter().all(is_old) || new.is_dialled => vec![new.connection],
        // The peer came by the relay because it has lost the direct way.
        Some(_) => ids(direct),
    }
}

/// What to close of `ways`, now that a direct one among them is known to replace others.
pub(super) fn replaced(ways: &[Way], connection: ConnectionId) -> Vec<ConnectionId> {
    let Some(new) = ways.iter().find(|way| way.connection == connection) else { return Vec::new() };
    ways.iter().filter(|way| way.relay.is_none() && is_old(way, new)).map(|way| way.connection).collect()
}

fn is_old(way: &Way, new: &Way) -> bool {
    new.since.saturating_duration_since(way.since) >= PATH_SETTLING
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use libp2p::PeerId;
    use libp2p::core::ConnectedPoint;
    use tokio::time::Instant;

    use super::*;

    fn way(number: usize, is_relayed: bool, at: Instant) -> Way {
        let local_addr = match is_relayed {
            true => format!("/ip4/192.0.2.1/tcp/4040/p2p/{}/p2p-circuit", PeerId::random()),
            false => "/ip4/127.0.0.1/tcp/4042".to_owned(),
        };
        let send_back_addr =
            if is_relayed { format!("/p2p/{}", PeerId::random()) } else { "/ip4/127.0.0.1/tcp/9".into() };
        let endpoint = ConnectedPoint::Listener {
            local_addr: local_addr.parse().unwrap(),
            send_back_addr: send_back_addr.parse().unwrap(),
        };
        let mut way = Way::new(ConnectionId::new_unchecked(number), &endpoint, Default::default());
        way.since = at;
        way
    }

    fn ids(numbers: &[usize]) -> Vec<ConnectionId> {
        numbers.iter().map(|number| ConnectionId::new_unchecked(*number)).collect()
    }

    #[test]
    fn after_a_punch_the_relayed_connection_goes() {
        let now = Instant::now();
        assert_eq!(to_close(&[way(1, true, now)], &way(2, false, now), false), ids(&[1]));
    }

    #[test]
    fn of_two_that_met_both_ways_at_once_the_direct_one_stays() {
        let now = Instant::now();
        assert_eq!(to_close(&[way(1, false, now)], &way(2, true, now), false), ids(&[2]));
    }

    #[test]
    fn who_comes_back_by_the_relay_or_anew_has_lost_the_old_way() {
        let (then, now) = (Instant::now(), Instant::now() + PATH_SETTLING + Duration::from_secs(1));
        assert_eq!(to_close(&[way(1, false, then)], &way(2, true, now), false), ids(&[1]));
        assert_eq!(to_close(&[way(1, false, then)], &way(2, false, now), false), ids(&[1]));
    }

    #[test]
    fn a_connection_that_turns_out_to_replace_others_replaces_those_of_before() {
        let (then, now) = (Instant::now(), Instant::now() + PATH_SETTLING * 2);
        let ways = [way(1, false, then), way(2, false, then), way(3, false, now), way(4, false, now)];
        assert_eq!(replaced(&ways, ConnectionId::new_unchecked(3)), ids(&[1, 2]));
        assert!(replaced(&ways, ConnectionId::new_unchecked(2)).is_empty());
        assert!(replaced(&ways[..2], ConnectionId::new_unchecked(3)).is_empty(), "it has gone itself");
    }

    #[test]
    fn a_relay_that_looks_whether_we_can_be_reached_replaces_nothing() {
        let (then, now) = (Instant::now(), Instant::now() + PATH_SETTLING * 2);
        assert!(to_close(&[way(1, false, then)], &way(2, false, now), true).is_empty());
    }
}
