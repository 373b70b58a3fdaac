//! Which photos the event has, in memory while an import runs: the archive would flush
//! what it is just writing before it could say.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use enprint_protocol::ids::PhotoId;

/// The event's photos, as far as this import knows. What another import stores meanwhile
/// is found when it comes to storing.
#[derive(Debug)]
pub struct Stored {
    before: HashSet<PhotoId>,
    new: Mutex<HashSet<PhotoId>>,
}

impl Stored {
    /// Begins with what the archive has.
    pub fn new(ids: HashSet<PhotoId>) -> Self {
        Self { before: ids, new: Mutex::default() }
    }

    /// Whether the photo is there.
    pub fn has(&self, photo_id: PhotoId) -> bool {
        self.had(photo_id) || self.new.lock().unwrap_or_else(PoisonError::into_inner).contains(&photo_id)
    }

    /// Whether the photo was there before this import.
    pub fn had(&self, photo_id: PhotoId) -> bool {
        self.before.contains(&photo_id)
    }

    /// Notes a photo that is in the archive now.
    pub fn note(&self, photo_id: PhotoId) {
        self.new.lock().unwrap_or_else(PoisonError::into_inner).insert(photo_id);
    }
}
