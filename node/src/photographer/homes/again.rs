//! At a second home: what its disk has lost or damaged comes from the first home again, by
//! itself, though nothing is other there. An event counts as copied only while nothing of it is
//! missed here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::replica::Copied;

use crate::error::NodeError;
use crate::photographer::missing::Counted;
use crate::photographer::node::{Node, blocking};

/// What an event lacked when all that the first home has of it was here: so long as it lacks the
/// same, it is not asked for again before the next connection.
#[derive(Debug, Default)]
pub(super) struct InVain {
    events: Mutex<HashMap<EventId, String>>,
}

impl InVain {
    /// Whoever is asked now may have what was lacking.
    pub(super) fn forget(&self) {
        self.events().clear();
    }

    fn note(&self, event_id: EventId, missing: String) {
        self.events().insert(event_id, missing);
    }

    fn has(&self, event_id: EventId, missing: &str) -> bool {
        self.events().get(&event_id).is_some_and(|known| known == missing)
    }

    fn events(&self) -> MutexGuard<'_, HashMap<EventId, String>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// How far the copy is, and the events that are to be copied though they are not other: of
    /// which something is missed here, or which this home was to do without.
    pub(super) async fn look_at_copy(&self) -> Result<(Copied, Vec<EventId>), NodeError> {
        let (mut photos, mut here, mut again) = (0, 0, Vec::new());
        for (event_id, count, mark) in self.catalogue.followed().await? {
            let counted = self.photos_counted(event_id).await?;
            photos += count;
            here += counted.photos.min(count);
            again.extend((mark.is_none() || self.is_missed(event_id, &counted).await?).then_some(event_id));
        }
        let trouble = self.catalogue.first_home().await?.and_then(|home| home.trouble);
        Ok((Copied { photos, here, trouble }, again))
    }

    /// Whether an event lacks something that the first home may have.
    async fn is_missed(&self, event_id: EventId, counted: &Counted) -> Result<bool, NodeError> {
        let Some(missing) = counted.missing() else { return Ok(false) };
        if self.following.in_vain.has(event_id, &missing) {
            return Ok(false);
        }
        let archive = self.archive.clone();
        // Where a volume can't be read for another reason, nothing is known to be lost.
        blocking(move || Ok(archive.counted(event_id).1.is_none_or(|error| error.is_of_damage()))).await
    }

    /// All that the first home has of an event is here again, in whichever volume.
    pub(super) async fn settle_copy(&self, event_id: EventId) -> Result<(), NodeError> {
        self.note_all_here(event_id).await?;
        if let Some(missing) = self.photos_missing(event_id).await? {
            tracing::warn!(%event_id, "the first home has not all that this one has lost of an event");
            self.following.in_vain.note(event_id, missing);
        }
        self.advance_soon();
        Ok(())
    }

    /// What damaged lists of an event hid is here again: they hide nothing any more.
    pub(super) async fn note_all_here(&self, event_id: EventId) -> Result<(), NodeError> {
        let archive = self.archive.clone();
        blocking(move || match archive.counted(event_id).1 {
            Some(error) if error.is_of_damage() => archive.note_mended(event_id),
            _ => Ok(()),
        })
        .await
    }

    /// Fetches what was found damaged while the first home was away.
    pub(super) async fn repair_copies(&self) -> Result<(), NodeError> {
        for (event_id, ..) in self.catalogue.followed().await? {
            let noted: Vec<PhotoId> = self.catalogue.damaged(event_id).await?.into_keys().collect();
            match self.repair_noted(event_id, noted).await {
                Err(error) if error.is_of_damage() => tracing::debug!(%event_id, %error, "a copy stays damaged"),
                repaired => repaired?,
            }
        }
        Ok(())
    }

    async fn repair_noted(&self, event_id: EventId, noted: Vec<PhotoId>) -> Result<(), NodeError> {
        let (archive, looked_at) = (self.archive.clone(), noted.clone());
        let damaged = blocking(move || archive.damaged_of(event_id, looked_at)).await?;
        self.repair_from_homes(event_id, damaged).await?;
        self.note_what_is_whole(event_id, &noted).await
    }
}
