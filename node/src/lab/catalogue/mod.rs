//! The lab's business in SQLite: hosts, photographers, jobs, what of their files is
//! here, and the outbox. Every verb is one transaction, with the message that
//! announces it. Holds no bytes of print files.

mod contents;
mod figures;
mod homes;
mod jobs;
mod peers;
mod schema;
mod withdrawals;

use std::path::Path;

use enprint_store::args;
use enprint_store::ledger::outbox::{self, Waiting};
use enprint_store::ledger::{Ledger, LedgerLocation, Migration};

pub(super) use contents::{Content, ContentKey, Crossed};
pub(super) use jobs::{FileState, JobRow, JobState, Offered, Report, Told};
pub(super) use peers::{HostRow, PhotographerRow, Standing};
pub(super) use withdrawals::Withdrawn;

use crate::error::NodeError;

static MIGRATIONS: &[Migration] = &[
    outbox::migration(1),
    schema::FIRST,
    schema::HOSTS,
    schema::WITHDRAWN_AND_KEPT,
    schema::HOMES,
    schema::OFFERS_FROM,
    schema::PARCELS,
];

/// Messages that a status lists.
const WAITING_LISTED: u32 = 100;

/// The catalogue. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Catalogue {
    ledger: Ledger,
}

impl Catalogue {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// When the file can't be opened, or a newer program wrote it.
    pub(super) async fn open(file: &Path) -> Result<Self, NodeError> {
        let ledger = Ledger::open(LedgerLocation::File(file.to_owned()), MIGRATIONS).await?;
        Ok(Self { ledger })
    }

    /// For the courier.
    pub(super) fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// What waits for photographers.
    pub(super) async fn waiting(&self) -> Result<Vec<Waiting>, NodeError> {
        Ok(outbox::waiting(&self.ledger, WAITING_LISTED).await?)
    }

    /// How many rows a counting question finds.
    async fn count(&self, sql: &'static str) -> Result<u64, NodeError> {
        let row = self.ledger.read().fetch_one(sql, args![]).await?;
        Ok(unsigned(row.int("found")?))
    }
}

/// A count or a length; negative ones don't occur.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count or a length for the database; lengths are bounded far below.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
