//! The room that requests of others take in memory while they are read and handled.
//! Knows no message, and reads nothing.
//!
//! A sender takes of its own room what it announces, so that what it announces and does
//! not send is missing to itself alone. Of the room that all share, bytes are taken as
//! they come. When that is full, a few messages are let through to their end outside of
//! it; else all of them could wait, half read, for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::admission::Standing;
use crate::limits::{
    INCOMING_ROOM_BYTES, PEER_ROOM_BYTES, READ_TO_THE_END_MAX, ROOMS_REMEMBERED, STRANGER_PEER_ROOM_BYTES,
    STRANGER_ROOM_BYTES,
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
    /// Room for a message that `peer` says is `length` bytes long; waits until what the
    /// peer sent before leaves so much. `None` if it never can.
    pub(super) async fn enter(&self, peer: PeerId, standing: Standing, length: usize) -> Option<Room> {
        let hall = match standing {
            Standing::Admitted => &self.admitted,
            Standing::Stranger | Standing::Waiting => &self.strangers,
        };
        let of_sender = hall.of_peer(peer);
        let wanted = units(length)?;
        if length > hall.peer_bytes {
            return None;
        }
        let own = of_sender.acquire_many_owned(wanted).await.ok()?;
        Some(Room { hall: Arc::clone(hall), _own: own, shared: None, to_the_end: None })
    }
}

/// What all peers of one standing share.
#[derive(Debug)]
struct Hall {
    shared: Arc<Semaphore>,
    to_the_end: Arc<Semaphore>,
    peer_bytes: usize,
    peers: Mutex<HashMap<PeerId, Arc<Semaphore>>>,
}

impl Hall {
    fn of(shared_bytes: usize, peer_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            shared: Arc::new(Semaphore::new(shared_bytes / UNIT_BYTES)),
            to_the_end: Arc::new(Semaphore::new(READ_TO_THE_END_MAX)),
            peer_bytes,
            peers: Mutex::default(),
        })
    }

    fn of_peer(&self, peer: PeerId) -> Arc<Semaphore> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= ROOMS_REMEMBERED {
            // Whoever has nothing in hand has all its room, known or not.
            peers.retain(|_, room| Arc::strong_count(room) > 1);
        }
        let all = || Arc::new(Semaphore::new(self.peer_bytes.div_ceil(UNIT_BYTES)));
        Arc::clone(peers.entry(peer).or_insert_with(all))
    }
}

/// The room of one message: given back when this is dropped.
#[derive(Debug)]
pub(super) struct Room {
    hall: Arc<Hall>,
    _own: OwnedSemaphorePermit,
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
        rooms.enter(peer, Standing::Admitted, length).now_or_never().flatten()
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
    fn the_memory_of_peers_is_bounded() {
        let rooms = Rooms::default();
        for _ in 0..3 * ROOMS_REMEMBERED {
            enter(&rooms, PeerId::random(), 10).unwrap();
        }
        assert!(rooms.admitted.peers.lock().unwrap().len() <= ROOMS_REMEMBERED);
    }
}
