//! What a host has of an event and what was taken off there, as homes tell each other.

use std::collections::{HashMap, HashSet};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::replica::ShownPhoto;
use enprint_store::args;
use enprint_store::ledger::Row;

use super::Catalogue;
use crate::error::NodeError;
use crate::stored;

impl Catalogue {
    /// Photos that a host has or had, behind a photo in the order of their ids, `most` of them.
    pub(in crate::photographer) async fn shown_after(
        &self,
        event_id: EventId,
        host: PeerId,
        after: Option<PhotoId>,
        most: usize,
    ) -> Result<Vec<ShownPhoto>, NodeError> {
        // A photo is in one of the two.
        let sql = "SELECT photo_id, 0 AS at_ms, 0 AS stays, 1 AS is_shown FROM shown \
                   WHERE event_id = $1 AND host = $2 AND photo_id > $3 \
                   UNION ALL SELECT photo_id, at_ms, stays, 0 AS is_shown FROM taken_off \
                   WHERE event_id = $1 AND host = $2 AND photo_id > $3 ORDER BY photo_id LIMIT $4";
        let after = after.map(|photo_id| photo_id.to_string()).unwrap_or_default();
        let values = args![event_id.to_string(), host.to_string(), after, i64::try_from(most).unwrap_or(i64::MAX)];
        self.ledger.read().fetch_all(sql, values).await?.iter().map(shown_photo).collect()
    }

    /// Takes over what a host has or had; what is so already is not written.
    pub(in crate::photographer) async fn take_shown(
        &self,
        event_id: EventId,
        host: PeerId,
        photos: &[ShownPhoto],
    ) -> Result<(), NodeError> {
        let known = self.shown_after(event_id, host, None, usize::MAX).await?;
        let known: HashMap<PhotoId, ShownPhoto> = known.into_iter().map(|photo| (photo.photo_id, photo)).collect();
        let there: HashSet<PhotoId> = photos.iter().map(|photo| photo.photo_id).collect();
        let gone = known.keys().filter(|photo_id| !there.contains(photo_id)).copied();
        let other: Vec<_> = photos.iter().filter(|photo| known.get(&photo.photo_id) != Some(*photo)).collect();
        let others: Vec<PhotoId> = gone.chain(other.iter().map(|photo| photo.photo_id)).collect();
        if others.is_empty() {
            return Ok(());
        }
        let (event_id, host) = (event_id.to_string(), host.to_string());
        let shown = "INSERT INTO shown (event_id, host, photo_id) VALUES ($1, $2, $3)";
        let off = "INSERT INTO taken_off (event_id, host, photo_id, at_ms, stays) VALUES ($1, $2, $3, $4, $5)";
        let mut tx = self.ledger.begin().await?;
        for photo_id in others {
            for sql in [
                "DELETE FROM shown WHERE event_id = $1 AND host = $2 AND photo_id = $3",
                "DELETE FROM taken_off WHERE event_id = $1 AND host = $2 AND photo_id = $3",
            ] {
                tx.execute(sql, args![&event_id, &host, photo_id.to_string()]).await?;
            }
        }
        for photo in other {
            let photo_id = photo.photo_id.to_string();
            match photo.withdrawn_ms {
                None => tx.execute(shown, args![&event_id, &host, photo_id]).await?,
                Some(at_ms) => {
                    tx.execute(off, args![&event_id, &host, photo_id, at_ms, i64::from(photo.stays)]).await?
                }
            };
        }
        tx.commit().await?;
        Ok(())
    }
}

fn shown_photo(row: &Row) -> Result<ShownPhoto, NodeError> {
    let is_shown = row.int("is_shown")? != 0;
    let withdrawn_ms = if is_shown { None } else { Some(row.int("at_ms")?) };
    Ok(ShownPhoto { photo_id: stored::read(&row.text("photo_id")?)?, withdrawn_ms, stays: row.int("stays")? != 0 })
}
