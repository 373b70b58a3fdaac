//! A PostgreSQL database of one's own, for tests and benches that need an empty one.
//!
//! Here and not in the tests, because tests of several crates need it and this crate
//! alone opens databases.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

use super::engine::Engine;
use super::fault;
use super::location::{LedgerLocation, postgres_options};
use crate::error::StoreError;

/// The environment's name for an address that may create databases:
/// `postgres://user@server/postgres`.
pub const POSTGRES_ENV: &str = "ENPRINT_TEST_POSTGRES";

/// An empty PostgreSQL database that goes away by [`remove`](Self::remove).
pub struct ScratchDatabase {
    admin_url: String,
    name: String,
    url: String,
}

impl ScratchDatabase {
    /// Makes one on the server that [`POSTGRES_ENV`] names; `None` when it names none.
    ///
    /// # Errors
    /// The server's.
    pub async fn from_env() -> Result<Option<Self>, StoreError> {
        match std::env::var(POSTGRES_ENV) {
            Ok(url) if !url.is_empty() => Self::create(&url).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Makes one on the server at `admin_url`.
    ///
    /// # Errors
    /// The server's.
    pub async fn create(admin_url: &str) -> Result<Self, StoreError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let random: u32 = rand::random();
        let name = format!("enprint_test_{}_{count}_{random:08x}", std::process::id());
        let url = postgres_options(admin_url)?.database(&name).to_url_lossy().to_string();
        let scratch = Self { admin_url: admin_url.to_owned(), name, url };
        scratch.as_admin(&format!("CREATE DATABASE {}", scratch.name)).await?;
        Ok(scratch)
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> LedgerLocation {
        LedgerLocation::Postgres(self.url.clone())
    }

    /// Removes it, whoever is still connected.
    ///
    /// # Errors
    /// The server's.
    pub async fn remove(self) -> Result<(), StoreError> {
        self.as_admin(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }

    async fn as_admin(&self, sql: &str) -> Result<(), StoreError> {
        let run = async {
            let mut admin = PgConnection::connect(&self.admin_url).await?;
            admin.execute(AssertSqlSafe(sql)).await?;
            admin.close().await
        };
        let shown = LedgerLocation::Postgres(self.admin_url.clone()).to_string();
        run.await.map_err(|source| fault::explain(Engine::Postgres, &shown, source))
    }
}
