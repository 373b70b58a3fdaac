//! One sled database: how it is opened, flushed and closed. What may be opened is
//! `journal`'s to say; which thread does it, `worker`'s.
//!
//! What sled can't stand is kept from it here. It keeps the names of trees in a tree that
//! it reads while it opens, and waits for itself for ever when that is damaged: all is in
//! its default tree, which has no name. It flushes whenever an iterator or the database
//! is dropped, a flush after it has met a damaged part fails, and the flush after that
//! never ends: so nothing is unflushed when something is read. A flush moves parts
//! together, and reads them for it: that is switched off, at the price of some space.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::{Path, PathBuf};

use sled::{Batch, Config, Db, Heap, InlineArray};

use super::damage::{self, Damage, Place};
use super::journal::{self, Journal};
use super::page_cache;
use super::slabs::Slabs;
use super::words::{Failure, is_of_part};
use crate::limits::{FORGOTTEN_FROM_BYTES, LOCK_TRIES, OPEN_AGAIN_AFTER, VOLUME_CACHE_BYTES};

/// The fanout is a part of the format: it must be the same for ever.
const FANOUT: usize = 4;
/// Where sled keeps its journal, in a volume's folder.
const JOURNAL: &str = "metadata";
/// Photographs do not compress: the setting that looks at the fewest bytes, which takes
/// less than half the time of -5 over them.
const COMPRESSION: i32 = -131_072;

/// A key, and what stands under it.
type Entry = (InlineArray, InlineArray);

/// What a volume's work is done on.
pub(super) struct Database {
    db: Db<FANOUT>,
    journal: RefCell<Journal>,
    is_dirty: Cell<bool>,
    slabs: RefCell<Slabs>,
    damage: Damage,
    /// The key for which a damaged part was met.
    met_at: RefCell<Option<Vec<u8>>>,
    /// Bytes written since they were last forgotten by the system.
    remembered_bytes: Cell<u64>,
}

impl Database {
    /// Compares the journal with what was acknowledged, then lets sled have it.
    pub(super) fn open(dir: &Path, damage: Damage) -> Result<Self, Failure> {
        let journal_dir = dir.join(JOURNAL);
        journal::check(&journal_dir).map_err(Failure::Damaged)?;
        let mut slabs = Slabs::restore(dir).map_err(|error| Failure::of_opening(&error))?;
        let db = patiently(|| config(dir).open::<FANOUT>()).map_err(|error| Failure::of_opening(&error))?;
        slabs.follow();
        let (journal, slabs) = (RefCell::new(Journal::of(&journal_dir)), RefCell::new(slabs));
        let (is_dirty, met_at, remembered_bytes) = (Cell::new(false), RefCell::new(None), Cell::new(0));
        Ok(Self { db, journal, is_dirty, slabs, damage, met_at, remembered_bytes })
    }

