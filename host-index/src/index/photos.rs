//! Photos as their photographer publishes and withdraws them. Data and pictures are in
//! one row, written in one transaction; what is withdrawn is deleted.

use std::collections::HashMap;

use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::{PHOTOS_NAMED_MAX, PUBLISH_BATCH_PHOTOS_MAX};
use enprint_protocol::publish::{PublishedPhoto, Revision};
use enprint_protocol::{PeerId, ProtocolError};
use enprint_store::args;
use enprint_store::ledger::{Session as Sql, Tx};

use super::Index;
use super::events::{Owned, owned};
use super::photo_rows::{CheckedPhoto, UPSERT, UPSERT_WORDS, groups, in_group};
use crate::error::HostError;
use crate::limits::{EVENT_BYTES_MAX, PHOTOS_PER_EVENT_MAX};
use crate::stored;

impl Index {
    /// Which of `offered` the host has not, or has in another revision; in their order.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for an event that is not this photographer's, or that it
    /// has withdrawn.
    pub async fn needs(
        &self,
        photographer: PeerId,
        event_id: EventId,
        offered: &[Revision],
    ) -> Result<Vec<PhotoId>, HostError> {
        at_most("Photos in an offer", offered.len(), PHOTOS_NAMED_MAX)?;
        let mut sql = self.ledger().read();
        owned_event(&mut sql, photographer, event_id).await?;
        let ids: Vec<PhotoId> = offered.iter().map(|photo| photo.photo_id).collect();
        let stored = revisions(&mut sql, event_id, &ids).await?;
        let missing = offered
            .iter()
            .filter(|photo| stored.get(&photo.photo_id).is_none_or(|(revision, _)| *revision != photo.revision));
        Ok(missing.map(|photo| photo.photo_id).collect())
    }

    /// Stores photos with their pictures: all of them or, if one breaks a rule, none.
    /// Those that are here in the same revision stay as they are.
    ///
    /// # Errors
    /// Names what breaks a rule; [`HostError::MetadataInPicture`],
    /// [`HostError::UnknownCategory`], [`HostError::QuotaReached`];
    /// [`HostError::NotHere`] as [`needs`](Self::needs).
    pub async fn publish(
        &self,
        photographer: PeerId,
        event_id: EventId,
        photos: Vec<PublishedPhoto>,
    ) -> Result<(), HostError> {
        at_most("Photos in a batch", photos.len(), PUBLISH_BATCH_PHOTOS_MAX)?;
        owned_event(&mut self.ledger().read(), photographer, event_id).await?;
        let check = move || photos.into_iter().map(CheckedPhoto::check).collect::<Result<Vec<_>, _>>();
        let photos = tokio::task::spawn_blocking(check).await.map_err(|_| HostError::Stopping)??;
        let photos = &photos;
        self.ledger().write(|tx| Box::pin(publish_in(tx, photographer, event_id, photos))).await
    }

    /// Takes photos off the host: their rows and pictures. Orders stay; a basket says that
    /// the photo is gone. Answers how many were here.
    ///
    /// # Errors
    /// [`HostError::NotHere`] for an event that this photographer never published.
    pub async fn withdraw(
        &self,
        photographer: PeerId,
        event_id: EventId,
        photos: &[PhotoId],
    ) -> Result<u64, HostError> {
        at_most("Photos in a withdrawal", photos.len(), PHOTOS_NAMED_MAX)?;
        let taken = self.ledger().write(|tx| Box::pin(withdraw_in(tx, photographer, event_id, photos))).await?;
        self.ledger().give_back_space().await?;
        Ok(taken)
    }
}

async fn publish_in(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    event_id: EventId,
    photos: &[CheckedPhoto],
) -> Result<(), HostError> {
    let event = owned_event(tx, photographer, event_id).await?;
    let ids: Vec<PhotoId> = photos.iter().map(CheckedPhoto::photo_id).collect();
    let mut stored = revisions(tx, event_id, &ids).await?;
    let mut total = Total::of(tx, event_id).await?;
    for photo in photos {
        let category = &photo.photo.record.category;
        if !event.categories.contains(category) {
            return Err(HostError::UnknownCategory { category: category.clone() });
        }
        let before = stored.insert(photo.photo_id(), (photo.revision, photo.bytes()));
        if before.is_some_and(|(revision, _)| revision == photo.revision) {
            continue;
        }
        total.replace(before.map(|(_, bytes)| bytes), photo.bytes())?;
        tx.execute(UPSERT, photo.args(event_id.0)).await?;
        tx.execute(UPSERT_WORDS, photo.words_args(event_id.0)).await?;
    }
    total.write(tx, event_id).await
}

