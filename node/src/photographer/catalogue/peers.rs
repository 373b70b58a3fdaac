//! The host, its labs, and which of them prints.

use enprint_protocol::enrol::{Contact, Role};
use enprint_protocol::{Multiaddr, PeerId, PublicKey, codec};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::{Catalogue, HostRow, LabRow};
use crate::error::NodeError;
use crate::limits::PRINT_RULES_BYTES_MAX;
use crate::photographer::node::now;
use crate::photographer::print_rules::PrintRules;
use crate::stored;

const OWN_NAME: &str = "own name";
const CHOSEN_LAB: &str = "chosen lab";

impl Catalogue {
    /// The host, once enrolled.
    pub async fn host(&self) -> Result<Option<HostRow>, NodeError> {
        let row =
            self.ledger.read().fetch_optional("SELECT * FROM hosts ORDER BY enrolled_ms DESC LIMIT 1", args![]).await?;
        row.map(|row| host_row(&row)).transpose()
    }

    /// Remembers the host and the name used there.
    pub async fn put_host(&self, host: &HostRow, own_name: &str) -> Result<(), NodeError> {
        let sql = "INSERT INTO hosts (peer_id, name, key_bytes, addresses, public_url, enrolled_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (peer_id) DO UPDATE SET name = $2, key_bytes = $3, addresses = $4, \
                   public_url = $5, enrolled_ms = $6";
        let mut tx = self.ledger.begin().await?;
        let key = host.key.encode_protobuf();
        let addresses = stored::join_addresses(&host.addresses);
        let peer = host.peer_id.to_string();
        tx.execute(sql, args![peer, &host.name, key, addresses, &host.public_url, now().0]).await?;
        set(&mut tx, OWN_NAME, own_name).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The name that this node enrolled with.
    pub async fn own_name(&self) -> Result<Option<String>, NodeError> {
        self.setting(OWN_NAME).await
    }

    /// Whom the node's peer may talk to from the start: the host, and labs with jobs.
    pub async fn known_peers(&self) -> Result<Vec<PeerId>, NodeError> {
        let rows = self
            .ledger
            .read()
            .fetch_all("SELECT peer_id FROM hosts UNION SELECT DISTINCT lab FROM jobs", args![])
            .await?;
        rows.iter().map(|row| stored::read(&row.text("peer_id")?)).collect()
    }

    /// The labs that have yet to fetch something.
    pub async fn labs_that_fetch(&self) -> Result<Vec<LabRow>, NodeError> {
        let sql = "SELECT * FROM labs WHERE peer_id IN (SELECT jobs.lab FROM jobs \
                   JOIN job_files ON job_files.job_id = jobs.job_id \
                   WHERE jobs.state = 'open' AND job_files.received_ms IS NULL)";
        self.ledger.read().fetch_all(sql, args![]).await?.iter().map(lab_row).collect()
    }

    /// The labs that the host named, by name.
    pub async fn labs(&self) -> Result<Vec<LabRow>, NodeError> {
        let rows = self.ledger.read().fetch_all("SELECT * FROM labs ORDER BY name, peer_id", args![]).await?;
        rows.iter().map(lab_row).collect()
    }

    /// The lab of that peer id.
    pub async fn lab(&self, peer: PeerId) -> Result<Option<LabRow>, NodeError> {
        let row =
            self.ledger.read().fetch_optional("SELECT * FROM labs WHERE peer_id = $1", args![peer.to_string()]).await?;
        row.as_ref().map(lab_row).transpose()
    }

    /// Takes in the labs of the host's directory. Those it no longer names stay, since
    /// jobs may be with them.
    pub async fn put_labs(&self, contacts: &[Contact]) -> Result<(), NodeError> {
        let sql = "INSERT INTO labs (peer_id, name, addresses, seen_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (peer_id) DO UPDATE SET name = $2, addresses = $3, seen_ms = $4";
        let mut tx = self.ledger.begin().await?;
        for lab in contacts.iter().filter(|contact| contact.role == Role::Lab) {
            let addresses = stored::join_addresses(&lab.addresses);
            tx.execute(sql, args![lab.peer_id.to_string(), &lab.name, addresses, now().0]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The lab that prints: the one chosen, or the only one there is.
    pub async fn chosen_lab(&self) -> Result<Option<LabRow>, NodeError> {
        if let Some(chosen) = self.setting(CHOSEN_LAB).await? {
            return self.lab(stored::read(&chosen)?).await;
        }
        let mut labs = self.labs().await?;
        Ok(if labs.len() == 1 { labs.pop() } else { None })
    }

    /// Chooses the lab that prints, and says how it wants its files if that changes.
    pub async fn choose_lab(&self, lab: PeerId, rules: Option<&PrintRules>) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        if let Some(rules) = rules {
            let sql = "UPDATE labs SET print_rules = $2 WHERE peer_id = $1";
            tx.execute(sql, args![lab.to_string(), codec::encode(rules)?]).await?;
        }
        set(&mut tx, CHOSEN_LAB, &lab.to_string()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, NodeError> {
        let row = self.ledger.read().fetch_optional("SELECT value FROM settings WHERE name = $1", args![name]).await?;
        Ok(row.map(|row| row.text("value")).transpose()?)
    }
}

async fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), NodeError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    tx.execute(sql, args![name, value]).await?;
    Ok(())
}

fn host_row(row: &Row) -> Result<HostRow, NodeError> {
    let key =
        PublicKey::try_decode_protobuf(&row.bytes("key_bytes")?).map_err(|_| stored::unreadable("the host's key"))?;
    Ok(HostRow {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        key,
        addresses: addresses_of(row)?,
        public_url: row.text("public_url")?,
    })
}

fn lab_row(row: &Row) -> Result<LabRow, NodeError> {
    let rules: Option<Vec<u8>> = row.get("print_rules")?;
    let rules = rules.map(|bytes| codec::decode(&bytes, PRINT_RULES_BYTES_MAX)).transpose()?;
    Ok(LabRow {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        addresses: addresses_of(row)?,
        print_rules: rules.unwrap_or_default(),
    })
}

fn addresses_of(row: &Row) -> Result<Vec<Multiaddr>, NodeError> {
    Ok(stored::split_addresses(&row.text("addresses")?))
}
