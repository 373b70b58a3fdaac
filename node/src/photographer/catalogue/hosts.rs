//! The hosts that this node has enrolled with. One host key is one host, whichever of
//! its processes answers; everything in this catalogue that belongs to a host names the
//! process that the node enrolled with first.

use enprint_protocol::enrol::HostNow;
use enprint_protocol::ids::OrderId;
use enprint_protocol::limits::{ADDRESSES_MAX, CONTROL_BYTES_MAX, LINE_BYTES_MAX, NAME_BYTES_MAX};
use enprint_protocol::order::Order;
use enprint_protocol::signed::Signed;
use enprint_protocol::{PeerId, PublicKey, codec, text};
use enprint_store::args;
use enprint_store::ledger::{Row, outbox};

use super::homes::tell_homes;
use super::peers::{OWN_NAME, set};
use super::{Catalogue, HostProcess, HostRow};
use crate::error::NodeError;
use crate::limits::HOSTS_MAX;
use crate::photographer::node::now;
use crate::photographer::publish::lane;
use crate::stored;

/// A host as it answered to an invitation.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct NewHost {
    pub(in crate::photographer) name: String,
    pub(in crate::photographer) key: PublicKey,
    pub(in crate::photographer) public_url: String,
    pub(in crate::photographer) process: HostProcess,
}

impl Catalogue {
    /// The hosts that this node takes part in, the first enrolled first.
    pub async fn hosts(&self) -> Result<Vec<HostRow>, NodeError> {
        let sql = "SELECT * FROM hosts WHERE left_ms IS NULL ORDER BY enrolled_ms, peer_id";
        by_key(&self.ledger.read().fetch_all(sql, args![]).await?)
    }

    /// The host of which `peer` is a process.
    pub async fn host_of(&self, peer: PeerId) -> Result<Option<HostRow>, NodeError> {
        Ok(self.hosts().await?.into_iter().find(|host| host.has(&peer)))
    }

    /// The name of a host, also of one that was left.
    pub async fn host_name(&self, host: PeerId) -> Result<Option<String>, NodeError> {
        let sql = "SELECT name FROM hosts WHERE peer_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![host.to_string()]).await?;
        Ok(row.map(|row| row.text("name")).transpose()?)
    }

    /// Remembers a host and the name used there. Of one that was left, everything is as
    /// it was.
    pub(in crate::photographer) async fn put_host(&self, new: &NewHost, own_name: &str) -> Result<(), NodeError> {
        let sql = "INSERT INTO hosts (peer_id, name, key_bytes, addresses, public_url, enrolled_ms) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (peer_id) DO UPDATE SET name = $2, key_bytes = $3, addresses = $4, public_url = $5";
        let back = "UPDATE hosts SET left_ms = NULL WHERE key_bytes = $1";
        let count = "SELECT COUNT(*) AS hosts FROM hosts WHERE left_ms IS NULL AND peer_id <> $1";
        let mut tx = self.ledger.begin().await?;
        let (peer, key) = (new.process.peer_id.to_string(), new.key.encode_protobuf());
        if tx.fetch_one(count, args![&peer]).await?.int("hosts")? >= HOSTS_MAX {
            return Err(too_many());
        }
        let addresses = stored::join_addresses(&new.process.enrolled_at);
        tx.execute(sql, args![&peer, &new.name, &key, addresses, &new.public_url, now().0]).await?;
        tx.execute(back, args![key]).await?;
        set(&mut tx, OWN_NAME, own_name).await?;
        tell_homes(&mut tx, &peer).await?;
        tx.commit().await?;
        self.marks.changed();
        Ok(())
    }

    /// Where a process of a host says it is now, and how its host is called. Answers
    /// whether anything is new.
    pub(in crate::photographer) async fn put_host_now(&self, peer: PeerId, host: &HostNow) -> Result<bool, NodeError> {
        let sql = "UPDATE hosts SET name = $2, public_url = $3, told_addresses = $4 \
                   WHERE peer_id = $1 AND (name <> $2 OR public_url <> $3 OR told_addresses <> $4)";
        let name = text::required("The host's name", &host.name, NAME_BYTES_MAX, false)?;
        let public_url = text::optional("The host's web address", &host.public_url, LINE_BYTES_MAX, false)?;
        let told: Vec<_> = host.addresses.iter().take(ADDRESSES_MAX).cloned().collect();
        let mut tx = self.ledger.begin().await?;
        let values = args![peer.to_string(), name, public_url, stored::join_addresses(&told)];
        let changed = tx.execute(sql, values).await?;
        tx.commit().await?;
        if changed > 0 {
            self.marks.changed();
        }
        Ok(changed > 0)
    }

