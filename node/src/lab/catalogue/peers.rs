//! Whom the lab knows: its hosts, and photographers with their standing.

use enprint_protocol::enrol::Contact;
use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::args;
use enprint_store::ledger::Row;

use super::Catalogue;
use crate::error::NodeError;
use crate::lab::clock::now_ms;
use crate::limits::{HOSTS_MAX, WAITING_PHOTOGRAPHERS_MAX};
use crate::stored::{join_addresses, joined, read, split_addresses, unreadable};

/// A photographer, with what each host says of where they are.
macro_rules! photographers {
    ($rest:literal) => {
        concat!(
            "SELECT peer_id, name, addresses, standing,
             (SELECT group_concat(contact.addresses, char(10)) FROM contact
              WHERE contact.photographer = photographer.peer_id) AS told FROM photographer ",
            $rest
        )
    };
}

/// A host that the lab is enrolled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lab) struct HostRow {
    /// Who.
    pub(in crate::lab) peer_id: PeerId,
    /// Its name.
    pub(in crate::lab) name: String,
    /// Where it was when the lab enrolled, or as a person said later.
    pub(in crate::lab) address: Multiaddr,
    /// Where it said last that it can be reached.
    pub(in crate::lab) told: Vec<Multiaddr>,
}

impl HostRow {
    /// Everywhere that it may be.
    pub(in crate::lab) fn addresses(&self) -> Vec<Multiaddr> {
        joined([&vec![self.address.clone()], &self.told])
    }
}

/// What a photographer is to the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Standing {
    /// Offered a job and waits for approval.
    Waiting,
    /// The lab takes their jobs.
    Approved,
    /// The lab has not taken their jobs since.
    Revoked,
    /// The host named them; nothing more happened yet.
    Listed,
}

/// A photographer.
#[derive(Debug, Clone)]
pub(in crate::lab) struct PhotographerRow {
    /// Who.
    pub(in crate::lab) peer_id: PeerId,
    /// Their name, or empty.
    pub(in crate::lab) name: String,
    /// Where any host says they are.
    pub(in crate::lab) addresses: Vec<Multiaddr>,
    /// What they are to the lab.
    pub(in crate::lab) standing: Standing,
}

impl Standing {
    /// All of them, in the order of lists.
    const ALL: [Self; 4] = [Self::Waiting, Self::Approved, Self::Revoked, Self::Listed];

    /// The word in the catalogue and in JSON.
    pub(in crate::lab) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Revoked => "revoked",
            Self::Listed => "listed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

impl Catalogue {
    /// The hosts, the first enrolled first.
    pub(in crate::lab) async fn hosts(&self) -> Result<Vec<HostRow>, NodeError> {
        let sql = "SELECT peer_id, name, address, told FROM host ORDER BY enrolled_ms, peer_id";
        let read_row = |row: &Row| {
            Ok(HostRow {
                peer_id: read(&row.text("peer_id")?)?,
                name: row.text("name")?,
                address: read(&row.text("address")?)?,
                told: split_addresses(&row.text("told")?),
            })
        };
        self.ledger.read().fetch_all(sql, args![]).await?.iter().map(read_row).collect()
    }

    /// The host of that peer id.
    pub(in crate::lab) async fn host(&self, peer: PeerId) -> Result<Option<HostRow>, NodeError> {
        Ok(self.hosts().await?.into_iter().find(|host| host.peer_id == peer))
    }

    /// Remembers a host that took this lab in, or where it is now.
    pub(in crate::lab) async fn put_host(&self, host: &HostRow) -> Result<(), NodeError> {
        let sql = "INSERT INTO host (peer_id, name, address, told, enrolled_ms) SELECT $1, $2, $3, $4, $5
             WHERE (SELECT COUNT(*) FROM host WHERE peer_id <> $1) < $6
             ON CONFLICT (peer_id) DO UPDATE
             SET name = excluded.name, address = excluded.address, told = excluded.told";
        let told = join_addresses(&host.told);
        let args = args![host.peer_id.to_string(), &host.name, host.address.to_string(), told, now_ms(), HOSTS_MAX];
        if self.ledger.execute(sql, args).await? == 0 {
            let problem = format!(
                "The lab is enrolled at {HOSTS_MAX} hosts, which is all that it can serve. Leave one first: “leave-host”."
            );
            return Err(NodeError::NotNow { problem });
        }
        Ok(())
    }

