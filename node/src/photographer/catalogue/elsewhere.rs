//! Orders that another home had before this one.

use enprint_protocol::PeerId;
use enprint_protocol::ids::OrderId;
use enprint_store::args;
use enprint_store::ledger::{Tx, outbox};

use super::Catalogue;
use crate::error::NodeError;
use crate::photographer::node::now;
use crate::stored;

/// Where the offer of an order waits that was another home's before: for itself alone, since
/// it may wait for long until every other lab has said no.
fn lane(order_id: &str, lab: &str) -> String {
    format!("elsewhere/{order_id}:{lab}")
}

/// Where the offer of an order to a lab waits.
pub(super) async fn lane_of_offer(tx: &mut Tx<'_>, order_id: &str, lab: &str) -> Result<String, NodeError> {
    let found = tx.fetch_optional("SELECT host FROM elsewhere WHERE order_id = $1", args![order_id]).await?;
    Ok(if found.is_some() { lane(order_id, lab) } else { lab.to_owned() })
}

impl Catalogue {
    /// Notes what a host says: an order of its that comes was another home's before.
    pub(in crate::photographer) async fn note_elsewhere(
        &self,
        order_id: OrderId,
        host: PeerId,
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO elsewhere (order_id, host) VALUES ($1, $2) ON CONFLICT (order_id) DO NOTHING";
        self.ledger.execute(sql, args![order_id.to_string(), host.to_string()]).await?;
        Ok(())
    }

    /// The host of an order that was another home's before.
    pub(in crate::photographer) async fn was_elsewhere(&self, order_id: OrderId) -> Result<Option<PeerId>, NodeError> {
        let sql = "SELECT host FROM elsewhere WHERE order_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![order_id.to_string()]).await?;
        row.map(|row| stored::read(&row.text("host")?)).transpose()
    }

    /// Offers of such orders are tried now, however long they were put off.
    pub(in crate::photographer) async fn wake_offers_of_elsewhere(&self) -> Result<(), NodeError> {
        let sql = "SELECT jobs.lab, jobs.order_id FROM jobs JOIN elsewhere ON elsewhere.order_id = jobs.order_id \
                   JOIN orders ON orders.job_id = jobs.job_id \
                   WHERE jobs.state = 'open' AND orders.production = 'waiting'";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.ledger.begin().await?;
        for row in rows {
            let lane = lane(&row.text("order_id")?, &row.text("lab")?);
            outbox::wake_peer(&mut tx, &lane, now().0).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
