//! A transaction, and how one is tried again when another got in its way.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures::future::BoxFuture;

use super::Ledger;
use super::args::Arg;
use super::engine::Pools;
use super::session::{On, Session};
use crate::error::StoreError;
use crate::limits;

/// A transaction: everything in it happens, or nothing. Dropped without
/// [`commit`](Tx::commit), nothing has happened.
///
/// Hold it briefly and never across the network: in SQLite it is the only writer.
///
/// The lifetime is of what the closure given to [`Ledger::write`] borrows; it can be left
/// out everywhere: `fn rename(tx: &mut Tx<'_>, …)`.
pub struct Tx<'env> {
    session: Session,
    /// Whose couriers to wake once this is committed.
    rings_for: BTreeSet<String>,
    /// `&'t mut Tx<'env>` tells the compiler that `'env` outlives `'t`, so that a boxed
    /// future may hold both the transaction and what its closure borrowed.
    borrows: PhantomData<&'env ()>,
}

impl Deref for Tx<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl Tx<'_> {
    pub(super) fn new(session: Session) -> Self {
        Self { session, rings_for: BTreeSet::new(), borrows: PhantomData }
    }

    /// Runs a statement that changes something; answers how many rows it touched.
    ///
    /// # Errors
    /// [`StoreError::RowAlreadyThere`], [`StoreError::RowReferenceBroken`],
    /// [`StoreError::DatabaseFull`] and the database's others. After an error
    /// PostgreSQL refuses further statements in the same transaction, so write
    /// `ON CONFLICT … DO NOTHING` where a repeat is expected.
    pub async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        self.session.run(sql, args).await
    }

    /// Makes it happen: when this returns, it is on the disk.
    ///
    /// # Errors
    /// [`StoreError::TransactionConflict`] when another transaction was first
    /// ([`Ledger::write`] tries again by itself), and the database's others. Nothing
    /// has happened then, but for a lost connection to PostgreSQL, after which only a
    /// look tells; a repeat by id is safe.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.finish().await
    }

    /// Calls it off now. Dropping does the same a little later.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        let done = match self.take() {
            On::SqliteTx(tx) => tx.rollback().await,
            On::PostgresTx(tx) => tx.rollback().await,
            On::SqlitePool(_) | On::PostgresPool(_) => Ok(()),
        };
        self.session.explained(done)
    }

    /// Has this process's courier look at `peer` once this is committed.
    pub(super) fn ring_for(&mut self, peer: &str) {
        self.rings_for.insert(peer.to_owned());
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        let done = match self.take() {
            On::SqliteTx(tx) => tx.commit().await,
            On::PostgresTx(tx) => tx.commit().await,
            On::SqlitePool(_) | On::PostgresPool(_) => Ok(()),
        };
        self.session.explained(done)?;
        if !self.rings_for.is_empty() {
            self.session.ledger.bell().ring(std::mem::take(&mut self.rings_for));
        }
        Ok(())
    }

    /// The transaction itself; a reading pool stays in its place.
    fn take(&mut self) -> On {
        let rest = self.session.ledger.read_on();
        std::mem::replace(&mut self.session.on, rest)
    }
}

/// Begins a transaction that may write.
pub(super) async fn begin<'env>(ledger: &Ledger) -> Result<Tx<'env>, StoreError> {
    let on = match ledger.pools() {
        // IMMEDIATE: a transaction that reads first and writes later cannot then fail
        // because another wrote in between.
        Pools::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(|tx| On::SqliteTx(Box::new(tx))),
        // SERIALIZABLE is what SQLite gives, so that verbs mean the same on both.
        Pools::Postgres(pool) => {
            pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.map(|tx| On::PostgresTx(Box::new(tx)))
        }
    };
    let on = on.map_err(|source| ledger.explain(source))?;
    Ok(Tx::new(ledger.session(on)))
}

/// See [`Ledger::write`].
pub(super) async fn write<'env, T, E, F>(ledger: &Ledger, mut work: F) -> Result<T, E>
where
    F: for<'t> FnMut(&'t mut Tx<'env>) -> BoxFuture<'t, Result<T, E>>,
    E: From<StoreError>,
{
    let mut attempt = 1;
    loop {
        let mut tx = begin(ledger).await?;
        let outcome = match work(&mut tx).await {
            Ok(value) => tx.finish().await.map(|()| value).map_err(E::from),
            Err(error) => Err(error),
        };
        let again = tx.conflicted && attempt < limits::TRANSACTION_ATTEMPTS;
        if outcome.is_err() && !again {
            // What failed is the news; a rollback that fails as well happens on drop.
            let _ = tx.rollback().await;
        } else {
            drop(tx);
        }
        if outcome.is_ok() || !again {
            return outcome;
        }
        tokio::time::sleep(pause(attempt)).await;
        attempt += 1;
    }
}

/// Between attempts: random, so that two which collided do not collide again.
fn pause(attempt: u32) -> Duration {
    let most_ms = 10u64 << attempt.min(6);
    Duration::from_millis(rand::random_range(1..=most_ms))
}
