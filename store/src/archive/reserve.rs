//! Free space that is left alone: sled hangs on a full disk and then refuses to open,
//! so nothing is written once the reserve is reached. The ballast is a file that can
//! be given up when the disk fills for another reason.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::ArchiveOptions;
use crate::error::StoreError;
use crate::limits;

const BALLAST: &str = "ballast";

/// Watches one disk.
#[derive(Debug)]
pub(super) struct Reserve {
    dir: PathBuf,
    reserve_bytes: u64,
    ballast_bytes: u64,
}

impl Reserve {
    pub(super) fn new(dir: &Path, options: &ArchiveOptions) -> Self {
        Self { dir: dir.to_owned(), reserve_bytes: options.reserve_bytes, ballast_bytes: options.ballast_bytes }
    }

    /// Checks that a write of `bytes` leaves the reserve alone. sled may need three
    /// times what it is given while it moves things.
    pub(super) fn check(&self, bytes: u64) -> Result<(), StoreError> {
        let free = self.free_bytes()?;
        let needed = self.reserve_bytes.saturating_add(bytes.saturating_mul(limits::WRITE_AMPLIFICATION));
        if free >= needed {
            return Ok(());
        }
        Err(StoreError::DiskReserveReached { path: self.dir.clone(), free, needed })
    }

    pub(super) fn room_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.free_bytes()?.saturating_sub(self.reserve_bytes))
    }

    /// Makes the ballast, when there is plenty of space.
    pub(super) fn keep_ballast(&self) {
        let path = self.dir.join(BALLAST);
        let has = std::fs::metadata(&path).is_ok_and(|file| file.len() >= self.ballast_bytes);
        let plenty = self.reserve_bytes.saturating_add(self.ballast_bytes.saturating_mul(2));
        if self.ballast_bytes == 0 || has || self.free_bytes().is_ok_and(|free| free < plenty) {
            return;
        }
        if let Err(error) = write_ballast(&path, self.ballast_bytes) {
            tracing::warn!(%error, "the ballast can't be made; the archive works without it");
            self.release_ballast();
        }
    }

    pub(super) fn release_ballast(&self) {
        drop(std::fs::remove_file(self.dir.join(BALLAST)));
    }

    fn free_bytes(&self) -> Result<u64, StoreError> {
        fs4::available_space(&self.dir).map_err(|source| StoreError::ArchiveFolder { path: self.dir.clone(), source })
    }
}

/// Real bytes: a file with a hole would give nothing back.
fn write_ballast(path: &Path, bytes: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let piece = vec![0x5a; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        file.write_all(&piece[..now])?;
        left -= now as u64;
    }
    file.sync_all()
}
