//! Photos that this home has lost, records and all, and another home has: they are fetched
//! from there, as that home has them, by the same verified ranges by which originals are
//! copied; at the first home with the edits that they had here, where these are newer. A second
//! home asks the first, and does so by itself, too (`again`).

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::replica::{ReplicaReply, ReplicaRequest};

use super::following::{checked, unexpected};
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::SHOWN_PHOTOS_MAX;
use crate::photographer::catalogue::{EventRow, HALF_NOTED};
use crate::photographer::commands::PhotographerAnswer;
use crate::photographer::edit::made_anew;
use crate::photographer::import::NewPhoto;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::{Edits, StoredPhoto};

/// What `progress` is told.
const FETCHING: &str = "Fetching from the other home";

/// What became of photos that may have been lost.
#[derive(Debug, Default)]
pub(in crate::photographer) struct Fetched {
    /// Those that have come.
    pub(in crate::photographer) came: Vec<StoredPhoto>,
    /// How many are lost all the same.
    pub(in crate::photographer) still_lost: usize,
}

impl Node {
    /// Reads every byte of an event, once what it has lost is fetched from another home.
    pub(in crate::photographer) async fn fetch_and_verify(
        &self,
        event: &str,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let event_id = self.find_event(event).await?.record.event_id;
        // Before anything is made anew that is to have it.
        self.fetch_mark(event_id).await;
        let fetched = self.fetch_all_lost(event_id, progress).await.unwrap_or_else(|error| {
            tracing::debug!(%event_id, %error, "what the event has lost could not be fetched");
            Fetched::default()
        });
        let mut answer = self.verify(event, progress).await?;
        if let PhotographerAnswer::Verified { repaired, .. } = &mut answer {
            repaired.extend(fetched.came.into_iter().map(|photo| photo.record.file_name));
            repaired.sort_unstable();
        }
        Ok(answer)
    }

    /// The mark over an event's proofs, if this home has none any more that can be read, and
    /// another has it.
    async fn fetch_mark(&self, event_id: EventId) {
        for home in self.homes_to_ask().await.unwrap_or_default() {
            let fetched = async {
                if self.mark_as_kept(event_id).await?.is_some() {
                    return Ok(());
                }
                match self.ask_home(home, ReplicaRequest::Event { event_id }).await? {
                    ReplicaReply::Event(state) => self.take_mark_over(home, event_id, state.proof_mark).await,
                    _ => Err(unexpected()),
                }
            };
            if let Err(error) = fetched.await {
                tracing::debug!(peer.id = %home, %event_id, %error, "a home gave no mark over the proofs");
            }
        }
    }

    /// Fetches all that is lost of an event. Once anything is missed, whatever else the other
    /// homes have of it was here, too: a photo that is hidden, or that was imported after the
    /// catalogue was last backed up, is not known by its id.
    pub(in crate::photographer) async fn fetch_all_lost(
        &self,
        event_id: EventId,
        progress: &Progress,
    ) -> Result<Fetched, NodeError> {
        let mut had: BTreeSet<PhotoId> = self.catalogue.names_had(event_id).await?.into_keys().collect();
        if self.photos_missing(event_id).await?.is_none() {
            return self.fetch_lost(event_id, had, progress).await;
        }
        let mut is_told = false;
        for home in self.homes_to_ask().await? {
            match self.ids_at(home, event_id).await {
                Ok(ids) => had.extend(ids),
                Err(error) => {
                    tracing::debug!(peer.id = %home, %error, "a home does not say what it has");
                    continue;
                }
            }
            is_told = true;
        }
        let fetched = self.fetch_lost(event_id, had, progress).await?;
        // Of those that were imported none is known by its number alone.
        let is_known = self.catalogue.photos_had(event_id).await?.ids.is_some_and(|ids| ids != HALF_NOTED);
        if is_told && is_known && fetched.still_lost == 0 {
            self.note_all_here(event_id).await?;
        }
        Ok(fetched)
    }

