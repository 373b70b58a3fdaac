//! Keys and stored bytes of a volume. A change here is a new schema version.
//!
//! One tree: `b ‖ hash ‖ piece number` (big-endian `u32`) → piece of a blob, `h ‖ hash` →
//! header, `m ‖ name` → what the volume says of itself, `r ‖ name` → record. A blob
//! without a header is not there.

use crate::error::StoreError;
use crate::limits::PIECE_BYTES;

/// The version that this program writes and reads.
pub(super) const SCHEMA_VERSION: u32 = 1;
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

/// A blob's header: its length in bytes, big-endian.
pub(super) fn header(blob_bytes: u64) -> [u8; 8] {
    blob_bytes.to_be_bytes()
}

pub(super) fn read_header(id: &str, bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = <[u8; 8]>::try_from(bytes);
    bytes.map(u64::from_be_bytes).map_err(|_| StoreError::RecordDamaged { volume: id.to_owned() })
}

pub(super) fn piece_count(blob_bytes: u64) -> u32 {
    u32::try_from(blob_bytes.div_ceil(PIECE_BYTES as u64)).unwrap_or(u32::MAX)
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
        assert_eq!(header(0x0102), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(read_header("v", &header(77)).unwrap(), 77);
        assert!(read_header("v", b"short").is_err());
        assert_eq!(
            (SCHEMA_KEY, SEALED_KEY, SCHEMA_VERSION, PIECE_BYTES),
            (&b"mschema"[..], &b"msealed"[..], 1, 65_536)
        );
    }

    #[test]
    fn pieces_are_counted_to_the_last_byte() {
        let piece = PIECE_BYTES as u64;
        for (bytes, pieces) in [(0, 0), (1, 1), (piece, 1), (piece + 1, 2)] {
            assert_eq!(piece_count(bytes), pieces);
        }
    }
}