    /// Where a person says that a process of a host is now.
    pub(in crate::photographer) async fn put_host_at(&self, process: &HostProcess) -> Result<(), NodeError> {
        let sql = "UPDATE hosts SET addresses = $2 WHERE peer_id = $1";
        let mut tx = self.ledger.begin().await?;
        let addresses = stored::join_addresses(&process.enrolled_at);
        tx.execute(sql, args![process.peer_id.to_string(), addresses]).await?;
        tx.commit().await?;
        self.marks.changed();
        Ok(())
    }

    /// Takes part in a host no longer: nothing more is sent to it. What it was, and its
    /// orders, stay.
    pub(in crate::photographer) async fn leave_host(&self, host: &HostRow) -> Result<(), NodeError> {
        let left = "UPDATE hosts SET left_ms = $2 WHERE peer_id = $1";
        let events = "UPDATE event_hosts SET is_chosen = 0 WHERE host = $1";
        let mut tx = self.ledger.begin().await?;
        for process in &host.processes {
            tx.execute(left, args![process.peer_id.to_string(), now().0]).await?;
        }
        tx.execute(events, args![host.peer_id.to_string()]).await?;
        for lane in [host.peer_id.to_string(), lane(host.peer_id)] {
            outbox::forget_peer(&mut tx, &lane).await?;
        }
        tx.commit().await?;
        self.marks.changed();
        Ok(())
    }

    /// Orders that were taken before hosts were told apart get the host that signed them.
    pub(super) async fn find_hosts_of_orders(&self) -> Result<(), NodeError> {
        let sql = "SELECT order_id, signed FROM orders WHERE host IS NULL";
        let orders = self.ledger.read().fetch_all(sql, args![]).await?;
        if orders.is_empty() {
            return Ok(());
        }
        let hosts = by_key(&self.ledger.read().fetch_all("SELECT * FROM hosts ORDER BY enrolled_ms", args![]).await?)?;
        let mut tx = self.ledger.begin().await?;
        for row in orders {
            let order_id: OrderId = stored::read(&row.text("order_id")?)?;
            let signed: Signed<Order> = codec::decode(&row.bytes("signed")?, CONTROL_BYTES_MAX)?;
            let Some(host) = hosts.iter().find(|host| signed.open(&host.key).is_ok()) else { continue };
            let sql = "UPDATE orders SET host = $2 WHERE order_id = $1";
            tx.execute(sql, args![order_id.to_string(), host.peer_id.to_string()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Processes of one host key together, in the order of their rows.
fn by_key(rows: &[Row]) -> Result<Vec<HostRow>, NodeError> {
    let mut hosts: Vec<HostRow> = Vec::new();
    for row in rows {
        let mut found = host_row(row)?;
        match hosts.iter_mut().find(|host| host.key == found.key) {
            Some(host) => host.processes.append(&mut found.processes),
            None => hosts.push(found),
        }
    }
    Ok(hosts)
}

fn host_row(row: &Row) -> Result<HostRow, NodeError> {
    let key =
        PublicKey::try_decode_protobuf(&row.bytes("key_bytes")?).map_err(|_| stored::unreadable("the host's key"))?;
    let peer_id = stored::read(&row.text("peer_id")?)?;
    let lab: Option<String> = row.get("lab")?;
    Ok(HostRow {
        peer_id,
        name: row.text("name")?,
        key,
        public_url: row.text("public_url")?,
        lab: lab.map(|lab| stored::read(&lab)).transpose()?,
        processes: vec![HostProcess {
            peer_id,
            enrolled_at: stored::split_addresses(&row.text("addresses")?),
            told: stored::split_addresses(&row.text("told_addresses")?),
        }],
    })
}

fn too_many() -> NodeError {
    NodeError::NotNow {
        problem: format!(
            "This node is enrolled at {HOSTS_MAX} hosts, which is all that it can serve. Leave one first: “leave-host”."
        ),
    }
}
