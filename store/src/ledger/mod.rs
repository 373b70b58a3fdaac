//! A ledger: an SQL database with its migrations, and the durable outbox in it.
//!
//! Owns the connections of both engines, transactions, migrations, backup, the outbox
//! and the courier that empties it. Does not know what an order or a photo is: the
//! crates above write the statements and get every handle from here.
//!
//! ```no_run
//! use enprint_store::args;
//! use enprint_store::ledger::{Ledger, Migration, outbox};
//!
//! const MIGRATIONS: &[Migration] = &[
//!     outbox::migration(1),
//!     Migration::new(2, "events", "CREATE TABLE event (id {TEXT} PRIMARY KEY, name {TEXT} NOT NULL) {STRICT};"),
//! ];
//!
//! # async fn example() -> Result<(), enprint_store::StoreError> {
//! let ledger = Ledger::open("catalogue.sqlite".parse()?, MIGRATIONS).await?;
//! ledger
//!     .write(|tx| {
//!         Box::pin(async move {
//!             let sql = "INSERT INTO event (id, name) VALUES ($1, $2)";
//!             tx.execute(sql, args!["e1", "John's Wedding"]).await
//!         })
//!     })
//!     .await?;
//! let row = ledger.read().fetch_one("SELECT name FROM event WHERE id = $1", args!["e1"]).await?;
//! assert_eq!(row.text("name")?, "John's Wedding");
//! # Ok(())
//! # }
//! ```

mod agenda;
mod args;
mod backup;
mod bell;
mod clock;
mod courier;
mod engine;
mod fault;
mod lease;
mod location;
mod migrate;
pub mod outbox;
mod round;
mod row;
pub mod scratch;
mod session;
mod tx;

use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;

pub use args::Arg;
pub use clock::{Clock, SystemClock};
pub use courier::{Courier, Deliver, Delivery};
pub use engine::Engine;
pub use location::LedgerLocation;
pub use migrate::Migration;
pub use outbox::Parcel;
pub use row::{Column, Row};
pub use session::Session;
pub use tx::Tx;

use self::bell::Bell;
use self::engine::Pools;
use self::session::On;
use crate::error::StoreError;

/// An open SQL database. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

struct Shared {
    location: LedgerLocation,
    pools: Pools,
    bell: Bell,
}

impl Ledger {
    /// Opens the database at `location`, makes it when it is a file that is missing,
    /// and brings it up to the last of `migrations`.
    ///
    /// Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::DatabaseNewer`] when a newer program has used it,
    /// [`StoreError::MigrationChanged`] when it is another program's, and those of
    /// connecting.
    pub async fn open(location: LedgerLocation, migrations: &'static [Migration]) -> Result<Self, StoreError> {
        let pools = Pools::connect(&location).await?;
        let ledger = Self { shared: Arc::new(Shared { location, pools, bell: Bell::default() }) };
        if let Err(error) = migrate::bring_up_to_date(&ledger, migrations).await {
            ledger.close().await;
            return Err(error);
        }
        Ok(ledger)
    }

    /// For single questions; each sees the newest committed state. Several questions
    /// about one moment want a [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn read(&self) -> Session {
        self.session(self.read_on())
    }

    /// For several questions about one moment. Ends when dropped.
    ///
    /// # Errors
    /// The database's.
    pub async fn snapshot(&self) -> Result<Session, StoreError> {
        let on = match self.pools() {
            Pools::Sqlite { readers, .. } => readers.begin_with("BEGIN").await.map(|tx| On::SqliteTx(Box::new(tx))),
            Pools::Postgres(pool) => pool
                .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await
                .map(|tx| On::PostgresTx(Box::new(tx))),
        };
        Ok(self.session(on.map_err(|source| self.explain(source))?))
    }

    /// Runs `work` in one transaction and commits it, several times over if other
    /// transactions get in its way: it must change nothing but the database.
    ///
    /// `ledger.write(|tx| Box::pin(async move { … }))`, where what is used inside is
    /// borrowed or copied (`let order = &order;` before), because it may run again.
    ///
    /// # Errors
    /// What `work` answers (nothing has happened then), and those of
    /// [`Tx::commit`].
    pub async fn write<'env, T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: for<'t> FnMut(&'t mut Tx<'env>) -> BoxFuture<'t, Result<T, E>>,
        E: From<StoreError>,
    {
        tx::write(self, work).await
    }

    /// Begins a transaction by hand: for what does not fit in [`write`](Self::write).
    /// While it is open, no other can begin in SQLite, not even in the same task.
    ///
    /// # Errors
    /// [`StoreError::DatabaseBusy`] after
    /// [`limits::DATABASE_WAIT`](crate::limits::DATABASE_WAIT), and the database's
    /// others.
    pub async fn begin(&self) -> Result<Tx<'static>, StoreError> {
        tx::begin(self).await
    }

    /// One statement that changes something, in a transaction of its own; answers how
    /// many rows it touched.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn execute(&self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        let on = match self.pools() {
            Pools::Sqlite { writer, .. } => On::SqlitePool(writer.clone()),
            Pools::Postgres(pool) => On::PostgresPool(pool.clone()),
        };
        self.session(on).run(sql, args).await
    }

    /// Writes a whole, consistent copy to the file `target`, while others go on. For
    /// SQLite; for PostgreSQL there is `pg_dump`.
    ///
    /// # Errors
    /// [`StoreError::BackupExists`], [`StoreError::BackupIsServers`],
    /// [`StoreError::BackupFailed`] and the database's.
    pub async fn backup_to(&self, target: &Path) -> Result<(), StoreError> {
        backup::backup(self, target).await
    }

    /// What the database takes on its disk, in bytes, its log included.
    ///
    /// # Errors
    /// The database's.
    pub async fn bytes_at_rest(&self) -> Result<u64, StoreError> {
        backup::bytes_at_rest(self).await
    }

    /// Gives the space of deleted rows back to the disk. SQLite otherwise keeps it for
    /// rows to come; PostgreSQL sees to it by itself, and nothing happens here.
    ///
    /// # Errors
    /// The database's.
    pub async fn give_back_space(&self) -> Result<(), StoreError> {
        match self.engine() {
            Engine::Sqlite => self.execute("PRAGMA incremental_vacuum", Vec::new()).await.map(drop),
            Engine::Postgres => Ok(()),
        }
    }

    /// Which engine this is, for status pages; statements are the same for both.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.shared.pools.engine()
    }

    /// Where it is; shown without a password.
    #[must_use]
    pub fn location(&self) -> &LedgerLocation {
        &self.shared.location
    }

    /// Waits until running statements are done and closes all connections, for all
    /// clones. Not needed for durability: what was committed is on the disk.
    pub async fn close(&self) {
        self.shared.pools.close().await;
    }

    fn session(&self, on: On) -> Session {
        Session { ledger: self.clone(), on, conflicted: false }
    }

    fn read_on(&self) -> On {
        match self.pools() {
            Pools::Sqlite { readers, .. } => On::SqlitePool(readers.clone()),
            Pools::Postgres(pool) => On::PostgresPool(pool.clone()),
        }
    }

    fn pools(&self) -> &Pools {
        &self.shared.pools
    }

    fn bell(&self) -> &Bell {
        &self.shared.bell
    }

    fn explain(&self, source: sqlx::Error) -> StoreError {
        fault::explain(self.engine(), &self.shared.location.to_string(), source)
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ledger({})", self.shared.location)
    }
}
