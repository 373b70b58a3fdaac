//! Files that have the name of a photo that is here and other bytes. They are photos of
//! their own; where the one that is here is damaged, somebody may have meant to repair it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use enprint_protocol::ids::EventId;

use crate::photographer::archive::EventArchive;
use crate::photographer::records::StoredPhoto;

/// The photos that were here before, by category and file name; and what came with the same.
#[derive(Debug, Default)]
pub struct Others {
    before: HashMap<(String, String), Vec<StoredPhoto>>,
    came: Mutex<Vec<((String, String), String)>>,
}

impl Others {
    /// Begins with what the archive has.
    pub fn than(photos: Vec<StoredPhoto>) -> Self {
        let mut before: HashMap<_, Vec<StoredPhoto>> = HashMap::new();
        for photo in photos {
            before.entry(name_of(&photo)).or_default().push(photo);
        }
        Self { before, came: Mutex::default() }
    }

    /// Notes a photo that was not here.
    pub fn note(&self, new: &StoredPhoto) {
        let name = name_of(new);
        if self.before.contains_key(&name) {
            self.came.lock().unwrap_or_else(PoisonError::into_inner).push((name, new.path.clone()));
        }
    }

    /// The paths of those whose namesake is damaged.
    pub fn than_damaged(self, archive: &EventArchive, event_id: EventId) -> Vec<String> {
        let is_damaged = |photo: &StoredPhoto| !archive.damaged_files(event_id, photo).unwrap_or_default().is_empty();
        let came = self.came.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
        came.filter(|(name, _)| self.before[name].iter().any(is_damaged)).map(|(_, path)| path).collect()
    }
}

fn name_of(photo: &StoredPhoto) -> (String, String) {
    (photo.record.category.clone(), photo.record.file_name.clone())
}
