//! Reading everything again: every blob against its hash. And removing what a crash
//! left behind: pieces of blobs whose header was never written.

use std::collections::HashMap;

use super::database::Database;
use super::format::{Hash, Header, Shelf};
use super::volume::{Volume, hashes};
use crate::error::StoreError;

/// How far a scrub is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubProgress {
    /// Blobs read.
    pub blobs: u64,
    /// Blobs in all.
    pub blobs_total: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// What a scrub found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubReport {
    /// Blobs read.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs whose bytes are missing or not what they were.
    pub damaged: Vec<Hash>,
    /// Parts of the list of blobs that can't be read: there may be more.
    pub gaps: Vec<Vec<u8>>,
}

/// What a look at one blob found.
enum Found {
    Whole,
    Damaged,
    /// It was removed since the blobs were listed.
    Gone,
}

impl Volume {
    /// Reads every blob from the disk, whoever remembers it, and checks it against its hash.
    /// What is removed meanwhile is passed over.
    ///
    /// # Errors
    /// When the volume can't be read at all; damaged blobs are listed.
    pub fn scrub(&self, told: &mut dyn FnMut(ScrubProgress)) -> Result<ScrubReport, StoreError> {
        self.handle().forget();
        let listed = self.headers_listed()?;
        let blobs_total = listed.entries.len() as u64;
        let mut report = ScrubReport { gaps: listed.gaps, ..ScrubReport::default() };
        for (hash, header) in hashes(&listed.entries) {
            match self.look(&hash)? {
                Found::Whole => {}
                Found::Damaged => report.damaged.push(hash),
                Found::Gone => continue,
            }
            let bytes = Header::decoded(header).map_or(0, |header| header.bytes);
            report.blobs += 1;
            report.bytes += bytes;
            told(ScrubProgress { blobs: report.blobs, blobs_total, bytes: report.bytes });
        }
        Ok(report)
    }

    /// Looks at a blob, and again where it was written elsewhere while it was read.
    fn look(&self, hash: &Hash) -> Result<Found, StoreError> {
        let mut before = self.readable_header(hash)?;
        loop {
            match self.check_blob(hash) {
                Ok(()) => return Ok(Found::Whole),
                Err(StoreError::BlobMissing) => return Ok(Found::Gone),
                Err(error) if error.is_of_damage() => {}
                Err(error) => return Err(error),
            }
            // A blob's header goes before its pieces do.
            let now = self.readable_header(hash)?;
            if now == before {
                return Ok(Found::Damaged);
            }
            before = now;
        }
    }

    /// The header, if it is there and can be read.
    fn readable_header(&self, hash: &Hash) -> Result<Option<Header>, StoreError> {
        match self.header(hash) {
            Err(error) if error.is_of_damage() => Ok(None),
            found => found,
        }
    }

    /// Removes pieces that belong to no blob, or stand where their blob is no longer; how
    /// many. Nothing, where a part is damaged.
    ///
    /// # Errors
    /// As [`Volume::put`], and [`StoreError::PartUnreadable`].
    pub fn sweep(&self) -> Result<u64, StoreError> {
        let known: HashMap<Hash, Header> = self.headers()?.into_iter().collect();
        let orphans = self.handle().read(move |database| {
            let mut orphans = Vec::new();
            for shelf in Shelf::ALL {
                for entry in database.scan(&shelf.prefix())? {
                    // sled says the same error again and again: the first must end it.
                    let (key, _) = entry?;
                    let blob = shelf.piece_hash(&key).and_then(|hash| known.get(&hash));
                    if blob.is_none_or(|header| header.shelf != shelf) {
                        orphans.push(key);
                    }
                }
            }
            Ok(orphans)
        })?;
        let count = orphans.len() as u64;
        for key in orphans {
            self.handle().write(move |database| database.remove(&key))?;
        }
        if count > 0 {
            self.handle().write(Database::flush)?;
        }
        Ok(count)
    }
}
