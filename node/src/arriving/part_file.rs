//! One print file on its way: its ranges are written and made durable, and read back after
//! a new start. Which of them count is the catalogue's. All functions block.
//!
//! Whole ranges go past the system's cache where that can be done: a big order does not
//! push out of the cache what the printer's programs have there, making ranges durable is
//! short, and reading back asks the disk and not the memory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use enprint_protocol::limits::{DISK_ALIGNMENT_BYTES, RANGE_BYTES};
use enprint_protocol::range_bytes::RangeBytes;
use enprint_protocol::subtree::{Subtrees, range_bytes};

use super::placed_io::{open_past_the_cache, read_at, write_at};
use crate::error::NodeError;

/// One print file on its way.
#[derive(Debug)]
pub(crate) struct PartFile {
    path: PathBuf,
    file: File,
    /// The same file, past the cache.
    direct: Option<File>,
    is_new: bool,
    /// Whether its name is known to be durable in its folder.
    is_named: AtomicBool,
}

impl PartFile {
    /// Opens a file of `bytes`; one that is missing is made, its name durable by [`Self::sync`].
    pub(crate) fn open(path: PathBuf, bytes: u64) -> Result<Self, NodeError> {
        let opened = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
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
        Ok(Self::new(path, file, is_new))
    }

    /// Around an open file of its full length. `is_new` if it was just made.
    fn new(path: PathBuf, file: File, is_new: bool) -> Self {
        let direct = open_past_the_cache(&path);
        Self { path, file, direct, is_new, is_named: AtomicBool::new(false) }
    }

    /// Whether it was just made: nothing of it counts then.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes range `at`. Not durable before [`Self::sync`].
    pub(crate) fn write(&self, at: u64, range: &[u8]) -> Result<(), NodeError> {
        let offset = at * RANGE_BYTES;
        let written = match self.whole(range.len()) {
            Some(direct) => self.write_direct(direct, offset, range),
            None => write_at(&self.file, offset, range),
        };
        self.said(written)
    }

    /// Makes what was written durable, and the file's name in its folder.
    pub(crate) fn sync(&self) -> Result<(), NodeError> {
        self.said(self.file.sync_data())?;
        if !self.is_named.load(Ordering::Acquire) {
            self.path.parent().map_or(Ok(()), sync_folder)?;
            self.is_named.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Reads ranges back and gives those that are not as announced. If none of the file is,
    /// it has its content hash, for the hashes merge to it.
    pub(crate) fn bad_ranges(
        &self,
        subtrees: &Subtrees,
        ranges: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<u64>, NodeError> {
        let mut place = RangeBytes::to_fill(RANGE_BYTES as usize);
        let mut bad = Vec::new();
        for at in ranges {
            let bytes = usize::try_from(range_bytes(subtrees.file_bytes(), at)).unwrap_or(usize::MAX);
            let range = self.said(self.read_back(&mut place, at * RANGE_BYTES, bytes))?;
            if subtrees.check_range(at, range).is_err() {
                bad.push(at);
            }
        }
        Ok(bad)
    }

    /// What stands at `offset`: `bytes`, or fewer where the file ends before.
    fn read_back<'a>(&self, place: &'a mut [u8], offset: u64, bytes: usize) -> io::Result<&'a [u8]> {
        let place = &mut place[..bytes];
        let read = match self.whole(bytes) {
            Some(direct) => match read_at(direct, offset, place) {
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => read_at(&self.file, offset, place)?,
                read => read?,
            },
            None => read_at(&self.file, offset, place)?,
        };
        Ok(&place[..read])
    }

    /// Some disks want more than is aligned here; theirs go through the cache.
    fn write_direct(&self, direct: &File, offset: u64, range: &[u8]) -> io::Result<()> {
        if !range.as_ptr().addr().is_multiple_of(DISK_ALIGNMENT_BYTES) {
            return write_at(&self.file, offset, range);
        }
        match write_at(direct, offset, range) {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => write_at(&self.file, offset, range),
            written => written,
        }
    }

    /// The way past the cache, which takes whole ranges alone.
    fn whole(&self, bytes: usize) -> Option<&File> {
        self.direct.as_ref().filter(|_| bytes as u64 == RANGE_BYTES)
    }

    fn said<T>(&self, outcome: io::Result<T>) -> Result<T, NodeError> {
        outcome.map_err(|error| NodeError::file(&self.path, &error))
    }
}

/// Makes names in `folder` durable. Folders can't be opened for this on Windows.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), NodeError> {
    if !cfg!(unix) {
        return Ok(());
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| NodeError::file(folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: usize = RANGE_BYTES as usize;

    /// Two ranges and a bit, and their hashes.
    fn file() -> (Vec<u8>, Subtrees) {
        let bytes: Vec<u8> = (0..2 * RANGE + 1_234).map(|at| ((at / 7) ^ (at >> 13)) as u8).collect();
        let ranges = bytes.chunks(RANGE).enumerate();
        let length = bytes.len() as u64;
        let hashes: Vec<u8> =
            ranges.flat_map(|(at, range)| enprint_protocol::subtree::range_hash(length, at as u64, range)).collect();
        let subtrees = Subtrees::check(&blake3::hash(&bytes).into(), length, &hashes).unwrap();
        (bytes, subtrees)
    }

    fn part(dir: &std::path::Path, bytes: u64) -> PartFile {
        let path = dir.join("a.part");
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        file.set_len(bytes).unwrap();
        PartFile::new(path, file, true)
    }

    #[test]
    fn ranges_in_any_order_make_the_file_with_and_without_the_cache() {
        let (bytes, subtrees) = file();
        for past_the_cache in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let mut part = part(dir.path(), bytes.len() as u64);
            if !past_the_cache {
                part.direct = None;
            }
            assert_eq!(part.bad_ranges(&subtrees, 0..3).unwrap(), [0, 1, 2]);
            for at in [2, 0, 1] {
                part.write(at, &RangeBytes::from(bytes.chunks(RANGE).nth(at as usize).unwrap())).unwrap();
            }
            part.sync().unwrap();
            assert_eq!(part.bad_ranges(&subtrees, 0..3).unwrap(), [0_u64; 0]);
            assert_eq!(fs::read(dir.path().join("a.part")).unwrap(), bytes);
        }
    }

    #[test]
    fn a_byte_that_changed_and_a_file_cut_short_are_found() {
        let (bytes, subtrees) = file();
        let dir = tempfile::tempdir().unwrap();
        let part = part(dir.path(), bytes.len() as u64);
        (0..3).for_each(|at| part.write(at, &RangeBytes::from(bytes.chunks(RANGE).nth(at as usize).unwrap())).unwrap());
        let other = File::options().write(true).open(dir.path().join("a.part")).unwrap();
        write_at(&other, RANGE_BYTES + 5, &[bytes[RANGE + 5] ^ 1]).unwrap();
        assert_eq!(part.bad_ranges(&subtrees, 0..3).unwrap(), [1]);
        other.set_len(RANGE_BYTES + 9).unwrap();
        assert_eq!(part.bad_ranges(&subtrees, 0..3).unwrap(), [1, 2]);
    }
}
