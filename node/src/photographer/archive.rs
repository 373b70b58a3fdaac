//! Photos in their event's volumes: the one file that knows under which name the
//! archive keeps what. A big event has several volumes; all but the last are sealed.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::codec;
use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::publish::PhotoRecord;
use enprint_protocol::range_bytes::RangeBytes;
use enprint_store::StoreError;
use enprint_store::archive::{Archive, ArchiveOptions, NewBlob, Volume};
use serde::{Deserialize, Serialize};

use super::config::PhotographerConfig;
use super::homes::Marks;
use super::import::NewPhoto;
use super::proof_mark::KeptMark;
use super::records::StoredPhoto;
use crate::error::NodeError;
use crate::limits::{EVENT_RECORD_BYTES_MAX, VOLUME_BYTES_MAX};

pub(super) const PHOTO_PREFIX: &[u8] = b"photo/";
pub(super) const EVENT_NAME: &[u8] = b"event";
/// The hash of the blob that is the event's mark: a logo is longer than a record may be.
const MARK_NAME: &[u8] = b"mark";

/// The archive of all events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EventArchive {
    pub(super) archive: Arc<Archive>,
    pub(super) marks: Marks,
    /// Held from the reading of a photo's record, or that there is none, until it is written.
    pub(super) amending: Arc<Mutex<()>>,
}

/// What storing a photo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is in the archive, durably.
    New,
    /// It was there.
    Duplicate,
}

/// What a volume says of its event, so that the catalogue's list can be made again.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredEvent {
    pub(super) record: EventRecord,
    pub(super) access_code: AccessCode,
}

impl EventArchive {
    /// Opens the archive below the node's data folder.
    ///
    /// # Errors
    /// When the folder can't be used.
    pub fn open(config: &PhotographerConfig) -> Result<Self, NodeError> {
        let options = ArchiveOptions {
            reserve_bytes: config.reserve_bytes,
            ballast_bytes: config.ballast_bytes,
            volume_bytes_max: VOLUME_BYTES_MAX,
            ..ArchiveOptions::default()
        };
        let archive = Archive::open(&config.data_dir.join("archive"), options)?;
        Ok(Self { archive: Arc::new(archive), marks: Marks::default(), amending: Arc::default() })
    }

    /// Says by these marks that something is other.
    pub(super) fn marked_by(self, marks: &Marks) -> Self {
        Self { marks: marks.clone(), ..self }
    }

    /// Stores photos with their renditions, all by one flush; durable when this returns.
    /// What it did with each, in their order.
    ///
    /// # Errors
    /// When the disk's reserve is reached or the volume can't be written; none of the
    /// photos is there then.
    pub fn put(&self, event_id: EventId, photos: &[&NewPhoto]) -> Result<Vec<Put>, NodeError> {
        let _alone = self.amending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = HashSet::new();
        let is_new = |photo: &&NewPhoto| {
            let photo_id = photo.stored.photo_id();
            Ok(!self.has_readable(event_id, photo_id)? && known.insert(photo_id))
        };
        let are_new = photos.iter().map(is_new).collect::<Result<Vec<bool>, NodeError>>()?;
        let new: Vec<&NewPhoto> = photos.iter().zip(&are_new).filter(|(_, is_new)| **is_new).map(|(p, _)| *p).collect();
        if !new.is_empty() {
            self.put_new(event_id, &new)?;
        }
        Ok(are_new.into_iter().map(|is_new| if is_new { Put::New } else { Put::Duplicate }).collect())
    }

