//! Blobs and records of one volume. A write is acknowledged when it is flushed; the
//! header that makes a blob visible, and the records that name it, are written last,
//! together.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sled::{Batch, InlineArray};

use super::ArchiveOptions;
use super::database::Database;
use super::format::{
    HEADER_PREFIX, Hash, Header, SCHEMA_FIRST, SCHEMA_KEY, SCHEMA_VERSION, SEALED_KEY, Shelf, header_key, record_key,
};
use super::handle::Handle;
use super::layout::Layout;
use super::listing::{Listed, Walk};
use super::range::{self, Found, Part};
use super::reserve::Reserve;
use super::writing::NewBlob;
use crate::error::StoreError;
use crate::limits::{BLOB_BYTES_MAX, RECORD_BYTES_MAX, RECORDS_LISTED_MAX};

/// Names or keys with what stands under them.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// More bytes than any volume may hold.
const FAR_TOO_MANY: u64 = u64::MAX / 2;

/// One sled database. Cheap to clone; clones are the same volume.
#[derive(Debug, Clone)]
pub struct Volume {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    id: String,
    handle: Handle,
    reserve: Arc<Reserve>,
    bytes_max: u64,
    /// Blob bytes that are in the volume; far too many where nothing new may come.
    held_bytes: AtomicU64,
    /// It says that it has the newest format, so that no older program takes it for its own.
    is_newest: AtomicBool,
    /// One writer at a time.
    writing: Mutex<()>,
}

impl Volume {
    pub(super) fn open(
        id: &str,
        dir: &Path,
        reserve: Arc<Reserve>,
        options: &ArchiveOptions,
    ) -> Result<Self, StoreError> {
        let handle = Handle::open(id, dir, options.deadline)?;
        let bytes_max = options.volume_bytes_max;
        let is_newest = AtomicBool::new(check_schema(id, &handle)? == SCHEMA_VERSION);
        let (id, held_bytes, writing) = (id.to_owned(), AtomicU64::new(0), Mutex::new(()));
        let shared = Shared { id, handle, reserve, bytes_max, held_bytes, is_newest, writing };
        let volume = Self { shared: Arc::new(shared) };
        volume.count_held_bytes()?;
        Ok(volume)
    }

    /// The volume's id.
    pub fn id(&self) -> &str {
        &self.shared.id
    }

    /// Stores blobs and records durably: when this returns, all of them are on the
    /// disk; on an error none is visible. Blobs that are there already are not written
    /// again.
    ///
    /// # Errors
    /// [`StoreError::DiskReserveReached`], [`StoreError::VolumeSealed`],
    /// [`StoreError::BlobHashWrong`], [`StoreError::BlobTooBig`],
    /// [`StoreError::RecordTooBig`], [`StoreError::PartUnreadable`] or
    /// [`StoreError::BlobDamaged`] when something would have to go where a part is damaged
    /// (nothing has happened then), and [`StoreError::VolumeFenced`].
    pub fn put(&self, blobs: &mut [NewBlob<'_>], records: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        if self.is_sealed()? {
            return Err(StoreError::VolumeSealed { volume: self.shared.id.clone() });
        }
        self.amend(blobs, records)
    }

