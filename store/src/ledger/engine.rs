//! The two engines and how their connections are set up.
//!
//! Each engine is driven by its own sqlx driver. sqlx's `Any` driver would hide the
//! difference, but (0.9.0, `sqlx-sqlite/src/any.rs`) it copies each blob once more on
//! its way in, refuses column types that it does not know, takes no connection options
//! but an address, and has `unreachable!` behind one of its own value kinds. Both
//! drivers accept `$1` placeholders, so the statements are the same either way.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::location::{LedgerLocation, postgres_options};
use crate::error::StoreError;
use crate::limits;

/// Which database program is behind a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, embedded in this process.
    Sqlite,
    /// A server that speaks PostgreSQL's protocol.
    Postgres,
}

#[derive(Clone)]
pub(super) enum Pools {
    Sqlite {
        /// Exactly one connection: SQLite has one writer at a time, and a queue in
        /// front of it is fairer than its busy loop.
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Pools {
    pub(super) async fn connect(location: &LedgerLocation) -> Result<Self, StoreError> {
        match location {
            LedgerLocation::File(path) => {
                prepare_file(path).await?;
                sqlite_in_time(location, path).await
            }
            LedgerLocation::Postgres(url) => postgres(url).await?.map_err(|source| open_failed(location, source)),
        }
    }

    pub(super) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(super) async fn close(&self) {
        match self {
            // The writer last: the last connection to close folds the log into the file.
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn open_failed(location: &LedgerLocation, source: sqlx::Error) -> StoreError {
    let engine = match location {
        LedgerLocation::File(_) => Engine::Sqlite,
        LedgerLocation::Postgres(_) => Engine::Postgres,
    };
    super::fault::explain(engine, &location.to_string(), source)
}

/// As [`sqlite`]. Of several that open a new file at once one gives it its log, and for that
/// SQLite lets the others not wait: they come again.
async fn sqlite_in_time(location: &LedgerLocation, path: &Path) -> Result<Pools, StoreError> {
    let deadline = Instant::now() + limits::DATABASE_WAIT;
    loop {
        match sqlite(path).await.map_err(|source| open_failed(location, source)) {
            Err(StoreError::DatabaseBusy { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(limits::OPEN_AGAIN_AFTER).await;
            }
            outcome => return outcome,
        }
    }
}

async fn sqlite(path: &Path) -> Result<Pools, sqlx::Error> {
    let common = sqlite_options(path);
    // What the file itself remembers is set by the writer alone: setting it takes the
    // write lock, and a reader that connects must not wait for a transaction.
    let write = common
        .clone()
        .create_if_missing(true)
        // Before any table: a file's vacuum mode cannot change later without a rewrite.
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit has reached the disk when it returns; NORMAL in WAL would not.
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", limits::SQLITE_LOG_BYTES.to_string());
    let read = common.pragma("query_only", "ON");
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(limits::DATABASE_WAIT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let writer = pool(1).min_connections(1).connect_with(write).await?;
    let readers = pool(limits::SQLITE_READERS).connect_lazy_with(read);
    Ok(Pools::Sqlite { writer, readers })
}

/// What every connection to an SQLite file has in common.
pub(super) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(limits::DATABASE_WAIT)
        .pragma("cell_size_check", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("mmap_size", limits::SQLITE_MMAP_BYTES.to_string())
        .pragma("cache_size", format!("-{}", limits::SQLITE_CACHE_KIB))
}

async fn postgres(url: &str) -> Result<Result<Pools, sqlx::Error>, StoreError> {
    let ms = |time: Duration| time.as_millis().to_string();
    let options = postgres_options(url)?.application_name("enprint").options([
        ("statement_timeout", ms(limits::POSTGRES_STATEMENT_TIMEOUT)),
        ("lock_timeout", ms(limits::DATABASE_WAIT)),
        ("idle_in_transaction_session_timeout", ms(limits::POSTGRES_IDLE_TRANSACTION_TIMEOUT)),
        ("synchronous_commit", "on".to_owned()),
    ]);
    let pool =
        PgPoolOptions::new().max_connections(limits::POSTGRES_CONNECTIONS).acquire_timeout(limits::DATABASE_WAIT);
    Ok(pool.connect_with(options).await.map(Pools::Postgres))
}

/// Makes the folder and, for its owner alone, the file: customers' names are in it.
async fn prepare_file(path: &Path) -> Result<(), StoreError> {
    let made = async {
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut options = tokio::fs::OpenOptions::new();
        #[cfg(unix)]
        options.mode(0o600);
        match options.write(true).create_new(true).open(path).await {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    made.await.map_err(|source| StoreError::LedgerFileNotMade { path: path.to_owned(), source })
}