    fn put_new(&self, event_id: EventId, photos: &[&NewPhoto]) -> Result<(), NodeError> {
        let parts =
            |photo: &&NewPhoto| [photo.stored.photo_id().0, photo.stored.thumbnail.hash, photo.stored.proof.hash];
        let hashes: Vec<ContentHash> = photos.iter().flat_map(parts).collect();
        let bytes = photos.iter().flat_map(|photo| [photo.original.as_slice(), &photo.thumbnail, &photo.proof]);
        let blobs = bytes.zip(hashes).map(|(bytes, hash)| NewBlob::hashed(hash.0, bytes));
        let record = |photo: &&NewPhoto| Ok((photo_name(photo.stored.photo_id()), photo.stored.encode()?));
        let records = photos.iter().map(record).collect::<Result<Vec<_>, NodeError>>()?;
        let records: Vec<(&[u8], &[u8])> = records.iter().map(|(name, record)| (&name[..], &record[..])).collect();
        self.store(event_id, &mut blobs.collect::<Vec<_>>(), &records)?;
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// Stores a photo that was read from its beginning to its end at another home, unless it is
    /// here by now; durable when this returns. Whether it was not here.
    ///
    /// # Errors
    /// As [`Self::put`], and when the original is not the one that its id says.
    pub(super) fn put_copy(
        &self,
        event_id: EventId,
        photo: &StoredPhoto,
        original: &mut dyn Read,
        thumbnail: &[u8],
        proof: &[u8],
    ) -> Result<bool, NodeError> {
        let _alone = self.amending.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_readable(event_id, photo.photo_id())? {
            return Ok(false);
        }
        let mut blobs = [
            NewBlob::read(photo.photo_id().0.0, original),
            NewBlob::hashed(photo.thumbnail.hash.0, thumbnail),
            NewBlob::hashed(photo.proof.hash.0, proof),
        ];
        let (name, record) = (photo_name(photo.photo_id()), photo.encode()?);
        self.store(event_id, &mut blobs, &[(&name, &record)])?;
        Ok(true)
    }

    /// Whether so many bytes can be written before the disk's reserve is reached.
    ///
    /// # Errors
    /// When they can't, or the disk can't be asked.
    pub(super) fn check_room(&self, bytes: u64) -> Result<(), NodeError> {
        if self.archive.room_bytes()? >= bytes {
            return Ok(());
        }
        Err(NodeError::NotNow { problem: "The disk has no room for another original and its reserve.".into() })
    }

    /// Stores how an edited photo looks in place of how it looked before; durable when this
    /// returns. What is said of it stays as it is by now.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn replace(&self, event_id: EventId, photo: &NewPhoto) -> Result<(), NodeError> {
        let _alone = self.amending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stored = photo.stored.clone();
        if let Some(now) = self.photo(event_id, stored.photo_id())? {
            stored.describe(now.record);
        }
        self.replace_with(event_id, &stored, &photo.thumbnail, &photo.proof)
    }

