//! What this home's disk has damaged and another home has whole is fetched from there: by
//! the same verified ranges by which originals are copied, and stored anew.

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::{Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::archive::NewBlob;

use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::PHOTOS_MISSED_MAX;
use crate::photographer::archive::EventArchive;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::StoredPhoto;

/// Photos that labs wait for and that are damaged or lost here.
#[derive(Debug, Default)]
pub(super) struct Missed {
    photos: Mutex<BTreeSet<(EventId, PhotoId)>>,
}

impl Missed {
    fn photos(&self) -> MutexGuard<'_, BTreeSet<(EventId, PhotoId)>> {
        self.photos.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// A lab waits for a photo that is damaged, or for what was made of it: it is looked for at
    /// the other homes soon, and made anew.
    pub(in crate::photographer) fn miss(&self, event_id: EventId, photo_id: PhotoId) {
        let mut photos = self.following.missed.photos();
        let is_new = photos.len() < PHOTOS_MISSED_MAX && photos.insert((event_id, photo_id));
        if is_new {
            self.advance_soon();
        }
    }

    /// Looks for missed photos at the other homes. The lab that asks once more for one that
    /// none had misses it anew.
    pub(in crate::photographer) async fn repair_missed(&self) {
        let missed = std::mem::take(&mut *self.following.missed.photos());
        for (event_id, photo_id) in missed {
            match self.is_repaired(event_id, photo_id).await {
                Ok(true) => {}
                Ok(false) => self.tell_of_missed_or_trace(event_id, photo_id).await,
                Err(error) => tracing::debug!(photo.id = %photo_id, %error, "a photo could not be repaired"),
            }
        }
    }

    /// Whether a photo is whole, or another home had what is damaged or lost of it.
    async fn is_repaired(&self, event_id: EventId, photo_id: PhotoId) -> Result<bool, NodeError> {
        if self.fetch_lost(event_id, [photo_id], &Progress::silent()).await?.still_lost > 0 {
            return Ok(false);
        }
        let archive = self.archive.clone();
        match blocking(move || archive.damaged_of(event_id, [photo_id])).await {
            Err(error) if error.is_of_damage() => Ok(false),
            Ok(damaged) if damaged.is_empty() => Ok(self.photo(event_id, photo_id).await?.is_some()),
            damaged => Ok(self.repair_from_homes(event_id, damaged?).await?.is_empty()),
        }
    }

    /// Repairs those of `damaged` that a connected home has whole; the rest, in their order.
    pub(in crate::photographer) async fn repair_from_homes(
        &self,
        event_id: EventId,
        damaged: Vec<StoredPhoto>,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let _one_at_a_time = self.following.repairing.lock().await;
        let homes: Vec<PeerId> = self.home_summaries().await?.into_iter().map(|home| home.peer_id).collect();
        let (mut rest, mut whole) = (Vec::new(), Vec::new());
        for photo in damaged {
            if self.is_repaired_from_one(&homes, event_id, &photo).await {
                whole.push(photo.photo_id());
            } else {
                rest.push(photo);
            }
        }
        self.catalogue.note_whole(event_id, whole).await?;
        Ok(rest)
    }

    async fn is_repaired_from_one(&self, homes: &[PeerId], event_id: EventId, photo: &StoredPhoto) -> bool {
        for home in homes.iter().filter(|home| self.client.is_connected(home)) {
            match self.repair_from(*home, event_id, photo).await {
                Ok(()) => return true,
                Err(error) => tracing::debug!(peer.id = %home, %error, "a home could not repair a photo"),
            }
        }
        false
    }

    async fn repair_from(&self, home: PeerId, event_id: EventId, photo: &StoredPhoto) -> Result<(), NodeError> {
        let _alone = self.following.arriving.take(photo.photo_id().0).await;
        let photo = &self.readable_photo(event_id, photo.photo_id()).await?.unwrap_or_else(|| photo.clone());
        match self.repair_in_place(home, event_id, photo).await {
            // Where it is, nothing more can be written: other parts are damaged, too.
            Err(error) if error.is_of_damage() => self.store_elsewhere(home, event_id, photo).await,
            repaired => repaired,
        }
    }

    /// Fetches the photo whole, and stores it in another volume.
    async fn store_elsewhere(&self, home: PeerId, event_id: EventId, photo: &StoredPhoto) -> Result<(), NodeError> {
        let thumbnail = self.rendition_from(home, event_id, photo, photo.thumbnail.hash).await?;
        let proof = self.rendition_from(home, event_id, photo, photo.proof.hash).await?;
        let path = self.copy_original(home, event_id, photo, &self.stopping).await?;
        let (archive, from, kept, root) = (self.archive.clone(), path.clone(), photo.clone(), photo.photo_id().0);
        let stored = blocking(move || {
            let mut original = File::open(&from).map_err(|error| NodeError::file(&from, &error))?;
            archive.put_back(event_id, &kept, NewBlob::read(root.0, &mut original), &thumbnail, &proof)
        });
        let stored = stored.await;
        self.clear_arrived_of(root, &path).await?;
        stored
    }

    async fn repair_in_place(&self, home: PeerId, event_id: EventId, photo: &StoredPhoto) -> Result<(), NodeError> {
        let (archive, photo_id, looked_at) = (self.archive.clone(), photo.photo_id(), photo.clone());
        for root in blocking(move || archive.damaged_files(event_id, &looked_at)).await? {
            let archive = self.archive.clone();
            if root == photo_id.0 {
                let path = self.copy_original(home, event_id, photo, &self.stopping).await?;
                let from = path.clone();
                let mended = blocking(move || {
                    let mut original = File::open(&from).map_err(|error| NodeError::file(&from, &error))?;
                    archive.mend(event_id, photo_id, NewBlob::read(root.0, &mut original))
                });
                let mended = mended.await;
                self.clear_arrived_of(root, &path).await?;
                mended?;
            } else {
                let rendition = self.rendition_from(home, event_id, photo, root).await?;
                blocking(move || archive.mend(event_id, photo_id, NewBlob::hashed(root.0, &rendition))).await?;
            }
        }
        Ok(())
    }

    /// What came is in the archive, or is asked for anew the next time.
    async fn clear_arrived_of(&self, root: ContentHash, path: &std::path::Path) -> Result<(), NodeError> {
        self.catalogue.arrived(root).await?;
        super::copying::remove(path);
        Ok(())
    }
}

impl EventArchive {
    /// Stores a photo whole in another volume than the one that has it, which is damaged; not the
    /// record that it had before an edit.
    fn put_back<'a>(
        &self,
        event_id: EventId,
        photo: &StoredPhoto,
        original: NewBlob<'a>,
        thumbnail: &'a [u8],
        proof: &'a [u8],
    ) -> Result<(), NodeError> {
        let _alone = self.amending.lock().unwrap_or_else(PoisonError::into_inner);
        match self.photo(event_id, photo.photo_id()) {
            Ok(Some(now)) if now != *photo => {
                let problem = "The photo was edited while it was fetched from your other home. Say “verify” again.";
                Err(NodeError::NotNow { problem: problem.into() })
            }
            Err(error) if !error.is_of_damage() => Err(error),
            _ => self.put_elsewhere(event_id, photo, original, thumbnail, proof),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::PhotographerConfig;
    use crate::photographer::golden::a_photo;
    use crate::photographer::import::NewPhoto;

    #[test]
    fn an_edit_that_was_made_while_its_photo_was_fetched_stays() {
        let folder = tempfile::tempdir().unwrap();
        let usual = PhotographerConfig::new(folder.path().into());
        let archive = EventArchive::open(&PhotographerConfig { reserve_bytes: 0, ballast_bytes: 0, ..usual }).unwrap();
        let (event_id, mut stored) = (EventId([1; 16]), a_photo());
        stored.record.photo_id = PhotoId(ContentHash::of(b"original"));
        (stored.thumbnail.hash, stored.proof.hash) = (ContentHash::of(b"t"), ContentHash::of(b"p"));
        let photo = NewPhoto {
            stored: stored.clone(),
            original: b"original".to_vec(),
            thumbnail: b"t".to_vec(),
            proof: b"p".to_vec(),
        };
        archive.put(event_id, &[&photo]).unwrap();
        let put_back = |photo: &StoredPhoto| {
            let original = NewBlob::hashed(photo.photo_id().0.0, b"original");
            archive.put_back(event_id, photo, original, b"t", b"p")
        };
        put_back(&stored).unwrap();
        let mut edited = stored.clone();
        edited.follow(edited.recipe.turned_right());
        archive.replace_with(event_id, &edited, b"t", b"p").unwrap();
        assert!(put_back(&stored).unwrap_err().to_string().contains("was edited"));
        assert_eq!(archive.photo(event_id, stored.photo_id()).unwrap(), Some(edited));
    }
}
