//! Events as their photographers publish them. An event belongs to the photographer
//! that published it first; to all others it is not there.

use enprint_protocol::PeerId;
use enprint_protocol::access_code::AccessCode;
use enprint_protocol::codec;
use enprint_protocol::enrol::Role;
use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{ContentHash, EventId};
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Session as Sql, Tx};

use super::{Index, enrolment, homes};
use crate::error::HostError;
use crate::limits::EVENTS_PER_PHOTOGRAPHER_MAX;
use crate::stored;
use crate::views::EventSummary;

impl Index {
    /// Makes or replaces an event's data and access code; answers the gallery's address.
    /// With another code than before, visitors have to give the new one.
    ///
    /// # Errors
    /// Names the field that breaks a rule; [`HostError::AccessCodeTaken`];
    /// [`HostError::NotHere`] for another photographer's event;
    /// [`HostError::QuotaReached`].
    pub async fn put_event(
        &self,
        photographer: PeerId,
        event: &EventRecord,
        access_code: &AccessCode,
    ) -> Result<String, HostError> {
        let record = event.clone().checked()?;
        let put = PutEvent {
            photographer,
            encoded: codec::encode(&record)?,
            record,
            code_hash: self.secrets().access_code(access_code),
            now: self.now(),
        };
        let put = &put;
        self.ledger().write(|tx| Box::pin(put_in(tx, put))).await?;
        Ok(self.gallery_url(event.event_id))
    }

    /// Takes an event with all its photos off the host; answers how many photos that
    /// were. Orders stay. Repeated, it answers 0.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for an event that this photographer never published.
    pub async fn withdraw_event(&self, photographer: PeerId, event_id: EventId) -> Result<u64, HostError> {
        let now = self.now();
        let photos = self.ledger().write(|tx| Box::pin(withdraw_in(tx, photographer, event_id, now))).await?;
        self.ledger().give_back_space().await?;
        Ok(photos)
    }

    /// All events, the latest published first.
    ///
    /// # Errors
    /// The database's.
    pub async fn events(&self) -> Result<Vec<EventSummary>, HostError> {
        let sql = "SELECT e.event_id, e.name, e.photographer, p.name AS photographer_name, e.photos,
                e.bytes, e.published_ms,
                (SELECT COUNT(*) FROM placed_order o WHERE o.event_id = e.event_id) AS orders
             FROM event e JOIN peer p ON p.peer_id = e.photographer
             ORDER BY e.published_ms DESC, e.event_id";
        let rows = self.ledger().read().fetch_all(sql, args![]).await?;
        rows.iter().map(event_summary).collect()
    }
}

/// An event whose gallery is open.
pub(super) struct OpenEvent {
    pub(super) record: EventRecord,
    pub(super) photographer: PeerId,
    pub(super) photographer_seen: Option<UnixMs>,
    pub(super) photos: u64,
}

/// The event, unless it is not here or its photographer is suspended.
pub(super) async fn open(sql: &mut Sql, event_id: EventId) -> Result<Option<OpenEvent>, HostError> {
    let query = "SELECT e.record, e.photographer, e.photos, p.seen_ms FROM event e
         JOIN peer p ON p.peer_id = e.photographer
         WHERE e.event_id = $1 AND p.suspended_ms IS NULL";
    let Some(row) = sql.fetch_optional(query, args![event_id.0]).await? else {
        return Ok(None);
    };
    Ok(Some(OpenEvent {
        record: record(&row)?,
        photographer: stored::peer(&row, "photographer")?,
        photographer_seen: stored::maybe_moment(&row, "seen_ms")?,
        photos: stored::count(&row, "photos")?,
    }))
}

/// What an event's owner finds.
pub(super) enum Owned {
    /// Its data.
    Here(Box<EventRecord>),
    /// The owner has withdrawn it.
    Withdrawn,
}

/// The event as its owner finds it.
///
/// # Errors
/// [`HostError::NotHere`] for everybody else, as for an event that never was.
pub(super) async fn owned(sql: &mut Sql, photographer: PeerId, event_id: EventId) -> Result<Owned, HostError> {
    enrolment::active_as(sql, photographer, Role::Photographer).await?;
    let owner = photographer.to_string();
    let query = "SELECT record FROM event WHERE event_id = $1 AND photographer = $2";
    if let Some(row) = sql.fetch_optional(query, args![event_id.0, &owner]).await? {
        return Ok(Owned::Here(Box::new(record(&row)?)));
    }
    let query = "SELECT 1 AS one FROM withdrawn_event WHERE event_id = $1 AND photographer = $2";
    match sql.fetch_optional(query, args![event_id.0, owner]).await? {
        Some(_) => Ok(Owned::Withdrawn),
        None => Err(HostError::NotHere),
    }
}

