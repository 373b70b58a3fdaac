//! Whether what the archive holds is what was stored; and what is not, stored anew.

use std::collections::HashSet;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::StoreError;
use enprint_store::archive::NewBlob;

use super::archive::EventArchive;
use super::commands::PhotographerAnswer;
use super::node::{Node, blocking};
use super::records::StoredPhoto;
use crate::control::Progress;
use crate::error::NodeError;

/// What a look at every byte of an event found.
#[derive(Debug, Default)]
pub(super) struct Verified {
    /// Files that were read.
    blobs: u64,
    /// Their bytes.
    bytes: u64,
    /// Photos of which a file is damaged, by name.
    damaged: Vec<StoredPhoto>,
}

impl Node {
    pub(super) async fn verify(&self, event: &str, progress: &Progress) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(event).await?;
        let (event_id, archive, progress) = (event.record.event_id, self.archive.clone(), progress.clone());
        let Verified { blobs, bytes, damaged } = blocking(move || archive.verify(event_id, &progress)).await?;
        let mut repaired = names(&damaged);
        let rest = if damaged.is_empty() { damaged } else { self.repair_from_homes(event_id, damaged).await? };
        let damaged = names(&rest);
        repaired.retain(|name| !damaged.contains(name));
        if !repaired.is_empty() {
            self.advance_soon();
        }
        Ok(PhotographerAnswer::Verified { event: event.record.name, blobs, bytes, damaged, repaired })
    }
}

fn names(photos: &[StoredPhoto]) -> Vec<String> {
    photos.iter().map(|photo| photo.record.file_name.clone()).collect()
}

impl EventArchive {
    /// Reads every byte of an event.
    ///
    /// # Errors
    /// When a volume can't be read at all.
    pub(super) fn verify(&self, event_id: EventId, progress: &Progress) -> Result<Verified, NodeError> {
        let (mut verified, mut damaged) = (Verified::default(), HashSet::new());
        for volume in self.volumes(event_id)? {
            let report = volume.scrub(&mut |at| progress.files("Verifying", at.blobs, at.blobs_total))?;
            verified.blobs += report.blobs;
            verified.bytes += report.bytes;
            damaged.extend(report.damaged);
        }
        let is_hurt = |photo: &StoredPhoto| photo.files().iter().any(|hash| damaged.contains(&hash.0));
        verified.damaged = self.photos(event_id)?.into_iter().filter(is_hurt).collect();
        verified.damaged.sort_by(|one, other| one.record.file_name.cmp(&other.record.file_name));
        Ok(verified)
    }

    /// Whether every byte of a photo's original, rendition or print file is there, as its
    /// hash says.
    ///
    /// # Errors
    /// When the volume can't be read at all.
    pub fn is_whole(&self, event_id: EventId, photo_id: PhotoId, root: ContentHash) -> Result<bool, NodeError> {
        let checked = self.volume_of(event_id, photo_id)?.check_blob(&root.0).map_err(NodeError::from);
        match checked {
            Err(error) if !error.is_of_damage() => Err(error),
            checked => Ok(checked.is_ok()),
        }
    }

    /// Which of a photo's files are damaged.
    ///
    /// # Errors
    /// When the volume can't be read at all.
    pub(super) fn damaged_files(&self, event_id: EventId, photo: &StoredPhoto) -> Result<Vec<ContentHash>, NodeError> {
        let mut damaged = Vec::new();
        for hash in photo.files() {
            if !self.is_whole(event_id, photo.photo_id(), hash)? {
                damaged.push(hash);
            }
        }
        Ok(damaged)
    }

    /// Those of the photos of which a file is damaged.
    ///
    /// # Errors
    /// When a volume can't be read at all.
    pub(super) fn damaged_of(
        &self,
        event_id: EventId,
        photos: impl IntoIterator<Item = PhotoId>,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let mut damaged = Vec::new();
        for photo_id in photos {
            if let Some(photo) = self.photo(event_id, photo_id)?
                && !self.damaged_files(event_id, &photo)?.is_empty()
            {
                damaged.push(photo);
            }
        }
        Ok(damaged)
    }

    /// Stores a file of a photo anew, if it is there and damaged; durable when this returns.
    ///
    /// # Errors
    /// When it can't be written, or what says that it is there can't be read.
    pub(super) fn mend(&self, event_id: EventId, photo_id: PhotoId, blob: NewBlob<'_>) -> Result<(), NodeError> {
        match self.volume_of(event_id, photo_id)?.mend(blob) {
            Ok(true) => self.marks.changed_in(event_id),
            Ok(false) | Err(StoreError::BlobMissing) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
