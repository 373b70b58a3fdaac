//! The receiving folder: print files on their way, each a file of its full length that
//! fills range by range. Which ranges of it count is the catalogue's. All functions block.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::subtree::{Subtrees, range_bytes};

use super::catalogue::ContentKey;
use super::hot_folder::sync_folder;
use crate::error::NodeError;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Receiving {
    folder: PathBuf,
}

/// One print file on its way.
#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    file: Mutex<File>,
    is_new: bool,
}

impl Receiving {
    /// The receiving folder in `data_dir`.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("receiving") }
    }

    /// Where a print file is while it is on its way: `receiving/<photographer>/<hash>.part`.
    pub(super) fn path(&self, key: &ContentKey) -> PathBuf {
        self.folder.join(key.photographer.to_string()).join(format!("{}.part", key.root))
    }

    /// Opens a print file of `bytes`; one that is missing is made, its name durable.
    pub(super) fn open(&self, key: &ContentKey, bytes: u64) -> Result<PartFile, NodeError> {
        let path = self.path(key);
        let opened = || {
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder)?;
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            let (file, is_new) = match options.open(&path) {
                Ok(file) => (file, false),
                Err(error) if error.kind() == io::ErrorKind::NotFound => (options.create_new(true).open(&path)?, true),
                Err(error) => return Err(error),
            };
            if file.metadata()?.len() != bytes {
                file.set_len(bytes)?;
            }
            Ok((file, is_new))
        };
        let (file, is_new) = opened().map_err(|error| NodeError::file(&path, &error))?;
        if is_new {
            path.parent().map_or(Ok(()), sync_folder)?;
            sync_folder(&self.folder)?;
        }
        Ok(PartFile { path, file: Mutex::new(file), is_new })
    }

    /// Removes a print file that no job needs any more.
    pub(super) fn remove(&self, key: &ContentKey) {
        if let Err(error) = fs::remove_file(self.path(key))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %key.root, %error, "a received file could not be removed");
        }
        // Goes only when it is empty.
        drop(fs::remove_dir(self.folder.join(key.photographer.to_string())));
    }

    /// Removes whatever no unfinished job needs: a lab that was killed between a
    /// job's end and the removal of its files left them.
    pub(super) fn remove_all_but(&self, needed: &[ContentKey]) {
        let needed: HashSet<PathBuf> = needed.iter().map(|key| self.path(key)).collect();
        let names_in = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in names_in(&self.folder).flat_map(|folder| names_in(&folder)) {
            if path.extension().is_some_and(|ending| ending == "part") && !needed.contains(&path) {
                drop(fs::remove_file(&path));
            }
        }
    }
}

impl PartFile {
    /// Whether [`Receiving::open`] had to make it: nothing of it counts then.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes range `at`. Not durable before [`Self::sync`].
    pub(super) fn write(&self, at: u64, range: &[u8]) -> Result<(), NodeError> {
        let mut file = self.file();
        let written = file.seek(SeekFrom::Start(at * RANGE_BYTES)).and_then(|_| file.write_all(range));
        self.said(written)
    }

    /// Makes what was written durable.
    pub(super) fn sync(&self) -> Result<(), NodeError> {
        // The lock is not held meanwhile, so that further ranges can be written.
        let file = self.file().try_clone();
        self.said(file.and_then(|file| file.sync_data()))
    }

    /// Reads the whole file back and gives the ranges that are not as announced. None
    /// means that the file has its content hash, for the hashes merge to it.
    pub(super) fn bad_ranges(&self, subtrees: &Subtrees) -> Result<Vec<u64>, NodeError> {
        let mut file = self.said(File::open(&self.path))?;
        let mut bad = Vec::new();
        let mut range = Vec::new();
        for at in 0..subtrees.count() {
            range.clear();
            let bytes = range_bytes(subtrees.file_bytes(), at);
            self.said((&mut file).take(bytes).read_to_end(&mut range))?;
            if subtrees.check_range(at, &range).is_err() {
                bad.push(at);
            }
        }
        Ok(bad)
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said<T>(&self, outcome: io::Result<T>) -> Result<T, NodeError> {
        outcome.map_err(|error| NodeError::file(&self.path, &error))
    }
}
