//! A part of a blob, read in one go on the volume's thread.

use std::io;

use super::database::Database;
use super::format::{Hash, Header, header_key};
use crate::limits::RANGE_BYTES_MAX;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The place is full of the blob's bytes.
    Filled,
    /// There is no such blob.
    Missing,
    /// The blob ends before, at so many bytes; or more is wanted than is read at once.
    Outside(u64),
    /// The blob is not what its header says.
    Damaged,
}

/// Fills `place` with the blob's bytes from `offset` on.
pub(super) fn fill(database: &Database, hash: &Hash, offset: u64, place: &mut [u8]) -> io::Result<Found> {
    let Some(header) = database.get(&header_key(hash))? else { return Ok(Found::Missing) };
    let Some(Header { bytes, layout, shelf }) = Header::decoded(&header) else { return Ok(Found::Damaged) };
    let length = place.len() as u64;
    if length > RANGE_BYTES_MAX || offset.checked_add(length).is_none_or(|end| end > bytes) {
        return Ok(Found::Outside(bytes));
    }
    let (mut at, mut rest) = (offset, place);
    while !rest.is_empty() {
        let (number, skip) = layout.piece_at(at);
        let piece = database.get(&shelf.piece_key(hash, number))?;
        let Some(part) = piece.as_deref().and_then(|piece| piece.get(skip..)).filter(|part| !part.is_empty()) else {
            return Ok(Found::Damaged);
        };
        let (now, later) = rest.split_at_mut(part.len().min(rest.len()));
        now.copy_from_slice(&part[..now.len()]);
        at += now.len() as u64;
        rest = later;
    }
    Ok(Found::Filled)
}
