//! Everything that can go wrong in this crate, in words for people.

use std::path::PathBuf;

/// What went wrong with a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    // --- ledger ---
    /// A database's address or path cannot be understood. (It is not repeated here: it
    /// may hold a password.)
    #[error("cannot tell where the database is: {problem}")]
    LedgerLocationUnclear {
        /// What is wrong and how it should read.
        problem: &'static str,
    },
    /// The SQLite file or its folder cannot be made.
    #[error("cannot make the database file {}: {source}; check the folder and its permissions", path.display())]
    LedgerFileNotMade {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A newer program has used the database.
    #[error(
        "the database {location} was last used by a newer version of this program (its schema is \
         version {found}, this program knows {known}): use the newer program, or restore a backup \
         from before the change"
    )]
    DatabaseNewer {
        /// Where it is.
        location: String,
        /// The database's schema version.
        found: i64,
        /// The last version that this program knows.
        known: i64,
    },
    /// A schema step in the database is not the program's: another kind of database.
    #[error(
        "the database {location} was made by another program or another kind of node (step \
         {version} of its schema differs): check the path or address"
    )]
    MigrationChanged {
        /// Where it is.
        location: String,
        /// The step that differs.
        version: i64,
    },
    /// The program's list of schema steps is wrong: a fault of the program.
    #[error("step {version} of the schema (“{name}”) is wrong: {problem}")]
    MigrationUnclear {
        /// The step.
        version: i64,
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A schema step failed; the database is as it was before the step.
    #[error("could not bring the database up to step {version} (“{name}”): {source}")]
    MigrationFailed {
        /// The step.
        version: i64,
        /// Its name.
        name: &'static str,
        /// Why.
        source: Box<StoreError>,
    },
    /// No space is left for the database. What was committed is intact.
    #[error("no space is left for the database {location}: nothing was changed; free some space on its disk and try again")]
    DatabaseFull {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// Another transaction was first; nothing was changed.
    #[error("the database {location} was changed by somebody else at the same moment: nothing was changed; try again")]
    TransactionConflict {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// The database did not get to it in time.
    #[error("the database {location} is busy and did not answer in time: nothing was changed; try again")]
    DatabaseBusy {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// The ledger has been closed: the program is stopping.
    #[error("the database {location} has been closed because the program is stopping")]
    DatabaseClosed {
        /// Where it is.
        location: String,
        /// The driver's words.
        source: sqlx::Error,
    },
    /// The server or the disk does not answer.
    #[error("cannot reach the database {location}: {source}; check its address, server and disk")]
    DatabaseUnreachable {
        /// Where it is.
        location: String,
        /// The driver's words.
        source: sqlx::Error,
    },
    /// The database may not be written to.
    #[error("the database {location} is read-only; check the permissions of its file or account")]
    DatabaseReadOnly {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// The file is not a database, or no longer a whole one.
    #[error("the database {location} is damaged or is not a database: {source}; restore a backup")]
    DatabaseDamaged {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// A row with this key is there already; nothing was changed.
    #[error("this is in the database already: {source}")]
    RowAlreadyThere {
        /// The engine's words, which name the key.
        source: sqlx::Error,
    },
    /// A row refers to another that is not there, or is referred to; nothing was changed.
    #[error("something that this refers to is not in the database, or is still in use: {source}")]
    RowReferenceBroken {
        /// The engine's words.
        source: sqlx::Error,
    },
    /// A row that must be there is not.
    #[error("the database has no row where one was expected, for: {statement}")]
    RowMissing {
        /// The statement.
        statement: &'static str,
    },
    /// An answer is longer than a program should hold at once.
    #[error("the database's answer has too many rows; ask for it in pages: {statement}")]
    TooManyRows {
        /// The statement.
        statement: &'static str,
    },
    /// A column is missing or holds something else than expected.
    #[error("the column “{column}” is not as expected: {source}")]
    ColumnUnexpected {
        /// Its name.
        column: String,
        /// The driver's words.
        source: sqlx::Error,
    },
    /// The engine refused a statement: a fault of the program, or a broken rule.
    #[error("the database {location} refused a statement: {source}")]
    StatementFailed {
        /// Where it is.
        location: String,
        /// The engine's words.
        source: sqlx::Error,
    },
    /// A backup would overwrite a file.
    #[error("{} is there already; give the backup another name", path.display())]
    BackupExists {
        /// The file.
        path: PathBuf,
    },
    /// PostgreSQL has better means for a backup than this program.
    #[error("the database {location} is a PostgreSQL server's: back it up there, with pg_dump")]
    BackupIsServers {
        /// Where it is.
        location: String,
    },
    /// A backup could not be written.
    #[error("cannot write the backup {}: {source}", path.display())]
    BackupFailed {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A parcel is too big for the outbox.
    #[error(
        "a message of {bytes} bytes (its names {name_bytes}) is too big for the outbox, which takes \
         {} bytes (names {})", crate::limits::PARCEL_BYTES_MAX, crate::limits::PARCEL_NAME_BYTES_MAX
    )]
    ParcelTooBig {
        /// The payload's length.
        bytes: usize,
        /// The longest of id, peer and kind.
        name_bytes: usize,
    },
}
