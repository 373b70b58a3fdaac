//! How many connections to dial beside those that there are, and whither. A function of what
//! is there: dials nothing itself.

use libp2p::Multiaddr;

use crate::limits::SEVERAL_CONNECTIONS;
use crate::peer::reach::FarWay;

/// At which end of a transfer we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// We send, and TCP finds no pace here.
    Sends,
    /// We take files from one that sends so.
    Takes,
}

/// The connections to one peer that we have opened beside the first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Opened {
    pub(super) up: usize,
    pub(super) coming: usize,
}

/// Where to dial now, and how often. Whoever has reached the other does it, and the sender
/// where both have: the same address leads there again. One goes first, since a router
/// may let in no more; where a hole was punched it may be too narrow, and only the sender
/// tries.
pub(super) fn to_dial(end: End, ways: &[FarWay], opened: Opened) -> Option<(Multiaddr, usize)> {
    let first = ways.iter().find(|way| way.is_dialled)?;
    if end == End::Takes && ways.iter().any(|way| !way.is_dialled || way.is_punched) {
        return None;
    }
    let missing = SEVERAL_CONNECTIONS.saturating_sub(ways.len() + opened.coming);
    let count = match (opened.up, opened.coming) {
        (0, 0) => missing.min(1),
        (0, _) => 0,
        _ => missing,
    };
    (count > 0).then(|| (first.address.clone(), count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(number: usize, is_dialled: bool) -> FarWay {
        let address = format!("/ip4/203.0.113.7/tcp/{number}").parse().unwrap();
        FarWay { is_dialled, is_punched: false, address }
    }

    fn count(end: End, ways: &[FarWay], up: usize, coming: usize) -> usize {
        to_dial(end, ways, Opened { up, coming }).map_or(0, |(_, count)| count)
    }

    #[test]
    fn one_goes_first_and_the_others_when_it_was_let_in() {
        let mut ways = vec![way(1, true)];
        assert_eq!(count(End::Sends, &ways, 0, 0), 1);
        assert_eq!(count(End::Sends, &ways, 0, 1), 0, "it is on its way");
        ways.push(way(2, true));
        assert_eq!(count(End::Sends, &ways, 1, 0), SEVERAL_CONNECTIONS - 2);
        assert_eq!(count(End::Sends, &ways, 1, SEVERAL_CONNECTIONS - 2), 0);
    }

    #[test]
    fn only_one_end_dials() {
        for (ways, who) in [
            (vec![way(1, true)], [1, 1]),
            (vec![way(1, false)], [0, 0]),
            // Each has reached the other.
            (vec![way(1, false), way(2, true)], [1, 0]),
            (vec![FarWay { is_punched: true, ..way(1, true) }], [1, 0]),
        ] {
            assert_eq!([End::Sends, End::Takes].map(|end| count(end, &ways, 0, 0)), who, "{ways:?}");
        }
    }

    #[test]
    fn the_address_that_led_there_leads_there_again() {
        let ways = [way(1, false), way(2, true)];
        assert_eq!(to_dial(End::Sends, &ways, Opened::default()), Some((ways[1].address.clone(), 1)));
    }
}
