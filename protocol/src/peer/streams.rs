//! How many streams others may have open here: of one peer, all its connections together,
//! and of one address. Each may hold bytes that nobody has read, so that what bounds the
//! streams of a connection does not bound those of a peer with several, nor of many peers
//! of one house.

use std::sync::Arc;

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conduct::Conduct;
use super::shares::Shares;
use super::source::{Guest, Source};
use crate::limits::{STREAMS_PER_ADDRESS_MAX, STREAMS_PER_PEER_MAX};

/// The places for others' streams. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    peers: Arc<Shares<PeerId>>,
    addresses: Arc<Shares<Source>>,
    conduct: Arc<Conduct>,
}

impl Streams {
    /// Those that found no place are counted in `conduct`.
    pub(super) fn new(conduct: Arc<Conduct>) -> Self {
        Self {
            peers: Arc::new(Shares::of(STREAMS_PER_PEER_MAX)),
            addresses: Arc::new(Shares::of(STREAMS_PER_ADDRESS_MAX)),
            conduct,
        }
    }

    /// The places that a connection of `guest` may take from.
    pub(super) fn places(&self, guest: Guest) -> Places {
        Places {
            of_peer: self.peers.share(guest.peer),
            of_address: guest.source.map(|source| self.addresses.share(source)),
            conduct: self.conduct.clone(),
        }
    }
}

/// The places that one connection takes from, together with others.
#[derive(Debug)]
pub(super) struct Places {
    of_peer: Arc<Semaphore>,
    of_address: Option<Arc<Semaphore>>,
    conduct: Arc<Conduct>,
}

impl Places {
    /// A place for one more stream; none if there are as many as may be, which is counted.
    pub(super) fn take(&self) -> Option<Place> {
        let place = self.try_take();
        if place.is_none() {
            self.conduct.streams.add();
        }
        place
    }

    fn try_take(&self) -> Option<Place> {
        let of_peer = Arc::clone(&self.of_peer).try_acquire_owned().ok()?;
        let of_address = match &self.of_address {
            Some(share) => Some(Arc::clone(share).try_acquire_owned().ok()?),
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
        let (first, second) = (streams.places(bad), streams.places(bad));
        let mut taken: Vec<_> = (0..STREAMS_PER_PEER_MAX).map_while(|_| first.take()).collect();
        assert_eq!(taken.len(), STREAMS_PER_PEER_MAX);
        assert!(second.take().is_none());
        assert_eq!(streams.conduct.read().streams, 1);
        assert!(streams.places(guest("/ip4/203.0.113.5/tcp/2")).take().is_some());
        taken.pop();
        assert!(second.take().is_some());
    }

    #[test]
    fn many_peers_of_one_address_take_none_from_those_of_another() {
        let streams = Streams::new(Arc::default());
        let mut taken = Vec::new();
        for _ in 0..2 * STREAMS_PER_ADDRESS_MAX / STREAMS_PER_PEER_MAX {
            let places = streams.places(guest("/ip6/2001:db8:1:2::4/tcp/1"));
            taken.extend((0..STREAMS_PER_PEER_MAX).map_while(|_| places.take()));
        }
        assert_eq!(taken.len(), STREAMS_PER_ADDRESS_MAX);
        assert!(streams.places(guest("/ip6/2001:db8:1:3::4/tcp/1")).take().is_some());
        let through_a_relay = guest("/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit");
        assert!(streams.places(through_a_relay).take().is_some());
    }
}
