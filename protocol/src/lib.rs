//! What Enprint's peers say to each other: ids, signed records, messages,
//! the codec that bounds them, and the swarm that carries them.
//!
//! Read in this order: [`ids`] and [`print_size`] (the nouns), [`order`] (what a
//! customer bought), then the eight conversations, one file each:
//!
//! | module | name on the wire | from → to |
//! |---|---|---|
//! | [`enrol`] | `/enprint/enrol/1` | photographer, lab → host |
//! | [`publish`] | `/enprint/publish/1` | photographer → host |
//! | [`order`] | `/enprint/order/1` | host → photographer |
//! | [`print_job`] | `/enprint/print-job/1` | photographer → lab |
//! | [`original`] | `/enprint/original/1` | lab → photographer |
//! | [`status`] | `/enprint/status/1` | lab → photographer → host |
//! | [`home`] | `/enprint/home/1` | second home → first home |
//! | [`replica`] | `/enprint/replica/1` | second home → first home |
//!
//! [`codec`] is the only file that names the CBOR library; [`peer`] the only
//! folder that names a swarm. The records open no database, read no clock and
//! touch no socket.

pub mod access_code;
pub mod codec;
pub mod conversation;
pub mod enrol;
pub mod error;
pub mod event;
pub mod home;
pub mod ids;
pub mod limits;
pub mod money;
pub mod order;
pub mod original;
pub mod peer;
pub mod print_job;
pub mod print_size;
pub mod publish;
pub mod range_bytes;
pub mod replica;
#[cfg(test)]
#[path = "../tests/fuzz/rounds.rs"]
mod rounds;
pub mod signed;
#[cfg(test)]
#[path = "../tests/fuzz/spoil.rs"]
mod spoil;
pub mod status;
pub mod subtree;
pub mod text;
pub mod time;

pub use error::{ErrorCode, ProtocolError, Refusal};
pub use libp2p::identity::{Keypair, PublicKey};
pub use libp2p::{Multiaddr, PeerId, multiaddr};