    /// As [`Self::put`], into a sealed volume too: for what belongs to what it has, a
    /// changed record or another rendition.
    ///
    /// # Errors
    /// As [`Self::put`], but for [`StoreError::VolumeSealed`].
    pub fn amend(&self, blobs: &mut [NewBlob<'_>], records: &[(&[u8], &[u8])]) -> Result<(), StoreError> {
        let _one_writer = self.alone();
        let mut batch = Batch::default();
        for (name, record) in records {
            if record.len() > RECORD_BYTES_MAX {
                return Err(StoreError::RecordTooBig { bytes: record.len() });
            }
            batch.insert(record_key(name), record.to_vec());
        }
        self.check_places(records.iter().map(|(name, _)| record_key(name)).collect())?;
        let mut written = 0;
        let mut added = 0;
        // Asked before anything is written, since what is unflushed is flushed to read.
        let shelves = blobs.iter().map(|blob| self.shelf_for_new(&blob.hash)).collect::<Result<Vec<_>, _>>()?;
        self.become_newest(shelves.iter().any(Option::is_some))?;
        for (blob, shelf) in blobs.iter_mut().zip(shelves) {
            let bytes = self.write_blob(blob, shelf, &mut written)?;
            if let Some(shelf) = shelf {
                let header = Header { bytes, layout: Layout::NEW, shelf };
                batch.insert(header_key(&blob.hash).to_vec(), header.encoded());
                added += bytes;
            }
        }
        self.commit(batch)?;
        self.shared.held_bytes.fetch_add(added, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the blob is there.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`].
    pub fn has_blob(&self, hash: &Hash) -> Result<bool, StoreError> {
        Ok(self.blob_bytes(hash)?.is_some())
    }

    /// The blob's length in bytes, if it is there.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`].
    pub fn blob_bytes(&self, hash: &Hash) -> Result<Option<u64>, StoreError> {
        Ok(self.header(hash)?.map(|header| header.bytes))
    }

    pub(super) fn header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        let key = header_key(hash);
        let found = self.shared.handle.read(move |database| database.get(&key))?;
        found.map(|header: InlineArray| Header::read(&self.shared.id, &header)).transpose()
    }

    /// The whole blob, checked against its hash.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], [`StoreError::BlobDamaged`].
    pub fn read_blob(&self, hash: &Hash) -> Result<Vec<u8>, StoreError> {
        let header = self.header(hash)?.ok_or(StoreError::BlobMissing)?;
        let (bytes, at_once) = (header.bytes, u32::from(header.layout.pieces_per_run()));
        let mut blob = Vec::with_capacity(usize::try_from(bytes.min(BLOB_BYTES_MAX)).unwrap_or(0));
        for first in (0..header.pieces()).step_by(at_once as usize) {
            let next = first.saturating_add(at_once).min(header.pieces());
            blob = self.append_pieces((header.shelf, hash), first..next, blob)?;
        }
        if blob.len() as u64 == bytes && blake3::hash(&blob).as_bytes() == hash {
            return Ok(blob);
        }
        Err(self.damaged())
    }

    /// `length` bytes of the blob from `offset` on, at most [`crate::limits::RANGE_BYTES_MAX`]: in
    /// parts, one after another. Not checked against the blob's hash: whoever gets a range
    /// checks it by its own.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], [`StoreError::BlobDamaged`] when the blob is
    /// shorter than it says, [`StoreError::RangeOutside`].
    pub fn read_range(&self, hash: &Hash, offset: u64, length: usize) -> Result<Vec<Part>, StoreError> {
        let hash = *hash;
        match self.shared.handle.read(move |database| range::find(database, &hash, offset, length)) {
            Ok(Found::Here(parts)) => Ok(parts),
            Ok(Found::Outside(bytes)) => Err(StoreError::RangeOutside { offset, length: length as u64, bytes }),
            Ok(Found::Missing) => Err(StoreError::BlobMissing),
            Ok(Found::Damaged) | Err(StoreError::PartUnreadable { .. }) => Err(self.damaged()),
            Err(error) => Err(error),
        }
    }

    /// Removes a blob and its records, durably. Its space is used again by this volume. What
    /// stands next to a damaged part stays.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`].
    pub fn remove(&self, blobs: &[Hash], records: &[&[u8]]) -> Result<(), StoreError> {
        let _one_writer = self.alone();
        let mut batch = Batch::default();
        for name in records.iter().map(|name| record_key(name)) {
            if self.may_go(name.clone())? {
                batch.remove(name);
            }
        }
        let mut gone = Vec::new();
        for hash in blobs {
            if let Some(header) = self.header(hash)?
                && self.may_go(header_key(hash).to_vec())?
            {
                batch.remove(header_key(hash).to_vec());
                gone.push((*hash, header));
            }
        }
        self.commit(batch)?;
        for (hash, header) in gone {
            self.shared.held_bytes.fetch_sub(header.bytes, Ordering::Relaxed);
            self.let_go(&hash, header)?;
        }
        self.shared.handle.write(Database::flush)
    }

    /// The record of that name.
    ///
    /// # Errors
    /// [`StoreError::PartUnreadable`], [`StoreError::VolumeFenced`].
    pub fn record(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = record_key(name);
        let found = self.shared.handle.read(move |database| database.get(&key))?;
        Ok(found.map(|record| record.to_vec()))
    }

    /// Name and content of all records whose name begins with `prefix`, by name, as far as
    /// they can be read.
    ///
    /// # Errors
    /// [`StoreError::TooManyRecords`] above [`RECORDS_LISTED_MAX`], [`StoreError::VolumeFenced`].
    pub fn records(&self, prefix: &[u8]) -> Result<Listed, StoreError> {
        self.records_listed(prefix, true)
    }

    /// As [`Self::records`], without their content.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn names(&self, prefix: &[u8]) -> Result<Listed, StoreError> {
        self.records_listed(prefix, false)
    }

