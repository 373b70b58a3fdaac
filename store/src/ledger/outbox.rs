//! The durable outbox: what has to reach another peer waits here, written in the same
//! transaction as the state that it announces, until the peer has answered.
//!
//! Owns the table and its verbs. Delivers nothing: the [`Courier`](super::Courier) does.
//!
//! Parcels for one peer go in the order in which they were put. A parcel that the peer
//! refuses is set aside with the reason, seen in [`waiting`], and the next one goes.

use std::time::Duration;

use super::Ledger;
use super::migrate::Migration;
use super::row::Row;
use super::session::Session;
use super::tx::Tx;
use crate::args;
use crate::error::StoreError;
use crate::limits;

/// The outbox's tables, as a step of the caller's migrations.
#[must_use]
pub const fn migration(version: i64) -> Migration {
    Migration::new(
        version,
        "outbox",
        "CREATE TABLE outbox (
            sequence {AUTO_ID},
            id {TEXT} NOT NULL UNIQUE,
            peer {TEXT} NOT NULL,
            kind {TEXT} NOT NULL,
            payload {BLOB} NOT NULL,
            created_ms {INT} NOT NULL,
            due_ms {INT} NOT NULL,
            attempts {INT} NOT NULL,
            last_error {TEXT},
            refused_ms {INT}
        ) {STRICT};
        CREATE INDEX outbox_order ON outbox (peer, sequence) WHERE refused_ms IS NULL;
        CREATE TABLE outbox_lease (
            peer {TEXT} PRIMARY KEY,
            owner {TEXT} NOT NULL,
            until_ms {INT} NOT NULL
        ) {STRICT};",
    )
}

/// What has to reach a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Made by the sender; the receiver knows a repeat by it.
    pub id: String,
    /// To whom. Parcels with the same text here go one after another; a sender that
    /// wants two independent lines to one peer may write two texts.
    pub peer: String,
    /// What the payload is, for the deliverer.
    pub kind: String,
    /// At most [`limits::PARCEL_BYTES_MAX`].
    pub payload: Vec<u8>,
}

/// A parcel as a status page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// [`Parcel::id`].
    pub id: String,
    /// [`Parcel::peer`].
    pub peer: String,
    /// [`Parcel::kind`].
    pub kind: String,
    /// How long its payload is.
    pub payload_bytes: i64,
    /// When it was put, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it is tried next, in milliseconds since 1970 UTC.
    pub due_ms: i64,
    /// How often it was tried since the peer was last seen.
    pub attempts: i64,
    /// Why it has not gone, in words.
    pub last_error: Option<String>,
    /// Whether the peer refused it: it stays for a person to look at.
    pub refused: bool,
}

/// The outbox in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Parcels that wait.
    pub waiting: u64,
    /// Of these, parcels that were tried since their peer was last seen.
    pub retried: u64,
    /// Parcels that their peer refused.
    pub refused: u64,
    /// When the oldest that waits was put, in milliseconds since 1970 UTC.
    pub oldest_ms: Option<i64>,
}

/// The first waiting parcel of a peer, without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) peer: String,
    pub(super) due_ms: i64,
    pub(super) attempts: i64,
}

/// Puts a parcel, in the transaction of what it announces. Due at once; the courier of
/// this process hears of it at the commit. Answers whether it is new: a parcel whose
/// id is there already stays as it is.
///
/// # Errors
/// [`StoreError::ParcelTooBig`] and the database's.
pub async fn put(tx: &mut Tx<'_>, parcel: &Parcel, now_ms: i64) -> Result<bool, StoreError> {
    let new = put_due(tx, parcel, now_ms, now_ms).await?;
    tx.ring_for(&parcel.peer);
    Ok(new)
}

/// As [`put`], but the courier leaves it alone until `due_ms`, at most
/// [`limits::DUE_AHEAD_MAX`] from now: for a sender who tries by himself first and wants
/// the outbox only for when he does not get through.
///
/// # Errors
/// As [`put`].
pub async fn put_due(tx: &mut Tx<'_>, parcel: &Parcel, now_ms: i64, due_ms: i64) -> Result<bool, StoreError> {
    let name_bytes = parcel.id.len().max(parcel.peer.len()).max(parcel.kind.len());
    if parcel.payload.len() > limits::PARCEL_BYTES_MAX || name_bytes > limits::PARCEL_NAME_BYTES_MAX {
        return Err(StoreError::ParcelTooBig { bytes: parcel.payload.len(), name_bytes });
    }
    let rows = tx
        .execute(
            "INSERT INTO outbox (id, peer, kind, payload, created_ms, due_ms, attempts)
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (id) DO NOTHING",
            args![&parcel.id, &parcel.peer, &parcel.kind, &parcel.payload, now_ms, due_ms],
        )
        .await?;
    Ok(rows == 1)
}

