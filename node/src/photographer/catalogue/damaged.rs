//! Photos that were found damaged: what a look at every byte found is known until it is
//! repaired, or another look finds them whole.

use std::collections::HashMap;

use enprint_protocol::ids::{EventId, PhotoId};
use enprint_store::args;

use super::Catalogue;
use super::had::{is_known, named_photos};
use crate::error::NodeError;

impl Catalogue {
    /// Notes which photos of an event are damaged, with their file names, in place of those
    /// noted before. Of an event that was removed nothing is noted.
    pub(in crate::photographer) async fn note_damaged(
        &self,
        event_id: EventId,
        photos: &[(PhotoId, String)],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO photos_damaged (event_id, photo_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let mut tx = self.ledger.begin().await?;
        tx.execute("DELETE FROM photos_damaged WHERE event_id = $1", args![event_id.to_string()]).await?;
        let known = if is_known(&mut tx, event_id).await? { photos } else { &[] };
        for (photo_id, name) in known {
            tx.execute(sql, args![event_id.to_string(), photo_id.0.as_bytes(), name]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The photos of an event that were found damaged, with their file names.
    pub(in crate::photographer) async fn damaged(
        &self,
        event_id: EventId,
    ) -> Result<HashMap<PhotoId, String>, NodeError> {
        let sql = "SELECT photo_id, name FROM photos_damaged WHERE event_id = $1";
        named_photos(&self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?)
    }

    /// Photos that were found whole, or were repaired.
    pub(in crate::photographer) async fn note_whole(
        &self,
        event_id: EventId,
        whole: impl IntoIterator<Item = PhotoId>,
    ) -> Result<(), NodeError> {
        let damaged = self.damaged(event_id).await?;
        let mut repaired = whole.into_iter().filter(|photo_id| damaged.contains_key(photo_id)).peekable();
        if repaired.peek().is_none() {
            return Ok(());
        }
        let sql = "DELETE FROM photos_damaged WHERE event_id = $1 AND photo_id = $2";
        let mut tx = self.ledger.begin().await?;
        for photo_id in repaired {
            tx.execute(sql, args![event_id.to_string(), photo_id.0.as_bytes()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
