//! Every database handle of Enprint.
//!
//! Owns the SQL ledgers with their durable outbox. Does not know what a photo or an
//! order means.

pub mod error;
pub mod ledger;
pub mod limits;

pub use error::StoreError;
pub use ledger::{Ledger, LedgerLocation};
