//! Runs statements on a pool or in a transaction, the same way on both engines.

use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgPool};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::Ledger;
use super::args::Arg;
use super::row::{EngineRow, Row};
use crate::error::StoreError;
use crate::limits;

/// Something to ask questions on: [`Ledger::read`], [`Ledger::snapshot`] and, by
/// dereference, [`Tx`](super::Tx).
///
/// A statement is a literal of the program, so that no text from outside can become a
/// part of it; values go in by `$1`, `$2`, … and [`args!`](crate::args).
pub struct Session {
    pub(super) ledger: Ledger,
    pub(super) on: On,
    /// The engine called off the transaction because of another one.
    pub(super) conflicted: bool,
}

/// What a session runs on.
pub(super) enum On {
    SqlitePool(SqlitePool),
    PostgresPool(PgPool),
    SqliteTx(Box<Transaction<'static, Sqlite>>),
    PostgresTx(Box<Transaction<'static, Postgres>>),
}

impl Session {
    /// The one row of the answer.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when there is none, and any of the database's.
    pub async fn fetch_one(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Row, StoreError> {
        self.fetch_optional(sql, args).await?.ok_or(StoreError::RowMissing { statement: sql })
    }

    /// The first row of the answer, if there is any.
    ///
    /// # Errors
    /// Any of the database's.
    pub async fn fetch_optional(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Option<Row>, StoreError> {
        let row = {
            let mut rows = self.on.rows(sql, args);
            rows.try_next().await
        };
        self.explained(row)
    }

    /// All rows of the answer, in its order.
    ///
    /// # Errors
    /// [`StoreError::TooManyRows`] above [`limits::LEDGER_ROWS_MAX`]: use `LIMIT` and
    /// page by key. Any of the database's.
    pub async fn fetch_all(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        let rows = collect_bounded(self.on.rows(sql, args)).await;
        self.explained(rows)?.ok_or(StoreError::TooManyRows { statement: sql })
    }

    pub(super) async fn run(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, StoreError> {
        let done = self.on.execute(sql, args).await;
        self.explained(done)
    }

    /// Several statements without values: migrations only.
    pub(super) async fn run_script(&mut self, script: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(script));
        let done = match &mut self.on {
            On::SqlitePool(pool) => script.execute(&*pool).await.map(drop),
            On::PostgresPool(pool) => script.execute(&*pool).await.map(drop),
            On::SqliteTx(tx) => script.execute(&mut ***tx).await.map(drop),
            On::PostgresTx(tx) => script.execute(&mut ***tx).await.map(drop),
        };
        self.explained(done)
    }

    pub(super) fn explained<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        done.map_err(|source| {
            let error = self.ledger.explain(source);
            self.conflicted |= matches!(error, StoreError::TransactionConflict { .. });
            error
        })
    }
}

impl On {
    async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::SqlitePool(pool) => sqlite(sql, args).execute(&*pool).await?.rows_affected(),
            Self::PostgresPool(pool) => postgres(sql, args).execute(&*pool).await?.rows_affected(),
            Self::SqliteTx(tx) => sqlite(sql, args).execute(&mut ***tx).await?.rows_affected(),
            Self::PostgresTx(tx) => postgres(sql, args).execute(&mut ***tx).await?.rows_affected(),
        })
    }

    fn rows(&mut self, sql: &'static str, args: Vec<Arg>) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        let from_sqlite = |row| Row(EngineRow::Sqlite(row));
        let from_postgres = |row| Row(EngineRow::Postgres(row));
        match self {
            Self::SqlitePool(pool) => Box::pin(sqlite(sql, args).fetch(&*pool).map_ok(from_sqlite)),
            Self::PostgresPool(pool) => Box::pin(postgres(sql, args).fetch(&*pool).map_ok(from_postgres)),
            Self::SqliteTx(tx) => Box::pin(sqlite(sql, args).fetch(&mut ***tx).map_ok(from_sqlite)),
            Self::PostgresTx(tx) => Box::pin(postgres(sql, args).fetch(&mut ***tx).map_ok(from_postgres)),
        }
    }
}

/// `None` when there are more rows than one answer may have.
async fn collect_bounded(mut rows: BoxStream<'_, Result<Row, sqlx::Error>>) -> Result<Option<Vec<Row>>, sqlx::Error> {
    let mut collected = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if collected.len() == limits::LEDGER_ROWS_MAX {
            return Ok(None);
        }
        collected.push(row);
    }
    Ok(Some(collected))
}

fn sqlite(sql: &'static str, args: Vec<Arg>) -> Query<'static, Sqlite, SqliteArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Int(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Bytes(value) => query.bind(value),
    })
}

fn postgres(sql: &'static str, args: Vec<Arg>) -> Query<'static, Postgres, PgArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, arg| match arg {
        Arg::Int(value) => query.bind(value),
        Arg::Text(value) => query.bind(value),
        Arg::Bytes(value) => query.bind(value),
    })
}
