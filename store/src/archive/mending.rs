//! A blob that is damaged, written anew beside what is left of it: where a damaged part
//! lies nothing can be written. And how a blob's space is given back near such a part.

use sled::{Batch, InlineArray};

use super::database::Database;
use super::format::{Hash, Header, Shelf, header_key};
use super::layout::Layout;
use super::volume::Volume;
use super::writing::NewBlob;
use crate::error::StoreError;

impl Volume {
    /// Reads a blob piece by piece and checks it against its hash.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`], [`StoreError::BlobDamaged`]; when not even its length
    /// can be read, [`StoreError::PartUnreadable`].
    pub fn check_blob(&self, hash: &Hash) -> Result<(), StoreError> {
        let header = self.header(hash)?.ok_or(StoreError::BlobMissing)?;
        let at_once = u32::from(header.layout.pieces_per_run());
        let (mut hasher, mut bytes, mut run) = (blake3::Hasher::new(), 0, Vec::new());
        for first in (0..header.pieces()).step_by(at_once as usize) {
            let next = first.saturating_add(at_once).min(header.pieces());
            run.clear();
            run = self.append_pieces((header.shelf, hash), first..next, run)?;
            bytes += run.len() as u64;
            hasher.update(&run);
        }
        if bytes == header.bytes && hasher.finalize().as_bytes() == hash { Ok(()) } else { Err(self.damaged()) }
    }

    /// Writes a damaged blob anew, durably, into a sealed volume too; whether it was damaged.
    /// A kill leaves it as it was or whole.
    ///
    /// # Errors
    /// [`StoreError::BlobMissing`] when it was never there, [`StoreError::PartUnreadable`]
    /// when not even its length can be read, [`StoreError::BlobDamaged`] when there is no
    /// place left that can be written to, and those of [`Volume::put`].
    pub fn mend(&self, mut blob: NewBlob<'_>) -> Result<bool, StoreError> {
        let _one_writer = self.alone();
        let before = self.header(&blob.hash)?.ok_or(StoreError::BlobMissing)?;
        match self.check_blob(&blob.hash) {
            Err(StoreError::BlobDamaged { .. }) => {}
            checked => return checked.map(|()| false),
        }
        let shelf = self.free_shelf(&blob.hash, Some(before.shelf))?;
        self.become_newest(true)?;
        let bytes = self.write_blob(&mut blob, Some(shelf), &mut 0)?;
        let mut batch = Batch::default();
        let header = Header { bytes, layout: Layout::NEW, shelf };
        batch.insert(header_key(&blob.hash).to_vec(), header.encoded());
        self.commit(batch)?;
        self.check_blob(&blob.hash)?;
        self.let_go(&blob.hash, before)?;
        self.handle().write(Database::flush)?;
        Ok(true)
    }

    /// Where a blob can be written, if it is new.
    pub(super) fn shelf_for_new(&self, hash: &Hash) -> Result<Option<Shelf>, StoreError> {
        if self.has_blob(hash)? { Ok(None) } else { self.free_shelf(hash, None).map(Some) }
    }

    /// The first shelf but `taken` where the blob's pieces go to no part that is damaged.
    fn free_shelf(&self, hash: &Hash, taken: Option<Shelf>) -> Result<Shelf, StoreError> {
        for shelf in Shelf::ALL.into_iter().filter(|shelf| Some(*shelf) != taken) {
            let hash = *hash;
            let looked = self.handle().read(move |database| {
                // The part where they go is the one that would have their first; where that
                // is there, of an attempt that was broken off, they may go to several.
                if database.get(&shelf.piece_key(&hash, 0))?.is_some() {
                    database.scan(&shelf.blob_prefix(&hash))?.try_for_each(|entry| entry.map(drop))?;
                }
                Ok(())
            });
            match looked {
                Ok(()) => return Ok(shelf),
                Err(StoreError::PartUnreadable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(self.damaged())
    }

    /// Gives back the space of a blob whose header no longer leads there. What can't be read
    /// keeps its space, since writing there would cost the volume; so would removing the
    /// last of a part whose neighbour is damaged, so that pieces near one are only emptied.
    pub(super) fn let_go(&self, hash: &Hash, header: Header) -> Result<(), StoreError> {
        let (of, first) = ((header.shelf, hash), header.shelf.piece_key(hash, 0));
        let mut readable = Vec::new();
        for piece in 0..header.pieces() {
            if self.is_readable(header.shelf.piece_key(hash, piece))? {
                readable.push(piece);
            }
        }
        let before = self.handle().read(move |database| database.before(&first).map(drop));
        match before {
            Ok(()) if readable.len() as u64 == u64::from(header.pieces()) => self.remove_pieces(of, readable),
            Ok(()) | Err(StoreError::PartUnreadable { .. }) => self.empty_pieces(of, readable),
            Err(error) => Err(error),
        }
    }

    pub(super) fn remove_pieces(
        &self,
        (shelf, hash): (Shelf, &Hash),
        pieces: impl IntoIterator<Item = u32>,
    ) -> Result<(), StoreError> {
        for piece in pieces {
            let key = shelf.piece_key(hash, piece);
            self.handle().write(move |database| database.remove(&key))?;
        }
        Ok(())
    }

    fn empty_pieces(&self, (shelf, hash): (Shelf, &Hash), pieces: Vec<u32>) -> Result<(), StoreError> {
        for piece in pieces {
            let key = shelf.piece_key(hash, piece);
            self.handle().write(move |database| database.insert(&key, InlineArray::default()))?;
        }
        Ok(())
    }

    fn is_readable(&self, key: [u8; 37]) -> Result<bool, StoreError> {
        match self.handle().read(move |database| database.get(&key)) {
            Ok(found) => Ok(found.is_some()),
            Err(StoreError::PartUnreadable { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
