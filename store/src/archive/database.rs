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

use sled::{Batch, Db, InlineArray};

use super::journal::{self, Journal};
use super::page_cache;
use super::worker::Failure;
use crate::limits::{FORGOTTEN_FROM_BYTES, VOLUME_CACHE_BYTES};

/// The fanout is a part of the format: it must be the same for ever.
const FANOUT: usize = 4;
/// Where sled keeps its journal, in a volume's folder.
const JOURNAL: &str = "metadata";
/// Where it keeps what it is given, a file for each size of slot.
const SLABS: &str = "slabs";
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
    /// Where sled keeps what it is given.
    slabs: PathBuf,
    /// Bytes written since they were last forgotten by the system.
    remembered_bytes: Cell<u64>,
}

impl Database {
    /// Compares the journal with what was acknowledged, then lets sled have it.
    pub(super) fn open(dir: &Path) -> Result<Self, Failure> {
        let journal_dir = dir.join(JOURNAL);
        journal::check(&journal_dir).map_err(Failure::Fatal)?;
        let mut config = sled::Config::new()
            .path(dir)
            .cache_capacity_bytes(VOLUME_CACHE_BYTES)
            .flush_every_ms(None)
            .zstd_compression_level(COMPRESSION);
        config.target_heap_file_fill_ratio = 0.0;
        let db = config.open::<FANOUT>().map_err(|error| Failure::Fatal(error.to_string()))?;
        let journal = RefCell::new(Journal::of(&journal_dir));
        let slabs = dir.join(SLABS);
        Ok(Self { db, journal, is_dirty: Cell::new(false), slabs, remembered_bytes: Cell::new(0) })
    }

    pub(super) fn get(&self, key: &[u8]) -> io::Result<Option<InlineArray>> {
        self.settle()?;
        self.db.get(key)
    }

    /// All entries whose key begins with `prefix`. sled's own way to ask for them goes on to
    /// the end of the tree, and meets whatever is damaged there.
    pub(super) fn scan(&self, prefix: &[u8]) -> io::Result<impl Iterator<Item = io::Result<Entry>>> {
        self.settle()?;
        let (prefix, from) = (prefix.to_vec(), InlineArray::from(prefix));
        let is_inside =
            move |entry: &io::Result<Entry>| entry.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix));
        Ok(self.db.range(from..).take_while(is_inside))
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
        if self.remembered_bytes.get() >= FORGOTTEN_FROM_BYTES {
            self.remembered_bytes.set(0);
            page_cache::forget(&self.slabs);
        }
        Ok(())
    }

    /// Flushes and closes. Stays open for ever when it can't be flushed: closing it would
    /// wait for ever.
    pub(super) fn close(self) -> Result<(), Failure> {
        if let Err(error) = self.settle() {
            std::mem::forget(self);
            return Err(Failure::Fatal(error.to_string()));
        }
        drop(self);
        Ok(())
    }

    fn settle(&self) -> io::Result<()> {
        if self.is_dirty.get() { self.flush() } else { Ok(()) }
    }
}
