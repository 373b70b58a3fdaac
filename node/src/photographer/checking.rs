//! Whether what the archive holds is what was stored; and what is not, stored anew.

use std::collections::HashSet;

use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::StoreError;
use enprint_store::archive::{NewBlob, ScrubProgress};

use super::archive::EventArchive;
use super::catalogue::EventRow;
use super::commands::{DamagedPhoto, PhotoFile, PhotographerAnswer};
use super::node::{Node, blocking};
use super::records::StoredPhoto;
use crate::control::Progress;
use crate::error::NodeError;

/// A photo, and which of its files are damaged.
type DamagedFiles = (StoredPhoto, Vec<PhotoFile>);

/// What a look at every byte of an event found.
#[derive(Debug, Default)]
pub(super) struct Verified {
    /// Files that were read.
    blobs: u64,
    /// Their bytes.
    bytes: u64,
    /// Photos of which files are damaged, by name.
    damaged: Vec<DamagedFiles>,
    /// Why there may be photos that could not be looked at.
    trouble: Option<NodeError>,
}

impl Node {
    pub(super) async fn verify(&self, event: &str, progress: &Progress) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(event).await?;
        let (event_id, archive, progress) = (event.record.event_id, self.archive.clone(), progress.clone());
        let found = blocking(move || Ok(archive.verify(event_id, &progress))).await?;
        self.settle(event, found).await
    }

    /// Repairs what was found damaged, as far as another home can, and notes the rest.
    async fn settle(&self, event: EventRow, found: Verified) -> Result<PhotographerAnswer, NodeError> {
        let (event_id, Verified { blobs, bytes, damaged, trouble }) = (event.record.event_id, found);
        let damaged = self.damaged_still(event_id, damaged).await?;
        let photos: Vec<StoredPhoto> = damaged.iter().map(|(photo, _)| photo.clone()).collect();
        let rest = if photos.is_empty() { photos } else { self.repair_from_homes(event_id, photos).await? };
        let is_left = |(photo, _): &DamagedFiles| rest.iter().any(|left| left.photo_id() == photo.photo_id());
        let (damaged, repaired): (Vec<_>, Vec<_>) = damaged.into_iter().partition(is_left);
        let repaired: Vec<String> = repaired.into_iter().map(|(photo, _)| photo.record.file_name).collect();
        let mut noted: Vec<_> = rest.iter().map(|photo| (photo.photo_id(), photo.record.file_name.clone())).collect();
        if trouble.is_some() {
            // What could not be looked at is as it was known.
            noted.extend(self.catalogue.damaged(event_id).await?);
        }
        self.catalogue.note_damaged(event_id, &noted).await?;
        // An import may have mended some since, and said so before they were noted.
        let damaged = self.damaged_still(event_id, damaged).await?;
        let is_whole = |photo_id: &PhotoId| damaged.iter().all(|(photo, _)| photo.photo_id() != *photo_id);
        self.catalogue.note_whole(event_id, rest.iter().map(StoredPhoto::photo_id).filter(is_whole)).await?;
        if !repaired.is_empty() {
            self.advance_soon();
        }
        let counted = self.photos_counted(event_id).await?;
        let trouble = match (trouble.map(|error| error.sentence()), counted.missing()) {
            (Some(trouble), Some(missing)) if !missing.starts_with(&trouble) => Some(format!("{trouble} {missing}")),
            (trouble, missing) => missing.or(trouble),
        };
        let (damaged_files, lost) = (damaged.into_iter().map(said).collect::<Vec<_>>(), counted.hurt().lost);
        let damaged = damaged_files.iter().map(|photo| photo.name.clone()).collect();
        let (event, damaged_mark) = (event.record.name, self.mend_mark(event_id).await?);
        Ok(PhotographerAnswer::Verified {
            event,
            blobs,
            bytes,
            damaged,
            damaged_files,
            lost,
            repaired,
            trouble,
            damaged_mark,
        })
    }

    /// Photos that were found damaged and are whole by now are noted so, and what waits for them
    /// goes on.
    pub(super) async fn note_what_is_whole(&self, event_id: EventId, photos: &[PhotoId]) -> Result<(), NodeError> {
        let mut known = self.catalogue.damaged(event_id).await?;
        known.retain(|photo_id, _| photos.contains(photo_id));
        if known.is_empty() {
            return Ok(());
        }
        let archive = self.archive.clone();
        let whole = blocking(move || {
            let is_whole = |photo_id: &PhotoId| archive.are_whole(event_id, [*photo_id]);
            let looked = known.into_keys().map(|photo_id| Ok(is_whole(&photo_id)?.then_some(photo_id)));
            looked.filter_map(Result::transpose).collect::<Result<Vec<PhotoId>, NodeError>>()
        });
        self.catalogue.note_whole(event_id, whole.await?).await?;
        self.advance_soon();
        Ok(())
    }

    /// Those of the photos that are damaged by now, as they are now: an import or an edit may
    /// have mended or replaced others since they were found.
    async fn damaged_still(
        &self,
        event_id: EventId,
        damaged: Vec<DamagedFiles>,
    ) -> Result<Vec<DamagedFiles>, NodeError> {
        if damaged.is_empty() {
            return Ok(damaged);
        }
        let archive = self.archive.clone();
        blocking(move || archive.damaged_still(event_id, damaged)).await
    }
}

