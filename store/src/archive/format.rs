//! Keys and stored bytes of a volume. A change here is a new schema version.
//!
//! One tree: `shelf ‖ hash ‖ piece number` (big-endian `u32`) → piece of a blob, `h ‖ hash` →
//! header, `m ‖ name` → what the volume says of itself, `r ‖ name` → record. A blob
//! without a header is not there. Of pieces on several shelves those count that stand on the
//! one that the header says.
//!
//! | version | |
//! |---|---|
//! | 1 | a header is the blob's length; pieces of 64 KiB |
//! | 2 | after the length, how many pieces are in each MiB |
//! | 3 | after that, the blob's shelf, unless it is the usual one |

use super::layout::Layout;
use crate::error::StoreError;

/// The version that this program writes.
pub(super) const SCHEMA_VERSION: u32 = 3;
/// The first one, which it reads, and adds to.
pub(super) const SCHEMA_FIRST: u32 = 1;
pub(super) const SCHEMA_KEY: &[u8] = b"mschema";
pub(super) const SEALED_KEY: &[u8] = b"msealed";
pub(super) const HEADER_PREFIX: u8 = b'h';

/// BLAKE3 of a blob.
pub(super) type Hash = [u8; 32];

/// Where pieces stand in the tree's order. A part that is damaged can't be written to, so
/// what is written anew goes on another shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shelf(u8);

impl Shelf {
    pub(super) const USUAL: Self = Self(b'b');
    /// In the order in which they are tried. All are before the headers: whoever reads a list
    /// reads a part behind it too, which has to be none of pieces.
    pub(super) const ALL: [Self; 7] =
        [Self::USUAL, Self(b'c'), Self(b'a'), Self(b'd'), Self(b'e'), Self(b'f'), Self(b'g')];

    /// What the keys of all its pieces begin with.
    pub(super) fn prefix(self) -> [u8; 1] {
        [self.0]
    }

    /// What the keys of a blob's pieces begin with.
    pub(super) fn blob_prefix(self, hash: &Hash) -> [u8; 33] {
        let mut prefix = [self.0; 33];
        prefix[1..].copy_from_slice(hash);
        prefix
    }

    pub(super) fn piece_key(self, hash: &Hash, piece: u32) -> [u8; 37] {
        let mut key = [self.0; 37];
        key[1..33].copy_from_slice(hash);
        key[33..].copy_from_slice(&piece.to_be_bytes());
        key
    }

    /// Which blob a piece of this shelf belongs to.
    pub(super) fn piece_hash(self, key: &[u8]) -> Option<Hash> {
        key.strip_prefix(&self.prefix())?.first_chunk().copied()
    }
}

pub(super) fn header_key(hash: &Hash) -> [u8; 33] {
    let mut key = [HEADER_PREFIX; 33];
    key[1..].copy_from_slice(hash);
    key
}

pub(super) fn record_key(name: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 1);
    key.push(b'r');
    key.extend_from_slice(name);
    key
}

/// A blob's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// The blob's length.
    pub(super) bytes: u64,
    /// How it is divided.
    pub(super) layout: Layout,
    /// Where its pieces are.
    pub(super) shelf: Shelf,
}

impl Header {
    /// Its length, big-endian, pieces to a MiB, and its shelf if that is not the usual one.
    pub(super) fn encoded(self) -> Vec<u8> {
        let mut encoded = self.bytes.to_be_bytes().to_vec();
        encoded.push(self.layout.pieces_per_run());
        encoded.extend((self.shelf != Shelf::USUAL).then_some(self.shelf.0));
        encoded
    }

    /// None if it is none.
    pub(super) fn decoded(encoded: &[u8]) -> Option<Self> {
        let (bytes, layout) = encoded.split_first_chunk()?;
        let (layout, shelf) = match layout {
            [] => (Layout::FIRST, Shelf::USUAL),
            [pieces] => (Layout::of(*pieces)?, Shelf::USUAL),
            [pieces, shelf] => (Layout::of(*pieces)?, *Shelf::ALL.iter().find(|known| known.0 == *shelf)?),
            _ => return None,
        };
        Some(Self { bytes: u64::from_be_bytes(*bytes), layout, shelf })
    }

    /// Of the volume `id`, as it stands there.
    pub(super) fn read(id: &str, encoded: &[u8]) -> Result<Self, StoreError> {
        Self::decoded(encoded).ok_or_else(|| StoreError::RecordDamaged { volume: id.to_owned() })
    }

    /// How many pieces the blob has.
    pub(super) fn pieces(self) -> u32 {
        self.layout.count(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_bytes_are_golden() {
        let hash = [0xab; 32];
        let mut key = vec![b'b'];
        key.extend_from_slice(&hash);
        key.extend_from_slice(&[0, 0, 1, 2]);
        assert_eq!(Shelf::USUAL.piece_key(&hash, 258).to_vec(), key);
        assert_eq!(Shelf::USUAL.blob_prefix(&hash)[..], key[..33]);
        assert_eq!((Shelf::USUAL.piece_hash(&key), Shelf::ALL[1].piece_hash(&key)), (Some(hash), None));
        assert_eq!(Shelf::ALL.map(|shelf| shelf.0), *b"bcadefg");
        assert_eq!(header_key(&hash).len(), 33);
        assert_eq!(header_key(&hash)[..2], [b'h', 0xab]);
        assert_eq!(record_key(b"photo/1"), b"rphoto/1");
        let header = Header { bytes: 0x0102, layout: Layout::NEW, shelf: Shelf::USUAL };
        assert_eq!(header.encoded(), [0, 0, 0, 0, 0, 0, 1, 2, 11]);
        assert_eq!(Header::read("v", &header.encoded()).unwrap(), header);
        let mended = Header { shelf: Shelf::ALL[1], ..header };
        assert_eq!(mended.encoded(), [0, 0, 0, 0, 0, 0, 1, 2, 11, b'c']);
        assert_eq!(Header::read("v", &mended.encoded()).unwrap(), mended);
        let first = Header { layout: Layout::FIRST, ..header };
        assert_eq!(Header::read("v", &[0, 0, 0, 0, 0, 0, 1, 2]).unwrap(), first);
        for damaged in [&b"short"[..], &[0; 9], &[1; 10], &[1; 11]] {
            assert!(Header::read("v", damaged).is_err(), "{damaged:?}");
        }
        assert_eq!((SCHEMA_KEY, SEALED_KEY, SCHEMA_VERSION, SCHEMA_FIRST), (&b"mschema"[..], &b"msealed"[..], 3, 1));
    }
}
