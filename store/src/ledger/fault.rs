//! Turns what the database drivers report into the crate's own words.

use sqlx::error::{DatabaseError, ErrorKind};

use super::engine::Engine;
use crate::error::StoreError;

/// Why a statement failed on the database at `location`, in domain words.
pub(super) fn explain(engine: Engine, location: &str, source: sqlx::Error) -> StoreError {
    let location = location.to_owned();
    let fault = match &source {
        sqlx::Error::PoolTimedOut => Fault::Busy,
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Fault::Closed,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => Fault::Unreachable,
        sqlx::Error::Database(error) => classify(engine, error.as_ref()),
        _ => Fault::Statement,
    };
    match fault {
        Fault::Full => StoreError::DatabaseFull { location, source },
        Fault::Conflict => StoreError::TransactionConflict { location, source },
        Fault::Busy => StoreError::DatabaseBusy { location, source },
        Fault::Closed => StoreError::DatabaseClosed { location, source },
        Fault::Unreachable => StoreError::DatabaseUnreachable { location, source },
        Fault::ReadOnly => StoreError::DatabaseReadOnly { location, source },
        Fault::Damaged => StoreError::DatabaseDamaged { location, source },
        Fault::AlreadyThere => StoreError::RowAlreadyThere { source },
        Fault::ReferenceBroken => StoreError::RowReferenceBroken { source },
        Fault::Statement => StoreError::StatementFailed { location, source },
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Full,
    Conflict,
    Busy,
    Closed,
    Unreachable,
    ReadOnly,
    Damaged,
    AlreadyThere,
    ReferenceBroken,
    Statement,
}

fn classify(engine: Engine, error: &dyn DatabaseError) -> Fault {
    match error.kind() {
        ErrorKind::UniqueViolation => return Fault::AlreadyThere,
        ErrorKind::ForeignKeyViolation => return Fault::ReferenceBroken,
        _ => {}
    }
    let code = error.code().unwrap_or_default();
    match engine {
        Engine::Sqlite => sqlite_fault(code.parse().unwrap_or_default()),
        Engine::Postgres => postgres_fault(&code),
    }
}

/// By SQLite's result codes: the low byte is the kind, the rest the detail.
fn sqlite_fault(code: u32) -> Fault {
    const BUSY_SNAPSHOT: u32 = 517;
    match (code, code & 0xff) {
        (BUSY_SNAPSHOT, _) => Fault::Conflict,
        (_, 5 | 6) => Fault::Busy,
        (_, 8) => Fault::ReadOnly,
        (_, 10 | 14) => Fault::Unreachable,
        (_, 11 | 26) => Fault::Damaged,
        (_, 13) => Fault::Full,
        _ => Fault::Statement,
    }
}

/// By PostgreSQL's SQLSTATE (its manual, appendix A).
fn postgres_fault(code: &str) -> Fault {
    match code {
        "40001" | "40P01" => Fault::Conflict,
        "53100" => Fault::Full,
        "55P03" | "57014" | "25P03" => Fault::Busy,
        "25006" => Fault::ReadOnly,
        "53300" | "57P01" | "57P02" | "57P03" | "28000" | "28P01" | "3D000" => Fault::Unreachable,
        "XX001" | "XX002" => Fault::Damaged,
        _ if code.starts_with("08") => Fault::Unreachable,
        _ => Fault::Statement,
    }
}