    /// The first keys of all parts of a volume that is not open, in order.
    pub(super) fn starts(dir: &Path) -> Result<Vec<Vec<u8>>, Failure> {
        journal::check(&dir.join(JOURNAL)).map_err(Failure::Damaged)?;
        let recovered = patiently(|| Heap::recover(FANOUT, &config(dir)));
        let recovered = recovered.map_err(|error| Failure::of_opening(&error))?;
        let mut starts: Vec<_> = recovered.recovered_nodes.iter().map(|part| part.low_key.to_vec()).collect();
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    pub(super) fn get(&self, key: &[u8]) -> io::Result<Option<InlineArray>> {
        if self.damage.at(key).is_some() {
            return Err(damage::known());
        }
        self.settle()?;
        self.db.get(key).inspect_err(|_| drop(self.met_at.replace(Some(key.to_vec()))))
    }

    /// What is known to be damaged.
    pub(super) fn damage(&self) -> &Damage {
        &self.damage
    }

    /// How work on it failed.
    pub(super) fn failure(&self, error: io::Error) -> Failure {
        let met_at = self.met_at.take();
        match met_at {
            _ if damage::is_known(&error) => Failure::Part(Place::Known),
            Some(key) if is_of_part(&error) => Failure::Part(Place::At(key)),
            _ => error.into(),
        }
    }

    /// All entries whose key begins with `prefix`.
    pub(super) fn scan(&self, prefix: &[u8]) -> io::Result<impl Iterator<Item = io::Result<Entry>>> {
        self.range(prefix, prefix)
    }

    /// The entries from `from` on whose key begins with `prefix`. sled's own way to ask for
    /// them goes on to the end of the tree, and meets whatever is damaged there.
    pub(super) fn range(
        &self,
        from: &[u8],
        prefix: &[u8],
    ) -> io::Result<impl Iterator<Item = io::Result<Entry>> + use<>> {
        self.settle()?;
        let (prefix, from) = (prefix.to_vec(), InlineArray::from(from));
        let is_inside =
            move |entry: &io::Result<Entry>| entry.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix));
        Ok(self.db.range(from..).take_while(is_inside))
    }

    /// The last key from `from` on and before `end`.
    pub(super) fn last_of(&self, from: &[u8], end: &[u8]) -> io::Result<Option<InlineArray>> {
        self.settle()?;
        let last = self.db.range(InlineArray::from(from)..InlineArray::from(end)).next_back().transpose()?;
        Ok(last.map(|(key, _)| key))
    }

    /// The last entry before `key`.
    pub(super) fn before(&self, key: &[u8]) -> io::Result<Option<InlineArray>> {
        self.settle()?;
        Ok(self.db.range(..InlineArray::from(key)).next_back().transpose()?.map(|(key, _)| key))
    }

    pub(super) fn insert(&self, key: &[u8], value: InlineArray) -> io::Result<()> {
        self.is_dirty.set(true);
        self.remembered_bytes.update(|bytes| bytes + value.len() as u64);
        self.db.insert(key, value).map(drop)
    }

    pub(super) fn remove(&self, key: &[u8]) -> io::Result<()> {
        self.is_dirty.set(true);
        self.db.remove(key).map(drop)
    }

    /// Does all of it durably, or none.
    pub(super) fn commit(&self, batch: Batch) -> io::Result<()> {
        self.is_dirty.set(true);
        self.db.apply_batch(batch)?;
        self.flush()
    }

    /// Makes everything written so far durable.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.db.flush()?;
        self.is_dirty.set(false);
        self.journal.borrow_mut().follow();
        self.slabs.borrow_mut().follow();
        if self.remembered_bytes.get() >= FORGOTTEN_FROM_BYTES {
            self.remembered_bytes.set(0);
            page_cache::forget(&self.slabs_dir());
        }
        Ok(())
    }

    /// Where the entries are.
    pub(super) fn slabs_dir(&self) -> PathBuf {
        self.slabs.borrow().dir()
    }

    /// Flushes and closes. Stays open for ever when it can't be flushed: closing it would
    /// wait for ever.
    pub(super) fn close(self) -> Result<(), Failure> {
        if let Err(error) = self.settle() {
            std::mem::forget(self);
            return Err(error.into());
        }
        drop(self);
        Ok(())
    }

    fn settle(&self) -> io::Result<()> {
        if self.is_dirty.get() { self.flush() } else { Ok(()) }
    }
}

/// Opens, when nobody has the lock. A process that is started just now, of whatever kind, has
/// all that is open here for a moment, and so a lock that was given up.
fn patiently<T>(mut open: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 1..LOCK_TRIES {
        match open() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(OPEN_AGAIN_AFTER),
            opened => return opened,
        }
    }
    open()
}

fn config(dir: &Path) -> Config {
    let mut config = Config::new()
        .path(dir)
        .cache_capacity_bytes(VOLUME_CACHE_BYTES)
        .flush_every_ms(None)
        .zstd_compression_level(COMPRESSION);
    config.target_heap_file_fill_ratio = 0.0;
    config
}
