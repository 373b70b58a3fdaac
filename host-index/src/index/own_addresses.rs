//! Where this host's processes listen, so that a command beside a running host can say
//! how to reach it.

use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::args;

use super::Index;
use crate::error::HostError;
use crate::stored;

impl Index {
    /// The process `peer` listens at `addresses`, each with its peer id.
    ///
    /// # Errors
    /// The database's.
    pub async fn listens_at(&self, peer: PeerId, addresses: &[Multiaddr]) -> Result<(), HostError> {
        let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
        let values = args![format!("address {peer}"), stored::join_addresses(addresses)];
        self.ledger().execute(sql, values).await?;
        Ok(())
    }

    /// Where this host's processes listened when they were last started.
    ///
    /// # Errors
    /// The database's.
    pub async fn addresses(&self) -> Result<Vec<Multiaddr>, HostError> {
        let sql = "SELECT value FROM setting WHERE name LIKE 'address %' ORDER BY name";
        let mut addresses = Vec::new();
        for row in self.ledger().read().fetch_all(sql, args![]).await? {
            addresses.extend(stored::split_addresses(&row.text("value")?));
        }
        Ok(addresses)
    }
}
