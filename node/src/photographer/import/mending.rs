//! Photos that were here before the import: whether the archive still has them whole, and
//! what it has not, stored anew from the file that is imported.

use std::collections::HashSet;
use std::path::PathBuf;

use enprint_darkroom::develop_with;
use enprint_darkroom::memory::Share;
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_store::archive::NewBlob;
use serde_bytes::ByteBuf;

use super::prepare::{NewPhoto, place_of, read_original};
use super::{Import, list};
use crate::control::Progress;
use crate::error::NodeError;
use crate::photographer::commands::{FailedFile, ImportReport};
use crate::photographer::enlargers::Work;
use crate::photographer::many;
use crate::photographer::records::StoredPhoto;

/// A file of a photo that was here before.
#[derive(Debug)]
pub struct Here {
    pub(super) photo_id: PhotoId,
    /// Where the file is.
    pub(super) path: PathBuf,
    /// Its path below the imported folder.
    pub(super) below: String,
}

impl Import<'_> {
    /// Reads what the archive has of those photos, and stores what is damaged anew.
    pub(super) fn mend(&self, mut here: Vec<Here>, report: &mut ImportReport, progress: &Progress) {
        let mut known = HashSet::new();
        here.retain(|one| known.insert(one.photo_id));
        let total = here.len() as u64;
        let is_stopped = || self.cancel.is_cancelled() || progress.is_cancelled();
        let told = |done| progress.photos("Checking what is here already", done, total);
        let mended = many::each(&here, is_stopped, |one| self.mend_one(one), told);
        for (one, mended) in here.into_iter().zip(mended) {
            report.whole.extend(matches!(mended, Some(Ok(_))).then_some(one.photo_id));
            match mended {
                Some(Ok(true)) => {
                    report.duplicates.retain(|path| *path != one.below);
                    report.repaired.push(one.below);
                }
                Some(Err(error)) => {
                    report.duplicates.retain(|path| *path != one.below);
                    let reason = format!("It is here already, and could not be checked or repaired: {error}");
                    list(&mut report.failed, FailedFile { name: one.below, reason });
                }
                Some(Ok(false)) | None => {}
            }
        }
    }

    /// Whether the photo was damaged and is whole again.
    fn mend_one(&self, here: &Here) -> Result<bool, NodeError> {
        let Some(photo) = self.archive.photo(self.event_id, here.photo_id)? else { return Ok(false) };
        let damaged = self.archive.damaged_files(self.event_id, &photo)?;
        if damaged.is_empty() {
            return Ok(false);
        }
        let share = Share::begin(photo.original_bytes);
        let original = read_original(&here.path, Vec::new()).map_err(|problem| NodeError::NotNow { problem })?;
        let original_hash = here.photo_id.0;
        if ContentHash::of(&original) != original_hash {
            return Err(NodeError::NotNow { problem: "The file changed while it was imported. Try again.".into() });
        }
        match self.mend_in_place(&photo, &damaged, &original, &share) {
            // Where it is, nothing more can be written: other parts are damaged, too.
            Err(error) if error.is_of_damage() => self.store_elsewhere(photo, original, &share)?,
            mended => mended?,
        }
        Ok(true)
    }

    fn mend_in_place(
        &self,
        photo: &StoredPhoto,
        damaged: &[ContentHash],
        original: &[u8],
        share: &Share,
    ) -> Result<(), NodeError> {
        let photo_id = photo.photo_id();
        if damaged.contains(&photo_id.0) {
            self.archive.mend(self.event_id, photo_id, NewBlob::hashed(photo_id.0.0, original))?;
        }
        if damaged.iter().all(|hash| *hash == photo_id.0) {
            return Ok(());
        }
        self.mend_renditions(photo, original, share)
    }

    /// Stores the photo whole in another volume, as it is edited by now.
    fn store_elsewhere(&self, before: StoredPhoto, original: Vec<u8>, share: &Share) -> Result<(), NodeError> {
        let (stored, [thumbnail, proof]) = self.developed(&before, &original, share)?;
        if (stored.thumbnail, stored.proof) != (before.thumbnail, before.proof) {
            (self.note)(before.photo_id())?;
        }
        let original = NewBlob::hashed(before.photo_id().0.0, &original);
        self.archive.put_elsewhere(self.event_id, &stored, original, &thumbnail, &proof)
    }

    /// The photo with its renditions as they are made now.
    fn developed(
        &self,
        before: &StoredPhoto,
        original: &[u8],
        share: &Share,
    ) -> Result<(StoredPhoto, [Vec<u8>; 2]), NodeError> {
        let place = self.enlargers.take(Work::Import);
        let developed = share.within(|| develop_with(original, &self.settings, &before.recipe));
        drop(place);
        let renditions = developed.map_err(|error| NodeError::NotNow { problem: error.to_string() })?;
        let mut stored = before.clone();
        (stored.thumbnail, stored.proof) = (place_of(&renditions.thumbnail), place_of(&renditions.proof));
        if (stored.thumbnail, stored.proof) != (before.thumbnail, before.proof) {
            stored.record.placeholder = Some(ByteBuf::from(renditions.placeholder));
        }
        Ok((stored, [renditions.thumbnail.jpeg, renditions.proof.jpeg]))
    }

    /// Makes the renditions again, as the photo is edited by now; the same, unless another
    /// program or another mark makes them.
    fn mend_renditions(&self, before: &StoredPhoto, original: &[u8], share: &Share) -> Result<(), NodeError> {
        let (stored, [thumbnail, proof]) = self.developed(before, original, share)?;
        for (rendition, jpeg) in [(stored.thumbnail, &thumbnail), (stored.proof, &proof)] {
            self.archive.mend(self.event_id, before.photo_id(), NewBlob::hashed(rendition.hash.0, jpeg))?;
        }
        if (stored.thumbnail, stored.proof) == (before.thumbnail, before.proof) {
            return Ok(());
        }
        (self.note)(before.photo_id())?;
        let original = original.to_vec();
        self.archive.replace(self.event_id, &NewPhoto { stored, original, thumbnail, proof })?;
        self.archive.forget_renditions(self.event_id, std::slice::from_ref(before))
    }
}
