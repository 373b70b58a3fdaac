//! Events, and what the host has of them.

use std::collections::HashSet;

use enprint_protocol::codec;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_store::args;
use enprint_store::ledger::Row;

use super::{Catalogue, EventRow};
use crate::error::NodeError;
use crate::limits::EVENT_RECORD_BYTES_MAX;
use crate::photographer::node::now;
use crate::stored;

const WITH_COUNT: &str = "SELECT events.*, (SELECT COUNT(*) FROM published WHERE published.event_id = events.event_id) \
                          AS published FROM events ORDER BY created_ms DESC, event_id";
const ONE: &str = "SELECT events.*, (SELECT COUNT(*) FROM published WHERE published.event_id = events.event_id) \
                   AS published FROM events WHERE event_id = $1";

impl Catalogue {
    /// All events, newest first.
    pub async fn events(&self) -> Result<Vec<EventRow>, NodeError> {
        self.ledger.read().fetch_all(WITH_COUNT, args![]).await?.iter().map(event_row).collect()
    }

    /// One event.
    pub async fn event(&self, event_id: EventId) -> Result<Option<EventRow>, NodeError> {
        let row = self.ledger.read().fetch_optional(ONE, args![event_id.to_string()]).await?;
        row.as_ref().map(event_row).transpose()
    }

    /// Makes an event, or replaces its record.
    pub async fn put_event(&self, event: &EventRow) -> Result<(), NodeError> {
        let sql = "INSERT INTO events (event_id, record, access_code, gallery_url, created_ms) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (event_id) DO UPDATE SET record = $2";
        let record = codec::encode(&event.record)?;
        let mut tx = self.ledger.begin().await?;
        let code = event.access_code.to_string();
        let gallery = event.gallery_url.clone();
        tx.execute(sql, args![event.record.event_id.to_string(), &record, code, gallery, now().0]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where customers open the gallery.
    pub async fn set_gallery_url(&self, event_id: EventId, url: &str) -> Result<(), NodeError> {
        let sql = "UPDATE events SET gallery_url = $2 WHERE event_id = $1";
        let mut tx = self.ledger.begin().await?;
        tx.execute(sql, args![event_id.to_string(), url]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The photos that the host has, as far as this node was told.
    ///
    /// # Errors
    /// When the catalogue can't be read.
    pub async fn published(&self, event_id: EventId) -> Result<HashSet<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM published WHERE event_id = $1";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// The host has these photos.
    pub async fn set_published(&self, event_id: EventId, photos: &[PhotoId]) -> Result<(), NodeError> {
        let published = "INSERT INTO published (event_id, photo_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let back = "DELETE FROM withdrawn WHERE event_id = $1 AND photo_id = $2";
        let mut tx = self.ledger.begin().await?;
        for photo_id in photos {
            tx.execute(published, args![event_id.to_string(), photo_id.to_string()]).await?;
            tx.execute(back, args![event_id.to_string(), photo_id.to_string()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// These photos are to come off the host; an older wish to publish leaves them out.
    pub async fn mark_withdrawn(&self, event_id: EventId, photos: &[PhotoId], at_ms: i64) -> Result<(), NodeError> {
        let withdrawn = "INSERT INTO withdrawn (event_id, photo_id, at_ms) VALUES ($1, $2, $3) \
                         ON CONFLICT (event_id, photo_id) DO UPDATE SET at_ms = $3";
        let published = "DELETE FROM published WHERE event_id = $1 AND photo_id = $2";
        let mut tx = self.ledger.begin().await?;
        for photo_id in photos {
            tx.execute(withdrawn, args![event_id.to_string(), photo_id.to_string(), at_ms]).await?;
            tx.execute(published, args![event_id.to_string(), photo_id.to_string()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Photos withdrawn at or after a moment.
    pub async fn withdrawn_since(&self, event_id: EventId, since_ms: i64) -> Result<HashSet<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM withdrawn WHERE event_id = $1 AND at_ms >= $2";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), since_ms]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }
}

fn event_row(row: &Row) -> Result<EventRow, NodeError> {
    Ok(EventRow {
        record: codec::decode(&row.bytes("record")?, EVENT_RECORD_BYTES_MAX)?,
        access_code: stored::read(&row.text("access_code")?)?,
        gallery_url: row.get("gallery_url")?,
        published: u64::try_from(row.int("published")?).unwrap_or(0),
    })
}
