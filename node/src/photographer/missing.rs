//! Photos that an event had and that are not in the archive any more: a volume that is gone,
//! or of which nothing can be read, must not look like an event that has all of its photos.

use enprint_protocol::ids::EventId;

use super::node::{Node, blocking};
use crate::error::NodeError;

impl Node {
    /// How many photos of an event can be read.
    pub(super) async fn photo_count(&self, event_id: EventId) -> Result<u64, NodeError> {
        Ok(self.photos_counted(event_id).await?.0)
    }

    /// As [`Self::photo_count`], and the sentence that says why there may be more, or are
    /// fewer than there were.
    pub(super) async fn photos_counted(&self, event_id: EventId) -> Result<(u64, Option<String>), NodeError> {
        let archive = self.archive.clone();
        let (ids, trouble) = blocking(move || Ok(archive.counted(event_id))).await?;
        let count = ids.len() as u64;
        let had = self.catalogue.photos_had(event_id).await?;
        if had < count && trouble.is_none() {
            self.catalogue.note_photos(event_id, count).await?;
        }
        Ok((count, trouble.map(|error| error.sentence()).or_else(|| missing(had, count))))
    }

    /// The sentence that says that photos of an event are missing, though all that is there
    /// can be read.
    pub(super) async fn photos_missing(&self, event_id: EventId) -> Result<Option<String>, NodeError> {
        let (count, trouble) = self.photos_counted(event_id).await?;
        let had = self.catalogue.photos_had(event_id).await?;
        Ok(trouble.and_then(|_| missing(had, count)))
    }
}

fn missing(had: u64, count: u64) -> Option<String> {
    let are_missing = match had.saturating_sub(count) {
        0 => return None,
        1 => "1 photo that this event had is".to_owned(),
        number => format!("{number} photos that this event had are"),
    };
    Some(format!(
        "{are_missing} not in the archive any more. Put the event's folders in archive/ back from a backup, or import its \
         files again from your copies."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photos_that_are_fewer_than_before_are_missed() {
        assert_eq!((missing(0, 0), missing(3, 3), missing(2, 3)), (None, None, None));
        assert!(missing(2, 1).unwrap().starts_with("1 photo that this event had is not"));
        assert!(missing(22, 1).unwrap().starts_with("21 photos that this event had are not"));
    }
}
