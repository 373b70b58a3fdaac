//! Removing an event that was made by mistake. Orders keep it, hosts keep it, and originals
//! that nothing else here has keep it until the photographer says that they may go.

use std::collections::HashSet;

use enprint_protocol::ids::{EventId, PhotoId};

use super::archive::EventArchive;
use super::catalogue::EventRow;
use super::commands::PhotographerAnswer;
use super::node::{Node, blocking};
use super::publish::PublishWish;
use crate::control::Progress;
use crate::error::NodeError;

impl Node {
    /// Removes an event.
    ///
    /// # Errors
    /// When there are orders for it, a host shows it or may do so, an import runs, or originals
    /// would be lost and `with_originals` is not said. Nothing is removed then.
    pub(super) async fn remove_event(
        &self,
        named: &str,
        with_originals: bool,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let _alone = self.importing.try_write().map_err(|_| {
            not_now("Photos are being imported, or an event is changed. Remove this one when that is done.".to_owned())
        })?;
        let event = self.find_event(named).await?;
        let is_left_copy = self.is_left_copy(event.record.event_id).await?;
        self.check_may_go(&event, is_left_copy).await?;
        let (name, event_id) = (event.record.name.clone(), event.record.event_id);
        let archive = self.archive.clone();
        let (photos, trouble) = blocking(move || Ok(archive.counted(event_id))).await?;
        if trouble.is_some() && !with_originals {
            return Err(not_now(can_not_be_said(&name)));
        }
        let count = photos.len() as u64;
        let lost = self.only_here(&event, photos, progress).await?;
        if lost > 0 && !with_originals {
            return Err(not_now(would_lose(&name, lost, is_left_copy)));
        }
        let archive = self.archive.clone();
        blocking(move || archive.remove_event(event_id)).await?;
        self.catalogue.forget_event(event_id).await?;
        let at_second_home = !self.catalogue.second_homes().await?.is_empty();
        Ok(PhotographerAnswer::Removed { event: name, photos: count, lost, at_second_home })
    }

    async fn check_may_go(&self, event: &EventRow, is_left_copy: bool) -> Result<(), NodeError> {
        let name = &event.record.name;
        if self.catalogue.orders_of(event.record.event_id).await? > 0 {
            return Err(not_now(format!(
                "There are orders for “{name}”, and they need it. It stays; “event \"{name}\" --rename NAME” calls \
                 it otherwise."
            )));
        }
        // What this home knows of hosts may be older than the removal at the first, before which
        // every host had taken the event off.
        if is_left_copy {
            return Ok(());
        }
        if let Some(at) = event.shown_at.first() {
            return Err(not_now(format!(
                "“{name}” is at {}. Take it off first: “withdraw --event \"{name}\"”. Nothing was removed.",
                at.name
            )));
        }
        match self.not_yet_withdrawn_at(event.record.event_id).await? {
            Some(host) => Err(not_now(format!(
                "{host} may still show “{name}”, and guests may order: it has not heard yet that the event is taken \
                 off. Try again when it is there; one that is gone for good is left with “leave-host \"{host}\"”. \
                 Nothing was removed."
            ))),
            None => Ok(()),
        }
    }

    /// A host that was away when something of the event was withdrawn, and does not know.
    async fn not_yet_withdrawn_at(&self, event_id: EventId) -> Result<Option<String>, NodeError> {
        for (lane, wish) in self.catalogue.withdrawals_on_their_way().await? {
            if PublishWish::decode(&wish)?.event_id == event_id
                && let Some(host) = self.host_of_lane(&lane).await?
            {
                return Ok(Some(host.name));
            }
        }
        Ok(None)
    }

    /// How many of an event's originals no other event here has, byte for byte.
    async fn only_here(
        &self,
        event: &EventRow,
        photos: HashSet<PhotoId>,
        progress: &Progress,
    ) -> Result<u64, NodeError> {
        let events = self.catalogue.events().await?;
        let others: Vec<EventId> = events.iter().map(|row| row.record.event_id).collect();
        let (archive, progress, event_id) = (self.archive.clone(), progress.clone(), event.record.event_id);
        blocking(move || {
            let (total, mut checked, mut lost) = (photos.len() as u64, 0, 0);
            for photo_id in photos {
                let mut others = others.iter().filter(|other| **other != event_id);
                if !is_in_any(&archive, &mut others, photo_id)? {
                    lost += 1;
                }
                checked += 1;
                progress.photos("Looking", checked, total);
            }
            Ok(lost)
        })
        .await
    }
}

/// Whether one of the events has the whole original.
fn is_in_any<'a>(
    archive: &EventArchive,
    events: &mut impl Iterator<Item = &'a EventId>,
    photo_id: PhotoId,
) -> Result<bool, NodeError> {
    for event_id in events {
        if archive.has_readable(*event_id, photo_id)? && archive.is_whole(*event_id, photo_id, photo_id.0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn would_lose(name: &str, lost: u64, is_left_copy: bool) -> String {
    let (originals, them) = if lost == 1 { ("original", "it") } else { ("originals", "them") };
    if is_left_copy {
        return format!(
            "“{name}” has {lost} {originals} that no other event here has, and the first home has no longer: this may be \
             the only copy. Write {them} to a folder with “export --event \"{name}\" FOLDER”; or say --with-originals, and \
             {them_or_it} deleted. Nothing was removed.",
            them_or_it = if lost == 1 { "it is" } else { "they are" }
        );
    }
    format!(
        "“{name}” has {lost} {originals} that no other event here has. Import {them} into the right event, or write {them} \
         to a folder with “export --event \"{name}\" FOLDER”; or say --with-originals, and they are deleted. \
         Nothing was removed."
    )
}

fn can_not_be_said(name: &str) -> String {
    format!(
        "A part of “{name}” is damaged on this disk, so that it can't be said which originals are in it alone. Say \
         --with-originals, and all of them are deleted. Nothing was removed."
    )
}

fn not_now(problem: String) -> NodeError {
    NodeError::NotNow { problem }
}

#[cfg(test)]
mod tests {
    use enprint_protocol::ids::ContentHash;

    use super::*;
    use crate::photographer::PhotographerConfig;
    use crate::photographer::golden::a_photo;
    use crate::photographer::import::NewPhoto;

    #[test]
    fn an_original_whose_only_other_copy_the_disk_damaged_counts_as_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let usual = PhotographerConfig::new(folder.path().into());
        let archive = EventArchive::open(&PhotographerConfig { reserve_bytes: 0, ballast_bytes: 0, ..usual }).unwrap();
        let photo_id = PhotoId(ContentHash::of(b"original"));
        let [whole, damaged, without] = [1, 2, 3].map(|id| EventId([id; 16]));
        for (event_id, original) in [(whole, &b"original"[..]), (damaged, b"other bytes")] {
            let mut stored = a_photo();
            stored.record.photo_id = photo_id;
            (stored.thumbnail.hash, stored.proof.hash) = (ContentHash::of(b"t"), ContentHash::of(b"p"));
            let photo = NewPhoto { stored, original: original.into(), thumbnail: b"t".to_vec(), proof: b"p".to_vec() };
            archive.put(event_id, &[&photo]).unwrap();
        }
        let found = |events: &[EventId]| is_in_any(&archive, &mut events.iter(), photo_id).unwrap();
        assert!(found(&[without, damaged, whole]));
        assert!(!found(&[without, damaged]), "a damaged copy is none");
    }
}
