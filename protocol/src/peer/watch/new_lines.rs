//! Counts of connections that the transport has made and the swarm does not know yet.
//! The transport is not told what number the swarm will give a connection; they find
//! each other again by its ends.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use libp2p::core::ConnectedPoint;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::peer::wire_count::WireTotals;

/// The counts that wait for their connections. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct NewLines {
    waiting: Arc<Mutex<Vec<NewLine>>>,
}

/// Gone once its connection is: what the swarm turns away is not kept.
#[derive(Debug)]
struct NewLine {
    peer: PeerId,
    ends: Ends,
    count: Weak<WireTotals>,
}

#[derive(Debug, PartialEq, Eq)]
struct Ends {
    remote: Multiaddr,
    local: Option<Multiaddr>,
}

impl NewLines {
    /// A count for a connection that is just made.
    pub(in crate::peer) fn begin(&self, peer: PeerId, end: &ConnectedPoint) -> Arc<WireTotals> {
        let count = Arc::new(WireTotals::default());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|line| line.count.strong_count() > 0);
        waiting.push(NewLine { peer, ends: Ends::of(end), count: Arc::downgrade(&count) });
        count
    }

    /// The count of a connection that the swarm has taken.
    pub(in crate::peer) fn take(&self, peer: &PeerId, end: &ConnectedPoint) -> Arc<WireTotals> {
        let ends = Ends::of(end);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|line| line.count.strong_count() > 0);
        let place = waiting.iter().position(|line| line.peer == *peer && line.ends == ends);
        place.and_then(|place| waiting.swap_remove(place).count.upgrade()).unwrap_or_default()
    }
}

impl Ends {
    fn of(end: &ConnectedPoint) -> Self {
        match end {
            ConnectedPoint::Dialer { address, .. } => Self { remote: bare(address), local: None },
            ConnectedPoint::Listener { local_addr, send_back_addr } => {
                Self { remote: bare(send_back_addr), local: Some(bare(local_addr)) }
            }
        }
    }
}

/// Without the peer at its end, which is there in one place and not in another.
fn bare(address: &Multiaddr) -> Multiaddr {
    let mut address = address.clone();
    if let Some(Protocol::P2p(_)) = address.iter().last() {
        address.pop();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(port: u16) -> ConnectedPoint {
        ConnectedPoint::Listener {
            local_addr: "/ip4/127.0.0.1/tcp/4040".parse().unwrap(),
            send_back_addr: format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap(),
        }
    }

    #[test]
    fn each_connection_finds_its_own_count_again() {
        let (lines, ana, bo) = (NewLines::default(), PeerId::random(), PeerId::random());
        let first = lines.begin(ana, &accepted(1));
        let second = lines.begin(ana, &accepted(2));
        let other = lines.begin(bo, &accepted(1));
        assert!(Arc::ptr_eq(&lines.take(&ana, &accepted(2)), &second));
        assert!(Arc::ptr_eq(&lines.take(&bo, &accepted(1)), &other));
        assert!(Arc::ptr_eq(&lines.take(&ana, &accepted(1)), &first));
        assert!(!Arc::ptr_eq(&lines.take(&ana, &accepted(1)), &first), "each once");
    }

    #[test]
    fn connections_that_are_turned_away_leave_nothing_behind() {
        let lines = NewLines::default();
        for port in 1..2_000 {
            drop(lines.begin(PeerId::random(), &accepted(port)));
        }
        assert!(lines.waiting.lock().unwrap().len() <= 1);
    }
}