    /// Fetches those of an event's photos that are lost here and that a connected home has.
    ///
    /// # Errors
    /// When a volume can't be read for another reason than damage: nothing is known to be lost.
    pub(in crate::photographer) async fn fetch_lost(
        &self,
        event_id: EventId,
        photos: impl IntoIterator<Item = PhotoId>,
        progress: &Progress,
    ) -> Result<Fetched, NodeError> {
        let photos: BTreeSet<PhotoId> = photos.into_iter().collect();
        let (mut lost, mut came) = (self.lost_of(event_id, photos).await?, Vec::new());
        let Some(event) = self.catalogue.event(event_id).await?.filter(|_| !lost.is_empty()) else {
            return Ok(Fetched { came, still_lost: lost.len() });
        };
        for home in self.homes_to_ask().await? {
            match self.fetch_from(home, &event, &lost, progress).await {
                Ok(photos) => came.extend(photos),
                Err(error) => tracing::debug!(peer.id = %home, %error, "a home could not give what is lost"),
            }
            lost = self.lost_of(event_id, lost).await?;
        }
        if !came.is_empty() {
            self.catalogue.note_whole(event_id, came.iter().map(StoredPhoto::photo_id).collect::<Vec<_>>()).await?;
            self.advance_soon();
        }
        Ok(Fetched { came, still_lost: lost.len() })
    }

    /// Other homes that are connected.
    async fn homes_to_ask(&self) -> Result<Vec<PeerId>, NodeError> {
        let homes = self.home_summaries().await?.into_iter().map(|home| home.peer_id);
        Ok(homes.filter(|home| self.client.is_connected(home)).collect())
    }

    /// Those of the photos whose record is gone or can't be read.
    async fn lost_of(&self, event_id: EventId, mut photos: BTreeSet<PhotoId>) -> Result<BTreeSet<PhotoId>, NodeError> {
        let archive = self.archive.clone();
        blocking(move || {
            let (found, trouble) = archive.counted(event_id);
            photos.retain(|photo_id| !found.contains(photo_id));
            match trouble.filter(|error| !error.is_of_damage()) {
                Some(error) if !photos.is_empty() => Err(error),
                _ => Ok(photos),
            }
        })
        .await
    }

    /// Fetches those of the lost photos that `home` has; one that can't be fetched keeps no
    /// other from it.
    async fn fetch_from(
        &self,
        home: PeerId,
        event: &EventRow,
        lost: &BTreeSet<PhotoId>,
        progress: &Progress,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let event_id = event.record.event_id;
        let (mut came, own) = (Vec::new(), self.own_edits(event_id).await?);
        for photo in self.records_at(home, event_id, lost).await? {
            if progress.is_cancelled() {
                break;
            }
            progress.photos(FETCHING, came.len() as u64, lost.len() as u64);
            // For each: orders and imports don't wait for all of them.
            let _stays = self.importing.read().await;
            let _one_at_a_time = self.following.repairing.lock().await;
            let _alone = self.following.arriving.take(photo.photo_id().0).await;
            if self.lost_of(event_id, BTreeSet::from([photo.photo_id()])).await?.is_empty() {
                continue;
            }
            self.keep_known(event).await?;
            match self.fetch_photo(home, event_id, photo.clone(), own.get(&photo.photo_id())).await {
                Ok(is_new) => came.extend(is_new.then_some(photo)),
                Err(error) => tracing::debug!(peer.id = %home, %error, "a lost photo could not be fetched"),
            }
        }
        if !came.is_empty() {
            self.archive.marks.changed_in(event_id);
        }
        Ok(came)
    }

    /// The edits that photos of an event had, where this home decides on them.
    async fn own_edits(&self, event_id: EventId) -> Result<HashMap<PhotoId, Edits>, NodeError> {
        match self.catalogue.first_home().await? {
            Some(_) => Ok(HashMap::new()),
            None => self.catalogue.edits_had(event_id).await,
        }
    }