    fn records_listed(&self, prefix: &[u8], with_values: bool) -> Result<Listed, StoreError> {
        let mut listed = self.listed(record_key(prefix), with_values)?;
        listed.entries.iter_mut().for_each(|(name, _)| *name = name.split_off(1));
        Ok(listed)
    }

    /// How many records have a name that begins with `prefix`.
    ///
    /// # Errors
    /// As [`Self::records`], and [`StoreError::PartUnreadable`].
    pub fn count(&self, prefix: &[u8]) -> Result<u64, StoreError> {
        Ok(self.whole(self.names(prefix)?)?.len() as u64)
    }

    /// Hash and length of all blobs.
    ///
    /// # Errors
    /// As [`Self::count`], and [`StoreError::RecordDamaged`].
    pub fn blobs(&self) -> Result<Vec<(Hash, u64)>, StoreError> {
        Ok(self.headers()?.into_iter().map(|(hash, header)| (hash, header.bytes)).collect())
    }

    pub(super) fn headers(&self) -> Result<Vec<(Hash, Header)>, StoreError> {
        let entries = self.whole(self.headers_listed()?)?;
        let header = |(hash, header)| Header::read(&self.shared.id, header).map(|header| (hash, header));
        hashes(&entries).map(header).collect()
    }

    /// The lists of headers, as far as they can be read.
    pub(super) fn headers_listed(&self) -> Result<Listed, StoreError> {
        self.listed(vec![HEADER_PREFIX], true)
    }

    /// Takes nothing new any more, as long as the program runs: as if it were full.
    pub fn close_to_new(&self) {
        self.shared.held_bytes.store(FAR_TOO_MANY, Ordering::Relaxed);
    }

    /// Whether the volume holds as much as it should.
    pub fn is_full(&self) -> bool {
        self.shared.held_bytes.load(Ordering::Relaxed) >= self.shared.bytes_max
    }

    /// Closes the volume for good: nothing new is put into it, and only what belongs to
    /// what it has is amended.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`], [`StoreError::PartUnreadable`] where that can't be noted.
    pub fn seal(&self) -> Result<(), StoreError> {
        self.check_places(vec![SEALED_KEY.to_vec()])?;
        let mut batch = Batch::default();
        batch.insert(SEALED_KEY, &b"1"[..]);
        self.commit(batch)
    }

