//! At the first home: codes that wait, the homes that follow, and what each of them is
//! told. A home that was removed stays known as such.

use std::collections::HashSet;

use enprint_protocol::enrol::EnrolRequest;
use enprint_protocol::home::Home;
use enprint_protocol::limits::{REPLICA_BUSINESS_MAX, SMALL_BYTES_MAX};
use enprint_protocol::print_job::JobRequest;
use enprint_protocol::replica::{Business, Copied, HostFacts, LabFacts, ShownAt};
use enprint_protocol::signed::Signed;
use enprint_protocol::{Multiaddr, PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};
use serde_bytes::ByteBuf;

use enprint_protocol::ids::{ContentHash, EventId};

use super::{Catalogue, send};
use crate::error::NodeError;
use crate::limits::{HOMES_MAX, HOMES_REMEMBERED_MAX, LABS_TOLD_MAX, LABS_TOLD_UNASKED_MAX};
use crate::photographer::node::now;
use crate::stored;

/// A home that follows this one, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::photographer) struct SecondHome {
    pub(in crate::photographer) peer_id: PeerId,
    pub(in crate::photographer) name: String,
    /// Where it was when it joined.
    pub(in crate::photographer) addresses: Vec<Multiaddr>,
    /// This node's last word on it.
    pub(in crate::photographer) signed: Signed<Home>,
    /// How far it said last that it is.
    pub(in crate::photographer) copied: Option<Copied>,
}

