//! The receiving folder: print files on their way, each a file of its full length that
//! fills range by range, and those that are kept for a reprint. Which ranges of a file
//! count is the catalogue's. All functions block.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;

use super::catalogue::ContentKey;
use super::hot_folder::has_one_name;
use crate::arriving::{PartFile, sync_folder};
use crate::error::NodeError;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Receiving {
    folder: PathBuf,
    /// Photographers whose folder's name is known to be durable. Held while one is made or removed.
    named: Arc<Mutex<HashSet<PeerId>>>,
}

impl Receiving {
    /// The receiving folder in `data_dir`.
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("receiving"), named: Arc::default() }
    }

    /// Where a print file is while it is on its way: `receiving/<photographer>/<hash>.part`.
    pub(super) fn path(&self, key: &ContentKey) -> PathBuf {
        self.folder.join(key.photographer.to_string()).join(format!("{}.part", key.root))
    }

    /// Opens a print file of `bytes`; one that is missing is made, in a folder whose name
    /// is durable.
    pub(super) fn open(&self, key: &ContentKey, bytes: u64) -> Result<PartFile, NodeError> {
        let mut named = self.named();
        let part = PartFile::open(self.path(key), bytes)?;
        if !named.contains(&key.photographer) {
            sync_folder(&self.folder)?;
            named.insert(key.photographer);
        }
        Ok(part)
    }

    /// Makes a file that is to be written its own: one that was placed has a second name
    /// in an order's folder, whose bytes are the printer's by now.
    pub(super) fn own(&self, key: &ContentKey) -> Result<(), NodeError> {
        let path = self.path(key);
        if !path.exists() || has_one_name(&path) {
            return Ok(());
        }
        let copy = path.with_extension("copy");
        let made = || {
            fs::copy(&path, &copy)?;
            File::open(&copy)?.sync_all()?;
            fs::rename(&copy, &path)
        };
        made().map_err(|error| NodeError::file(&path, &error))
    }

    /// Removes a print file that no job needs any more.
    pub(super) fn remove(&self, key: &ContentKey) {
        if let Err(error) = fs::remove_file(self.path(key))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %key.root, %error, "a received file could not be removed");
        }
        let mut named = self.named();
        // Goes only when it is empty.
        if fs::remove_dir(self.folder.join(key.photographer.to_string())).is_ok() {
            named.remove(&key.photographer);
        }
    }

    fn named(&self) -> MutexGuard<'_, HashSet<PeerId>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes whatever no unfinished job needs: a lab that was killed between a
    /// job's end and the removal of its files left them.
    pub(super) fn remove_all_but(&self, needed: &[ContentKey]) {
        let needed: HashSet<PathBuf> = needed.iter().map(|key| self.path(key)).collect();
        let names_in = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in names_in(&self.folder).flat_map(|folder| names_in(&folder)) {
            let is_ours = path.extension().is_some_and(|ending| ending == "part" || ending == "copy");
            if is_ours && !needed.contains(&path) {
                drop(fs::remove_file(&path));
            }
        }
    }
}
