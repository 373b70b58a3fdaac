//! The bytes that a lab may have: those of files in a job that this node offered to
//! that very lab. There is no token; the permission is a row of the catalogue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, EventId, JobId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::original::{OriginalReply, OriginalRequest};
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
    /// The length of all files of its job: small jobs go first.
    pub(super) job_bytes: u64,
    /// The joined hashes of its ranges.
    pub(super) subtrees: Vec<u8>,
}

/// Permissions remembered between two ranges, so that not each asks the catalogue.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    permitted: HashMap<Claim, Arc<Permitted>>,
    /// How often everything was forgotten.
    generation: u64,
}

impl Permissions {
    fn get(&self, claim: &Claim) -> Option<Arc<Permitted>> {
        self.known().permitted.get(claim).cloned()
    }

    /// To be taken before the catalogue is read.
    fn generation(&self) -> u64 {
        self.known().generation
    }

    /// Remembers what the catalogue said in that generation; what it said before
    /// everything was forgotten may not hold any more.
    fn remember(&self, claim: Claim, permitted: Arc<Permitted>, generation: u64) {
        let mut known = self.known();
        if known.generation != generation {
            return;
        }
        if known.permitted.len() >= PERMISSIONS_REMEMBERED {
            known.permitted.clear();
        }
        known.permitted.insert(claim, permitted);
    }

    /// Forgets everything: a job was closed or sent to another lab.
    pub(super) fn forget_all(&self) {
        let mut known = self.known();
        known.permitted.clear();
        known.generation += 1;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permitted {
    /// The hashes of the file's ranges, for the lab.
    pub(super) fn subtrees_reply(&self) -> OriginalReply {
        OriginalReply::Subtrees(ByteBuf::from(self.subtrees.clone()))
    }

    /// Whether a range begins there.
    pub(super) fn has_range_at(&self, offset: u64) -> bool {
        offset.is_multiple_of(RANGE_BYTES) && offset < self.bytes
    }

    /// How long the range is that begins there.
    pub(super) fn range_bytes(&self, offset: u64) -> u64 {
        self.bytes.saturating_sub(offset).min(RANGE_BYTES)
    }
}

impl Node {
    /// What a lab's request leads to, if this node offered it to that very lab.
    pub(super) async fn permitted_to(
        &self,
        lab: PeerId,
        request: &OriginalRequest,
    ) -> Result<Option<Arc<Permitted>>, NodeError> {
        let (job_id, root) = request.file();
        let claim = Claim { lab, job_id, root };
        if let Some(permitted) = self.permissions.get(&claim) {
            return Ok(Some(permitted));
        }
        let generation = self.permissions.generation();
        let Some(permitted) = self.catalogue.permitted(&claim).await? else { return Ok(None) };
        let permitted = Arc::new(permitted);
        self.permissions.remember(claim, permitted.clone(), generation);
        Ok(Some(permitted))
    }

    /// Reads a range that is permitted.
    pub(super) async fn read_range(&self, permitted: &Permitted, offset: u64) -> Result<OriginalReply, NodeError> {
        let length = usize::try_from(permitted.range_bytes(offset)).unwrap_or_default();
        let (archive, event_id) = (self.archive.clone(), permitted.event_id);
        let root = permitted.root;
        let range = blocking(move || archive.file_range(event_id, root, offset, length)).await?;
        Ok(OriginalReply::Range(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_that_was_read_before_its_job_was_withdrawn_is_not_remembered() {
        let (permissions, photo) = (Permissions::default(), ContentHash([1; 32]));
        let claim = Claim { lab: PeerId::random(), job_id: JobId([2; 16]), root: photo };
        let permitted = Arc::new(Permitted {
            event_id: EventId([3; 16]),
            photo_id: PhotoId(photo),
            root: photo,
            bytes: 1,
            job_bytes: 1,
            subtrees: Vec::new(),
        });
        let read_in = permissions.generation();
        permissions.forget_all();
        permissions.remember(claim, permitted.clone(), read_in);
        assert!(permissions.get(&claim).is_none(), "the lab could go on fetching");
        permissions.remember(claim, permitted, permissions.generation());
        assert!(permissions.get(&claim).is_some());
    }
}
