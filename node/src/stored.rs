//! How ids and addresses stand in a catalogue, and what is said when they can't be
//! read back. Opens nothing.

use std::str::FromStr;

use enprint_protocol::{Multiaddr, ProtocolError};

use crate::error::NodeError;

/// An id that a catalogue wrote.
///
/// # Errors
/// When the catalogue is damaged.
pub(crate) fn read<T: FromStr>(text: &str) -> Result<T, NodeError> {
    text.parse().map_err(|_| unreadable("an id"))
}

/// What is said of a damaged row.
pub(crate) fn unreadable(what: &str) -> NodeError {
    ProtocolError::Malformed { reason: format!("{what} in this node's catalogue is damaged") }.into()
}

/// Addresses in one column, one on a line.
pub(crate) fn join_addresses(addresses: &[Multiaddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// All of them, each once, in the order of the lists.
pub(crate) fn joined<'a>(lists: impl IntoIterator<Item = &'a Vec<Multiaddr>>) -> Vec<Multiaddr> {
    let mut all: Vec<Multiaddr> = Vec::new();
    for address in lists.into_iter().flatten() {
        if !all.contains(address) {
            all.push(address.clone());
        }
    }
    all
}

/// Reads what [`join_addresses`] wrote; what can't be read is left out.
pub(crate) fn split_addresses(text: &str) -> Vec<Multiaddr> {
    text.lines().filter_map(|line| line.parse().ok()).collect()
}
