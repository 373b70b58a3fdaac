//! A part of a blob, found in one go on the volume's thread, and not copied: it is read
//! where sled keeps it.

use std::fmt;
use std::io;
use std::ops::Range;

use sled::InlineArray;

use super::database::Database;
use super::format::{Hash, Header, header_key};
use crate::limits::RANGE_BYTES_MAX;

/// Bytes of a blob that lie together.
#[derive(Clone)]
pub struct Part {
    piece: InlineArray,
    place: Range<usize>,
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.piece[self.place.clone()]
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} bytes)", self.place.len())
    }
}

/// What came of looking.
#[derive(Debug)]
pub(super) enum Found {
    /// The bytes that were wanted.
    Here(Vec<Part>),
    /// There is no such blob.
    Missing,
    /// The blob ends before, at so many bytes; or more is wanted than is read at once.
    Outside(u64),
    /// The blob is not what its header says.
    Damaged,
}

/// Finds `length` bytes of the blob from `offset` on.
pub(super) fn find(database: &Database, hash: &Hash, offset: u64, length: usize) -> io::Result<Found> {
    let Some(header) = database.get(&header_key(hash))? else { return Ok(Found::Missing) };
    let Some(Header { bytes, layout, shelf }) = Header::decoded(&header) else { return Ok(Found::Damaged) };
    let end = offset.checked_add(length as u64).filter(|end| *end <= bytes && length as u64 <= RANGE_BYTES_MAX);
    let Some(end) = end else { return Ok(Found::Outside(bytes)) };
    let (mut at, mut parts) = (offset, Vec::new());
    while at < end {
        let (number, skip) = layout.piece_at(at);
        let Some(piece) = database.get(&shelf.piece_key(hash, number))?.filter(|piece| piece.len() > skip) else {
            return Ok(Found::Damaged);
        };
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
        let place = skip..piece.len().min(skip.saturating_add(wanted));
        at += place.len() as u64;
        parts.push(Part { piece, place });
    }
    Ok(Found::Here(parts))
}
