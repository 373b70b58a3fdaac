//! The labs of the hosts, and which of them prints.

use enprint_protocol::enrol::{Contact, Role};
use enprint_protocol::{Multiaddr, PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::homes::{labs_told, tell_new_labs};
use super::{Catalogue, LabRow};
use crate::error::NodeError;
use crate::limits::PRINT_RULES_BYTES_MAX;
use crate::photographer::node::now;
use crate::photographer::print_rules::PrintRules;
use crate::stored;

pub(super) const OWN_NAME: &str = "own name";

/// A lab, with what each host says of it.
macro_rules! labs {
    ($rest:literal) => {
        concat!(
            "SELECT labs.*, \
             (SELECT group_concat(addresses, char(10)) FROM host_labs WHERE lab = labs.peer_id) AS told, \
             (SELECT group_concat(host, char(10)) FROM host_labs WHERE lab = labs.peer_id) AS hosts \
             FROM labs ",
            $rest
        )
    };
}

impl Catalogue {
    /// The name that this node enrolled with.
    pub async fn own_name(&self) -> Result<Option<String>, NodeError> {
        self.setting(OWN_NAME).await
    }

    /// Whom the node's peer may talk to from the start: hosts, labs with jobs, homes.
    pub async fn known_peers(&self) -> Result<Vec<PeerId>, NodeError> {
        let rows = self
            .ledger
            .read()
            .fetch_all(
                "SELECT peer_id FROM hosts WHERE left_ms IS NULL UNION SELECT DISTINCT lab FROM jobs \
                 UNION SELECT peer_id FROM first_home UNION SELECT peer_id FROM second_homes WHERE ended_ms IS NULL",
                args![],
            )
            .await?;
        rows.iter().map(|row| stored::read(&row.text("peer_id")?)).collect()
    }

    /// The labs that have yet to fetch something.
    pub async fn labs_that_fetch(&self) -> Result<Vec<LabRow>, NodeError> {
        let sql = labs!(
            "WHERE peer_id IN (SELECT jobs.lab FROM jobs \
             JOIN job_files ON job_files.job_id = jobs.job_id \
             WHERE jobs.state = 'open' AND job_files.received_ms IS NULL)"
        );
        self.ledger.read().fetch_all(sql, args![]).await?.iter().map(lab_row).collect()
    }

    /// Whether a lab has yet to fetch something, or to be told something.
    pub async fn has_business_with(&self, lab: PeerId) -> Result<bool, NodeError> {
        let sql = "SELECT 1 AS found FROM jobs JOIN job_files ON job_files.job_id = jobs.job_id \
                   WHERE jobs.lab = $1 AND jobs.state = 'open' AND job_files.received_ms IS NULL \
                   UNION ALL SELECT 1 AS found FROM outbox \
                   WHERE (peer = $1 OR peer LIKE '%:' || $1) AND refused_ms IS NULL LIMIT 1";
        Ok(self.ledger.read().fetch_optional(sql, args![lab.to_string()]).await?.is_some())
    }

    /// The labs that hosts named, by name.
    pub async fn labs(&self) -> Result<Vec<LabRow>, NodeError> {
        let rows = self.ledger.read().fetch_all(labs!("ORDER BY name, peer_id"), args![]).await?;
        rows.iter().map(lab_row).collect()
    }

    /// The lab of that peer id.
    pub async fn lab(&self, peer: PeerId) -> Result<Option<LabRow>, NodeError> {
        let row = self.ledger.read().fetch_optional(labs!("WHERE peer_id = $1"), args![peer.to_string()]).await?;
        row.as_ref().map(lab_row).transpose()
    }

    /// Takes in the labs of a host's directory. Those it no longer names stay, since
    /// jobs may be with them.
    pub async fn put_labs(&self, host: PeerId, contacts: &[Contact]) -> Result<(), NodeError> {
        let lab_row = "INSERT INTO labs (peer_id, name, addresses, seen_ms) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (peer_id) DO UPDATE SET name = $2, addresses = $3, seen_ms = $4";
        let at_host = "INSERT INTO host_labs (host, lab, addresses, seen_ms) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (host, lab) DO UPDATE SET addresses = $3, seen_ms = $4";
        let mut tx = self.ledger.begin().await?;
        let told = labs_told(&mut tx).await?;
        for lab in contacts.iter().filter(|contact| contact.role == Role::Lab) {
            let (peer, addresses) = (lab.peer_id.to_string(), stored::join_addresses(&lab.addresses));
            tx.execute(lab_row, args![&peer, &lab.name, &addresses, now().0]).await?;
            tx.execute(at_host, args![host.to_string(), peer, addresses, now().0]).await?;
        }
        tell_new_labs(&mut tx, &told).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The lab that prints what is ordered at `host`, whose word that host takes: the one
    /// chosen, or the only one that it names.
    pub async fn lab_for(&self, host: PeerId) -> Result<Option<LabRow>, NodeError> {
        let chosen = "SELECT lab FROM hosts WHERE peer_id = $1";
        let row = self.ledger.read().fetch_optional(chosen, args![host.to_string()]).await?;
        let chosen: Option<String> = row.map(|row| row.get("lab")).transpose()?.flatten();
        let mut labs = self.labs().await?;
        labs.retain(|lab| lab.hosts.contains(&host));
        if let Some(chosen) = chosen {
            let chosen = stored::read(&chosen)?;
            if let Some(at) = labs.iter().position(|lab| lab.peer_id == chosen) {
                return Ok(Some(labs.swap_remove(at)));
            }
        }
        Ok(if labs.len() == 1 { labs.pop() } else { None })
    }

    /// Chooses the lab that prints what is ordered at `hosts`, and says how it wants its
    /// files if that changes.
    pub async fn choose_lab(&self, lab: PeerId, hosts: &[PeerId], rules: Option<&PrintRules>) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        let told = labs_told(&mut tx).await?;
        if let Some(rules) = rules {
            let sql = "UPDATE labs SET print_rules = $2 WHERE peer_id = $1";
            tx.execute(sql, args![lab.to_string(), codec::encode(rules)?]).await?;
        }
        for host in hosts {
            let sql = "UPDATE hosts SET lab = $2 WHERE peer_id = $1";
            tx.execute(sql, args![host.to_string(), lab.to_string()]).await?;
        }
        tell_new_labs(&mut tx, &told).await?;
        tx.commit().await?;
        self.marks.changed();
        Ok(())
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, NodeError> {
        let row = self.ledger.read().fetch_optional("SELECT value FROM settings WHERE name = $1", args![name]).await?;
        Ok(row.map(|row| row.text("value")).transpose()?)
    }
}

pub(super) async fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), NodeError> {
    let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    tx.execute(sql, args![name, value]).await?;
    Ok(())
}

fn lab_row(row: &Row) -> Result<LabRow, NodeError> {
    let rules: Option<Vec<u8>> = row.get("print_rules")?;
    let rules = rules.map(|bytes| codec::decode(&bytes, PRINT_RULES_BYTES_MAX)).transpose()?;
    let hosts: Option<String> = row.get("hosts")?;
    let hosts = hosts.unwrap_or_default();
    Ok(LabRow {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        addresses: addresses_of(row)?,
        hosts: hosts.lines().map(stored::read).collect::<Result<_, _>>()?,
        print_rules: rules.unwrap_or_default(),
    })
}

fn addresses_of(row: &Row) -> Result<Vec<Multiaddr>, NodeError> {
    let told: Option<String> = row.get("told")?;
    let lists = [stored::split_addresses(&row.text("addresses")?), stored::split_addresses(&told.unwrap_or_default())];
    Ok(stored::joined(&lists))
}
