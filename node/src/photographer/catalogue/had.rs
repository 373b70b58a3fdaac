//! What an event is known to have had: what of it is gone from the archive is missed, and the
//! mark of its proofs outlives the volume that keeps it.

use std::collections::{BTreeSet, HashMap, HashSet};

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::orders::{put_trouble, report};
use super::{Catalogue, HaltedOrder};
use crate::error::NodeError;
use crate::limits::PHOTOS_NOTED_AT_ONCE;

/// What is known of the photos that an event had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::photographer) struct PhotosHad {
    /// The most that it was seen to have.
    pub(in crate::photographer) number: u64,
    /// The hash of their ids; none until they are noted.
    pub(in crate::photographer) ids: Option<ContentHash>,
}

/// What stands for the hash of all ids while they are being noted: a kill leaves it, and what
/// was noted till then is compared with what is here, id by id.
pub(in crate::photographer) const HALF_NOTED: ContentHash = ContentHash([0; 32]);

/// One hash of all ids, in whatever order they come: two events of twenty thousand photos are
/// compared without reading a row for each.
pub(in crate::photographer) fn hash_of(ids: &HashSet<PhotoId>) -> ContentHash {
    let mut sorted: Vec<&PhotoId> = ids.iter().collect();
    sorted.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for photo_id in sorted {
        hasher.update(photo_id.0.as_bytes());
    }
    hasher.finalize().into()
}

impl Catalogue {
    /// What is known of the photos that an event had.
    pub(in crate::photographer) async fn photos_had(&self, event_id: EventId) -> Result<PhotosHad, NodeError> {
        let sql = "SELECT photos, ids_hash FROM events_had WHERE event_id = $1";
        let Some(row) = self.ledger.read().fetch_optional(sql, args![event_id.to_string()]).await? else {
            return Ok(PhotosHad::default());
        };
        let number = u64::try_from(row.int("photos")?).unwrap_or(0);
        let hash: Option<Vec<u8>> = row.get("ids_hash")?;
        Ok(PhotosHad { number, ids: hash.and_then(|hash| hash.try_into().ok()).map(ContentHash) })
    }

    /// The photos that an event had, with their file names as far as they are known.
    pub(in crate::photographer) async fn names_had(
        &self,
        event_id: EventId,
    ) -> Result<HashMap<PhotoId, String>, NodeError> {
        let sql = "SELECT photo_id, name FROM photos_had WHERE event_id = $1";
        named_photos(&self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?)
    }

    /// Whether an event is known to have had a photo.
    pub(in crate::photographer) async fn has_had(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
    ) -> Result<bool, NodeError> {
        let sql = "SELECT 1 AS had FROM photos_had WHERE event_id = $1 AND photo_id = $2";
        let values = args![event_id.to_string(), photo_id.0.as_bytes()];
        Ok(self.ledger.read().fetch_optional(sql, values).await?.is_some())
    }

    /// Notes photos that an event has, with their file names, beside those that it had: some at
    /// a time, so that others can write meanwhile. From then on the ids are what it had, not
    /// the number. Of an event that was removed nothing is noted.
    pub(in crate::photographer) async fn note_photos(
        &self,
        event_id: EventId,
        new: &[(PhotoId, String)],
    ) -> Result<(), NodeError> {
        for some in new.chunks(PHOTOS_NOTED_AT_ONCE) {
            self.note_some(event_id, some).await?;
        }
        self.note_ids(event_id).await
    }

