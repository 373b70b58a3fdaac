//! The bytes that a lab may have: those of files in a job that this node offered to
//! that very lab. There is no token; the permission is a row of the catalogue.

use std::collections::HashMap;
use std::sync::Mutex;

use enprint_protocol::ids::{ContentHash, EventId, JobId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::original::{OriginalReply, OriginalRequest};
use enprint_protocol::{PeerId, Refusal};
use serde_bytes::ByteBuf;

use super::node::{Node, blocking};
use crate::error::NodeError;
use crate::limits::PERMISSIONS_REMEMBERED;

/// Who may have which file of which job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    /// The authenticated peer that asks.
    pub(super) lab: PeerId,
    /// The job that it names.
    pub(super) job_id: JobId,
    /// The file that it names.
    pub(super) root: ContentHash,
}

/// What a permitted claim leads to.
#[derive(Debug, Clone)]
pub(super) struct Permitted {
    /// Where the file is.
    pub(super) event_id: EventId,
    /// The photo whose original it is, or of which it was made.
    pub(super) photo_id: PhotoId,
    /// The file's hash.
    pub(super) root: ContentHash,
    /// Its length.
    pub(super) bytes: u64,
    /// The joined hashes of its ranges.
    pub(super) subtrees: Vec<u8>,
}

/// Permissions remembered between two ranges, so that not each asks the catalogue.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    known: Mutex<HashMap<Claim, std::sync::Arc<Permitted>>>,
}

impl Permissions {
    fn get(&self, claim: &Claim) -> Option<std::sync::Arc<Permitted>> {
        self.known.lock().ok()?.get(claim).cloned()
    }

    fn remember(&self, claim: Claim, permitted: std::sync::Arc<Permitted>) {
        let Ok(mut known) = self.known.lock() else { return };
        if known.len() >= PERMISSIONS_REMEMBERED {
            known.clear();
        }
        known.insert(claim, permitted);
    }

    /// Forgets everything: a job was closed or sent to another lab.
    pub(super) fn forget_all(&self) {
        if let Ok(mut known) = self.known.lock() {
            known.clear();
        }
    }
}

impl Node {
    /// Answers a lab.
    pub(super) async fn serve_lab(&self, lab: PeerId, request: OriginalRequest) -> Result<OriginalReply, NodeError> {
        let (OriginalRequest::Subtrees { job_id, root } | OriginalRequest::Range { job_id, root, .. }) = request;
        let Some(permitted) = self.permitted(Claim { lab, job_id, root }).await? else {
            return Ok(Refusal::uniform().into());
        };
        match request {
            OriginalRequest::Subtrees { .. } => Ok(OriginalReply::Subtrees(ByteBuf::from(permitted.subtrees.clone()))),
            OriginalRequest::Range { offset, .. } => self.read_range(&permitted, offset).await,
        }
    }

    async fn permitted(&self, claim: Claim) -> Result<Option<std::sync::Arc<Permitted>>, NodeError> {
        if let Some(permitted) = self.permissions.get(&claim) {
            return Ok(Some(permitted));
        }
        let Some(permitted) = self.catalogue.permitted(&claim).await? else { return Ok(None) };
        let permitted = std::sync::Arc::new(permitted);
        self.permissions.remember(claim, permitted.clone());
        Ok(Some(permitted))
    }

    async fn read_range(&self, permitted: &Permitted, offset: u64) -> Result<OriginalReply, NodeError> {
        if !offset.is_multiple_of(RANGE_BYTES) || offset >= permitted.bytes {
            return Ok(Refusal::uniform().into());
        }
        let _room = self.reading_room.acquire().await.map_err(|_| NodeError::ShuttingDown)?;
        let length = (permitted.bytes - offset).min(RANGE_BYTES);
        let (archive, event_id) = (self.archive.clone(), permitted.event_id);
        let file = (permitted.photo_id, permitted.root);
        let range = blocking(move || archive.file_range(event_id, file, offset, length)).await?;
        Ok(OriginalReply::Range(ByteBuf::from(range)))
    }
}