fn said((photo, files): DamagedFiles) -> DamagedPhoto {
    DamagedPhoto { name: photo.record.file_name, category: photo.record.category, files }
}

impl EventArchive {
    /// Reads every byte of an event; what can't be read keeps nothing else from it.
    pub(super) fn verify(&self, event_id: EventId, progress: &Progress) -> Verified {
        let (by_volume, hidden) = self.photos_by_volume(event_id);
        let mut verified = Verified::default();
        let mut trouble = hidden.filter(|error| !error.is_of_damage());
        for (volume, photos) in by_volume {
            let told = &mut |at: ScrubProgress| progress.files("Verifying", at.blobs, at.blobs_total);
            let report = match volume.scrub(told) {
                Ok(report) => report,
                Err(error) => {
                    trouble = trouble.or_else(|| Some(error.into()));
                    continue;
                }
            };
            verified.blobs += report.blobs;
            verified.bytes += report.bytes;
            let damaged: HashSet<_> = report.damaged.into_iter().collect();
            let is_unlisted = |hash: &ContentHash| !report.gaps.is_empty() && volume.check_blob(&hash.0).is_err();
            let is_hurt = |hash: &ContentHash| damaged.contains(&hash.0) || is_unlisted(hash);
            for photo in photos {
                let files: Vec<_> =
                    photo.named_files().filter(|(hash, _)| is_hurt(hash)).map(|(_, file)| file).collect();
                verified.damaged.extend((!files.is_empty()).then_some((photo, files)));
            }
        }
        verified.damaged.sort_by(|(one, _), (other, _)| one.record.file_name.cmp(&other.record.file_name));
        // Not what was imported again since.
        verified.trouble = trouble.or_else(|| self.counted(event_id).1);
        verified
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

    /// Whether a volume has every byte of a file, as its hash says.
    ///
    /// # Errors
    /// When a volume can't be read at all.
    pub(super) fn has_whole(&self, event_id: EventId, root: ContentHash) -> Result<bool, NodeError> {
        for volume in self.volumes(event_id).open.into_iter().rev() {
            match volume.check_blob(&root.0) {
                Ok(()) => return Ok(true),
                Err(StoreError::BlobMissing) => {}
                Err(error) if error.is_of_damage() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
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

    /// Those of which a file is damaged by now; one that is gone is none of them.
    ///
    /// # Errors
    /// When a volume can't be read for another reason than damage.
    fn damaged_still(&self, event_id: EventId, damaged: Vec<DamagedFiles>) -> Result<Vec<DamagedFiles>, NodeError> {
        let mut still = Vec::new();
        for (photo, files) in damaged {
            match self.photo(event_id, photo.photo_id()) {
                Ok(Some(now)) => {
                    let hurt = self.damaged_files(event_id, &now)?;
                    let files = now.named_files().filter(|(hash, _)| hurt.contains(hash)).map(|(_, file)| file);
                    let files: Vec<PhotoFile> = files.collect();
                    still.extend((!files.is_empty()).then_some((now, files)));
                }
                Ok(None) => {}
                Err(error) if error.is_of_damage() => still.push((photo, files)),
                Err(error) => return Err(error),
            }
        }
        Ok(still)
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

    /// Whether all files of these photos are there, as their hashes say.
    ///
    /// # Errors
    /// When a volume can't be read for another reason than damage.
    pub(super) fn are_whole(
        &self,
        event_id: EventId,
        photos: impl IntoIterator<Item = PhotoId>,
    ) -> Result<bool, NodeError> {
        for photo_id in photos {
            match self.photo(event_id, photo_id) {
                Ok(Some(photo)) if self.damaged_files(event_id, &photo)?.is_empty() => {}
                Err(error) if !error.is_of_damage() => return Err(error),
                _ => return Ok(false),
            }
        }
        Ok(true)
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

#[cfg(test)]
mod tests;
