//! The catalogue in figures, and what does not come on.

use enprint_protocol::ids::OrderId;
use enprint_store::args;
use enprint_store::ledger::outbox::{self, Backlog};

use super::{Catalogue, unsigned};
use crate::error::NodeError;
use crate::limits::HALTED_LISTED_MAX;
use crate::status::Halted;
use crate::stored;

impl Catalogue {
    /// What waits for photographers, in figures.
    pub(in crate::lab) async fn backlog(&self) -> Result<Backlog, NodeError> {
        Ok(outbox::backlog(&self.ledger).await?)
    }

    /// How many print jobs are in each state.
    pub(in crate::lab) async fn jobs_by_state(&self) -> Result<Vec<(String, u64)>, NodeError> {
        let sql = "SELECT state, COUNT(*) AS found FROM job GROUP BY state ORDER BY state";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        rows.iter().map(|row| Ok((row.text("state")?, unsigned(row.int("found")?)))).collect()
    }

    /// Bytes that ever crossed and were right, and bytes that were thrown away.
    pub(in crate::lab) async fn crossed_bytes(&self) -> Result<(u64, u64), NodeError> {
        let sql = "SELECT COALESCE(SUM(verified_bytes), 0) AS verified, \
                   COALESCE(SUM(discarded_bytes), 0) AS discarded FROM job_file";
        let row = self.ledger.read().fetch_one(sql, args![]).await?;
        Ok((unsigned(row.int("verified")?), unsigned(row.int("discarded")?)))
    }

    /// Jobs that do not come on, and why.
    pub(in crate::lab) async fn halted(&self) -> Result<Vec<Halted>, NodeError> {
        let sql = "SELECT order_id, trouble FROM job WHERE trouble IS NOT NULL AND file_state <> 'placed' \
                   ORDER BY offered_ms DESC LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![HALTED_LISTED_MAX]).await?;
        let halted = rows.iter().map(|row| {
            let order_id: OrderId = stored::read(&row.text("order_id")?)?;
            Ok(Halted { number: order_id.number(), why: row.text("trouble")? })
        });
        halted.collect()
    }
}
