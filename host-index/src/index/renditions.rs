//! Pictures, out of a bounded memory or out of their row. The row is asked each time
//! whether the photo is still there and what its picture's hash is; the memory goes by
//! that hash. So a withdrawn photo is gone at once, in every process.

use bytes::Bytes;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::args;
use moka::sync::Cache;

use super::Index;
use crate::error::HostError;
use crate::limits::RENDITION_CACHE_BYTES;
use crate::stored;
use crate::views::{Rendition, RenditionKind};

/// Hot renditions by their hash.
pub(super) struct RenditionCache(Cache<ContentHash, Bytes>);

impl Default for RenditionCache {
    fn default() -> Self {
        let weight = |_: &ContentHash, jpeg: &Bytes| u32::try_from(jpeg.len() + 200).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(weight).max_capacity(RENDITION_CACHE_BYTES).build())
    }
}

/// The statements of one kind.
struct Statements {
    hash: &'static str,
    jpeg: &'static str,
}

/// Column names are literals, so that a statement is one.
macro_rules! statements {
    ($hash:literal, $jpeg:literal) => {
        Statements {
            hash: concat!(
                "SELECT f.",
                $hash,
                " AS hash FROM photo f
                 JOIN event e ON e.event_id = f.event_id
                 JOIN peer p ON p.peer_id = e.photographer AND p.suspended_ms IS NULL
                 WHERE f.event_id = $1 AND f.photo_id = $2"
            ),
            jpeg: concat!(
                "SELECT ",
                $jpeg,
                " AS jpeg FROM photo WHERE event_id = $1 AND photo_id = $2 AND ",
                $hash,
                " = $3"
            ),
        }
    };
}

const THUMBNAIL: Statements = statements!("thumbnail_hash", "thumbnail");
const PROOF: Statements = statements!("proof_hash", "proof");

impl Index {
    /// A picture of a photo, if the photo is in the gallery. What comes from the
    /// database is checked against its hash.
    ///
    /// # Errors
    /// [`HostError::StoredUnreadable`] when it is not what was stored, and the database's.
    pub async fn rendition(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
        kind: RenditionKind,
    ) -> Result<Option<Rendition>, HostError> {
        let statements = match kind {
            RenditionKind::Thumbnail => THUMBNAIL,
            RenditionKind::Proof => PROOF,
        };
        let mut sql = self.ledger().read();
        let place = args![event_id.0, photo_id.0.0];
        let Some(row) = sql.fetch_optional(statements.hash, place).await? else {
            return Ok(None);
        };
        let hash = stored::hash(&row, "hash")?;
        if let Some(jpeg) = self.shared.cache.0.get(&hash) {
            return Ok(Some(Rendition { jpeg, hash }));
        }
        let place = args![event_id.0, photo_id.0.0, hash.0];
        let Some(row) = sql.fetch_optional(statements.jpeg, place).await? else {
            return Ok(None); // replaced or withdrawn between the two questions
        };
        let jpeg = Bytes::from(row.bytes("jpeg")?);
        if ContentHash::of(&jpeg) != hash {
            return Err(stored::unreadable("a picture"));
        }
        self.shared.cache.0.insert(hash, jpeg.clone());
        Ok(Some(Rendition { jpeg, hash }))
    }
}
