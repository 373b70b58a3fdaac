//! The node's business in SQLite: settings, hosts, labs, events, orders, jobs and the
//! outbox. Every verb is one transaction, with the message that announces it. Holds
//! no image data; its list of events can be made again from the volumes.

mod custody;
mod damaged;
mod edits_had;
mod elsewhere;
mod events;
mod figures;
mod first_home;
mod had;
mod homes;
mod hosts;
mod jobs;
mod made;
mod orders;
mod peers;
mod rows;
mod schema;
mod shown;
#[cfg(test)]
pub(super) mod tests;
mod untold;
mod wishes;

use std::path::Path;

use enprint_store::ledger::outbox::{self, Parcel, Waiting};
use enprint_store::ledger::{Ledger, LedgerLocation, Migration, Tx};

pub(super) use custody::TransferRow;
pub(super) use first_home::{Arriving, FirstHome};
pub(super) use had::{HALF_NOTED, hash_of};
pub(super) use homes::SecondHome;
pub(super) use hosts::NewHost;
pub(super) use made::MadeFile;
pub use rows::{Decision, EventRow, HostProcess, HostRow, LabRow, OrderRow, ShownAt, Trouble};
pub(super) use rows::{HaltedOrder, JobFile, JobRow, NewJob, NewOrder, NotedStatus};
pub(super) use wishes::{Wish, WithdrawnAt};

use super::homes::Marks;
use super::node::now;
use crate::error::NodeError;
use crate::limits::WAITING_LISTED_MAX;

static MIGRATIONS: &[Migration] = &[
    outbox::migration(1),
    schema::FIRST,
    schema::PRINT_RULES,
    schema::HOSTS,
    schema::MADE_FILES,
    schema::CUSTODY,
    schema::HOMES,
    schema::MOVED_ORDERS,
    schema::ELSEWHERE,
    schema::STAY_WITHDRAWN,
    schema::UNTOLD,
    schema::HAD,
    schema::EDITS_HAD,
    schema::PHOTOS_HAD,
    schema::TROUBLE_KINDS,
];

/// The catalogue. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    ledger: Ledger,
    marks: Marks,
}

impl Catalogue {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// When the file can't be opened, or a newer program wrote it.
    pub async fn open(file: &Path) -> Result<Self, NodeError> {
        let ledger = Ledger::open(LedgerLocation::File(file.to_owned()), MIGRATIONS).await?;
        let catalogue = Self { ledger, marks: Marks::default() };
        catalogue.find_hosts_of_orders().await?;
        Ok(catalogue)
    }

    /// What tells second homes that something is other.
    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// For the courier.
    pub(super) fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// Tries everything that waits for `peer` now: it has just connected.
    pub(super) async fn wake_peer(&self, peer: &str) -> Result<(), NodeError> {
        let now_ms = now().0;
        let mut tx = self.ledger.begin().await?;
        outbox::wake_peer(&mut tx, peer, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What waits for other peers, and why.
    pub(super) async fn waiting(&self) -> Result<Vec<Waiting>, NodeError> {
        Ok(outbox::waiting(&self.ledger, WAITING_LISTED_MAX).await?)
    }

    /// Removes a parcel whose errand is done.
    pub(super) async fn settle(&self, parcel: &str) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        outbox::settle(&mut tx, parcel).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Puts a message into the outbox, in the transaction of what it announces.
async fn send(tx: &mut Tx<'_>, id: String, peer: &str, kind: &str, payload: &[u8]) -> Result<(), NodeError> {
    outbox::put(tx, &parcel(id, peer, kind, payload), now().0).await?;
    Ok(())
}

fn parcel(id: String, peer: &str, kind: &str, payload: &[u8]) -> Parcel {
    Parcel { id, peer: peer.to_owned(), kind: kind.to_owned(), payload: payload.to_vec() }
}
