//! Photos in their event's volumes: the one file that knows under which key the
//! archive keeps what. A big event has several volumes; all but the last are sealed.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::codec;
use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_store::archive::{Archive, ArchiveOptions, Batch, Volume};
use serde::{Deserialize, Serialize};

use super::config::PhotographerConfig;
use super::import::NewPhoto;
use super::records::StoredPhoto;
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::{EVENT_RECORD_BYTES_MAX, VOLUME_BYTES_MAX};

const PHOTO_PREFIX: &[u8] = b"photo/";
const EVENT_KEY: &[u8] = b"event";

/// The archive of all events. Cheap to clone.
#[derive(Clone)]
pub struct EventArchive {
    archive: Arc<Archive>,
}

/// What storing a photo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is in the archive, durably.
    New,
    /// It was there.
    Duplicate,
}