/// Removes a delivered parcel, in the transaction of what the peer's answer changes.
/// Answers whether it was still there.
///
/// # Errors
/// The database's.
pub async fn settle(tx: &mut Tx<'_>, id: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM outbox WHERE id = $1", args![id]).await? == 1)
}

/// Puts a parcel off after a failed attempt, by [`backoff`]; answers until when, in
/// milliseconds since 1970 UTC, or `None` when it is no longer waiting.
///
/// # Errors
/// The database's.
pub async fn postpone(tx: &mut Tx<'_>, id: &str, error: &str, now_ms: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT attempts FROM outbox WHERE id = $1 AND refused_ms IS NULL";
    let Some(row) = tx.fetch_optional(sql, args![id]).await? else {
        return Ok(None);
    };
    let attempts = row.int("attempts")? + 1;
    let wait_ms = i64::try_from(backoff(attempts, rand::random()).as_millis()).unwrap_or(i64::MAX);
    let due_ms = now_ms.saturating_add(wait_ms);
    tx.execute(
        "UPDATE outbox SET attempts = $2, due_ms = $3, last_error = $4 WHERE id = $1",
        args![id, attempts, due_ms, shortened(error)],
    )
    .await?;
    Ok(Some(due_ms))
}

/// Sets a parcel aside that the peer refused. It is not tried again, lets the next one
/// pass, and stays in [`waiting`] with the reason.
///
/// # Errors
/// The database's.
pub async fn refuse(tx: &mut Tx<'_>, id: &str, reason: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET refused_ms = $2, last_error = $3, attempts = attempts + 1
         WHERE id = $1 AND refused_ms IS NULL",
        args![id, now_ms, shortened(reason)],
    )
    .await?;
    Ok(())
}

/// Tries a refused parcel again, in its old place in the line, because a person said so.
/// Answers whether there was one.
///
/// # Errors
/// The database's.
pub async fn revive(tx: &mut Tx<'_>, id: &str, now_ms: i64) -> Result<bool, StoreError> {
    let sql = "SELECT peer FROM outbox WHERE id = $1 AND refused_ms IS NOT NULL";
    let Some(row) = tx.fetch_optional(sql, args![id]).await? else {
        return Ok(false);
    };
    tx.execute("UPDATE outbox SET refused_ms = NULL, due_ms = $2, attempts = 0 WHERE id = $1", args![id, now_ms])
        .await?;
    tx.ring_for(&row.text("peer")?);
    Ok(true)
}

/// Makes all parcels of `peer` due at once and their backoff begin anew: it has just
/// connected. [`Courier::wake_peer`](super::Courier::wake_peer) does this and goes.
///
/// # Errors
/// The database's.
pub async fn wake_peer(tx: &mut Tx<'_>, peer: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET due_ms = $2, attempts = 0
         WHERE peer = $1 AND refused_ms IS NULL AND (due_ms > $2 OR attempts > 0)",
        args![peer, now_ms],
    )
    .await?;
    tx.ring_for(peer);
    Ok(())
}

/// Removes everything that waits for `peer`, or that it refused: nothing is to reach it
/// any more. Answers how many parcels that were.
///
/// # Errors
/// The database's.
pub async fn forget_peer(tx: &mut Tx<'_>, peer: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM outbox WHERE peer = $1", args![peer]).await
}

/// The parcels that may go now: of each peer the first, when it is due.
///
/// # Errors
/// The database's.
pub async fn due(session: &mut Session, now_ms: i64, limit: u32) -> Result<Vec<Parcel>, StoreError> {
    let sql = "SELECT o.id, o.peer, o.kind, o.payload FROM outbox o
         JOIN (SELECT MIN(sequence) AS head FROM outbox WHERE refused_ms IS NULL GROUP BY peer) h
           ON o.sequence = h.head
         WHERE o.due_ms <= $1 OR o.due_ms > $3 ORDER BY o.due_ms, o.sequence LIMIT $2";
    let rows = session.fetch_all(sql, args![now_ms, limit, ahead_max(now_ms)]).await?;
    rows.iter().map(parcel).collect()
}

