//! How ids, peers and money stand in a row, and what is said when they can't be read
//! back. Runs no statement.

use std::str::FromStr;

use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::money::Money;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::ledger::Row;

use crate::error::HostError;

/// An id or a hash of `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &Row, column: &'static str) -> Result<[u8; N], HostError> {
    row.bytes(column)?.try_into().map_err(|_| unreadable("an id"))
}

/// A content hash.
pub(crate) fn hash(row: &Row, column: &'static str) -> Result<ContentHash, HostError> {
    bytes(row, column).map(ContentHash)
}

/// A photo's id.
pub(crate) fn photo_id(row: &Row, column: &'static str) -> Result<PhotoId, HostError> {
    hash(row, column).map(PhotoId)
}

/// Something kept as text.
pub(crate) fn text<T: FromStr>(row: &Row, column: &'static str) -> Result<T, HostError> {
    row.text(column)?.parse().map_err(|_| unreadable("a word"))
}

/// A peer.
pub(crate) fn peer(row: &Row, column: &'static str) -> Result<PeerId, HostError> {
    row.text(column)?.parse().map_err(|_| unreadable("a peer's id"))
}

/// A count or a length.
pub(crate) fn count(row: &Row, column: &'static str) -> Result<u64, HostError> {
    u64::try_from(row.int(column)?).map_err(|_| unreadable("a count"))
}

/// A small number, such as an edge in pixels.
pub(crate) fn small(row: &Row, column: &'static str) -> Result<u32, HostError> {
    u32::try_from(row.int(column)?).map_err(|_| unreadable("a number"))
}

/// A moment.
pub(crate) fn moment(row: &Row, column: &'static str) -> Result<UnixMs, HostError> {
    Ok(UnixMs(row.int(column)?))
}

/// A moment that may not have come.
pub(crate) fn maybe_moment(row: &Row, column: &'static str) -> Result<Option<UnixMs>, HostError> {
    Ok(row.get::<Option<i64>>(column)?.map(UnixMs))
}

/// An order's total.
pub(crate) fn total(row: &Row) -> Result<Money, HostError> {
    Ok(Money::new(row.int("total_minor")?, text(row, "currency")?))
}

/// Addresses in one column, one on a line.
pub(crate) fn join_addresses(addresses: &[Multiaddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Reads what [`join_addresses`] wrote; what can't be read is left out.
pub(crate) fn split_addresses(text: &str) -> Vec<Multiaddr> {
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// What is said of a row that can't be read.
pub(crate) fn unreadable(what: &'static str) -> HostError {
    HostError::StoredUnreadable { what }
}
