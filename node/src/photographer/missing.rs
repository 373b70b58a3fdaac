//! Photos that an event had and that are not in the archive any more, and those that were
//! found damaged: a volume that is gone, or of which nothing can be read, must not look like
//! an event that has all of its photos, whatever came in their place.

use std::collections::HashSet;

use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::text;

use super::catalogue::hash_of;
use super::node::{Node, blocking};
use crate::error::NodeError;
use crate::limits::PHOTOS_NAMED_MAX;

impl Node {
    /// How many photos of an event can be read.
    pub(super) async fn photo_count(&self, event_id: EventId) -> Result<u64, NodeError> {
        Ok(self.photos_counted(event_id).await?.0)
    }

    /// As [`Self::photo_count`], and the sentences that say why there may be more, or that
    /// some are missing, and which are damaged.
    pub(super) async fn photos_counted(&self, event_id: EventId) -> Result<(u64, Option<String>), NodeError> {
        let (ids, trouble) = self.photos_found(event_id).await?;
        let missing = self.missing_beside(event_id, &ids, trouble.is_none()).await?;
        let hidden = trouble.map(|error| error.sentence()).or(missing);
        let names = self.catalogue.damaged(event_id).await?.into_values().collect();
        let all: Vec<String> = hidden.into_iter().chain(damaged(names)).collect();
        Ok((ids.len() as u64, (!all.is_empty()).then(|| all.join(" "))))
    }

    /// The sentence that says that photos of an event are missing, though all that is there
    /// can be read.
    pub(super) async fn photos_missing(&self, event_id: EventId) -> Result<Option<String>, NodeError> {
        let (ids, trouble) = self.photos_found(event_id).await?;
        self.missing_beside(event_id, &ids, trouble.is_none()).await
    }

    async fn photos_found(&self, event_id: EventId) -> Result<(HashSet<PhotoId>, Option<NodeError>), NodeError> {
        let archive = self.archive.clone();
        blocking(move || Ok(archive.counted(event_id))).await
    }

    /// The sentence that says which photos are missing beside these; those that are new are
    /// noted. Of an event whose ids nobody has noted yet the number counts, until all of its
    /// photos are here.
    async fn missing_beside(
        &self,
        event_id: EventId,
        ids: &HashSet<PhotoId>,
        are_all: bool,
    ) -> Result<Option<String>, NodeError> {
        let had = self.catalogue.photos_had(event_id).await?;
        let fewer = had.number.saturating_sub(ids.len() as u64);
        match had.ids {
            Some(hash) if hash == hash_of(ids) => return Ok(None),
            None if fewer > 0 => return Ok(missing(fewer, Vec::new())),
            None if !are_all || ids.is_empty() => return Ok(None),
            _ => {}
        }
        let known = self.catalogue.names_had(event_id).await?;
        let new: Vec<PhotoId> = ids.iter().filter(|photo_id| !known.contains_key(photo_id)).copied().collect();
        let lost: Vec<String> =
            known.into_iter().filter(|(photo_id, _)| !ids.contains(photo_id)).map(|(_, name)| name).collect();
        // Without either, what was noted before was not noted to its end.
        if !new.is_empty() || lost.is_empty() {
            let named = self.named(event_id, new).await?;
            self.catalogue.note_photos(event_id, &named).await?;
        }
        Ok(missing(lost.len() as u64, lost))
    }

    /// Photos with their file names; one whose record can't be read has none.
    async fn named(&self, event_id: EventId, photos: Vec<PhotoId>) -> Result<Vec<(PhotoId, String)>, NodeError> {
        let archive = self.archive.clone();
        blocking(move || {
            let name_of = |photo_id| match archive.photo(event_id, photo_id) {
                Ok(photo) => Ok((photo_id, photo.map(|photo| photo.record.file_name).unwrap_or_default())),
                Err(error) if error.is_of_damage() => Ok((photo_id, String::new())),
                Err(error) => Err(error),
            };
            photos.into_iter().map(name_of).collect()
        })
        .await
    }
}

fn missing(number: u64, names: Vec<String>) -> Option<String> {
    let are_missing = match number {
        0 => return None,
        1 => "1 photo that this event had is".to_owned(),
        number => format!("{number} photos that this event had are"),
    };
    Some(format!(
        "{are_missing} not in the archive any more{}. Put the event's folders in archive/ back from a backup, or import \
         its files again from your copies.",
        listed(names)
    ))
}

fn damaged(names: Vec<String>) -> Option<String> {
    let (are_damaged, its_file) = match names.len() {
        0 => return None,
        1 => ("1 photo of this event is".to_owned(), "its file"),
        number => (format!("{number} photos of this event are"), "their files"),
    };
    Some(format!(
        "{are_damaged} damaged on this disk{}. Import {its_file} again from your card or a backup.",
        listed(names)
    ))
}

/// The first of the names that are known, after a colon.
fn listed(mut names: Vec<String>) -> String {
    let number = names.len();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.truncate(PHOTOS_NAMED_MAX);
    let named: Vec<String> = names.iter().map(|name| text::shown(name)).collect();
    match number - named.len() {
        _ if named.is_empty() => String::new(),
        0 => format!(": {}", named.join(", ")),
        others => format!(": {} and {others} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests;