/// What waits or was refused, oldest first, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn waiting(ledger: &Ledger, limit: u32) -> Result<Vec<Waiting>, StoreError> {
    let sql = "SELECT id, peer, kind, length(payload) AS payload_bytes, created_ms, due_ms,
            attempts, last_error, refused_ms
         FROM outbox ORDER BY sequence LIMIT $1";
    let rows = ledger.read().fetch_all(sql, args![limit]).await?;
    rows.iter().map(as_waiting).collect()
}

/// How much waits or was refused.
///
/// # Errors
/// The database's.
pub async fn backlog(ledger: &Ledger) -> Result<Backlog, StoreError> {
    let sql = "SELECT COUNT(*) AS parcels, COUNT(refused_ms) AS refused,
            COUNT(CASE WHEN refused_ms IS NULL AND attempts > 0 THEN 1 END) AS retried,
            MIN(CASE WHEN refused_ms IS NULL THEN created_ms END) AS oldest_ms
         FROM outbox";
    let row = ledger.read().fetch_one(sql, args![]).await?;
    let count = |name| Ok::<u64, StoreError>(u64::try_from(row.int(name)?).unwrap_or(0));
    let refused = count("refused")?;
    Ok(Backlog {
        waiting: count("parcels")?.saturating_sub(refused),
        retried: count("retried")?,
        refused,
        oldest_ms: row.get("oldest_ms")?,
    })
}

/// How long to wait after the `attempts`th failed attempt (from 1): 1 s, 2 s, 4 s, …, at
/// most 5 minutes, of which `random` (0 to 1) takes up to half away, so that many who
/// failed together do not come back together.
#[must_use]
pub fn backoff(attempts: i64, random: f64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    let whole = limits::BACKOFF_FIRST.saturating_mul(1 << doublings).min(limits::BACKOFF_MAX);
    whole.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

impl Head {
    /// When the parcel is to be tried. What seems to be due in days is due now: the
    /// clock has been set back since.
    pub(super) fn due_by(&self, now_ms: i64) -> i64 {
        if self.due_ms > ahead_max(now_ms) { now_ms } else { self.due_ms }
    }
}

/// The furthest that a parcel can be put off.
fn ahead_max(now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::try_from(limits::DUE_AHEAD_MAX.as_millis()).unwrap_or(i64::MAX))
}

/// The first waiting parcel of each peer whose name comes after `after`.
pub(super) async fn heads(session: &mut Session, after: &str, limit: u32) -> Result<Vec<Head>, StoreError> {
    let sql = "SELECT o.peer, o.due_ms, o.attempts FROM outbox o
         JOIN (SELECT MIN(sequence) AS head FROM outbox
               WHERE refused_ms IS NULL AND peer > $1 GROUP BY peer ORDER BY peer LIMIT $2) h
           ON o.sequence = h.head
         ORDER BY o.peer";
    let rows = session.fetch_all(sql, args![after, limit]).await?;
    rows.iter().map(head).collect()
}

/// The first waiting parcel of `peer`.
pub(super) async fn first(session: &mut Session, peer: &str) -> Result<Option<(Head, Parcel)>, StoreError> {
    let sql = "SELECT id, peer, kind, payload, due_ms, attempts FROM outbox
         WHERE peer = $1 AND refused_ms IS NULL ORDER BY sequence LIMIT 1";
    let row = session.fetch_optional(sql, args![peer]).await?;
    row.map(|row| Ok((head(&row)?, parcel(&row)?))).transpose()
}

fn head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head { peer: row.text("peer")?, due_ms: row.int("due_ms")?, attempts: row.int("attempts")? })
}

fn parcel(row: &Row) -> Result<Parcel, StoreError> {
    Ok(Parcel { id: row.text("id")?, peer: row.text("peer")?, kind: row.text("kind")?, payload: row.bytes("payload")? })
}

fn as_waiting(row: &Row) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        id: row.text("id")?,
        peer: row.text("peer")?,
        kind: row.text("kind")?,
        payload_bytes: row.int("payload_bytes")?,
        created_ms: row.int("created_ms")?,
        due_ms: row.int("due_ms")?,
        attempts: row.int("attempts")?,
        last_error: row.get("last_error")?,
        refused: row.get::<Option<i64>>("refused_ms")?.is_some(),
    })
}

/// A peer chooses the length of its reasons; the database does not have to keep it all.
fn shortened(reason: &str) -> String {
    reason.chars().take(limits::REASON_CHARS_MAX).collect()
}