async fn withdraw_in(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    event_id: EventId,
    photos: &[PhotoId],
) -> Result<u64, HostError> {
    if let Owned::Withdrawn = owned(tx, photographer, event_id).await? {
        return Ok(0);
    }
    let here = revisions(tx, event_id, photos).await?;
    for ids in groups(event_id.0, photos) {
        let sql = concat!("DELETE FROM photo WHERE event_id = $1 AND ", in_group!("photo_id"));
        tx.execute(sql, ids.clone()).await?;
        let sql = concat!("DELETE FROM photo_words WHERE event_id = $1 AND ", in_group!("photo_id"));
        tx.execute(sql, ids).await?;
    }
    let mut total = Total::of(tx, event_id).await?;
    here.values().for_each(|(_, bytes)| total.remove(*bytes));
    total.write(tx, event_id).await?;
    Ok(here.len() as u64)
}

/// The event's data, for its owner alone.
async fn owned_event(sql: &mut Sql, photographer: PeerId, event_id: EventId) -> Result<EventRecord, HostError> {
    match owned(sql, photographer, event_id).await? {
        Owned::Here(event) => Ok(*event),
        Owned::Withdrawn => Err(HostError::NotHere),
    }
}

/// Revision and bytes of those of `photos` that are here.
async fn revisions(
    sql: &mut Sql,
    event_id: EventId,
    photos: &[PhotoId],
) -> Result<HashMap<PhotoId, (ContentHash, u64)>, HostError> {
    let query = concat!(
        "SELECT photo_id, revision, thumbnail_bytes + proof_bytes AS bytes FROM photo
         WHERE event_id = $1 AND ",
        in_group!("photo_id")
    );
    let mut found = HashMap::new();
    for ids in groups(event_id.0, photos) {
        for row in sql.fetch_all(query, ids).await? {
            let state = (stored::hash(&row, "revision")?, stored::count(&row, "bytes")?);
            found.insert(stored::photo_id(&row, "photo_id")?, state);
        }
    }
    Ok(found)
}

/// What an event's row counts, so that nobody has to.
struct Total {
    photos: u64,
    bytes: u64,
}

impl Total {
    async fn of(tx: &mut Tx<'_>, event_id: EventId) -> Result<Self, HostError> {
        let sql = "SELECT photos, bytes FROM event WHERE event_id = $1";
        let row = tx.fetch_one(sql, args![event_id.0]).await?;
        Ok(Self { photos: stored::count(&row, "photos")?, bytes: stored::count(&row, "bytes")? })
    }

    fn replace(&mut self, before: Option<u64>, now: u64) -> Result<(), HostError> {
        if let Some(before) = before {
            self.remove(before);
        }
        self.photos += 1;
        self.bytes = self.bytes.saturating_add(now);
        if self.photos > PHOTOS_PER_EVENT_MAX {
            return Err(HostError::QuotaReached { what: "Photos of an event", max: PHOTOS_PER_EVENT_MAX });
        }
        if self.bytes > EVENT_BYTES_MAX {
            return Err(HostError::QuotaReached { what: "Bytes of an event", max: EVENT_BYTES_MAX });
        }
        Ok(())
    }

    fn remove(&mut self, bytes: u64) {
        self.photos = self.photos.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    async fn write(&self, tx: &mut Tx<'_>, event_id: EventId) -> Result<(), HostError> {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let sql = "UPDATE event SET photos = $2, bytes = $3 WHERE event_id = $1";
        tx.execute(sql, args![event_id.0, number(self.photos), number(self.bytes)]).await?;
        Ok(())
    }
}

fn at_most(what: &'static str, given: usize, max: usize) -> Result<(), HostError> {
    if given <= max {
        return Ok(());
    }
    Err(ProtocolError::TooMany { what, given: given as u64, max: max as u64 }.into())
}
