//! The archive: a folder of volumes, one sled database each, with the guard rails
//! that sled lacks. Stores blobs under their BLAKE3 and records under names; does not
//! know what a photo or an event means.
//!
//! | file | owns |
//! |---|---|
//! | `lock` | one process on a data folder, which names itself |
//! | `reserve` | free space that is left alone, and the ballast |
//! | `handle` | one open volume: reopened often, fenced on failure |
//! | `worker` | the thread that sled runs on, and how long it is waited for |
//! | `database` | one sled database: opening, flushing, closing |
//! | `words` | what sled's failures mean |
//! | `slabs` | files of sled's that were cut short |
//! | `journal` | what sled acknowledged, compared before it opens a volume |
//! | `format` | keys and stored bytes |
//! | `page_cache` | what the system need not keep in memory |
//! | `layout` | into which pieces a blob is divided |
//! | `volume` | blobs and records |
//! | `damage` | parts that are known to be damaged |
//! | `listing` | a list with a damaged part, and past it |
//! | `writing` | blobs on their way into a volume |
//! | `range` | a part of a blob, read in one go |
//! | `mending` | a damaged blob, written anew beside what is left of it |
//! | `scrub` | reading everything again; removing what a crash left |
//! | `export` | plain files, readable without this program |
//!
//! Why so careful: sled keeps what it wrote in memory until it is closed, hangs when
//! its disk is full, refuses the whole database when its newest snapshot is bad,
//! searches for ever where a damaged journal was cut short, does nothing more after it
//! has read one damaged part, and then never comes back from being dropped.
//!
//! Guarded, then: a changed byte in a file of a volume is an error in words or harms
//! nothing; never wrong bytes, never a photo that counts as never stored, never a wait
//! without end. One in the bytes of photos costs those of one part, until they are stored
//! again: [`Volume::mend`] writes them elsewhere. One in a part that lists photos costs the
//! names in that part, which is said ([`Listed::gaps`]). Whatever is new goes to no damaged
//! part; what has to is refused ([`StoreError::PartUnreadable`]), and belongs into another
//! volume.
//!
//! Not guarded: one in the journal makes the volume an error, until its folder is put back
//! from a copy or its photos are stored in another. A damaged part is not mended in place,
//! and keeps its space. A database that never comes back keeps its thread, at worst one
//! processor, until the program ends.

mod damage;
mod database;
#[cfg(test)]
mod earlier;
mod export;
mod format;
mod handle;
mod journal;
mod layout;
mod listing;
mod lock;
mod mending;
mod page_cache;
mod range;
mod reserve;
mod scrub;
mod slabs;
mod volume;
mod words;
mod worker;
mod writing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

pub use export::Exported;
pub use listing::Listed;
pub use lock::DataLock;
pub use range::Part;
pub use scrub::{ScrubProgress, ScrubReport};
pub use volume::{Entries, Volume};
pub use writing::NewBlob;

use crate::error::StoreError;
use crate::limits;
use reserve::Reserve;
use words::Failure;

/// How an archive treats its disk.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// Free bytes below which nothing is written; reads and deletes go on.
    pub reserve_bytes: u64,
    /// A file of this length is kept, and given up to get out of a full disk; 0 keeps none.
    pub ballast_bytes: u64,
    /// A volume that holds more takes no further blob.
    pub volume_bytes_max: u64,
    /// A volume that takes longer to open, or to do anything else, is fenced off.
    pub deadline: Duration,
}

impl Default for ArchiveOptions {
    fn default() -> Self {
        Self {
            reserve_bytes: limits::RESERVE_BYTES,
            ballast_bytes: limits::BALLAST_BYTES,
            volume_bytes_max: limits::VOLUME_BYTES_MAX,
            deadline: limits::VOLUME_DEADLINE,
        }
    }
}

/// A folder of volumes. Volumes are opened when they are asked for, and stay open.
#[derive(Debug)]
pub struct Archive {
    dir: PathBuf,
    options: ArchiveOptions,
    reserve: Arc<Reserve>,
    places: Mutex<BTreeMap<String, Arc<Mutex<Place>>>>,
    /// All ids as they were listed last, and when the folder had changed last by then.
    listed: Mutex<Option<(SystemTime, Vec<String>)>>,
}

/// Where a volume is kept while it is open. Each has its own lock, so that one that is
/// long in opening holds up no other.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Empty,
    Open(Volume),
    /// It could not be opened, and why: not tried again by this process.
    Fenced(Failure),
}

