//! A copy of photos' edits in the catalogue: a photo that its volume lost is stored anew from
//! its file, which has none of them. A photo's record says what its edits are; the copy
//! follows it.

use enprint_protocol::ids::{EventId, PhotoId};

use super::node::{Node, blocking};
use super::records::{Edits, StoredPhoto};
use super::volumes::ListedPhotos;
use crate::error::NodeError;

impl Node {
    /// Copies what the records of these photos say of their edits. Of one that can't be read
    /// the copy stays as it is.
    pub(super) async fn copy_edits(&self, event_id: EventId, photos: Vec<PhotoId>) -> Result<(), NodeError> {
        if photos.is_empty() {
            return Ok(());
        }
        // Else what was read before another edit could be written after it.
        let _one_at_a_time = self.copying_edits.lock().await;
        let archive = self.archive.clone();
        let edits = blocking(move || {
            let read = |photo_id| match archive.photo(event_id, photo_id) {
                Ok(photo) => photo.map(|photo| Ok((photo_id, photo.edits()))),
                Err(error) if error.is_of_damage() => None,
                Err(error) => Some(Err(error)),
            };
            photos.into_iter().filter_map(read).collect::<Result<Vec<_>, NodeError>>()
        });
        self.catalogue.keep_edits(event_id, &edits.await?).await
    }

    /// Copies what a node that was killed had changed, and the edits, and the mark, of events
    /// that were here before there was a copy of them.
    pub(super) async fn copy_uncopied_edits(&self) -> Result<(), NodeError> {
        for event_id in self.catalogue.edits_unread().await? {
            tracing::info!(%event_id, "the catalogue takes a copy of the edits of an event's photos");
            let archive = self.archive.clone();
            let ListedPhotos { photos, trouble } = blocking(move || Ok(archive.listed(event_id))).await?;
            let edits = photos.iter().map(|photo| (photo.photo_id(), photo.edits()));
            let edits: Vec<_> = edits.filter(|(_, edits)| *edits != Edits::none()).collect();
            self.catalogue.keep_first_edits(event_id, &edits).await?;
            self.copy_mark(event_id).await?;
            if trouble.is_none() && self.photos_missing(event_id).await?.is_none() {
                self.catalogue.note_edits_read(event_id).await?;
            }
        }
        for (event_id, photos) in self.catalogue.changing().await? {
            self.copy_edits(event_id, photos).await?;
        }
        Ok(())
    }

    /// Notes a photo that comes from another home, before it does, if its edits become others:
    /// [`Self::copy_edits`] is to be told of it then.
    pub(super) async fn begin_edits_of(
        &self,
        event_id: EventId,
        before: &Edits,
        now: &StoredPhoto,
    ) -> Result<Vec<PhotoId>, NodeError> {
        if *before == now.edits() {
            return Ok(Vec::new());
        }
        let edited = vec![now.photo_id()];
        self.catalogue.note_changing(event_id, &edited).await?;
        Ok(edited)
    }
}

#[cfg(test)]
mod tests;
