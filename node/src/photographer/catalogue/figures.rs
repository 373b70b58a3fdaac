//! The catalogue in figures, and what does not come on.

use std::collections::HashMap;

use enprint_protocol::PeerId;
use enprint_protocol::ids::OrderId;
use enprint_store::args;
use enprint_store::ledger::Row;
use enprint_store::ledger::outbox::{self, Backlog};

use super::Catalogue;
use crate::error::NodeError;
use crate::limits::HALTED_LISTED_MAX;
use crate::status::Halted;
use crate::stored;

impl Catalogue {
    /// What waits for other peers, in figures.
    pub(in crate::photographer) async fn backlog(&self) -> Result<Backlog, NodeError> {
        Ok(outbox::backlog(&self.ledger).await?)
    }

    /// How many orders are held, declined, or how far in production.
    pub(in crate::photographer) async fn orders_by_state(&self) -> Result<Vec<(String, u64)>, NodeError> {
        self.by_state(
            "SELECT CASE WHEN decision = 'accepted' THEN production ELSE decision END AS state, COUNT(*) AS found \
             FROM orders GROUP BY 1 ORDER BY 1",
        )
        .await
    }

    /// How many print jobs are in each state.
    pub(in crate::photographer) async fn jobs_by_state(&self) -> Result<Vec<(String, u64)>, NodeError> {
        self.by_state("SELECT state, COUNT(*) AS found FROM jobs GROUP BY state ORDER BY state").await
    }

    /// How many orders each lab has been offered whose files it has not got.
    pub(in crate::photographer) async fn offered_to_labs(&self) -> Result<HashMap<PeerId, u64>, NodeError> {
        let sql = "SELECT lab, COUNT(*) AS found FROM orders WHERE production = 'offered' AND lab IS NOT NULL \
                   AND moved_ms IS NULL GROUP BY lab";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        let of_lab = |row: &Row| Ok((stored::read(&row.text("lab")?)?, u64::try_from(row.int("found")?).unwrap_or(0)));
        rows.iter().map(of_lab).collect()
    }

    /// Orders that do not come on, and why; the newest first, and not all where they are many.
    pub(in crate::photographer) async fn halted(&self) -> Result<Vec<Halted>, NodeError> {
        let sql = "SELECT order_id, trouble FROM orders WHERE trouble IS NOT NULL AND moved_ms IS NULL \
                   AND decision <> 'declined' AND production NOT IN ('received', 'printing', 'shipped') \
                   ORDER BY placed_ms DESC LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![HALTED_LISTED_MAX]).await?;
        let halted = rows.iter().map(|row| {
            let order_id: OrderId = stored::read(&row.text("order_id")?)?;
            Ok(Halted { number: order_id.number(), why: row.text("trouble")? })
        });
        halted.collect()
    }

    /// How many orders do not come on.
    pub(in crate::photographer) async fn orders_halted(&self) -> Result<u64, NodeError> {
        let sql = "SELECT COUNT(*) AS halted FROM orders WHERE trouble IS NOT NULL AND moved_ms IS NULL \
                   AND decision <> 'declined' AND production NOT IN ('received', 'printing', 'shipped')";
        let row = self.ledger.read().fetch_one(sql, args![]).await?;
        Ok(u64::try_from(row.int("halted")?).unwrap_or(0))
    }

    async fn by_state(&self, sql: &'static str) -> Result<Vec<(String, u64)>, NodeError> {
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        rows.iter().map(|row| Ok((row.text("state")?, u64::try_from(row.int("found")?).unwrap_or(0)))).collect()
    }
}