    /// Brings a lost photo here: as `home` has it, or made anew by the edits that it had here,
    /// where that home has not heard of them. Whether it came; an import may have been sooner.
    async fn fetch_photo(
        &self,
        home: PeerId,
        event_id: EventId,
        mut photo: StoredPhoto,
        own: Option<&Edits>,
    ) -> Result<bool, NodeError> {
        if !own.is_some_and(|own| photo.take_newer_edits(own)) {
            return self.copy_new(home, event_id, photo, &self.stopping).await;
        }
        let path = self.copy_original(home, event_id, &photo, &self.stopping).await?;
        let (settings, enlargers, from) =
            (self.proofs_for(event_id, false).await?, self.enlargers.clone(), path.clone());
        let made = blocking(move || {
            let original = std::fs::read(&from).map_err(|error| NodeError::file(&from, &error))?;
            made_anew(&enlargers, &settings, original, photo)
        });
        let NewPhoto { stored, thumbnail, proof, .. } = made.await?;
        self.keep_copy(event_id, stored, path, thumbnail, proof).await
    }

    /// The photos that `home` has of an event.
    pub(in crate::photographer) async fn ids_at(
        &self,
        home: PeerId,
        event_id: EventId,
    ) -> Result<BTreeSet<PhotoId>, NodeError> {
        let (mut ids, mut after) = (BTreeSet::new(), None);
        loop {
            let (page, is_last) = self.page_at(home, event_id, after).await?;
            after = page.last().map(StoredPhoto::photo_id).or(after);
            ids.extend(page.iter().map(StoredPhoto::photo_id));
            if ids.len() > SHOWN_PHOTOS_MAX {
                return Err(unexpected());
            }
            if is_last || page.is_empty() {
                return Ok(ids);
            }
        }
    }

    /// The records that `home` has behind a photo, as many as it tells at once; and whether
    /// there are no more.
    async fn page_at(
        &self,
        home: PeerId,
        event_id: EventId,
        mut after: Option<PhotoId>,
    ) -> Result<(Vec<StoredPhoto>, bool), NodeError> {
        let request = ReplicaRequest::Photos { event_id, after };
        let ReplicaReply::Photos { photos, is_last } = self.ask_home(home, request).await? else {
            return Err(unexpected());
        };
        let mut page = Vec::with_capacity(photos.len());
        for record in photos {
            let photo = checked(&record, after)?;
            after = Some(photo.photo_id());
            page.push(photo);
        }
        Ok((page, is_last))
    }

    /// What `home` has of the records of these photos.
    async fn records_at(
        &self,
        home: PeerId,
        event_id: EventId,
        photos: &BTreeSet<PhotoId>,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let (mut found, mut next) = (Vec::new(), photos.first());
        while let Some(first) = next {
            let (page, is_last) = self.page_at(home, event_id, just_before(*first)).await?;
            let end = page.last().map(StoredPhoto::photo_id).filter(|end| !is_last && end >= first);
            found.extend(page.into_iter().filter(|photo| photos.contains(&photo.photo_id())));
            next = end.and_then(|end| photos.range((Excluded(end), Unbounded)).next());
        }
        Ok(found)
    }
}

/// The id before this one, if there is one.
fn just_before(photo_id: PhotoId) -> Option<PhotoId> {
    let PhotoId(ContentHash(mut bytes)) = photo_id;
    let last = bytes.iter().rposition(|byte| *byte != 0)?;
    bytes[last] -= 1;
    bytes[last + 1..].fill(0xff);
    Some(PhotoId(ContentHash(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_before_the_first_and_behind_a_border_are_found() {
        let id = |bytes: &[u8]| {
            let mut id = [0; 32];
            id[32 - bytes.len()..].copy_from_slice(bytes);
            PhotoId(ContentHash(id))
        };
        assert_eq!(just_before(id(&[])), None);
        assert_eq!(just_before(id(&[1])), Some(id(&[0])));
        assert_eq!(just_before(id(&[1, 0, 0])), Some(id(&[0, 0xff, 0xff])));
    }
}
