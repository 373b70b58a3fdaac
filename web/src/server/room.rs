//! How many connections there may be, in all and of one address, and who gives way
//! when there is no room: the one that has waited longest without asking for
//! anything. One that is being served is never cut for another.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::limits::{Limits, ROOM_PAUSE_MS};

/// The places of one server.
#[derive(Debug)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    per_network: usize,
    opened_at: Instant,
    next_id: AtomicU64,
    sitters: Mutex<HashMap<u64, Arc<Sitter>>>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    id: u64,
    peer: IpAddr,
    room: Arc<Room>,
    sitter: Arc<Sitter>,
    _place: OwnedSemaphorePermit,
}

/// What the room knows of a connection.
#[derive(Debug)]
pub(crate) struct Sitter {
    network: IpAddr,
    requests: AtomicUsize,
    /// Not yet looked at: its request may be there already.
    is_new: AtomicBool,
    /// Bytes of an answer wait for the client to read.
    is_writing: AtomicBool,
    /// Since when it asks for nothing, in milliseconds since the room was opened.
    idle_since_ms: AtomicU64,
    sent_away: AtomicBool,
    leave: Notify,
    opened_at: Instant,
}

/// A request being served, until dropped when the last byte of its answer has been
/// taken for writing.
#[derive(Debug)]
pub(crate) struct Serving(Arc<Sitter>);

impl Room {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(limits.connections)),
            per_network: limits.connections_per_address,
            opened_at: Instant::now(),
            next_id: AtomicU64::new(0),
            sitters: Mutex::new(HashMap::new()),
        })
    }

    /// A place for a newcomer, if need be that of one that is idle.
    pub(crate) async fn place(self: &Arc<Self>) -> OwnedSemaphorePermit {
        loop {
            if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
                return place;
            }
            self.send_away(|_| true);
            let place = Arc::clone(&self.places).acquire_owned();
            let pause = Duration::from_millis(ROOM_PAUSE_MS);
            if let Ok(Ok(place)) = tokio::time::timeout(pause, place).await {
                return place;
            }
        }
    }

    /// Whether one more connection of `network` may come, if need be for one of its
    /// own that is idle. Waits a little for new ones to be looked at.
    pub(crate) async fn admits(&self, network: IpAddr) -> bool {
        let of_it = |sitter: &Sitter| sitter.network == network && !sitter.is_sent_away();
        let deadline = Instant::now() + Duration::from_millis(ROOM_PAUSE_MS);
        loop {
            let (count, is_any_new) = self.count(of_it);
            if count < self.per_network || self.send_away(of_it) {
                return true;
            }
            if !is_any_new || Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Seats a connection.
    pub(crate) fn seat(self: &Arc<Self>, place: OwnedSemaphorePermit, peer: IpAddr, network: IpAddr) -> Seat {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let sitter = Arc::new(Sitter {
            network,
            requests: AtomicUsize::new(0),
            is_new: AtomicBool::new(true),
            is_writing: AtomicBool::new(false),
            idle_since_ms: AtomicU64::new(ms_since(self.opened_at)),
            sent_away: AtomicBool::new(false),
            leave: Notify::new(),
            opened_at: self.opened_at,
        });
        self.sitters().insert(id, Arc::clone(&sitter));
        Seat { id, peer, room: Arc::clone(self), sitter, _place: place }
    }

    /// Frees a file descriptor, if any connection is idle.
    pub(crate) fn send_away_longest_idle(&self) {
        self.send_away(|_| true);
    }

    /// How many there are of `these`, and whether any of them is new.
    fn count(&self, these: impl Fn(&Sitter) -> bool) -> (usize, bool) {
        let sitters = self.sitters();
        let of_these = || sitters.values().filter(|it| these(it));
        (of_these().count(), of_these().any(|it| it.is_new()))
    }

    /// Tells the connection among `these` that has been idle longest to leave.
    fn send_away(&self, these: impl Fn(&Sitter) -> bool) -> bool {
        let sitters = self.sitters();
        let idle = sitters.values().filter(|it| these(it) && it.gives_way());
        let Some(longest) = idle.min_by_key(|it| it.idle_since_ms.load(Ordering::Relaxed)) else {
            return false;
        };
        longest.sent_away.store(true, Ordering::Relaxed);
        longest.leave.notify_one();
        true
    }

    fn sitters(&self) -> MutexGuard<'_, HashMap<u64, Arc<Sitter>>> {
        self.sitters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// The other end's address.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Waits until the connection is to leave for another.
    pub(crate) async fn told_to_leave(&self) {
        self.sitter.leave.notified().await;
    }

    /// Whether a request is being served or an answer waits to be read.
    pub(crate) fn is_busy(&self) -> bool {
        self.sitter.is_busy()
    }

    /// What notes the beginning and end of requests on this seat.
    pub(crate) fn sitter(&self) -> Arc<Sitter> {
        Arc::clone(&self.sitter)
    }

    /// Stays after all: a request came before the word to leave did.
    pub(crate) fn stay(&self) {
        self.sitter.sent_away.store(false, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.sitters().remove(&self.id);
    }
}

impl Sitter {
    /// Begins to serve a request.
    pub(crate) fn serving(self: &Arc<Self>) -> Serving {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Serving(Arc::clone(self))
    }

    /// Notes whether bytes wait for the client to read them.
    pub(crate) fn set_writing(&self, is_writing: bool) {
        if self.is_writing.swap(is_writing, Ordering::Relaxed) != is_writing {
            self.idle_from_now();
        }
    }

    /// Notes that the client was looked at and had sent nothing more.
    pub(crate) fn has_nothing_to_read(&self) {
        self.is_new.store(false, Ordering::Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0 || self.is_writing.load(Ordering::Relaxed)
    }

    fn is_new(&self) -> bool {
        self.is_new.load(Ordering::Relaxed)
    }

    /// Whether it may be closed for another: it has been looked at and asks for nothing.
    fn gives_way(&self) -> bool {
        !self.is_new() && !self.is_busy() && !self.is_sent_away()
    }

    fn idle_from_now(&self) {
        let now_ms = ms_since(self.opened_at);
        self.idle_since_ms.store(now_ms, Ordering::Relaxed);
    }

    fn is_sent_away(&self) -> bool {
        self.sent_away.load(Ordering::Relaxed)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.idle_from_now();
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Tells a client that its address has too many connections. Only if that can be
/// said at once: nobody waits for somebody who is not let in.
pub(crate) fn refuse(stream: &TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\
        content-length: 0\r\nconnection: close\r\n\r\n";
    if let Err(error) = stream.try_write(ANSWER) {
        tracing::trace!(%error, "a refused client had gone already");
    }
    tracing::debug!("an address has too many connections");
}

fn ms_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}
