//! Peers in memory with manners, and a courier at work for them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use enprint_store::ledger::{Courier, Deliver, Delivery, Ledger, Parcel, outbox};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Bench, HandClock, OUTBOX, eventually, waiting};

/// Peers in memory, each with manners that the test gives it.
#[derive(Default)]
pub struct Peers {
    arrived: Mutex<Vec<(String, String)>>,
    pub attempts: Mutex<HashMap<String, usize>>,
    pub busy: Mutex<HashSet<String>>,
    dropped: Arc<Mutex<HashSet<String>>>,
    pub overlapped: Mutex<bool>,
    pub out_of_reach: Mutex<HashSet<String>>,
    manners: Mutex<HashMap<String, Manners>>,
    pub settle_in: Mutex<Option<Ledger>>,
}

#[derive(Clone)]
pub enum Manners {
    Answers,
    Hangs,
    Answer(Delivery),
    Panics,
    TakesUntil(CancellationToken),
}

/// Notes that a delivery was dropped on the way.
struct DropGuard {
    id: Option<String>,
    dropped: Arc<Mutex<HashSet<String>>>,
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.dropped.lock().unwrap().extend(self.id.take());
    }
}

#[async_trait::async_trait]
impl Deliver for Peers {
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        *self.attempts.lock().unwrap().entry(parcel.id.clone()).or_default() += 1;
        if !self.busy.lock().unwrap().insert(parcel.peer.clone()) {
            *self.overlapped.lock().unwrap() = true;
        }
        let mut guard = DropGuard { id: Some(parcel.id.clone()), dropped: self.dropped.clone() };
        let manners = self.manners.lock().unwrap().get(&parcel.peer).cloned();
        let delivery = match manners.unwrap_or(Manners::Answers) {
            Manners::Answers => Delivery::Settled,
            Manners::Hangs => std::future::pending().await,
            Manners::Answer(delivery) => delivery,
            Manners::Panics => panic!("a bug"),
            Manners::TakesUntil(token) => {
                token.cancelled().await;
                Delivery::Settled
            }
        };
        guard.id = None;
        tokio::task::yield_now().await;
        self.busy.lock().unwrap().remove(&parcel.peer);
        if delivery == Delivery::Settled {
            self.arrived.lock().unwrap().push((parcel.peer.clone(), parcel.id.clone()));
            let own = self.settle_in.lock().unwrap().clone();
            if let Some(ledger) = own {
                let id = parcel.id.as_str();
                assert!(ledger.write(|tx| Box::pin(outbox::settle(tx, id))).await.unwrap());
            }
        }
        delivery
    }

    fn reaches(&self, peer: &str) -> bool {
        !self.out_of_reach.lock().unwrap().contains(peer)
    }
}

impl Peers {
    pub fn give(&self, peer: &str, manners: Manners) {
        self.manners.lock().unwrap().insert(peer.into(), manners);
    }

    pub fn arrived(&self) -> Vec<(String, String)> {
        self.arrived.lock().unwrap().clone()
    }

    /// Whether a delivery of the parcel was dropped before the peer had answered.
    pub fn dropped(&self, id: &str) -> bool {
        self.dropped.lock().unwrap().contains(id)
    }

    pub fn attempts(&self, id: &str) -> usize {
        self.attempts.lock().unwrap().get(id).copied().unwrap_or(0)
    }

    pub async fn wait_for_arrivals(&self, count: usize) {
        eventually("arrivals", || async { self.arrived().len() >= count }).await;
    }

    pub async fn wait_for_attempts(&self, id: &str, count: usize) {
        eventually("attempts", || async { self.attempts(id) >= count }).await;
    }
}

/// A courier at work, with its own connections.
pub struct AtWork {
    pub ledger: Ledger,
    pub courier: Courier,
    pub clock: HandClock,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl AtWork {
    pub async fn start(bench: &Bench, owner: &str, peers: &Arc<Peers>, clock: &HandClock) -> Self {
        let ledger = bench.open(OUTBOX).await;
        let courier = Courier::new(ledger.clone(), owner, peers.clone()).with_clock(Arc::new(clock.clone()));
        Self::run(ledger, courier, clock)
    }

    pub fn run(ledger: Ledger, courier: Courier, clock: &HandClock) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(courier.clone().run(stop.clone()));
        Self { ledger, courier, clock: clock.clone(), stop, task }
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    pub async fn until_empty(&self) {
        eventually("an empty outbox", || async { waiting(&self.ledger).await.is_empty() }).await;
    }
}
