//! Every limit of this crate, with its reason.

use std::time::Duration;

// --- ledger ---

/// How long a statement waits for a connection or a lock before it gives up.
pub const DATABASE_WAIT: Duration = Duration::from_secs(15);
/// How long one who opens a file that another is setting up, or has only just given up,
/// waits before the next try.
pub const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// SQLite connections that read beside the one that writes. Each has a thread.
pub const SQLITE_READERS: u32 = 4;

/// How much of an SQLite file is read through memory mapping; the rest by `read`.
pub const SQLITE_MMAP_BYTES: u64 = 1 << 30;

/// SQLite's page cache for each connection; small, because the mapping does the work.
pub const SQLITE_CACHE_KIB: u32 = 8 << 10;

/// SQLite's log is cut back to this after a big transaction.
pub const SQLITE_LOG_BYTES: u64 = 64 << 20;

/// PostgreSQL connections of one process. A server has 100 by default, for all.
pub const POSTGRES_CONNECTIONS: u32 = 16;

/// PostgreSQL ends a statement that takes longer.
pub const POSTGRES_STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// PostgreSQL ends a transaction in which nothing happens for longer.
pub const POSTGRES_IDLE_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a schema step may take, the wait for another process's step included.
pub const MIGRATION_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// The key of PostgreSQL's advisory lock for schema steps: “enprint” in ASCII.
pub const MIGRATION_LOCK: i64 = 0x65_6e70_7269_6e74;

/// Rows in one answer; more are to be asked for in pages.
pub const LEDGER_ROWS_MAX: usize = 100_000;

/// How often a transaction is tried when others get in its way.
pub const TRANSACTION_ATTEMPTS: u32 = 10;

/// The longest payload of a parcel: a full publish batch (4 MiB) and room around it.
pub const PARCEL_BYTES_MAX: usize = 8 << 20;

/// The longest id, peer or kind of a parcel.
pub const PARCEL_NAME_BYTES_MAX: usize = 256;

/// What is kept of a peer's reason for not taking a parcel.
pub const REASON_CHARS_MAX: usize = 500;

/// The wait after a parcel's first failed attempt; it doubles with each further one.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// The longest wait between two attempts.
pub const BACKOFF_MAX: Duration = Duration::from_secs(5 * 60);

/// The furthest that a parcel can be put off: what seems to wait for longer was put off
/// by a clock that has been set back since.
pub const DUE_AHEAD_MAX: Duration = BACKOFF_MAX;

/// How far the clocks of processes on one database may be apart before one takes the
/// other's leases: more than a machine that asks a time server is ever off.
pub const CLOCKS_APART_MAX: Duration = Duration::from_secs(5 * 60);

/// How long a process keeps a peer to itself without renewing; renewed at a third of it.
pub const LEASE: Duration = Duration::from_secs(30);

/// The longest that one delivery may take. Long, because a delivery may be the publishing
/// of an event over a slow line, which goes on where it was when it is tried again.
pub const DELIVERY_DEADLINE: Duration = Duration::from_secs(10 * 60);

/// How long deliveries on the way may take at shutdown.
pub const COURIER_GRACE: Duration = Duration::from_secs(10);

/// How often the courier looks through the outbox for what other processes put there.
pub const COURIER_LOOK: Duration = Duration::from_secs(5);

/// Peers that the courier serves at once.
pub const COURIER_ROUNDS_MAX: usize = 32;

/// Of these, peers whose last attempt failed: so that peers which answer always find a
/// place, however many do not.
pub const COURIER_FAILING_ROUNDS_MAX: usize = 16;

/// Parcels that one peer gets before others have a turn.
pub const COURIER_ROUND_PARCELS: usize = 64;

/// Peers that the courier reads from the outbox at once.
pub const COURIER_PAGE: u32 = 1000;

/// Peers in the courier's notes. Others wait in the outbox until these are done.
pub const AGENDA_PEERS_MAX: usize = 1 << 16;

/// Peers for whom the courier's bell is rung by name; for more it rings for everybody.
pub const BELL_PEERS_MAX: usize = 1024;

// --- archive ---

/// Pieces of which 1 MiB of a blob is made, each the value of one key. sled keeps two
/// together, in the smallest of its slots that takes them, and writes all of the slot: of
/// 16 pieces a fifth of each slot would be empty, of 11 three hundredths are.
pub const PIECES_PER_RUN: u8 = 11;

/// The largest blob: a photograph of 4 GiB is none.
pub const BLOB_BYTES_MAX: u64 = 4 << 30;

/// The longest range read at once. The thread that works on a volume is asked once for
/// it, and is nobody else's meanwhile; it writes as much at once.
pub const RANGE_BYTES_MAX: u64 = 1 << 20;

/// The longest record; pictures are blobs.
pub const RECORD_BYTES_MAX: usize = 1 << 20;

/// Records or blobs listed at once: a million is more than a volume holds of photos.
pub const RECORDS_LISTED_MAX: usize = 1_000_000;

/// Damaged parts of one volume that are remembered while it is open: each has it opened
/// again, once.
pub const DAMAGED_PARTS_MAX: usize = 1_000;

/// From so much on, what was written to a volume is worth asking the system to forget.
pub const FORGOTTEN_FROM_BYTES: u64 = 1 << 20;

/// How often a volume's lock is tried: for two seconds, far longer than a process takes to
/// begin.
pub const LOCK_TRIES: u32 = 100;

/// sled's cache for each open volume.
pub const VOLUME_CACHE_BYTES: usize = 64 << 20;

/// sled keeps all it wrote in memory: a volume is opened again after so much.
pub const REOPEN_AFTER_BYTES: u64 = 100 << 20;

/// Free bytes that are left alone, since sled forgives no full disk.
pub const RESERVE_BYTES: u64 = 2 << 30;

/// Given up to get out of a full disk.
pub const BALLAST_BYTES: u64 = 64 << 20;

/// How many times what it is given sled may need on the disk for a moment.
pub const WRITE_AMPLIFICATION: u64 = 3;

/// What a new volume takes before anything is in it.
pub const VOLUME_START_BYTES: u64 = 1 << 20;

/// A volume that holds more takes no further blob.
pub const VOLUME_BYTES_MAX: u64 = 64 << 30;

/// How long a volume may take for anything. Most for opening: sled asks the system to
/// write out all its disks first, which a busy machine takes a while for.
pub const VOLUME_DEADLINE: Duration = Duration::from_secs(120);

/// Volumes of one process that never came back, each with a thread left behind; at so
/// many no further volume is opened.
pub const STUCK_VOLUMES_MAX: usize = 8;
/// The longest id of a volume.
pub const VOLUME_ID_BYTES_MAX: usize = 64;

/// Names tried for a file to export before giving up: `a (1).jpg`, `a (2).jpg` …
pub const EXPORT_NAMES_TRIED_MAX: u32 = 10_000;
/// How long after a change of a folder another may leave it the same time: some file systems
/// count two seconds.
pub const FOLDER_TIME_SETTLES: Duration = Duration::from_secs(4);
