//! Ranges of a file that can be checked alone. A file is cut into ranges of 1 MiB,
//! each a complete BLAKE3 subtree. The list of their hashes needs no signature: it
//! must merge to the file's root, which is in the signed manifest. Reads no file.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

use crate::error::ProtocolError;
use crate::ids::ContentHash;
use crate::limits::{PRINT_FILE_BYTES_MAX, RANGE_BYTES};

/// The checked hashes of a file's ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtrees {
    bytes: u64,
    hashes: Vec<[u8; 32]>,
}

/// How many ranges a file of `bytes` has.
pub fn range_count(bytes: u64) -> u64 {
    bytes.div_ceil(RANGE_BYTES)
}

/// How long the range at index `at` is, in a file of `bytes`; 0 past its end.
pub fn range_bytes(bytes: u64, at: u64) -> u64 {
    bytes.saturating_sub(at.saturating_mul(RANGE_BYTES)).min(RANGE_BYTES)
}

/// The hash of one range: of the subtree at its place, or of the whole file where
/// the file is one range.
pub fn range_hash(file_bytes: u64, at: u64, range: &[u8]) -> [u8; 32] {
    if file_bytes <= RANGE_BYTES {
        return *blake3::hash(range).as_bytes();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(at * RANGE_BYTES).update(range);
    hasher.finalize_non_root()
}

impl Subtrees {
    /// Takes the hashes (32 bytes a range, joined) that a peer sent, if they merge to `root`.
    /// A length that lies within the last range is found when that range is checked.
    ///
    /// # Errors
    /// [`ProtocolError::HashMismatch`] for a list of another length or of another file.
    pub fn check(root: &ContentHash, file_bytes: u64, joined: &[u8]) -> Result<Self, ProtocolError> {
        let (hashes, rest) = joined.as_chunks::<32>();
        let counted = hashes.len() as u64 == range_count(file_bytes) && rest.is_empty();
        let bounded = (1..=PRINT_FILE_BYTES_MAX).contains(&file_bytes);
        if !counted || !bounded || merge(file_bytes, hashes) != *root.as_bytes() {
            return Err(ProtocolError::HashMismatch);
        }
        Ok(Self { bytes: file_bytes, hashes: hashes.to_vec() })
    }

    /// The file's length in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.bytes
    }

    /// How many ranges.
    pub fn count(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Checks that `range` is the one at index `at`.
    ///
    /// # Errors
    /// [`ProtocolError::HashMismatch`].
    pub fn check_range(&self, at: u64, range: &[u8]) -> Result<(), ProtocolError> {
        let expected = usize::try_from(at).ok().and_then(|at| self.hashes.get(at));
        let right_length = range.len() as u64 == range_bytes(self.bytes, at);
        match expected {
            Some(expected) if right_length && *expected == range_hash(self.bytes, at, range) => Ok(()),
            _ => Err(ProtocolError::HashMismatch),
        }
    }
}

/// The root over the ranges' hashes: the left subtree is the largest power of two
/// that leaves something for the right.
fn merge(file_bytes: u64, hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = split(file_bytes, hashes);
            *merge_subtrees_root(&left, &right, Mode::Hash).as_bytes()
        }
    }
}

fn merge_inner(bytes: u64, hashes: &[[u8; 32]]) -> ChainingValue {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = split(bytes, hashes);
            merge_subtrees_non_root(&left, &right, Mode::Hash)
        }
    }
}

fn split(bytes: u64, hashes: &[[u8; 32]]) -> (ChainingValue, ChainingValue) {
    let left_bytes = blake3::hazmat::left_subtree_len(bytes);
    let at = usize::try_from(left_bytes / RANGE_BYTES).unwrap_or(hashes.len());
    let (left, right) = hashes.split_at(at.min(hashes.len().saturating_sub(1)).max(1));
    (merge_inner(left_bytes, left), merge_inner(bytes - left_bytes, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|at| (at * 31 + at / 7919) as u8).collect()
    }

    fn joined(file: &[u8]) -> Vec<u8> {
        let ranges = file.chunks(RANGE_BYTES as usize).enumerate();
        ranges.flat_map(|(at, range)| range_hash(file.len() as u64, at as u64, range)).collect()
    }

    #[test]
    fn the_list_merges_to_the_root_for_every_shape_of_tree() {
        let mib = RANGE_BYTES as usize;
        for bytes in [1, 1024, mib - 1, mib, mib + 1, 2 * mib, 2 * mib + 1, 3 * mib, 5 * mib + 77, 8 * mib, 9 * mib] {
            let file = file(bytes);
            let root = ContentHash::of(&file);
            let subtrees = Subtrees::check(&root, bytes as u64, &joined(&file)).unwrap();
            for (at, range) in file.chunks(mib).enumerate() {
                subtrees.check_range(at as u64, range).unwrap();
            }
        }
    }

    #[test]
    fn a_changed_range_a_swapped_range_and_a_changed_list_are_refused() {
        let mib = RANGE_BYTES as usize;
        let file = file(3 * mib + 5);
        let (root, list) = (ContentHash::of(&file), joined(&file));
        let subtrees = Subtrees::check(&root, file.len() as u64, &list).unwrap();
        let mut range = file[..mib].to_vec();
        range[77] ^= 1;
        assert!(subtrees.check_range(0, &range).is_err());
        assert!(subtrees.check_range(1, &file[..mib]).is_err());
        assert!(subtrees.check_range(4, &[]).is_err());
        assert!(subtrees.check_range(3, &file[3 * mib..3 * mib + 4]).is_err());

        let mut wrong = list.clone();
        wrong[40] ^= 1;
        assert!(Subtrees::check(&root, file.len() as u64, &wrong).is_err());
        assert!(Subtrees::check(&root, file.len() as u64, &list[..96]).is_err());
        assert!(Subtrees::check(&root, file.len() as u64 + RANGE_BYTES, &list).is_err());
        assert!(Subtrees::check(&root, 0, &[]).is_err());
    }
}
