//! Blobs that are stored: where their bytes come from, and how they go into a volume.
//! Nothing written here is seen before its header is, which is `volume`'s to write.

use std::io::Read;

use sled::InlineArray;

use super::format::{Hash, Shelf};
use super::layout::Layout;
use super::volume::Volume;
use crate::error::StoreError;
use crate::limits::{BLOB_BYTES_MAX, RANGE_BYTES_MAX, REOPEN_AFTER_BYTES};

/// A blob to store: its BLAKE3, and where its bytes come from.
pub struct NewBlob<'a> {
    pub(super) hash: Hash,
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    Hashed(&'a [u8]),
    Read(&'a mut dyn Read),
}

impl<'a> NewBlob<'a> {
    /// Bytes in memory, of which `hash` is the BLAKE3: whoever stores them has just made
    /// it of these very bytes, so that it is not made again.
    pub fn hashed(hash: Hash, bytes: &'a [u8]) -> Self {
        Self { hash, bytes: Bytes::Hashed(bytes) }
    }

    /// Bytes that are read to their end, and checked against `hash` meanwhile.
    pub fn read(hash: Hash, bytes: &'a mut dyn Read) -> Self {
        Self { hash, bytes: Bytes::Read(bytes) }
    }
}

impl Volume {
    /// Writes the blob's pieces on a shelf, if there is one for it; how long it is.
    pub(super) fn write_blob(
        &self,
        blob: &mut NewBlob<'_>,
        shelf: Option<Shelf>,
        written: &mut u64,
    ) -> Result<u64, StoreError> {
        match &mut blob.bytes {
            Bytes::Read(reader) => self.write_read(&blob.hash, reader, shelf, written),
            Bytes::Hashed(bytes) if bytes.len() as u64 > BLOB_BYTES_MAX => {
                Err(StoreError::BlobTooBig { bytes: bytes.len() as u64 })
            }
            Bytes::Hashed(bytes) => {
                let Some(shelf) = shelf else { return Ok(bytes.len() as u64) };
                for (number, run) in (0..).zip(bytes.chunks(RANGE_BYTES_MAX as usize)) {
                    self.write_run((shelf, &blob.hash), number, run, written)?;
                }
                Ok(bytes.len() as u64)
            }
        }
    }

    /// Reads a blob to its end, hashing; writes it on a shelf, if there is one for it.
    fn write_read(
        &self,
        hash: &Hash,
        reader: &mut dyn Read,
        shelf: Option<Shelf>,
        written: &mut u64,
    ) -> Result<u64, StoreError> {
        let taken_back = |pieces: u32| match shelf {
            Some(shelf) => self.remove_pieces((shelf, hash), 0..pieces),
            None => Ok(()),
        };
        let mut hasher = blake3::Hasher::new();
        let mut run = vec![0; RANGE_BYTES_MAX as usize];
        let mut bytes = 0_u64;
        for number in 0.. {
            let length = read_full(reader, &mut run).map_err(|source| StoreError::BlobUnreadable { source })?;
            if length == 0 {
                break;
            }
            bytes += length as u64;
            if bytes > BLOB_BYTES_MAX {
                taken_back(Layout::NEW.first_of_run(number))?;
                return Err(StoreError::BlobTooBig { bytes });
            }
            hasher.update(&run[..length]);
            if let Some(shelf) = shelf {
                self.write_run((shelf, hash), number, &run[..length], written)?;
            }
        }
        if hasher.finalize().as_bytes() == hash {
            return Ok(bytes);
        }
        taken_back(Layout::NEW.count(bytes))?;
        Err(StoreError::BlobHashWrong)
    }

    /// Writes the pieces of a blob's run of that number, when the disk has room for them
    /// and for all that sled may still hold in memory.
    fn write_run(
        &self,
        (shelf, hash): (Shelf, &Hash),
        number: u64,
        run: &[u8],
        written: &mut u64,
    ) -> Result<(), StoreError> {
        self.reserve().check(RANGE_BYTES_MAX + (*written).min(REOPEN_AFTER_BYTES))?;
        *written += run.len() as u64;
        let pieces = (Layout::NEW.first_of_run(number)..).zip(run.chunks(Layout::NEW.piece_bytes()));
        let keyed = |(piece, bytes): (u32, &[u8])| (shelf.piece_key(hash, piece), InlineArray::from(bytes));
        let pieces: Vec<_> = pieces.map(keyed).collect();
        self.handle()
            .write(move |database| pieces.into_iter().try_for_each(|(key, bytes)| database.insert(&key, bytes)))?;
        self.handle().wrote(run.len() as u64);
        Ok(())
    }
}

/// Fills `piece` as far as the reader goes.
fn read_full(reader: &mut dyn Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match reader.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