/// Deletes an event with all that hangs on it but its orders, and remembers whose it was.
pub(super) async fn delete(
    tx: &mut Tx<'_>,
    event_id: [u8; 16],
    photographer: PeerId,
    now: UnixMs,
) -> Result<(), HostError> {
    tx.execute("DELETE FROM photo WHERE event_id = $1", args![event_id]).await?;
    tx.execute("DELETE FROM photo_words WHERE event_id = $1", args![event_id]).await?;
    tx.execute("DELETE FROM basket_line WHERE event_id = $1", args![event_id]).await?;
    forget_visitors(tx, event_id).await?;
    tx.execute("DELETE FROM event WHERE event_id = $1", args![event_id]).await?;
    let sql = "INSERT INTO withdrawn_event (event_id, photographer, withdrawn_ms) VALUES ($1, $2, $3)
               ON CONFLICT (event_id) DO NOTHING";
    tx.execute(sql, args![event_id, photographer.to_string(), now.0]).await?;
    Ok(())
}

struct PutEvent {
    photographer: PeerId,
    record: EventRecord,
    encoded: Vec<u8>,
    code_hash: ContentHash,
    now: UnixMs,
}

async fn put_in(tx: &mut Tx<'_>, put: &PutEvent) -> Result<(), HostError> {
    let (event_id, owner) = (put.record.event_id.0, put.photographer.to_string());
    enrolment::active_as(tx, put.photographer, Role::Photographer).await?;
    if homes::is_home(tx, put.photographer).await? {
        return Err(HostError::NotHere);
    }
    let sql = "SELECT photographer FROM event WHERE event_id = $1
               UNION SELECT photographer FROM withdrawn_event WHERE event_id = $1";
    for row in tx.fetch_all(sql, args![event_id]).await? {
        if row.text("photographer")? != owner {
            return Err(HostError::NotHere);
        }
    }
    let sql = "SELECT 1 AS one FROM event WHERE code_hash = $1 AND event_id <> $2";
    if tx.fetch_optional(sql, args![put.code_hash.0, event_id]).await?.is_some() {
        return Err(HostError::AccessCodeTaken);
    }
    let sql = "SELECT code_hash FROM event WHERE event_id = $1";
    match tx.fetch_optional(sql, args![event_id]).await? {
        Some(row) => replace(tx, put, stored::hash(&row, "code_hash")? != put.code_hash).await,
        None => insert(tx, put).await,
    }
}

async fn insert(tx: &mut Tx<'_>, put: &PutEvent) -> Result<(), HostError> {
    let (event_id, owner) = (put.record.event_id.0, put.photographer.to_string());
    let sql = "SELECT COUNT(*) AS events FROM event WHERE photographer = $1";
    let row = tx.fetch_one(sql, args![&owner]).await?;
    if stored::count(&row, "events")? >= EVENTS_PER_PHOTOGRAPHER_MAX {
        return Err(HostError::QuotaReached { what: "Events of a photographer", max: EVENTS_PER_PHOTOGRAPHER_MAX });
    }
    tx.execute("DELETE FROM withdrawn_event WHERE event_id = $1", args![event_id]).await?;
    let sql = "INSERT INTO event (event_id, photographer, code_hash, name, record, photos, bytes, published_ms)
               VALUES ($1, $2, $3, $4, $5, 0, 0, $6)";
    let args = args![event_id, owner, put.code_hash.0, &put.record.name, &put.encoded, put.now.0];
    tx.execute(sql, args).await?;
    Ok(())
}

async fn replace(tx: &mut Tx<'_>, put: &PutEvent, code_changed: bool) -> Result<(), HostError> {
    let event_id = put.record.event_id.0;
    let sql = "UPDATE event SET code_hash = $2, name = $3, record = $4 WHERE event_id = $1";
    tx.execute(sql, args![event_id, put.code_hash.0, &put.record.name, &put.encoded]).await?;
    if code_changed {
        forget_visitors(tx, event_id).await?;
    }
    Ok(())
}

async fn withdraw_in(tx: &mut Tx<'_>, photographer: PeerId, event_id: EventId, now: UnixMs) -> Result<u64, HostError> {
    if let Owned::Withdrawn = owned(tx, photographer, event_id).await? {
        return Ok(0);
    }
    let row = tx.fetch_one("SELECT photos FROM event WHERE event_id = $1", args![event_id.0]).await?;
    delete(tx, event_id.0, photographer, now).await?;
    stored::count(&row, "photos")
}

/// Who had opened the gallery has to open it again.
async fn forget_visitors(tx: &mut Tx<'_>, event_id: [u8; 16]) -> Result<(), HostError> {
    tx.execute("DELETE FROM session_event WHERE event_id = $1", args![event_id]).await?;
    tx.execute("DELETE FROM account_event WHERE event_id = $1", args![event_id]).await?;
    Ok(())
}

fn record(row: &Row) -> Result<EventRecord, HostError> {
    codec::decode(&row.bytes("record")?, CONTROL_BYTES_MAX).map_err(|_| stored::unreadable("an event"))
}

fn event_summary(row: &Row) -> Result<EventSummary, HostError> {
    Ok(EventSummary {
        event_id: EventId(stored::bytes(row, "event_id")?),
        name: row.text("name")?,
        photographer: stored::peer(row, "photographer")?,
        photographer_name: row.text("photographer_name")?,
        photos: stored::count(row, "photos")?,
        bytes: stored::count(row, "bytes")?,
        orders: stored::count(row, "orders")?,
        published: stored::moment(row, "published_ms")?,
    })
}
