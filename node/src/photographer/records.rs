//! What the archive stores about a photo beside its bytes: one versioned CBOR
//! record, which makes the photo visible and is written last.

use enprint_protocol::codec;
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::publish::PhotoRecord;
use serde::{Deserialize, Serialize};

use crate::error::NodeError;
use crate::limits::PHOTO_RECORD_BYTES_MAX;

/// The version that this program writes, and the newest that it reads.
const VERSION: u8 = 1;

/// A photo as the archive keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPhoto {
    version: u8,
    /// What customers may see of it.
    pub record: PhotoRecord,
    /// Where the file lay below the imported folder, with `/` between folders.
    pub path: String,
    /// Length of the original in bytes.
    pub original_bytes: u64,
    /// For grids.
    pub thumbnail: StoredRendition,
    /// For looking at.
    pub proof: StoredRendition,
    /// When it was imported, in milliseconds since 1970.
    pub imported_ms: i64,
}

/// Where a rendition is, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRendition {
    /// Of its JPEG, under which the volume keeps it.
    pub hash: ContentHash,
    /// Length in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
}

impl StoredPhoto {
    /// A record of this program's version.
    pub fn new(
        record: PhotoRecord,
        path: String,
        original_bytes: u64,
        renditions: (StoredRendition, StoredRendition),
        imported_ms: i64,
    ) -> Self {
        let (thumbnail, proof) = renditions;
        Self { version: VERSION, record, path, original_bytes, thumbnail, proof, imported_ms }
    }

    /// The photo.
    pub fn photo_id(&self) -> PhotoId {
        self.record.photo_id
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// When the record does not encode.
    pub fn encode(&self) -> Result<Vec<u8>, NodeError> {
        Ok(codec::encode(self)?)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// For bytes that are no such record, or that a newer program wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        let photo: Self = codec::decode(bytes, PHOTO_RECORD_BYTES_MAX)?;
        if photo.version == VERSION {
            return Ok(photo);
        }
        Err(NodeError::NotNow {
            problem: "A photo's record was written by a newer Enprint. Update this program.".into(),
        })
    }
}