    /// Takes part in a host no longer, and forgets what it said of photographers.
    pub(in crate::lab) async fn forget_host(&self, host: PeerId) -> Result<(), NodeError> {
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    tx.execute("DELETE FROM contact WHERE host = $1", args![host.to_string()]).await?;
                    tx.execute("DELETE FROM host WHERE peer_id = $1", args![host.to_string()]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Everybody that is known, those that wait for approval first, then by name.
    pub(in crate::lab) async fn photographers(&self) -> Result<Vec<PhotographerRow>, NodeError> {
        let sql = photographers!("ORDER BY name, peer_id");
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        let mut photographers = rows.iter().map(photographer).collect::<Result<Vec<_>, _>>()?;
        let place = |row: &PhotographerRow| Standing::ALL.iter().position(|standing| *standing == row.standing);
        photographers.sort_by_key(place);
        Ok(photographers)
    }

    /// One photographer.
    pub(in crate::lab) async fn photographer(&self, peer: PeerId) -> Result<Option<PhotographerRow>, NodeError> {
        let sql = photographers!("WHERE peer_id = $1");
        let row = self.ledger.read().fetch_optional(sql, args![peer.to_string()]).await?;
        row.as_ref().map(photographer).transpose()
    }

    /// Sets a photographer's standing; one who is not known yet is made known.
    pub(in crate::lab) async fn set_standing(&self, peer: PeerId, standing: Standing) -> Result<(), NodeError> {
        let sql =
            "INSERT INTO photographer (peer_id, name, addresses, standing, changed_ms) VALUES ($1, '', '', $2, $3)
             ON CONFLICT (peer_id) DO UPDATE SET standing = excluded.standing, changed_ms = excluded.changed_ms";
        self.ledger.execute(sql, args![peer.to_string(), standing.word(), now_ms()]).await?;
        Ok(())
    }

    /// Remembers that `peer` offered a job and waits for approval. One who is known
    /// keeps their standing, unless the host alone had named them. Of strangers no more
    /// are remembered than a person can look through.
    pub(in crate::lab) async fn remember_waiting(&self, peer: PeerId, name: &str) -> Result<(), NodeError> {
        let sql = "INSERT INTO photographer (peer_id, name, addresses, standing, changed_ms)
             SELECT $1, $2, '', 'waiting', $3
             WHERE (SELECT COUNT(*) FROM photographer WHERE standing = 'waiting') < $4
                OR EXISTS (SELECT 1 FROM photographer WHERE peer_id = $1)
             ON CONFLICT (peer_id) DO UPDATE SET standing = 'waiting', changed_ms = excluded.changed_ms
             WHERE photographer.standing = 'listed'";
        let args = args![peer.to_string(), name, now_ms(), WAITING_PHOTOGRAPHERS_MAX];
        self.ledger.execute(sql, args).await?;
        Ok(())
    }

    /// Takes what a host's directory says of photographers.
    pub(in crate::lab) async fn put_contacts(&self, host: PeerId, contacts: &[Contact]) -> Result<(), NodeError> {
        let at_host = "INSERT INTO contact (host, photographer, addresses) VALUES ($1, $2, $3)
             ON CONFLICT (host, photographer) DO UPDATE SET addresses = excluded.addresses";
        let sql = "INSERT INTO photographer (peer_id, name, addresses, standing, changed_ms) VALUES ($1, $2, $3, 'listed', $4)
             ON CONFLICT (peer_id) DO UPDATE SET name = excluded.name, addresses = excluded.addresses";
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    for contact in contacts {
                        let (peer, addresses) = (contact.peer_id.to_string(), join_addresses(&contact.addresses));
                        tx.execute(sql, args![&peer, &contact.name, &addresses, now_ms()]).await?;
                        tx.execute(at_host, args![host.to_string(), peer, addresses]).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn photographer(row: &Row) -> Result<PhotographerRow, NodeError> {
    let told: Option<String> = row.get("told")?;
    let lists = [split_addresses(&row.text("addresses")?), split_addresses(&told.unwrap_or_default())];
    Ok(PhotographerRow {
        peer_id: read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        addresses: joined(&lists),
        standing: Standing::from_word(&row.text("standing")?).ok_or_else(|| unreadable("a photographer's standing"))?,
    })
}