impl Archive {
    /// Opens the archive in `dir`, which is made when it is missing.
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`] when the folder can't be made or read.
    pub fn open(dir: &Path, options: ArchiveOptions) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(|source| folder(dir, source))?;
        let reserve = Arc::new(Reserve::new(dir, &options));
        reserve.keep_ballast();
        Ok(Self { dir: dir.to_owned(), options, reserve, places: Mutex::default(), listed: Mutex::default() })
    }

    /// The ids of all volumes, sorted.
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`].
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        let entries = std::fs::read_dir(&self.dir).map_err(|source| folder(&self.dir, source))?;
        let mut ids: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_volume_id(name))
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// As [`Self::list`], those that begin with `prefix`. The folder is read again only after
    /// something came into it or left it, whoever did that.
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`].
    pub fn list_of(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let changed = std::fs::metadata(&self.dir).and_then(|folder| folder.modified()).ok();
        let mut listed = lock(&self.listed);
        if listed.as_ref().is_none_or(|(before, _)| Some(*before) != changed) {
            let (ids, now) = (self.list()?, changed.unwrap_or(SystemTime::UNIX_EPOCH));
            *listed = Some((now, ids));
        }
        let Some((before, ids)) = &*listed else { return Ok(Vec::new()) };
        let first = ids.partition_point(|id| id.as_str() < prefix);
        let found = ids[first..].iter().take_while(|id| id.starts_with(prefix)).cloned().collect();
        if before.elapsed().map_or(true, |since| since < limits::FOLDER_TIME_SETTLES) {
            *listed = None;
        }
        Ok(found)
    }

    /// The volume of that id, if there is one.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`], and those of opening it.
    pub fn volume(&self, id: &str) -> Result<Option<Volume>, StoreError> {
        let dir = self.volume_dir(id)?;
        if !dir.is_dir() {
            return Ok(None);
        }
        let place = self.place(id);
        let mut place = lock(&place);
        match &*place {
            Place::Open(volume) => return Ok(Some(volume.clone())),
            Place::Fenced(failure) => return Err(handle::fenced(id, failure)),
            Place::Empty => {}
        }
        let opened = Volume::open(id, &dir, self.reserve.clone(), &self.options);
        match &opened {
            Ok(volume) => *place = Place::Open(volume.clone()),
            Err(StoreError::VolumeFenced { cause, .. }) => {
                tracing::error!(volume = id, %cause, "the volume is fenced off until the program starts again");
                *place = Place::Fenced(Failure::Fatal(cause.clone()));
            }
            Err(StoreError::VolumeDamaged { cause, .. }) => *place = Place::Fenced(Failure::Damaged(cause.clone())),
            Err(_) => {}
        }
        opened.map(Some)
    }

    /// The volume of that id, made when it is missing.
    ///
    /// # Errors
    /// [`StoreError::DiskReserveReached`], and those of opening it.
    pub fn create_volume(&self, id: &str) -> Result<Volume, StoreError> {
        if let Some(volume) = self.volume(id)? {
            return Ok(volume);
        }
        let dir = self.volume_dir(id)?;
        self.reserve.check(limits::VOLUME_START_BYTES)?;
        std::fs::create_dir_all(&dir).map_err(|source| folder(&dir, source))?;
        sync_folder(&self.dir)?;
        self.volume(id)?.ok_or_else(|| folder(&dir, std::io::ErrorKind::NotFound.into()))
    }

    /// Removes a volume with all it holds; its space is given back at once. Handles to
    /// it that are still about answer [`StoreError::VolumeFenced`].
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`].
    pub fn remove_volume(&self, id: &str) -> Result<(), StoreError> {
        let dir = self.volume_dir(id)?;
        let place = self.place(id);
        let mut place = lock(&place);
        if let Place::Open(volume) = &*place {
            volume.close_for_removal();
        }
        *place = Place::Empty;
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(|source| folder(&dir, source))?;
            sync_folder(&self.dir)?;
        }
        Ok(())
    }

    /// Gives up the ballast, so that a full disk has room for what must still be
    /// written. It is made again when there is space.
    pub fn release_ballast(&self) {
        self.reserve.release_ballast();
    }

    /// Bytes that can still be written before the reserve is reached.
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`] when the disk can't be asked.
    pub fn room_bytes(&self) -> Result<u64, StoreError> {
        self.reserve.room_bytes()
    }

    fn volume_dir(&self, id: &str) -> Result<PathBuf, StoreError> {
        if is_volume_id(id) { Ok(self.dir.join(id)) } else { Err(StoreError::VolumeIdUnusable) }
    }

    fn place(&self, id: &str) -> Arc<Mutex<Place>> {
        lock(&self.places).entry(id.to_owned()).or_default().clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Letters, digits and dashes: the same on every file system, and no path.
fn is_volume_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= limits::VOLUME_ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn folder(path: &Path, source: std::io::Error) -> StoreError {
    StoreError::ArchiveFolder { path: path.to_owned(), source }
}

/// Makes a new or removed entry of `dir` durable, where the system can.
fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    if cfg!(unix) {
        let opened = std::fs::File::open(dir).and_then(|dir| dir.sync_all());
        return opened.map_err(|source| folder(dir, source));
    }
    Ok(())
}