impl Catalogue {
    /// Remembers a code that a second home may use, and forgets those that are too old.
    pub(in crate::photographer) async fn invite_home(
        &self,
        code: ContentHash,
        expires_ms: i64,
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO home_invitations (code_hash, expires_ms) VALUES ($1, $2)";
        let mut tx = self.ledger.begin().await?;
        tx.execute("DELETE FROM home_invitations WHERE expires_ms <= $1", args![now().0]).await?;
        tx.execute(sql, args![code.to_string(), expires_ms]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a home in that has a code, and tells hosts and labs, in one transaction; None for
    /// a code that is wrong, used by another or too old. Repeated it gets the first answer.
    pub(in crate::photographer) async fn take_home(
        &self,
        code: ContentHash,
        home: &SecondHome,
    ) -> Result<Option<Signed<Home>>, NodeError> {
        let (peer, now_ms) = (home.peer_id.to_string(), now().0);
        let mut tx = self.ledger.begin().await?;
        let sql = "SELECT used_by FROM home_invitations WHERE code_hash = $1 AND expires_ms > $2";
        let Some(row) = tx.fetch_optional(sql, args![code.to_string(), now_ms]).await? else { return Ok(None) };
        let sql = "SELECT signed FROM second_homes WHERE peer_id = $1 AND ended_ms IS NULL";
        let known = tx.fetch_optional(sql, args![&peer]).await?;
        match (row.get::<Option<String>>("used_by")?, known) {
            (Some(user), Some(known)) if user == peer => return Ok(Some(signed(&known)?)),
            (None, _) => {}
            _ => return Ok(None),
        }
        let sql = "SELECT COUNT(*) AS homes FROM second_homes WHERE ended_ms IS NULL AND peer_id <> $1";
        if tx.fetch_one(sql, args![&peer]).await?.int("homes")? >= HOMES_MAX {
            return Err(NodeError::NotNow { problem: format!("A photographer has {HOMES_MAX} second homes at most.") });
        }
        let sql = "UPDATE home_invitations SET used_by = $2 WHERE code_hash = $1";
        tx.execute(sql, args![code.to_string(), &peer]).await?;
        let sql = "INSERT INTO second_homes (peer_id, name, addresses, signed, since_ms) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (peer_id) DO UPDATE \
                   SET name = $2, addresses = $3, signed = $4, since_ms = $5, ended_ms = NULL, copied = NULL";
        let addresses = stored::join_addresses(&home.addresses);
        tx.execute(sql, args![&peer, &home.name, addresses, codec::encode(&home.signed)?, now_ms]).await?;
        tell_of_home(&mut tx, &peer, now_ms, &home.signed).await?;
        tx.commit().await?;
        Ok(Some(home.signed.clone()))
    }

    /// A home follows no longer: hosts and labs are told in the same transaction.
    pub(in crate::photographer) async fn end_home(&self, home: PeerId, signed: &Signed<Home>) -> Result<(), NodeError> {
        let sql = "UPDATE second_homes SET ended_ms = $2, signed = $3 WHERE peer_id = $1 AND ended_ms IS NULL";
        let mut tx = self.ledger.begin().await?;
        tx.execute(sql, args![home.to_string(), now().0, codec::encode(signed)?]).await?;
        tell_of_home(&mut tx, &home.to_string(), now().0, signed).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The homes that follow this one, the first paired first.
    pub(in crate::photographer) async fn second_homes(&self) -> Result<Vec<SecondHome>, NodeError> {
        let sql = "SELECT * FROM second_homes WHERE ended_ms IS NULL ORDER BY since_ms, peer_id";
        self.ledger.read().fetch_all(sql, args![]).await?.iter().map(second_home).collect()
    }

    /// The last words on homes that are none any more, of as many as a lab remembers.
    pub(in crate::photographer) async fn ended_homes(&self) -> Result<Vec<Signed<Home>>, NodeError> {
        let sql = "SELECT signed FROM second_homes WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT $1";
        self.ledger.read().fetch_all(sql, args![HOMES_REMEMBERED_MAX]).await?.iter().map(signed).collect()
    }

    /// Whether `peer` is a home that this node paired and did not remove.
    pub(in crate::photographer) async fn is_second_home(&self, peer: PeerId) -> Result<bool, NodeError> {
        let sql = "SELECT 1 AS found FROM second_homes WHERE peer_id = $1 AND ended_ms IS NULL";
        Ok(self.ledger.read().fetch_optional(sql, args![peer.to_string()]).await?.is_some())
    }

    /// Keeps how far a home says that it is.
    pub(in crate::photographer) async fn put_copied(&self, home: PeerId, copied: &Copied) -> Result<(), NodeError> {
        let sql = "UPDATE second_homes SET copied = $2 WHERE peer_id = $1 AND copied IS DISTINCT FROM $2";
        self.ledger.execute(sql, args![home.to_string(), codec::encode(copied)?]).await?;
        Ok(())
    }

    /// What a second home has to know of hosts and labs.
    pub(in crate::photographer) async fn business(&self) -> Result<Business, NodeError> {
        let most = i64::try_from(REPLICA_BUSINESS_MAX).unwrap_or(i64::MAX);
        let sql = "SELECT * FROM hosts ORDER BY enrolled_ms, peer_id LIMIT $1";
        let hosts = self.ledger.read().fetch_all(sql, args![most]).await?;
        let hosts = hosts.iter().map(host_facts).collect::<Result<Vec<_>, _>>()?;
        let chosen: Vec<PeerId> = hosts.iter().filter_map(|host| host.lab).collect();
        let mut labs = Vec::new();
        for lab in self.labs().await? {
            let rules = self.rules_of(lab.peer_id).await?;
            if labs.len() < LABS_TOLD_MAX && (rules.is_some() || chosen.contains(&lab.peer_id)) {
                let rules = rules.map(|rules| (ContentHash::of(&rules), rules.len() as u64));
                let (peer_id, name) = (lab.peer_id, lab.name);
                labs.push(LabFacts { peer_id, name, addresses: lab.addresses, hosts: lab.hosts, rules });
            }
        }
        Ok(Business { name: self.own_name().await?, hosts, labs })
    }

    /// How a lab wants its print files, as it is stored.
    pub(in crate::photographer) async fn rules_of(&self, lab: PeerId) -> Result<Option<Vec<u8>>, NodeError> {
        let sql = "SELECT print_rules FROM labs WHERE peer_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![lab.to_string()]).await?;
        Ok(row.map(|row| row.get("print_rules")).transpose()?.flatten())
    }

    /// Where an event is, or was, shown.
    pub(in crate::photographer) async fn shown_facts(&self, event_id: EventId) -> Result<Vec<ShownAt>, NodeError> {
        let sql = "SELECT *, (SELECT COUNT(*) FROM shown WHERE shown.event_id = at.event_id AND shown.host = at.host) \
                   + (SELECT COUNT(*) FROM taken_off WHERE taken_off.event_id = at.event_id AND taken_off.host = at.host) \
                   AS photos FROM event_hosts at WHERE event_id = $1 ORDER BY since_ms, host";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?;
        let shown_at = |row: &Row| {
            Ok(ShownAt {
                host: stored::read(&row.text("host")?)?,
                gallery_url: row.get("gallery_url")?,
                is_chosen: row.int("is_chosen")? != 0,
                since_ms: row.int("since_ms")?,
                photos: u64::try_from(row.int("photos")?).ok(),
            })
        };
        rows.iter().map(shown_at).collect()
    }
}

/// Tells a host that was just enrolled at of every home, of those that are none any more
/// too: their old words must not count there.
pub(super) async fn tell_homes(tx: &mut Tx<'_>, host: &str) -> Result<(), NodeError> {
    // Whatever else waits for the host, this word is the last.
    let (sql, at_ms) = ("SELECT peer_id, signed FROM second_homes", now().0);
    for row in tx.fetch_all(sql, args![]).await? {
        tell_host(tx, host, &row.text("peer_id")?, at_ms, &signed(&row)?).await?;
    }
    Ok(())
}

/// The labs that hear of homes: those that print or did, and the first few that each host
/// named. Others hear of them with the first offer.
pub(super) async fn labs_told(tx: &mut Tx<'_>) -> Result<HashSet<String>, NodeError> {
    let sql = "SELECT lab FROM jobs UNION SELECT lab FROM hosts WHERE lab IS NOT NULL \
               UNION SELECT peer_id FROM labs WHERE print_rules IS NOT NULL \
               UNION SELECT lab FROM (SELECT lab, ROW_NUMBER() OVER (PARTITION BY host ORDER BY rowid) AS place \
                                      FROM host_labs) WHERE place <= $1";
    let rows = tx.fetch_all(sql, args![LABS_TOLD_UNASKED_MAX]).await?;
    rows.iter().map(|row| Ok(row.text("lab")?)).collect()
}

/// Tells those that were not among them `before` of the homes that are none any more: a lab
/// may approve this photographer before anything is offered there, and their old words must
/// not count.
pub(super) async fn tell_new_labs(tx: &mut Tx<'_>, before: &HashSet<String>) -> Result<(), NodeError> {
    for lab in labs_told(tx).await?.difference(before) {
        tell_lab_of_ended(tx, lab).await?;
    }
    Ok(())
}

async fn tell_lab_of_ended(tx: &mut Tx<'_>, lab: &str) -> Result<(), NodeError> {
    let sql = "SELECT peer_id, ended_ms, signed FROM second_homes WHERE ended_ms IS NOT NULL \
               ORDER BY ended_ms DESC LIMIT $1";
    for row in tx.fetch_all(sql, args![HOMES_REMEMBERED_MAX]).await? {
        let (home, at_ms) = (row.text("peer_id")?, row.int("ended_ms")?);
        tell_lab(tx, lab, &home, at_ms, &codec::encode(&JobRequest::StandIn(signed(&row)?))?).await?;
    }
    Ok(())
}

/// Puts a word on a home on its way to every host, and to the labs that hear of homes.
async fn tell_of_home(tx: &mut Tx<'_>, home: &str, at_ms: i64, signed: &Signed<Home>) -> Result<(), NodeError> {
    for row in tx.fetch_all("SELECT peer_id FROM hosts WHERE left_ms IS NULL", args![]).await? {
        tell_host(tx, &row.text("peer_id")?, home, at_ms, signed).await?;
    }
    let request = codec::encode(&JobRequest::StandIn(signed.clone()))?;
    for lab in labs_told(tx).await? {
        tell_lab(tx, &lab, home, at_ms, &request).await?;
    }
    Ok(())
}

async fn tell_lab(tx: &mut Tx<'_>, lab: &str, home: &str, at_ms: i64, request: &[u8]) -> Result<(), NodeError> {
    send(tx, format!("home:{home}:{at_ms}:{lab}"), lab, "home-for-lab", request).await
}

async fn tell_host(
    tx: &mut Tx<'_>,
    host: &str,
    home: &str,
    at_ms: i64,
    signed: &Signed<Home>,
) -> Result<(), NodeError> {
    let request = EnrolRequest::StandIn { home: signed.clone(), addresses: Vec::new() };
    send(tx, format!("home:{home}:{at_ms}:{host}"), host, "home", &codec::encode(&request)?).await
}

fn signed(row: &Row) -> Result<Signed<Home>, NodeError> {
    Ok(codec::decode(&row.bytes("signed")?, SMALL_BYTES_MAX)?)
}

fn second_home(row: &Row) -> Result<SecondHome, NodeError> {
    let copied: Option<Vec<u8>> = row.get("copied")?;
    Ok(SecondHome {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        addresses: stored::split_addresses(&row.text("addresses")?),
        signed: signed(row)?,
        copied: copied.map(|copied| codec::decode(&copied, SMALL_BYTES_MAX)).transpose()?,
    })
}

fn host_facts(row: &Row) -> Result<HostFacts, NodeError> {
    let lists = ["addresses", "told_addresses"].map(|column| Ok(stored::split_addresses(&row.text(column)?)));
    let lists = lists.into_iter().collect::<Result<Vec<_>, NodeError>>()?;
    let lab: Option<String> = row.get("lab")?;
    Ok(HostFacts {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        key: ByteBuf::from(row.bytes("key_bytes")?),
        addresses: stored::joined(&lists),
        public_url: row.text("public_url")?,
        enrolled_ms: row.int("enrolled_ms")?,
        is_left: row.get::<Option<i64>>("left_ms")?.is_some(),
        lab: lab.map(|lab| stored::read(&lab)).transpose()?,
    })
}
