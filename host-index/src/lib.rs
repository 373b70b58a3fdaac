//! The host: its peer and its database of galleries and orders.
//!
//! Owns accounts, events as published, proofs, baskets, orders, payment and the peers
//! that enrolled. Never holds an original, serves no page, and knows no SQL engine:
//! `enprint-store` opens the database, `enprint-protocol` the swarm.
//!
//! | read | for |
//! |---|---|
//! | [`index`] | every verb on the database, by noun |
//! | [`views`] | what the verbs take and give |
//! | [`host`] | what runs, in which order it starts and stops |
//! | [`error`] | everything that can go wrong, in words |
//! | [`limits`] | every bound, with its reason |

pub mod config;
mod courier;
pub mod error;
pub mod host;
pub mod index;
pub mod limits;
mod peer_desk;
mod schema;
mod secrets;
mod stored;
mod upkeep;
pub mod views;

pub use config::HostConfig;
pub use error::{ErrorKind, HostError};
pub use host::{Host, HostWatch};
pub use index::Index;

/// The protocol's nouns, for crates that may not depend on it themselves.
pub use enprint_protocol as protocol;
