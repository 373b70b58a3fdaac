//! The copy of photos' edits. Archive and catalogue are two databases: so photos are noted
//! here before their edits change, and copied when they have. What a kill leaves noted is
//! read from the archive at the next start.

use std::collections::HashMap;

use enprint_protocol::ids::{EventId, PhotoId};
use enprint_store::args;

use super::Catalogue;
use crate::error::NodeError;
use crate::photographer::records::Edits;
use crate::stored;

impl Catalogue {
    /// Notes photos before their edits change; durable when this returns.
    pub(in crate::photographer) async fn note_changing(
        &self,
        event_id: EventId,
        photos: &[PhotoId],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO edits_had (event_id, photo_id, is_changing) VALUES ($1, $2, 1) \
                   ON CONFLICT (event_id, photo_id) DO UPDATE SET is_changing = is_changing + 1";
        let mut tx = self.ledger.begin().await?;
        for photo_id in photos {
            tx.execute(sql, args![event_id.to_string(), photo_id.to_string()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Photos of which edits were about to change when the node was killed, and are not copied
    /// yet. To be asked before the first edit: what was being done has ended.
    pub(in crate::photographer) async fn changing(&self) -> Result<HashMap<EventId, Vec<PhotoId>>, NodeError> {
        self.ledger.execute("UPDATE edits_had SET is_changing = 1 WHERE is_changing > 1", args![]).await?;
        let sql = "SELECT event_id, photo_id FROM edits_had WHERE is_changing = 1";
        let mut changing: HashMap<EventId, Vec<PhotoId>> = HashMap::new();
        for row in self.ledger.read().fetch_all(sql, args![]).await? {
            let photo_id = stored::read(&row.text("photo_id")?)?;
            changing.entry(stored::read(&row.text("event_id")?)?).or_default().push(photo_id);
        }
        Ok(changing)
    }

    /// Keeps the copy of these edits, in place of what was kept. One of those that change them
    /// has ended.
    pub(in crate::photographer) async fn keep_edits(
        &self,
        event_id: EventId,
        edits: &[(PhotoId, Edits)],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO edits_had (event_id, photo_id, edits, is_changing) VALUES ($1, $2, $3, 0) \
                   ON CONFLICT (event_id, photo_id) DO UPDATE SET edits = excluded.edits, \
                   is_changing = MAX(is_changing - 1, 0)";
        self.put_edits(sql, event_id, edits).await
    }

    /// Keeps the copy of those edits of which there is none.
    pub(in crate::photographer) async fn keep_first_edits(
        &self,
        event_id: EventId,
        edits: &[(PhotoId, Edits)],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO edits_had (event_id, photo_id, edits, is_changing) VALUES ($1, $2, $3, 0) \
                   ON CONFLICT DO NOTHING";
        self.put_edits(sql, event_id, edits).await
    }

    async fn put_edits(
        &self,
        sql: &'static str,
        event_id: EventId,
        edits: &[(PhotoId, Edits)],
    ) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        for (photo_id, edits) in edits {
            tx.execute(sql, args![event_id.to_string(), photo_id.to_string(), edits.encode()?]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The edits that photos of an event had.
    pub(in crate::photographer) async fn edits_had(
        &self,
        event_id: EventId,
    ) -> Result<HashMap<PhotoId, Edits>, NodeError> {
        let sql = "SELECT photo_id, edits FROM edits_had WHERE event_id = $1 AND edits IS NOT NULL";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?;
        rows.iter()
            .map(|row| Ok((stored::read(&row.text("photo_id")?)?, Edits::decode(&row.bytes("edits")?)?)))
            .collect()
    }

    /// Events of which photos may have edits that are not copied yet.
    pub(in crate::photographer) async fn edits_unread(&self) -> Result<Vec<EventId>, NodeError> {
        let rows = self.ledger.read().fetch_all("SELECT event_id FROM edits_unread", args![]).await?;
        rows.iter().map(|row| stored::read(&row.text("event_id")?)).collect()
    }

    /// Notes an event whose edits are to be read from its volumes.
    pub(in crate::photographer) async fn note_edits_unread(&self, event_id: EventId) -> Result<(), NodeError> {
        let sql = "INSERT INTO edits_unread (event_id) VALUES ($1) ON CONFLICT DO NOTHING";
        self.ledger.execute(sql, args![event_id.to_string()]).await?;
        Ok(())
    }

    /// All edits of an event are copied.
    pub(in crate::photographer) async fn note_edits_read(&self, event_id: EventId) -> Result<(), NodeError> {
        self.ledger.execute("DELETE FROM edits_unread WHERE event_id = $1", args![event_id.to_string()]).await?;
        Ok(())
    }
}
