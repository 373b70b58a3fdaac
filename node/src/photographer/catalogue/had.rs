//! What an event is known to have had: what of it is gone from the archive is missed, and the
//! mark of its proofs outlives the volume that keeps it.

use enprint_protocol::ids::EventId;
use enprint_store::args;

use super::Catalogue;
use crate::error::NodeError;

impl Catalogue {
    /// The most photos that an event was seen to have; 0 where none was noted.
    pub(in crate::photographer) async fn photos_had(&self, event_id: EventId) -> Result<u64, NodeError> {
        let sql = "SELECT photos FROM events_had WHERE event_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![event_id.to_string()]).await?;
        Ok(row.map(|row| row.int("photos")).transpose()?.and_then(|photos| u64::try_from(photos).ok()).unwrap_or(0))
    }

    /// Notes that an event has so many photos, if it is the most so far.
    pub(in crate::photographer) async fn note_photos(&self, event_id: EventId, photos: u64) -> Result<(), NodeError> {
        let sql = "INSERT INTO events_had (event_id, photos) VALUES ($1, $2) ON CONFLICT (event_id) DO UPDATE \
                   SET photos = excluded.photos WHERE events_had.photos < excluded.photos";
        let photos = i64::try_from(photos).unwrap_or(i64::MAX);
        self.ledger.execute(sql, args![event_id.to_string(), photos]).await?;
        Ok(())
    }

    /// The mark that was kept for an event's proofs.
    pub(in crate::photographer) async fn mark_had(&self, event_id: EventId) -> Result<Option<Vec<u8>>, NodeError> {
        let sql = "SELECT mark FROM events_had WHERE event_id = $1 AND mark IS NOT NULL";
        let row = self.ledger.read().fetch_optional(sql, args![event_id.to_string()]).await?;
        Ok(row.map(|row| row.bytes("mark")).transpose()?)
    }

    /// Notes the mark that is kept for an event's proofs.
    pub(in crate::photographer) async fn note_mark(&self, event_id: EventId, mark: &[u8]) -> Result<(), NodeError> {
        let sql = "INSERT INTO events_had (event_id, photos, mark) VALUES ($1, 0, $2) ON CONFLICT (event_id) DO UPDATE \
                   SET mark = excluded.mark";
        self.ledger.execute(sql, args![event_id.to_string(), mark]).await?;
        Ok(())
    }
}
