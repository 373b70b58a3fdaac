//! Keys and stored bytes of a volume. A change here is a new schema version.
//!
//! Two trees: `blobs` holds the pieces of blobs under `hash ‖ piece number` (big-endian
//! `u32`); `records` holds `h ‖ hash` → header, `r ‖ name` → record, `m ‖ name` → what
//! the volume says of itself. A blob without a header is not there.

use crate::error::StoreError;
use crate::limits::PIECE_BYTES;

/// The version that this program writes and reads.
pub(super) const SCHEMA_VERSION: u32 = 1;
pub(super) const SCHEMA_KEY: &[u8] = b"mschema";
pub(super) const SEALED_KEY: &[u8] = b"msealed";
pub(super) const HEADER_PREFIX: u8 = b'h';

/// BLAKE3 of a blob.
pub(super) type Hash = [u8; 32];

pub(super) fn piece_key(hash: &Hash, piece: u32) -> [u8; 36] {
    let mut key = [0; 36];
    key[..32].copy_from_slice(hash);
    key[32..].copy_from_slice(&piece.to_be_bytes());
    key
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
        let mut key = vec![0xab; 32];
        key.extend_from_slice(&[0, 0, 1, 2]);
        assert_eq!(piece_key(&hash, 258).to_vec(), key);
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
