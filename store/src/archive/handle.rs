//! One open sled database, used by one thread at a time. Reopened after a while,
//! since sled keeps all that it wrote in memory; fenced off for good on any error,
//! and then never dropped, since dropping one hangs when the disk is full.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sled::{Db, Tree};

use super::journal::{self, Journal};
use super::watch::{guarded, within};
use crate::error::StoreError;
use crate::limits::{REOPEN_AFTER_BYTES, VOLUME_CACHE_BYTES};

/// The fanout is a part of the format: it must be the same for ever.
const FANOUT: usize = 4;
/// Photographs do not compress: the fastest setting.
const COMPRESSION: i32 = -5;
/// Where sled keeps its journal, in a volume's folder.
const JOURNAL: &str = "metadata";

/// What a volume's work is done on.
pub(super) struct Trees {
    db: Db<FANOUT>,
    pub(super) blobs: Tree<FANOUT>,
    pub(super) records: Tree<FANOUT>,
    journal: Mutex<Journal>,
}

impl Trees {
    fn open(dir: &Path) -> std::io::Result<Box<Self>> {
        let journal_dir = dir.join(JOURNAL);
        journal::check(&journal_dir).map_err(std::io::Error::other)?;
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity_bytes(VOLUME_CACHE_BYTES)
            .flush_every_ms(None)
            .zstd_compression_level(COMPRESSION);
        let db = config.open::<FANOUT>()?;
        let (blobs, records) = (db.open_tree("blobs")?, db.open_tree("records")?);
        let journal = Mutex::new(Journal::of(&journal_dir));
        Ok(Box::new(Self { db, blobs, records, journal }))
    }

    /// Makes everything written so far durable.
    pub(super) fn flush(&self) -> std::io::Result<()> {
        self.db.flush()?;
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).follow();
        Ok(())
    }
}

enum State {
    Open { trees: Box<Trees>, written_bytes: u64 },
    Fenced { cause: String },
}

/// See the module.
pub(super) struct Handle {
    id: String,
    dir: PathBuf,
    deadline: Duration,
    state: Mutex<State>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle({})", self.id)
    }
}

impl Handle {
    /// Opens the database; reopening it later may take `deadline`.
    pub(super) fn open(id: &str, dir: &Path, deadline: Duration) -> Result<Self, StoreError> {
        let trees = guarded(|| Trees::open(dir)).map_err(|cause| fenced(id, &cause))?;
        let state = Mutex::new(State::Open { trees, written_bytes: 0 });
        Ok(Self { id: id.to_owned(), dir: dir.to_owned(), deadline, state })
    }

    /// Works on the trees. An error or a panic of sled's fences the volume off.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Trees) -> std::io::Result<T>) -> Result<T, StoreError> {
        let mut state = self.lock();
        let trees = match &*state {
            State::Open { trees, .. } => trees,
            State::Fenced { cause } => return Err(fenced(&self.id, cause)),
        };
        guarded(|| work(trees)).map_err(|cause| fence(&self.id, &mut state, cause))
    }

    /// Reads from the trees. What can't be read is damaged, and no reason to give up
    /// the rest of the volume; a panic of sled's is.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Trees) -> std::io::Result<T>) -> Result<T, StoreError> {
        let read = self.with(|trees| Ok(work(trees)))?;
        read.map_err(|error| StoreError::PartUnreadable { volume: self.id.clone(), cause: error.to_string() })
    }

    /// Notes that so much was written and flushed; reopens when it was much.
    pub(super) fn wrote(&self, bytes: u64) -> Result<(), StoreError> {
        let mut state = self.lock();
        let State::Open { written_bytes, .. } = &mut *state else { return Ok(()) };
        *written_bytes += bytes;
        if *written_bytes < REOPEN_AFTER_BYTES {
            return Ok(());
        }
        let closed = State::Fenced { cause: "it could not be opened again".into() };
        let open = mem::replace(&mut *state, closed);
        let dir = self.dir.clone();
        let reopened = within(self.deadline, move || {
            drop(open);
            Trees::open(&dir)
        });
        let trees = reopened.map_err(|cause| fence(&self.id, &mut state, cause))?;
        *state = State::Open { trees, written_bytes: 0 };
        Ok(())
    }

    /// Closes the database, because its files are about to be removed.
    pub(super) fn close_for_removal(&self) {
        let mut state = self.lock();
        let open = mem::replace(&mut *state, State::Fenced { cause: "it was removed".into() });
        drop(guarded(|| {
            drop(open);
            Ok(())
        }));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parks the trees for ever and remembers why.
fn fence(id: &str, state: &mut State, cause: String) -> StoreError {
    let error = fenced(id, &cause);
    tracing::error!(volume = id, %cause, "the volume is fenced off until the program starts again");
    let broken = mem::replace(state, State::Fenced { cause });
    mem::forget(broken);
    error
}

/// What is said of a volume that is fenced off.
pub(super) fn fenced(id: &str, cause: &str) -> StoreError {
    StoreError::VolumeFenced { volume: id.to_owned(), cause: cause.to_owned() }
}
