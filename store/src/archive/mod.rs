//! The archive: a folder of volumes, one sled database each, with the guard rails
//! that sled lacks. Stores blobs under their BLAKE3 and records under names; does not
//! know what a photo or an event means.
//!
//! | file | owns |
//! |---|---|
//! | `lock` | one process on a data folder, which names itself |
//! | `reserve` | free space that is left alone, and the ballast |
//! | `handle` | one open sled database: reopened often, fenced on any error |
//! | `journal` | what sled acknowledged, compared before it opens a volume |
//! | `format` | keys and stored bytes |
//! | `volume` | blobs and records |
//! | `scrub` | reading everything again; removing what a crash left |
//! | `watch` | work that may never come back, with a deadline |
//! | `export` | plain files, readable without this program |
//!
//! Why so careful: sled keeps what it wrote in memory until it is closed, hangs when
//! its disk is full, refuses the whole database when its newest snapshot is bad, and
//! searches for ever where a damaged journal was cut short.

mod export;
mod format;
mod handle;
mod journal;
mod lock;
mod reserve;
mod scrub;
mod volume;
mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use lock::DataLock;
pub use scrub::{ScrubProgress, ScrubReport};
pub use volume::{Entries, NewBlob, Volume};

use crate::error::StoreError;
use crate::limits;
use reserve::Reserve;

/// How an archive treats its disk.
#[derive(Debug, Clone)]
pub struct ArchiveOptions {
    /// Free bytes below which nothing is written; reads and deletes go on.
    pub reserve_bytes: u64,
    /// A file of this length is kept, and given up to get out of a full disk; 0 keeps none.
    pub ballast_bytes: u64,
    /// A volume that holds more takes no further blob.
    pub volume_bytes_max: u64,
    /// A volume that takes longer to open is fenced off.
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
    open: Mutex<BTreeMap<String, Volume>>,
    /// Volumes that could not be opened, and why: not tried again by this process.
    fenced: Mutex<BTreeMap<String, String>>,
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
        Ok(Self { dir: dir.to_owned(), options, reserve, open: Mutex::default(), fenced: Mutex::default() })
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

    /// The volume of that id, if there is one.
    ///
    /// # Errors
    /// [`StoreError::VolumeFenced`], and those of opening it.
    pub fn volume(&self, id: &str) -> Result<Option<Volume>, StoreError> {
        let mut open = self.open_volumes();
        if let Some(volume) = open.get(id) {
            return Ok(Some(volume.clone()));
        }
        let dir = self.volume_dir(id)?;
        if !dir.is_dir() {
            return Ok(None);
        }
        let volume = self.open_volume(id, &dir)?;
        open.insert(id.to_owned(), volume.clone());
        Ok(Some(volume))
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
        let volume = self.open_volume(id, &dir)?;
        self.open_volumes().insert(id.to_owned(), volume.clone());
        Ok(volume)
    }

    /// Removes a volume with all it holds; its space is given back at once. Handles to
    /// it that are still about answer [`StoreError::VolumeFenced`].
    ///
    /// # Errors
    /// [`StoreError::ArchiveFolder`].
    pub fn remove_volume(&self, id: &str) -> Result<(), StoreError> {
        let dir = self.volume_dir(id)?;
        if let Some(volume) = self.open_volumes().remove(id) {
            volume.close_for_removal();
        }
        self.fenced.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
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

    fn open_volume(&self, id: &str, dir: &Path) -> Result<Volume, StoreError> {
        let mut fenced = self.fenced.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cause) = fenced.get(id) {
            return Err(handle::fenced(id, cause));
        }
        let work = {
            let (id, dir, reserve, options) =
                (id.to_owned(), dir.to_owned(), self.reserve.clone(), self.options.clone());
            move || Ok(Volume::open(&id, &dir, reserve, &options))
        };
        let cause = match watch::within(self.options.deadline, work) {
            Ok(Ok(volume)) => return Ok(volume),
            Ok(Err(StoreError::VolumeFenced { cause, .. })) | Err(cause) => cause,
            Ok(Err(error)) => return Err(error),
        };
        tracing::error!(volume = id, %cause, "the volume can't be opened; it is fenced off until the program starts again");
        fenced.insert(id.to_owned(), cause.clone());
        Err(handle::fenced(id, &cause))
    }

    fn volume_dir(&self, id: &str) -> Result<PathBuf, StoreError> {
        if is_volume_id(id) { Ok(self.dir.join(id)) } else { Err(StoreError::VolumeIdUnusable) }
    }

    fn open_volumes(&self) -> MutexGuard<'_, BTreeMap<String, Volume>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
