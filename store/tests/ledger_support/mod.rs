//! What the ledger's tests share: a database of each engine, and waiting for conditions.
#![allow(dead_code)] // each test file uses a part of it

pub mod peers;
mod waiting;

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub use waiting::eventually;

use enprint_store::ledger::scratch::{POSTGRES_ENV, ScratchDatabase};
use enprint_store::ledger::{Ledger, LedgerLocation, Migration, Parcel, outbox};

/// A database for one test.
#[derive(Clone)]
pub struct Bench {
    pub location: LedgerLocation,
}

impl Bench {
    pub async fn open(&self, migrations: &'static [Migration]) -> Ledger {
        Ledger::open(self.location.clone(), migrations).await.unwrap()
    }
}

/// Runs a test on an SQLite file of its own.
pub async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(test: fn(Bench) -> F) {
    let folder = tempfile::tempdir().unwrap();
    test(Bench { location: LedgerLocation::File(folder.path().join("ledger.sqlite")) }).await;
}

/// Runs a test on a PostgreSQL database of its own, where a server is given.
pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(test: fn(Bench) -> F) {
    let Some(scratch) = ScratchDatabase::from_env().await.unwrap() else {
        eprintln!("LEFT OUT on PostgreSQL: {POSTGRES_ENV} names no server");
        return;
    };
    let ended = tokio::spawn(test(Bench { location: scratch.location() })).await;
    scratch.remove().await.unwrap();
    if let Err(error) = ended {
        resume_unwind(error.into_panic());
    }
}

/// Makes a test of each function for each engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::ledger_support::on_sqlite(super::$name).await })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::ledger_support::on_postgres(super::$name).await })*
        }
    };
}

pub const OUTBOX: &[Migration] = &[outbox::migration(1)];

pub fn parcel(id: &str, peer: &str) -> Parcel {
    Parcel { id: id.into(), peer: peer.into(), kind: "order".into(), payload: format!("payload of {id}").into_bytes() }
}

/// Puts a parcel in a transaction of its own.
pub async fn put(ledger: &Ledger, id: &str, peer: &str, now_ms: i64) -> bool {
    let parcel = &parcel(id, peer);
    ledger.write(|tx| Box::pin(outbox::put(tx, parcel, now_ms))).await.unwrap()
}

pub async fn waiting(ledger: &Ledger) -> Vec<outbox::Waiting> {
    outbox::waiting(ledger, 1000).await.unwrap()
}

/// A clock that goes only when it is told to.
#[derive(Clone, Default)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl enprint_store::ledger::Clock for HandClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}
