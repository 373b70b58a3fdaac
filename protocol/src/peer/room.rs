//! The room that requests of others take in memory while they are read and handled.
//! Knows no message, and reads nothing.
//!
//! A sender takes of its own room what it announces, so that what it announces and does
//! not send is missing to itself and to those of its address, and to nobody else. Of the room that all share, bytes are taken as
//! they come. When that is full, a few messages are let through to their end outside of
//! it; else all of them could wait, half read, for each other.

use std::sync::Arc;

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::admission::Standing;
use super::shares::Shares;
use super::source::{Guest, Source};
use crate::limits::{
    INCOMING_ROOM_BYTES, PEER_ROOM_BYTES, PEERS_AT_FULL_SPEED_PER_ADDRESS, READ_TO_THE_END_MAX,
    STRANGER_PEER_ROOM_BYTES, STRANGER_ROOM_BYTES,
};

/// Room is counted in units of this many bytes, since semaphores count in `u32`.
const UNIT_BYTES: usize = 1024;

/// The room of one conversation: one hall for those we know, and one for strangers.
#[derive(Debug)]
pub(super) struct Rooms {
    admitted: Arc<Hall>,
    strangers: Arc<Hall>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            admitted: Hall::of(INCOMING_ROOM_BYTES, PEER_ROOM_BYTES),
            strangers: Hall::of(STRANGER_ROOM_BYTES, STRANGER_PEER_ROOM_BYTES),
        }
    }
}

impl Rooms {
    /// Room for a message that `guest` says is `length` bytes long; waits until what it and
    /// others of its address sent before leave so much. `None` if it never can.
    pub(super) async fn enter(&self, guest: Guest, standing: Standing, length: usize) -> Option<Room> {
        let hall = match standing {
            Standing::Admitted => &self.admitted,
            Standing::Stranger | Standing::Waiting => &self.strangers,
        };
        let wanted = units(length)?;
        if length > hall.peer_bytes {
            return None;
        }
        let own = hall.peers.share(guest.peer).acquire_many_owned(wanted).await.ok()?;
        let of_address = match guest.source {
            Some(source) => Some(hall.addresses.share(source).acquire_many_owned(wanted).await.ok()?),
            None => None,
        };
        Some(Room { hall: Arc::clone(hall), _own: own, _of_address: of_address, shared: None, to_the_end: None })
    }
}

/// What all peers of one standing share.
#[derive(Debug)]
struct Hall {
    shared: Arc<Semaphore>,
    to_the_end: Arc<Semaphore>,
    peer_bytes: usize,
    peers: Shares<PeerId>,
    addresses: Shares<Source>,
}

impl Hall {
    fn of(shared_bytes: usize, peer_bytes: usize) -> Arc<Self> {
        let peer_units = peer_bytes.div_ceil(UNIT_BYTES);
        Arc::new(Self {
            shared: Arc::new(Semaphore::new(shared_bytes / UNIT_BYTES)),
            to_the_end: Arc::new(Semaphore::new(READ_TO_THE_END_MAX)),
            peer_bytes,
            peers: Shares::of(peer_units),
            addresses: Shares::of(PEERS_AT_FULL_SPEED_PER_ADDRESS * peer_units),
        })
    }
}

/// The room of one message: given back when this is dropped.
#[derive(Debug)]
pub(super) struct Room {
    hall: Arc<Hall>,
    _own: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
    shared: Option<OwnedSemaphorePermit>,
    to_the_end: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Waits until `bytes` more may be read; meanwhile they stay on the sender's side.
    pub(super) async fn grow(&mut self, bytes: usize) {
        let Some(wanted) = units(bytes).filter(|_| self.to_the_end.is_none()) else { return };
        let shared = Arc::clone(&self.hall.shared).acquire_many_owned(wanted);
        tokio::select! {
            biased;
            Ok(more) = shared => match &mut self.shared {
                Some(room) => room.merge(more),
                none => *none = Some(more),
            },
            Ok(lane) = Arc::clone(&self.hall.to_the_end).acquire_owned() => self.to_the_end = Some(lane),
            // Both closed: that never happens, and holds nobody up.
            else => {}
        }
    }
}

fn units(bytes: usize) -> Option<u32> {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;
    use crate::limits::PUBLISH_BYTES_MAX;

    fn enter(rooms: &Rooms, peer: PeerId, length: usize) -> Option<Room> {
        enter_from(rooms, Guest { peer, source: None }, length)
    }

    fn enter_from(rooms: &Rooms, guest: Guest, length: usize) -> Option<Room> {
        rooms.enter(guest, Standing::Admitted, length).now_or_never().flatten()
    }

    #[test]
    fn one_peers_announcements_take_no_room_from_another() {
        let (rooms, bad, good) = (Rooms::default(), PeerId::random(), PeerId::random());
        let held: Vec<_> = (0..100).map_while(|_| enter(&rooms, bad, PUBLISH_BYTES_MAX)).collect();
        assert_eq!(held.len(), PEER_ROOM_BYTES / PUBLISH_BYTES_MAX);
        let mut room = enter(&rooms, good, PUBLISH_BYTES_MAX).unwrap();
        block_on(room.grow(PUBLISH_BYTES_MAX));
        assert!(room.to_the_end.is_none(), "nothing is read yet");
        drop(held);
        assert!(enter(&rooms, bad, PUBLISH_BYTES_MAX).is_some());
    }

    #[test]
    fn half_read_messages_of_many_do_not_wait_for_each_other_for_ever() {
        let rooms = Rooms::default();
        let mut held = Vec::new();
        for _ in 0..2 * INCOMING_ROOM_BYTES / PUBLISH_BYTES_MAX {
            let mut room = enter(&rooms, PeerId::random(), PUBLISH_BYTES_MAX).unwrap();
            if room.grow(PUBLISH_BYTES_MAX / 2).now_or_never().is_none() {
                break;
            }
            held.push(room);
        }
        let let_through = held.iter_mut().filter_map(|room| room.grow(PUBLISH_BYTES_MAX).now_or_never()).count();
        assert!((1..=READ_TO_THE_END_MAX).contains(&let_through), "{let_through}");
    }

    #[test]
    fn many_peers_of_one_address_take_no_room_from_those_of_another() {
        let rooms = Rooms::default();
        let from = |address: &str| Guest::new(PeerId::random(), &address.parse().unwrap(), false);
        let (house, other) = ("/ip4/203.0.113.5/tcp/1", "/ip4/203.0.113.6/tcp/1");
        let mut held = Vec::new();
        while let Some(room) = enter_from(&rooms, from(house), PEER_ROOM_BYTES) {
            held.push(room);
        }
        assert_eq!(held.len(), PEERS_AT_FULL_SPEED_PER_ADDRESS);
        assert!(enter_from(&rooms, from(other), PEER_ROOM_BYTES).is_some());
        held.pop();
        assert!(enter_from(&rooms, from(house), PEER_ROOM_BYTES).is_some());
    }
}
