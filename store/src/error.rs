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
    #[error(
        "no space is left for the database {location}: nothing was changed; free some space on its disk and try again"
    )]
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
         {} bytes (names {})",
        crate::limits::PARCEL_BYTES_MAX,
        crate::limits::PARCEL_NAME_BYTES_MAX
    )]
    ParcelTooBig {
        /// The payload's length.
        bytes: usize,
        /// The longest of id, peer and kind.
        name_bytes: usize,
    },

    // --- archive ---
    /// Another process has the data folder.
    #[error(
        "{} is in use by {holder}, which runs already and takes commands meanwhile. To start it anew, stop it first",
        path.display()
    )]
    DataInUse {
        /// The folder.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// A folder or file of the archive can't be used.
    #[error("{}: {source}; check the folder, its disk and its permissions", path.display())]
    ArchiveFolder {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The disk is so full that nothing more is written.
    #[error(
        "the disk of {} is nearly full: {} MB are free, and {} MB are needed. Nothing was changed; \
         free some space and try again", path.display(), free / 1_000_000, needed / 1_000_000
    )]
    DiskReserveReached {
        /// The archive's folder.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// Bytes that would have to be free.
        needed: u64,
    },
    /// A volume's id is not made of letters, digits and dashes.
    #[error("a volume's id has to be of letters, digits and dashes")]
    VolumeIdUnusable,
    /// sled failed; the volume is left alone until the program starts again.
    #[error(
        "this event can't be used until the program is started again: {cause}. What was acknowledged is safe, and \
         other events go on"
    )]
    VolumeFenced {
        /// Which.
        volume: String,
        /// Why, in our words.
        cause: String,
    },
    /// A volume can't be opened for damage.
    #[error(
        "this event is damaged on this disk: {cause}. Other events go on. Import its files again from your copies, \
         which stores them anew; or put the folder archive/{volume} back from a backup"
    )]
    VolumeDamaged {
        /// Which.
        volume: String,
        /// Why, in our words.
        cause: String,
    },
    /// A volume is closed for writing.
    #[error("the folder archive/{volume} is closed: it can be read, but nothing more is written to it")]
    VolumeSealed {
        /// Which.
        volume: String,
    },
    /// A newer program made the volume.
    #[error("this event was stored by a newer version of this program: use that one")]
    VolumeNewer {
        /// Which.
        volume: String,
    },
    /// Part of a volume can't be read back, or would have to be written to.
    #[error(
        "a part of this event is damaged on this disk. Import its files again from your copies, which stores what is \
         lost anew; or put the folder archive/{volume} back from a backup"
    )]
    PartUnreadable {
        /// Which.
        volume: String,
    },
    /// Parts of several volumes can't be read back.
    #[error(
        "parts of this event are damaged on this disk. Import its files again from your copies, which stores what is \
         lost anew; or put these folders back from a backup: archive/{}", .volumes.join(", archive/")
    )]
    PartsUnreadable {
        /// Which.
        volumes: Vec<String>,
    },
    /// A stored record is not what it should be.
    #[error(
        "what is known of a photo is damaged on this disk. Import its file again from your copy, which stores it \
         anew; or put the folder archive/{volume} back from a backup"
    )]
    RecordDamaged {
        /// Which.
        volume: String,
    },
    /// A blob's bytes are not what they were.
    #[error(
        "the file is damaged on this disk. Import it again from your copy, which repairs it; or put the folder \
         archive/{volume} back from a backup"
    )]
    BlobDamaged {
        /// Which volume.
        volume: String,
    },
    /// There is no such blob.
    #[error("the file is not in the archive")]
    BlobMissing,
    /// The bytes that were to be stored are not those of the hash that came with them.
    #[error("the file changed while it was read; nothing was stored. Try again")]
    BlobHashWrong,
    /// The bytes that were to be stored can't be read.
    #[error("the file can't be read: {source}; nothing was stored")]
    BlobUnreadable {
        /// The system's reason.
        source: std::io::Error,
    },
    /// A blob is too big.
    #[error("a file of {bytes} bytes or more is too big for the archive")]
    BlobTooBig {
        /// How many bytes had come by then.
        bytes: u64,
    },
    /// A record is too big.
    #[error("a record of {bytes} bytes is too big for the archive")]
    RecordTooBig {
        /// Its length.
        bytes: usize,
    },
    /// A volume holds more records than one list may have.
    #[error("this event has more photos than can be listed at once")]
    TooManyRecords {
        /// Which.
        volume: String,
    },
    /// A range lies outside its blob, or is too long.
    #[error("the range of {length} bytes at {offset} is not in a file of {bytes} bytes")]
    RangeOutside {
        /// Where it begins.
        offset: u64,
        /// How long it is.
        length: u64,
        /// How long the blob is.
        bytes: u64,
    },
    /// A file could not be written outside the archive.
    #[error("{} can't be written: {source}; what was written before is complete", path.display())]
    ExportFailed {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl StoreError {
    /// Whether something that was stored in an archive is not what it was, and nothing else
    /// is amiss.
    #[must_use]
    pub fn is_of_damage(&self) -> bool {
        matches!(
            self,
            Self::BlobDamaged { .. }
                | Self::PartUnreadable { .. }
                | Self::PartsUnreadable { .. }
                | Self::RecordDamaged { .. }
                | Self::VolumeDamaged { .. }
        )
    }

    /// Whether the same may succeed later: the database was busy, a disk was full or not
    /// there, a volume waits for the program's next start. What is damaged, absent or
    /// too big stays so.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::DatabaseFull { .. }
                | Self::TransactionConflict { .. }
                | Self::DatabaseBusy { .. }
                | Self::DatabaseClosed { .. }
                | Self::DatabaseUnreachable { .. }
                | Self::DatabaseReadOnly { .. }
                | Self::DatabaseDamaged { .. }
                | Self::LedgerFileNotMade { .. }
                | Self::DataInUse { .. }
                | Self::ArchiveFolder { .. }
                | Self::DiskReserveReached { .. }
                | Self::VolumeFenced { .. }
                | Self::VolumeNewer { .. }
                | Self::ExportFailed { .. }
        )
    }
}
