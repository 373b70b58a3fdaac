//! The courier: the task that takes what is due from the outbox to its peers.
//!
//! Owns when to try, in what order, how many at once and what an answer does to a
//! parcel. Does not know how a peer is reached: a [`Deliver`] does.
//!
//! Peers are served side by side, parcels of one peer one after another. The unit of
//! work is a *round*: hold the peer's lease, deliver its due parcels, let go.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::Ledger;
use super::agenda::{Agenda, Appointment};
use super::bell::Rung;
use super::clock::{Clock, SystemClock};
use super::outbox::{self, Parcel};
use super::round::Round;
use crate::error::StoreError;
use crate::limits;

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The peer has it. A deliverer that changes state by the peer's answer calls
    /// [`outbox::settle`] in that transaction; otherwise the courier removes the parcel.
    Settled,
    /// The peer does not want it, for this reason; trying again would not help.
    Refused(String),
    /// It did not get through, for this reason.
    TryLater(String),
}

/// Takes a parcel to its peer. A parcel may come more than once: after a lost answer
/// or a crash; the receiver knows it by its id.
#[async_trait::async_trait]
pub trait Deliver: Send + Sync + 'static {
    /// Takes `parcel` to its peer and waits for the answer. Dropped when it takes longer
    /// than the courier's deadline, when the lease is lost and at shutdown.
    async fn deliver(&self, parcel: &Parcel) -> Delivery;

    /// Whether this process could reach the peer now. A process that can only wait for
    /// the peer's own connection (a host does) answers whether there is one: its courier
    /// then leaves the peer's parcels to the process that has it, without counting an
    /// attempt. Must be quick.
    fn reaches(&self, _peer: &str) -> bool {
        true
    }
}

/// Empties the outbox of a ledger. Cheap to clone; [`run`](Courier::run) it once for
/// each [`Ledger::open`].
#[derive(Clone)]
pub struct Courier {
    pub(super) ledger: Ledger,
    pub(super) owner: Arc<str>,
    pub(super) deliver: Arc<dyn Deliver>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Duration,
    pub(super) lease: Duration,
}

impl Courier {
    /// A courier for `ledger`. `owner` names this process among those on the same
    /// database; a process that keeps its name over a restart need not wait for its own
    /// leases to expire.
    pub fn new(ledger: Ledger, owner: impl Into<Arc<str>>, deliver: Arc<dyn Deliver>) -> Self {
        Self {
            ledger,
            owner: owner.into(),
            deliver,
            clock: Arc::new(SystemClock),
            deadline: limits::DELIVERY_DEADLINE,
            lease: limits::LEASE,
        }
    }

    /// With another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With another deadline for one delivery than [`limits::DELIVERY_DEADLINE`].
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// With leases that last otherwise than [`limits::LEASE`]; renewed at a third of it.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Looks through the whole outbox now. Not needed after [`outbox::put`].
    pub fn wake(&self) {
        self.ledger.bell().ring_for_everybody();
    }

    /// Tries all parcels of `peer` now, however long they were put off: it has just
    /// connected.
    ///
    /// # Errors
    /// The database's. The parcels are tried all the same when they are due.
    pub async fn wake_peer(&self, peer: &str) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        self.ledger.write(|tx| Box::pin(outbox::wake_peer(tx, peer, now_ms))).await
    }

    /// As [`Self::wake_peer`], for all of `peers` in one transaction.
    ///
    /// # Errors
    /// As [`Self::wake_peer`].
    pub async fn wake_peers(&self, peers: &[String]) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        let woken = self.ledger.write(|tx| {
            Box::pin(async move {
                for peer in peers {
                    outbox::wake_peer(tx, peer, now_ms).await?;
                }
                Ok(())
            })
        });
        woken.await
    }

    /// Delivers until `shutdown`; deliveries on the way then have
    /// [`limits::COURIER_GRACE`] to finish.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut desk = Desk { courier: self, agenda: Agenda::default(), rounds: JoinSet::new() };
        let mut look = tokio::time::interval(limits::COURIER_LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !shutdown.is_cancelled() {
            desk.begin_due_rounds(&shutdown);
            let until_next = desk.until_next();
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(ended) = desk.rounds.join_next_with_id() => desk.end_round(ended),
                rung = desk.courier.ledger.bell().heard() => desk.answer_bell(rung).await,
                _ = look.tick() => desk.look_around().await,
                () = tokio::time::sleep(until_next) => {}
            }
        }
        desk.finish().await;
    }
}

/// What the running task holds.
struct Desk {
    courier: Courier,
    agenda: Agenda,
    rounds: JoinSet<Option<Appointment>>,
}

impl Desk {
    fn begin_due_rounds(&mut self, shutdown: &CancellationToken) {
        let now_ms = self.courier.clock.now_ms();
        while let Some((peer, failing)) = self.agenda.take_due(now_ms) {
            // Left out until the bell rings for it or the next look around.
            if self.courier.deliver.reaches(&peer) {
                let round = Round::new(&self.courier, peer.clone(), shutdown.clone());
                let id = self.rounds.spawn(round.go()).id();
                self.agenda.begun(id, peer, failing);
            }
        }
    }

    fn end_round(&mut self, ended: Result<(Id, Option<Appointment>), JoinError>) {
        match ended {
            Ok((id, next)) => self.agenda.ended(id, next),
            Err(error) => {
                tracing::error!(%error, "a delivery round broke off; it is tried again shortly");
                self.agenda.ended(error.id(), None); // the next look around finds it
            }
        }
    }

    async fn answer_bell(&mut self, rung: Rung) {
        for peer in rung.peers {
            self.agenda.ring(peer);
        }
        if rung.everybody {
            self.look_around().await;
        }
    }

    /// Reads from the outbox when to go to whom: after a start, for parcels that other
    /// processes put, and for whatever was missed.
    async fn look_around(&mut self) {
        let mut after = String::new();
        while !self.agenda.is_full() {
            let mut session = self.courier.ledger.read();
            let page = match outbox::heads(&mut session, &after, limits::COURIER_PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "could not read the outbox; trying again shortly");
                    return;
                }
            };
            let Some(last) = page.last() else { return };
            after.clone_from(&last.peer);
            let now_ms = self.courier.clock.now_ms();
            for head in page {
                let (at_ms, failing) = (head.due_by(now_ms), head.attempts > 0);
                self.agenda.note(head.peer, Appointment { at_ms, failing });
            }
        }
    }

    /// How long until the next peer is due. Bounded, because a clock may be set.
    fn until_next(&self) -> Duration {
        let Some(next_ms) = self.agenda.next_ms() else {
            return limits::COURIER_LOOK;
        };
        let wait_ms = next_ms.saturating_sub(self.courier.clock.now_ms());
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        // A due peer that found no place waits for a round to end, not in a busy loop.
        wait.clamp(Duration::from_millis(5), limits::COURIER_LOOK)
    }

    async fn finish(mut self) {
        let all_ended = async { while self.rounds.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::COURIER_GRACE, all_ended).await.is_err() {
            tracing::info!("deliveries on the way were broken off; they are tried again later");
            self.rounds.shutdown().await;
        }
    }
}
