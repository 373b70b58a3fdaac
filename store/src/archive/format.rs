//! Keys and stored bytes of a volume. A change here is a new schema version.
//!
//! One tree: `b ‖ hash ‖ piece number` (big-endian `u32`) → piece of a blob, `h ‖ hash` →
//! header, `m ‖ name` → what the volume says of itself, `r ‖ name` → record. A blob
//! without a header is not there.
//!
//! | version | |
//! |---|---|
//! | 1 | a header is the blob's length; pieces of 64 KiB |
//! | 2 | after the length, how many pieces are in each MiB |

use super::layout::Layout;
use crate::error::StoreError;

/// The version that this program writes.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// The first one, which it reads, and adds to.
pub(super) const SCHEMA_FIRST: u32 = 1;
pub(super) const SCHEMA_KEY: &[u8] = b"mschema";
pub(super) const SEALED_KEY: &[u8] = b"msealed";
pub(super) const PIECE_PREFIX: u8 = b'b';
pub(super) const HEADER_PREFIX: u8 = b'h';

/// BLAKE3 of a blob.
pub(super) type Hash = [u8; 32];

pub(super) fn piece_key(hash: &Hash, piece: u32) -> [u8; 37] {
    let mut key = [PIECE_PREFIX; 37];
    key[1..33].copy_from_slice(hash);
    key[33..].copy_from_slice(&piece.to_be_bytes());
    key
}

/// Which blob the piece of that key belongs to.
pub(super) fn piece_hash(key: &[u8]) -> Option<Hash> {
    key.strip_prefix(&[PIECE_PREFIX])?.first_chunk().copied()
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
}

impl Header {
    /// Its length, big-endian, and pieces to a MiB.
    pub(super) fn encoded(self) -> [u8; 9] {
        let mut encoded = [self.layout.pieces_per_run(); 9];
        encoded[..8].copy_from_slice(&self.bytes.to_be_bytes());
        encoded
    }

    /// None if it is none.
    pub(super) fn decoded(encoded: &[u8]) -> Option<Self> {
        let (bytes, layout) = encoded.split_first_chunk()?;
        let layout = match layout {
            [] => Layout::FIRST,
            [pieces] => Layout::of(*pieces)?,
            _ => return None,
        };
        Some(Self { bytes: u64::from_be_bytes(*bytes), layout })
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
        assert_eq!(piece_key(&hash, 258).to_vec(), key);
        assert_eq!(piece_hash(&key), Some(hash));
        assert_eq!(header_key(&hash).len(), 33);
        assert_eq!(header_key(&hash)[..2], [b'h', 0xab]);
        assert_eq!(record_key(b"photo/1"), b"rphoto/1");
        let header = Header { bytes: 0x0102, layout: Layout::NEW };
        assert_eq!(header.encoded(), [0, 0, 0, 0, 0, 0, 1, 2, 11]);
        assert_eq!(Header::read("v", &header.encoded()).unwrap(), header);
        let first = Header { bytes: 0x0102, layout: Layout::FIRST };
        assert_eq!(Header::read("v", &[0, 0, 0, 0, 0, 0, 1, 2]).unwrap(), first);
        for damaged in [&b"short"[..], &[0; 9], &[1; 10]] {
            assert!(Header::read("v", damaged).is_err(), "{damaged:?}");
        }
        assert_eq!((SCHEMA_KEY, SEALED_KEY, SCHEMA_VERSION, SCHEMA_FIRST), (&b"mschema"[..], &b"msealed"[..], 2, 1));
    }
}