    /// Stores a photo's record and renditions in place of those before, in another volume
    /// where its own is damaged; durable when this returns.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(super) fn replace_with(
        &self,
        event_id: EventId,
        photo: &StoredPhoto,
        thumbnail: &[u8],
        proof: &[u8],
    ) -> Result<(), NodeError> {
        let mut blobs =
            [NewBlob::hashed(photo.thumbnail.hash.0, thumbnail), NewBlob::hashed(photo.proof.hash.0, proof)];
        let (photo_id, record) = (photo.photo_id(), photo.encode()?);
        match self.volume_of(event_id, photo_id)?.amend(&mut blobs, &[(&photo_name(photo_id), &record)]) {
            Err(error) if error.is_of_damage() => {
                let original = self.original(event_id, photo_id)?;
                let original = NewBlob::hashed(photo_id.0.0, &original);
                return self.put_elsewhere(event_id, photo, original, thumbnail, proof);
            }
            done => done?,
        }
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// Stores a photo whole in another volume than the one that has it, which is damaged.
    pub(super) fn put_elsewhere<'a>(
        &self,
        event_id: EventId,
        photo: &StoredPhoto,
        original: NewBlob<'a>,
        thumbnail: &'a [u8],
        proof: &'a [u8],
    ) -> Result<(), NodeError> {
        let mut blobs =
            [original, NewBlob::hashed(photo.thumbnail.hash.0, thumbnail), NewBlob::hashed(photo.proof.hash.0, proof)];
        let (photo_id, record) = (photo.photo_id(), photo.encode()?);
        self.store_elsewhere(event_id, photo_id, &mut blobs, &[(&photo_name(photo_id), &record)])
    }

    /// Takes over what is said of a photo anew; durable when this returns. Whether anything
    /// of it is other than before; then `note` was called first.
    ///
    /// # Errors
    /// As [`Self::put`], and those of `note`.
    pub fn describe(
        &self,
        event_id: EventId,
        said: PhotoRecord,
        note: impl FnOnce() -> Result<(), NodeError>,
    ) -> Result<bool, NodeError> {
        let photo_id = said.photo_id;
        let _alone = self.amending.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut photo) = self.photo(event_id, photo_id)? else { return Ok(false) };
        if !photo.describe(said) {
            return Ok(false);
        }
        note()?;
        let record = photo.encode()?;
        self.volume_of(event_id, photo_id)?.amend(&mut [], &[(&photo_name(photo_id), &record)])?;
        self.marks.changed_in(event_id);
        Ok(true)
    }

    /// Gives back the space of renditions that photos had, where no photo has them now.
    ///
    /// # Errors
    /// When a volume can't be read or written.
    pub fn forget_renditions(&self, event_id: EventId, before: &[StoredPhoto]) -> Result<(), NodeError> {
        let renditions =
            |photo: &StoredPhoto| [photo.thumbnail.hash, photo.proof.hash].map(|hash| (photo.photo_id(), hash));
        self.forget(event_id, &before.iter().flat_map(renditions).collect::<Vec<_>>())
    }

    /// Gives back the space of files that were made of photos, where no photo consists of
    /// them: a proof or print file that was exported and imported again is an original.
    ///
    /// # Errors
    /// When a volume can't be read or written.
    pub fn forget(&self, event_id: EventId, files: &[(PhotoId, ContentHash)]) -> Result<(), NodeError> {
        let listed = self.listed(event_id);
        if listed.trouble.is_some() {
            // A photo that can't be read may consist of them.
            return Ok(());
        }
        let used: HashSet<ContentHash> = listed.photos.iter().flat_map(StoredPhoto::files).collect();
        let volumes = self.volumes(event_id).open;
        for (_, hash) in files.iter().filter(|(_, hash)| !used.contains(hash)) {
            for volume in &volumes {
                volume.remove(&[hash.0], &[])?;
            }
        }
        Ok(())
    }

    /// Stores a file that was made of a photo for printing, with its hash.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_print_file(
        &self,
        event_id: EventId,
        (photo_id, root): (PhotoId, ContentHash),
        file: &[u8],
    ) -> Result<(), NodeError> {
        let mut blob = [NewBlob::hashed(root.0, file)];
        match self.volume_of(event_id, photo_id)?.amend(&mut blob, &[]) {
            Err(error) if error.is_of_damage() => self.store_elsewhere(event_id, photo_id, &mut blob, &[]),
            done => Ok(done?),
        }
    }

    /// Whether all originals and print files are there, each by its photo and its hash.
    ///
    /// # Errors
    /// When a volume can't be read.
    pub fn has_files(&self, event_id: EventId, files: &[(PhotoId, ContentHash)]) -> Result<bool, NodeError> {
        for (photo_id, root) in files {
            if !self.has(event_id, *photo_id)? || self.volume_with(event_id, *root)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the event has the photo.
    ///
    /// # Errors
    /// When a volume can't be read.
    pub fn has(&self, event_id: EventId, photo_id: PhotoId) -> Result<bool, NodeError> {
        Ok(self.home_of(event_id, photo_id)?.is_some())
    }

    /// As [`Self::has`]; a photo that can't be read for damage is none.
    ///
    /// # Errors
    /// When a volume can't be read for another reason.
    pub(super) fn has_readable(&self, event_id: EventId, photo_id: PhotoId) -> Result<bool, NodeError> {
        match self.has(event_id, photo_id) {
            Err(error) if error.is_of_damage() => Ok(false),
            has => has,
        }
    }

    /// The photo's record.
    ///
    /// # Errors
    /// When a volume can't be read.
    pub fn photo(&self, event_id: EventId, photo_id: PhotoId) -> Result<Option<StoredPhoto>, NodeError> {
        self.home_of(event_id, photo_id)?.map(|(_, record)| StoredPhoto::decode(&record)).transpose()
    }

    /// A rendition's JPEG, checked.
    ///
    /// # Errors
    /// When it is not there or damaged.
    pub fn rendition(&self, event_id: EventId, hash: ContentHash) -> Result<Vec<u8>, NodeError> {
        let mut trouble = None;
        for volume in self.volumes(event_id).open.into_iter().rev() {
            match volume.read_blob(&hash.0) {
                Err(StoreError::BlobMissing) => {}
                Err(error) if error.is_of_damage() => trouble = trouble.or(Some(error)),
                read => return Ok(read?),
            }
        }
        Err(trouble.unwrap_or(StoreError::BlobMissing).into())
    }

    /// The whole original, checked.
    ///
    /// # Errors
    /// When it is not there or damaged.
    pub fn original(&self, event_id: EventId, photo_id: PhotoId) -> Result<Vec<u8>, NodeError> {
        Ok(self.volume_of(event_id, photo_id)?.read_blob(&photo_id.0.0)?)
    }

    /// `length` bytes from `offset` on of an original, a rendition or a print file, by its
    /// hash; the reader checks them.
    ///
    /// # Errors
    /// When they are not there.
    pub fn file_range(
        &self,
        event_id: EventId,
        root: ContentHash,
        offset: u64,
        length: usize,
    ) -> Result<RangeBytes, NodeError> {
        // Usually there is one volume, and each question to one costs as much as kilobytes.
        let (mut trouble, volumes) = (None, self.volumes(event_id));
        for volume in volumes.open.into_iter().rev() {
            match volume.read_range(&root.0, offset, length) {
                Err(StoreError::BlobMissing) => {}
                Err(error) if error.is_of_damage() => trouble = trouble.or(Some(error)),
                read => return Ok(RangeBytes::of_parts(read?)),
            }
        }
        let shut = volumes.shut.into_iter().next().map(|(_, error)| error);
        Err(trouble.or(shut).unwrap_or(StoreError::BlobMissing).into())
    }

    /// Stores what the event's own volume says of it.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_event(&self, record: &EventRecord, access_code: &AccessCode) -> Result<(), NodeError> {
        let stored = StoredEvent { record: record.clone(), access_code: access_code.clone() };
        self.store(record.event_id, &mut [], &[(EVENT_NAME, &codec::encode(&stored)?)])
    }

    /// Keeps the mark over the event's proofs; durable when this returns.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(super) fn put_proof_mark(&self, event_id: EventId, kept: &KeptMark) -> Result<(), NodeError> {
        let bytes = kept.encode()?;
        let hash = ContentHash::of(&bytes);
        let mut blobs = [NewBlob::hashed(hash.0, &bytes)];
        self.store(event_id, &mut blobs, &[(MARK_NAME, hash.as_bytes())])
    }

    /// Stores the event's mark anew where the disk has damaged it; durable when this returns.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub(super) fn mend_proof_mark(&self, event_id: EventId, kept: &KeptMark) -> Result<(), NodeError> {
        let bytes = kept.encode()?;
        for volume in self.volumes(event_id).open {
            match volume.mend(NewBlob::hashed(ContentHash::of(&bytes).0, &bytes)) {
                Ok(_) | Err(StoreError::BlobMissing) => {}
                Err(error) if error.is_of_damage() => volume.close_to_new(),
                Err(error) => return Err(error.into()),
            }
        }
        self.put_proof_mark(event_id, kept)
    }

    /// The mark that the event keeps, by what the newest volume that has one says.
    ///
    /// # Errors
    /// When a volume or the mark can't be read.
    pub(super) fn proof_mark(&self, event_id: EventId) -> Result<Option<KeptMark>, NodeError> {
        for volume in self.volumes(event_id).open.into_iter().rev() {
            match volume.record(MARK_NAME).map(|hash| hash.and_then(|hash| hash.try_into().ok())) {
                // Damaged itself, it is no mark that the node may do without.
                Ok(Some(hash)) => return KeptMark::decode(&volume.read_blob(&hash)?).map(Some),
                Ok(None) => {}
                // An older volume may have it; else the node's own holds, as for a new event.
                Err(error) if error.is_of_damage() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Removes an event with all its photos; their space is given back at once. The last
    /// volume goes first, so that what a crash leaves is still found.
    ///
    /// # Errors
    /// When a folder can't be removed.
    pub fn remove_event(&self, event_id: EventId) -> Result<(), NodeError> {
        let prefix = format!("{event_id}-");
        let volumes = self.archive.list()?.into_iter().filter(|id| id.starts_with(&prefix));
        for id in volumes.rev() {
            self.archive.remove_volume(&id)?;
        }
        self.marks.changed();
        Ok(())
    }

    /// Every event that the volumes know, by what its newest volume says. What can't be read
    /// hides no other.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn events(&self) -> Result<Vec<(EventRecord, AccessCode)>, NodeError> {
        let mut found = HashMap::new();
        for id in self.archive.list()? {
            let record =
                self.archive.volume(&id).and_then(|volume| volume.map_or(Ok(None), |of| of.record(EVENT_NAME)));
            let stored = record.map_err(NodeError::from).and_then(|record| {
                Ok(record.map(|record| codec::decode::<StoredEvent>(&record, EVENT_RECORD_BYTES_MAX)).transpose()?)
            });
            match stored {
                Ok(Some(stored)) => drop(found.insert(stored.record.event_id, (stored.record, stored.access_code))),
                Ok(None) => {}
                Err(error) => tracing::debug!(volume = id, %error, "what it says of its event can't be read"),
            }
        }
        Ok(found.into_values().collect())
    }

    /// Whether a volume says what the event is.
    pub(super) fn knows_event(&self, event_id: EventId) -> bool {
        self.volumes(event_id).event_record().is_some()
    }

    /// The newest volume that has a file.
    fn volume_with(&self, event_id: EventId, hash: ContentHash) -> Result<Option<Volume>, NodeError> {
        let mut trouble = None;
        for volume in self.volumes(event_id).open.into_iter().rev() {
            match volume.has_blob(&hash.0) {
                Ok(true) => return Ok(Some(volume)),
                Ok(false) => {}
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        trouble.map_or(Ok(None), |error| Err(error.into()))
    }
}

pub(super) fn volume_id(event_id: EventId, number: u32) -> String {
    format!("{event_id}-{number:03}")
}

pub(super) fn photo_name(photo_id: PhotoId) -> Vec<u8> {
    [PHOTO_PREFIX, photo_id.0.as_bytes()].concat()
}
