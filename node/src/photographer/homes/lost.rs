//! Photos that this home has lost, records and all, and a second home has: they are fetched
//! from there, as that home has them, by the same verified ranges by which originals are
//! copied. A second home that has lost a photo does not fetch it until its event changes.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::replica::{ReplicaReply, ReplicaRequest};

use super::following::{checked, unexpected};
use crate::control::Progress;
use crate::error::NodeError;
use crate::photographer::catalogue::EventRow;
use crate::photographer::commands::PhotographerAnswer;
use crate::photographer::node::{Node, blocking};
use crate::photographer::records::StoredPhoto;

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
        let had = self.catalogue.names_had(event_id).await?.into_keys();
        let fetched = self.fetch_lost(event_id, had, progress).await.unwrap_or_else(|error| {
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

    /// Second homes that are connected.
    async fn homes_to_ask(&self) -> Result<Vec<PeerId>, NodeError> {
        if self.catalogue.first_home().await?.is_some() {
            return Ok(Vec::new());
        }
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
    /// other from it. One that was edited since that home copied it stays lost: an import brings
    /// it back with its edits.
    async fn fetch_from(
        &self,
        home: PeerId,
        event: &EventRow,
        lost: &BTreeSet<PhotoId>,
        progress: &Progress,
    ) -> Result<Vec<StoredPhoto>, NodeError> {
        let event_id = event.record.event_id;
        let (mut came, edits) = (Vec::new(), self.catalogue.edits_had(event_id).await?);
        for photo in self.records_at(home, event_id, lost).await? {
            if progress.is_cancelled() {
                break;
            }
            if edits.get(&photo.photo_id()).is_some_and(|edits| *edits != photo.edits()) {
                tracing::warn!(photo.name = photo.record.file_name, "another home has older edits of a lost photo");
                continue;
            }
            progress.photos(FETCHING, came.len() as u64, lost.len() as u64);
            // For each: orders and imports don't wait for all of them.
            let _stays = self.importing.read().await;
            let _one_at_a_time = self.following.repairing.lock().await;
            if self.lost_of(event_id, BTreeSet::from([photo.photo_id()])).await?.is_empty() {
                continue;
            }
            self.keep_known(event).await?;
            match self.copy_photo(home, event_id, photo.clone(), &self.stopping).await {
                Ok(()) => came.push(photo),
                Err(error) => tracing::debug!(peer.id = %home, %error, "a lost photo could not be fetched"),
            }
        }
        if !came.is_empty() {
            self.archive.marks.changed_in(event_id);
        }
        Ok(came)
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
            let mut after = just_before(*first);
            let request = ReplicaRequest::Photos { event_id, after };
            let ReplicaReply::Photos { photos: page, is_last } = self.ask_home(home, request).await? else {
                return Err(unexpected());
            };
            for record in page {
                let photo = checked(&record, after)?;
                after = Some(photo.photo_id());
                found.extend(photos.contains(&photo.photo_id()).then_some(photo));
            }
            let end = after.filter(|end| !is_last && end >= first);
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
