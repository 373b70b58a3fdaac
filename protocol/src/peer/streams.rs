//! How many streams with requests others may have open here: of one peer, all its
//! connections together, and of one address. Each may hold bytes that nobody has read, so
//! that what bounds the streams of a connection does not bound those of a peer with several,
//! nor of many peers of one house. A request that finds no place is not read, and told to
//! come later; a long one is cut off, since its sender could not hear that.

use std::sync::Arc;

use libp2p::PeerId;
use tokio::sync::OwnedSemaphorePermit;

use super::admission::Standing;
use super::conduct::Conduct;
use super::shares::Shares;
use super::source::{Guest, Source};
use crate::limits::{STREAMS_PER_ADDRESS_MAX, STREAMS_PER_PEER_MAX};

/// The places for others' streams. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    peers: Arc<Shares<PeerId>>,
    /// Those we know take nothing from the strangers of their address, nor those from them.
    addresses: Arc<Shares<(Source, bool)>>,
    conduct: Arc<Conduct>,
}

impl Streams {
    /// Requests that found no place are counted in `conduct`.
    pub(super) fn new(conduct: Arc<Conduct>) -> Self {
        Self {
            peers: Arc::new(Shares::of(STREAMS_PER_PEER_MAX)),
            addresses: Arc::new(Shares::of(STREAMS_PER_ADDRESS_MAX)),
            conduct,
        }
    }

    /// A place for one more stream of `guest`; none if there are as many as may be, which is
    /// counted.
    pub(super) fn take(&self, guest: Guest, standing: Standing) -> Option<Place> {
        let place = self.try_take(guest, standing);
        if place.is_none() {
            self.conduct.streams.add();
        }
        place
    }

    fn try_take(&self, guest: Guest, standing: Standing) -> Option<Place> {
        let of_peer = self.peers.share(guest.peer).try_acquire_owned().ok()?;
        let is_admitted = standing == Standing::Admitted;
        let of_address = match guest.source {
            Some(source) => Some(self.addresses.share((source, is_admitted)).try_acquire_owned().ok()?),
            None => None,
        };
        Some(Place { _of_peer: of_peer, _of_address: of_address })
    }
}

/// The place of one stream: free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_peer: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(address: &str) -> Guest {
        Guest::new(PeerId::random(), &address.parse().unwrap(), false)
    }

    #[test]
    fn a_peer_has_its_streams_whatever_the_number_of_its_connections_and_others_have_theirs() {
        let (streams, bad) = (Streams::new(Arc::default()), guest("/ip4/203.0.113.5/tcp/1"));
        let known = |guest| streams.take(guest, Standing::Admitted);
        let mut taken: Vec<_> = (0..STREAMS_PER_PEER_MAX).map_while(|_| known(bad)).collect();
        assert_eq!(taken.len(), STREAMS_PER_PEER_MAX);
        assert!(known(bad).is_none());
        assert_eq!(streams.conduct.read().streams, 1);
        assert!(known(guest("/ip4/203.0.113.5/tcp/2")).is_some());
        taken.pop();
        assert!(known(bad).is_some());
    }

    #[test]
    fn many_peers_of_one_address_take_none_from_those_of_another() {
        let (streams, mut taken) = (Streams::new(Arc::default()), Vec::new());
        let stranger = |guest| streams.take(guest, Standing::Stranger);
        for _ in 0..2 * STREAMS_PER_ADDRESS_MAX / STREAMS_PER_PEER_MAX {
            let bad = guest("/ip6/2001:db8:1:2::4/tcp/1");
            taken.extend((0..STREAMS_PER_PEER_MAX).map_while(|_| stranger(bad)));
        }
        assert_eq!(taken.len(), STREAMS_PER_ADDRESS_MAX);
        assert!(streams.take(guest("/ip6/2001:db8:1:2::5/tcp/1"), Standing::Admitted).is_some());
        assert!(stranger(guest("/ip6/2001:db8:1:3::4/tcp/1")).is_some());
        let through_a_relay = guest("/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit");
        assert!(stranger(through_a_relay).is_some());
    }
}