    /// Whether the volume is closed for writing; it is where that can't be read.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`].
    pub fn is_sealed(&self) -> Result<bool, StoreError> {
        match self.shared.handle.read(|database| Ok(database.get(SEALED_KEY)?.is_some())) {
            Err(StoreError::PartUnreadable { .. }) => Ok(true),
            read => read,
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.shared.handle
    }

    pub(super) fn reserve(&self) -> &Reserve {
        &self.shared.reserve
    }

    pub(super) fn close_for_removal(&self) {
        self.shared.handle.close_for_removal();
    }

    /// Nobody else writes as long as it is held.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        self.shared.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the volume has the newest format, before the first blob of it is written.
    pub(super) fn become_newest(&self, is_written_to: bool) -> Result<(), StoreError> {
        if !is_written_to || self.shared.is_newest.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.check_places(vec![SCHEMA_KEY.to_vec()])?;
        self.commit(schema())?;
        self.shared.is_newest.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.shared.handle.write(|database| database.commit(batch))
    }

    /// `joined` and some pieces after it, read in one go.
    pub(super) fn append_pieces(
        &self,
        (shelf, hash): (Shelf, &Hash),
        pieces: Range<u32>,
        mut joined: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let hash = *hash;
        let read = self.shared.handle.read(move |database| {
            for piece in pieces {
                let Some(bytes) = database.get(&shelf.piece_key(&hash, piece))? else { return Ok(None) };
                joined.extend_from_slice(&bytes);
            }
            Ok(Some(joined))
        });
        match read {
            Ok(Some(joined)) => Ok(joined),
            Ok(None) | Err(StoreError::PartUnreadable { .. }) => Err(self.damaged()),
            Err(error) => Err(error),
        }
    }

    /// Whether something can be written under all these keys: nothing can where a part is
    /// damaged, and trying it would cost the volume.
    fn check_places(&self, keys: Vec<Vec<u8>>) -> Result<(), StoreError> {
        self.shared.handle.read(move |database| keys.iter().try_for_each(|key| database.get(key).map(drop)))
    }

    /// Whether an entry can be removed: the last of a part can't, next to a damaged one.
    fn may_go(&self, key: Vec<u8>) -> Result<bool, StoreError> {
        match self.shared.handle.read(move |database| database.before(&key).map(drop)) {
            Err(StoreError::PartUnreadable { .. }) => Ok(false),
            looked => looked.map(|()| true),
        }
    }

    fn listed(&self, prefix: Vec<u8>, with_values: bool) -> Result<Listed, StoreError> {
        let listed = self.shared.handle.list(Walk::through(prefix, with_values))?;
        if listed.entries.len() > RECORDS_LISTED_MAX {
            return Err(StoreError::TooManyRecords { volume: self.shared.id.clone() });
        }
        Ok(listed)
    }

    fn whole(&self, listed: Listed) -> Result<Entries, StoreError> {
        if listed.gaps.is_empty() {
            return Ok(listed.entries);
        }
        Err(StoreError::PartUnreadable { volume: self.shared.id.clone() })
    }

    /// Of a volume whose list of blobs is damaged it can't be said; it counts as full,
    /// so that nothing more is entrusted to it.
    fn count_held_bytes(&self) -> Result<(), StoreError> {
        let listed = self.headers_listed()?;
        let headers = hashes(&listed.entries).map(|(_, header)| Header::decoded(header).map(|header| header.bytes));
        let held_bytes = headers.sum::<Option<u64>>().filter(|_| listed.gaps.is_empty());
        self.shared.held_bytes.store(held_bytes.unwrap_or(FAR_TOO_MANY), Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn damaged(&self) -> StoreError {
        StoreError::BlobDamaged { volume: self.shared.id.clone() }
    }
}

/// Blobs' hashes, and their headers as they stand there.
pub(super) fn hashes(entries: &Entries) -> impl Iterator<Item = (Hash, &[u8])> {
    entries.iter().filter_map(|(key, header)| Some((Hash::try_from(key.get(1..)?).ok()?, &header[..])))
}

/// The version of the volume's format; a new one gets this program's. Where it can't be
/// read, what is read says itself how it is to be understood.
fn check_schema(id: &str, handle: &Handle) -> Result<u32, StoreError> {
    let found = match handle.read(|database| database.get(SCHEMA_KEY)) {
        Err(StoreError::PartUnreadable { .. }) => return Ok(SCHEMA_VERSION),
        found => found?,
    };
    let Some(found) = found else {
        handle.write(|database| database.commit(schema()))?;
        return Ok(SCHEMA_VERSION);
    };
    let version = <[u8; 4]>::try_from(&found[..]).map(u32::from_be_bytes).ok();
    let known = version.filter(|version| (SCHEMA_FIRST..=SCHEMA_VERSION).contains(version));
    known.ok_or_else(|| StoreError::VolumeNewer { volume: id.to_owned() })
}

fn schema() -> Batch {
    let mut batch = Batch::default();
    batch.insert(SCHEMA_KEY, SCHEMA_VERSION.to_be_bytes().to_vec());
    batch
}