    /// Notes some of those that [`Self::note_photos`] notes; the ids are [`HALF_NOTED`] from then
    /// on, until the last are noted.
    pub(in crate::photographer) async fn note_some(
        &self,
        event_id: EventId,
        some: &[(PhotoId, String)],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO photos_had (event_id, photo_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let mut tx = self.ledger.begin().await?;
        if !is_known(&mut tx, event_id).await? {
            return Ok(());
        }
        for (photo_id, name) in some {
            tx.execute(sql, args![event_id.to_string(), photo_id.0.as_bytes(), name]).await?;
        }
        let half = "INSERT INTO events_had (event_id, photos, ids_hash) VALUES ($1, 0, $2) ON CONFLICT (event_id) \
                    DO UPDATE SET ids_hash = excluded.ids_hash";
        tx.execute(half, args![event_id.to_string(), HALF_NOTED.as_bytes()]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Those of the photos that an event is known not to have had, or does without by now.
    pub(in crate::photographer) async fn not_had(
        &self,
        event_id: EventId,
        photos: BTreeSet<PhotoId>,
    ) -> Result<BTreeSet<PhotoId>, NodeError> {
        let mut not_had = BTreeSet::new();
        if self.photos_had(event_id).await?.ids.is_none_or(|ids| ids == HALF_NOTED) {
            return Ok(not_had); // not all that it had is known
        }
        for photo_id in photos {
            if !self.has_had(event_id, photo_id).await? {
                not_had.insert(photo_id);
            }
        }
        Ok(not_had)
    }

    /// From now on an event never had these photos. Its orders that halt by that have it said in
    /// the same transaction. A second home copies the event once more: the first may have them.
    pub(in crate::photographer) async fn forget_lost(
        &self,
        event_id: EventId,
        lost: &[PhotoId],
        halted: &[HaltedOrder],
    ) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        for photo_id in lost {
            for sql in [
                "DELETE FROM photos_had WHERE event_id = $1 AND photo_id = $2",
                "DELETE FROM photos_damaged WHERE event_id = $1 AND photo_id = $2",
            ] {
                tx.execute(sql, args![event_id.to_string(), photo_id.0.as_bytes()]).await?;
            }
        }
        for HaltedOrder { order, trouble, word } in halted {
            put_trouble(&mut tx, order.order.order_id, trouble).await?;
            if let Some(word) = word {
                report(&mut tx, word).await?;
            }
        }
        let half = "UPDATE events_had SET photos = 0, ids_hash = $2 WHERE event_id = $1";
        tx.execute(half, args![event_id.to_string(), HALF_NOTED.as_bytes()]).await?;
        let again = "UPDATE followed SET mark = NULL WHERE event_id = $1";
        tx.execute(again, args![event_id.to_string()]).await?;
        tx.commit().await?;
        self.note_ids(event_id).await
    }

    /// Notes the hash of all ids: until it is theirs, they are compared one by one.
    async fn note_ids(&self, event_id: EventId) -> Result<(), NodeError> {
        let all = "SELECT photo_id FROM photos_had WHERE event_id = $1";
        let sql = "INSERT INTO events_had (event_id, photos, ids_hash) VALUES ($1, $2, $3) ON CONFLICT (event_id) \
                   DO UPDATE SET photos = excluded.photos, ids_hash = excluded.ids_hash";
        let mut tx = self.ledger.begin().await?;
        if !is_known(&mut tx, event_id).await? {
            return Ok(());
        }
        let rows = tx.fetch_all(all, args![event_id.to_string()]).await?;
        let ids = rows.iter().map(photo_id).collect::<Result<HashSet<PhotoId>, NodeError>>()?;
        let number = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        tx.execute(sql, args![event_id.to_string(), number, hash_of(&ids).as_bytes()]).await?;
        tx.commit().await?;
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

/// Whether the event is on the list.
pub(super) async fn is_known(tx: &mut Tx<'_>, event_id: EventId) -> Result<bool, NodeError> {
    let sql = "SELECT 1 AS known FROM events WHERE event_id = $1";
    Ok(tx.fetch_optional(sql, args![event_id.to_string()]).await?.is_some())
}

/// The photos of rows, with their names.
pub(super) fn named_photos(rows: &[Row]) -> Result<HashMap<PhotoId, String>, NodeError> {
    rows.iter().map(|row| Ok((photo_id(row)?, row.text("name")?))).collect()
}

fn photo_id(row: &Row) -> Result<PhotoId, NodeError> {
    let bytes = row.bytes("photo_id")?.try_into();
    bytes.map(|bytes| PhotoId(ContentHash(bytes))).map_err(|_| NodeError::NotNow {
        problem: "The catalogue has a photo's id that can't be read. Put it back from a backup.".into(),
    })
}
