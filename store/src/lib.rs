//! Every database handle of Enprint.
//!
//! Owns the archive's sled volumes with their guard rails, and the SQL ledgers with
//! their durable outbox. Does not know what a photo or an order means.

pub mod archive;
pub mod error;
pub mod ledger;
pub mod limits;

pub use archive::DataLock;
pub use error::StoreError;
pub use ledger::{Ledger, LedgerLocation};
