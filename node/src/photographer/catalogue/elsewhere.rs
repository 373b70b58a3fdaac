//! Orders that another home had before this one.

use enprint_protocol::PeerId;
use enprint_protocol::ids::OrderId;
use enprint_store::args;
use enprint_store::ledger::outbox;

use super::Catalogue;
use crate::error::NodeError;
use crate::photographer::node::now;
use crate::stored;

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
        let sql = "SELECT DISTINCT jobs.lab FROM jobs JOIN elsewhere ON elsewhere.order_id = jobs.order_id \
                   JOIN orders ON orders.job_id = jobs.job_id \
                   WHERE jobs.state = 'open' AND orders.production = 'waiting'";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut tx = self.ledger.begin().await?;
        for row in rows {
            outbox::wake_peer(&mut tx, &row.text("lab")?, now().0).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
