//! The peers that people run themselves: the photographer's node, which keeps the
//! originals, and the lab, which prints. Knows nothing of the host's database.

pub mod addresses;
mod arriving;
pub mod control;
pub mod error;
pub mod lab;
pub mod limits;
pub mod photographer;
mod places;
#[cfg(test)]
mod played;
#[cfg(test)]
#[path = "../../protocol/tests/fuzz/rounds.rs"]
mod rounds;
#[cfg(test)]
#[path = "../../protocol/tests/fuzz/spoil.rs"]
#[allow(dead_code, reason = "the golden messages are the protocol's")]
mod spoil;
pub mod status;
mod stored;
mod turns;
#[cfg(test)]
mod waiting;

pub use error::NodeError;
