//! At a second home: whom it follows, what it took over of that home's business, and how
//! far each event and each original is.

use std::collections::HashSet;

use enprint_protocol::event::EventRecord;
use enprint_protocol::home::Home;
use enprint_protocol::ids::{ContentHash, EventId};
use enprint_protocol::limits::SMALL_BYTES_MAX;
use enprint_protocol::replica::{Business, EventMark, EventState, HostFacts};
use enprint_protocol::signed::Signed;
use enprint_protocol::{Multiaddr, PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::Catalogue;
use super::peers::{OWN_NAME, set};
use crate::arriving::RangeSet;
use crate::error::NodeError;
use crate::photographer::node::now;
use crate::stored;

/// The home that this node follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::photographer) struct FirstHome {
    pub(in crate::photographer) peer_id: PeerId,
    /// The photographer's name, or empty.
    pub(in crate::photographer) name: String,
    pub(in crate::photographer) addresses: Vec<Multiaddr>,
    /// Its word that this node stands in for it.
    pub(in crate::photographer) signed: Signed<Home>,
    /// Verified bytes of originals that have come.
    pub(in crate::photographer) copied_bytes: u64,
    /// What stood in the way last.
    pub(in crate::photographer) trouble: Option<String>,
}

/// An original on its way here.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct Arriving {
    pub(in crate::photographer) root: ContentHash,
    pub(in crate::photographer) event_id: EventId,
    pub(in crate::photographer) bytes: u64,
    /// The joined hashes of its ranges; checked again when read.
    pub(in crate::photographer) subtrees: Vec<u8>,
    /// What is verified and durable.
    pub(in crate::photographer) ranges: RangeSet,
}

impl Catalogue {
    /// Whom this node follows, if it is a second home.
    pub(in crate::photographer) async fn first_home(&self) -> Result<Option<FirstHome>, NodeError> {
        let row = self.ledger.read().fetch_optional("SELECT * FROM first_home LIMIT 1", args![]).await?;
        row.as_ref().map(first_home).transpose()
    }

    /// Follows a home from now on.
    pub(in crate::photographer) async fn put_first_home(&self, home: &FirstHome) -> Result<(), NodeError> {
        let sql = "INSERT INTO first_home (peer_id, name, addresses, signed, copied_bytes) VALUES ($1, $2, $3, $4, 0) \
                   ON CONFLICT (peer_id) DO UPDATE SET name = $2, addresses = $3, signed = $4, trouble = NULL";
        let addresses = stored::join_addresses(&home.addresses);
        let values = args![home.peer_id.to_string(), &home.name, addresses, codec::encode(&home.signed)?];
        self.ledger.execute(sql, values).await?;
        Ok(())
    }

    /// What stands in the way of copying, or nothing.
    pub(in crate::photographer) async fn set_copy_trouble(&self, trouble: Option<&str>) -> Result<(), NodeError> {
        let sql = "UPDATE first_home SET trouble = $1 WHERE trouble IS DISTINCT FROM $1";
        self.ledger.execute(sql, args![trouble.map(str::to_owned)]).await?;
        Ok(())
    }

    /// Takes over what the first home says of hosts and labs. `rules` are those of its
    /// labs, as they are stored, in their order.
    pub(in crate::photographer) async fn take_business(
        &self,
        business: &Business,
        rules: &[Option<Vec<u8>>],
    ) -> Result<(), NodeError> {
        let lab_row = "INSERT INTO labs (peer_id, name, addresses, seen_ms, print_rules) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (peer_id) DO UPDATE SET print_rules = $5";
        let at_host = "INSERT INTO host_labs (host, lab, addresses, seen_ms) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (host, lab) DO NOTHING";
        let mut tx = self.ledger.begin().await?;
        if let Some(name) = &business.name {
            set(&mut tx, OWN_NAME, name).await?;
        }
        for host in &business.hosts {
            put_host_facts(&mut tx, host).await?;
        }
        for (lab, rules) in business.labs.iter().zip(rules) {
            let (peer, addresses) = (lab.peer_id.to_string(), stored::join_addresses(&lab.addresses));
            tx.execute(lab_row, args![&peer, &lab.name, &addresses, now().0, rules.clone()]).await?;
            for host in &lab.hosts {
                tx.execute(at_host, args![host.to_string(), &peer, &addresses, now().0]).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes over what the first home says of an event.
    pub(in crate::photographer) async fn take_event(&self, state: &EventState) -> Result<(), NodeError> {
        let EventRecord { event_id, .. } = &state.record;
        let event_id = event_id.to_string();
        let sql = "INSERT INTO events (event_id, record, access_code, created_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (event_id) DO UPDATE SET record = $2, access_code = $3";
        let shown = "INSERT INTO event_hosts (event_id, host, gallery_url, is_chosen, since_ms) \
                     VALUES ($1, $2, $3, $4, $5)";
        let mut tx = self.ledger.begin().await?;
        let (record, code) = (codec::encode(&state.record)?, state.access_code.to_string());
        tx.execute(sql, args![&event_id, record, code, now().0]).await?;
        tx.execute("DELETE FROM event_hosts WHERE event_id = $1", args![&event_id]).await?;
        for at in &state.shown_at {
            let (host, is_chosen) = (at.host.to_string(), i64::from(at.is_chosen));
            tx.execute(shown, args![&event_id, host, at.gallery_url.clone(), is_chosen, at.since_ms]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How many photos the first home has, by event. What it removed is followed no longer;
    /// what was copied of it stays.
    pub(in crate::photographer) async fn put_followed(&self, events: &[EventMark]) -> Result<(), NodeError> {
        let sql = "INSERT INTO followed (event_id, photos) VALUES ($1, $2) \
                   ON CONFLICT (event_id) DO UPDATE SET photos = $2";
        let mut tx = self.ledger.begin().await?;
        for event in events {
            let photos = i64::try_from(event.photos).unwrap_or(i64::MAX);
            tx.execute(sql, args![event.event_id.to_string(), photos]).await?;
        }
        let there: HashSet<String> = events.iter().map(|event| event.event_id.to_string()).collect();
        for row in tx.fetch_all("SELECT event_id FROM followed", args![]).await? {
            let event_id = row.text("event_id")?;
            if !there.contains(&event_id) {
                tx.execute("DELETE FROM followed WHERE event_id = $1", args![event_id]).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The event is copied as it was at that mark.
    pub(in crate::photographer) async fn set_followed(&self, event_id: EventId, mark: u64) -> Result<(), NodeError> {
        let sql = "UPDATE followed SET mark = $2 WHERE event_id = $1";
        self.ledger.execute(sql, args![event_id.to_string(), mark.to_string()]).await?;
        Ok(())
    }

    /// The events of the first home: how many photos each has, and at which mark it was
    /// copied whole, if it was.
    pub(in crate::photographer) async fn followed(&self) -> Result<Vec<(EventId, u64, Option<u64>)>, NodeError> {
        let rows = self.ledger.read().fetch_all("SELECT * FROM followed ORDER BY event_id", args![]).await?;
        let followed = |row: &Row| {
            let mark: Option<String> = row.get("mark")?;
            let photos = u64::try_from(row.int("photos")?).unwrap_or(0);
            Ok((stored::read(&row.text("event_id")?)?, photos, mark.map(|mark| stored::read(&mark)).transpose()?))
        };
        rows.iter().map(followed).collect()
    }

    /// An original on its way.
    pub(in crate::photographer) async fn arriving(&self, root: ContentHash) -> Result<Option<Arriving>, NodeError> {
        let sql = "SELECT * FROM arriving WHERE root = $1";
        let row = self.ledger.read().fetch_optional(sql, args![root.to_string()]).await?;
        row.as_ref().map(arriving).transpose()
    }

    /// All originals on their way.
    pub(in crate::photographer) async fn all_arriving(&self) -> Result<Vec<Arriving>, NodeError> {
        self.ledger.read().fetch_all("SELECT * FROM arriving", args![]).await?.iter().map(arriving).collect()
    }

    /// An original is on its way.
    pub(in crate::photographer) async fn put_arriving(&self, arriving: &Arriving) -> Result<(), NodeError> {
        let sql = "INSERT INTO arriving (root, event_id, bytes, subtrees, ranges) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (root) DO UPDATE SET ranges = $5";
        let Arriving { root, event_id, bytes, subtrees, ranges } = arriving;
        let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
        let values = args![root.to_string(), event_id.to_string(), bytes, subtrees, ranges.to_bytes()];
        self.ledger.execute(sql, values).await?;
        Ok(())
    }

    /// Records that `ranges` are verified and durable. Call once their bytes are on the disk.
    pub(in crate::photographer) async fn record_arrived(
        &self,
        root: ContentHash,
        ranges: &RangeSet,
        verified_bytes: u64,
    ) -> Result<(), NodeError> {
        let verified_bytes = i64::try_from(verified_bytes).unwrap_or(i64::MAX);
        let mut tx = self.ledger.begin().await?;
        let sql = "UPDATE arriving SET ranges = $2 WHERE root = $1";
        tx.execute(sql, args![root.to_string(), ranges.to_bytes()]).await?;
        tx.execute("UPDATE first_home SET copied_bytes = copied_bytes + $1", args![verified_bytes]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// An original is in the archive.
    pub(in crate::photographer) async fn arrived(&self, root: ContentHash) -> Result<(), NodeError> {
        self.ledger.execute("DELETE FROM arriving WHERE root = $1", args![root.to_string()]).await?;
        Ok(())
    }
}

async fn put_host_facts(tx: &mut Tx<'_>, host: &HostFacts) -> Result<(), NodeError> {
    let sql = "INSERT INTO hosts (peer_id, name, key_bytes, addresses, public_url, enrolled_ms, lab, left_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (peer_id) DO UPDATE \
               SET name = $2, key_bytes = $3, addresses = $4, public_url = $5, enrolled_ms = $6, lab = $7, left_ms = $8";
    let values = args![
        host.peer_id.to_string(),
        &host.name,
        host.key.to_vec(),
        stored::join_addresses(&host.addresses),
        &host.public_url,
        host.enrolled_ms,
        host.lab.map(|lab| lab.to_string()),
        host.is_left.then(|| now().0),
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

fn first_home(row: &Row) -> Result<FirstHome, NodeError> {
    Ok(FirstHome {
        peer_id: stored::read(&row.text("peer_id")?)?,
        name: row.text("name")?,
        addresses: stored::split_addresses(&row.text("addresses")?),
        signed: codec::decode(&row.bytes("signed")?, SMALL_BYTES_MAX)?,
        copied_bytes: u64::try_from(row.int("copied_bytes")?).unwrap_or(0),
        trouble: row.get("trouble")?,
    })
}

fn arriving(row: &Row) -> Result<Arriving, NodeError> {
    let bytes = u64::try_from(row.int("bytes")?).unwrap_or(0);
    Ok(Arriving {
        root: stored::read(&row.text("root")?)?,
        event_id: stored::read(&row.text("event_id")?)?,
        bytes,
        subtrees: row.bytes("subtrees")?,
        ranges: RangeSet::from_bytes(&row.bytes("ranges")?, bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_that_the_first_home_removed_is_waited_for_no_longer() {
        let dir = tempfile::TempDir::new().unwrap();
        let catalogue = Catalogue::open(&dir.path().join("catalogue.db")).await.unwrap();
        let [one, other] = [1, 2].map(|id| EventMark { event_id: EventId([id; 16]), mark: 7, photos: 500 });
        catalogue.put_followed(&[one, other]).await.unwrap();
        catalogue.set_followed(one.event_id, 7).await.unwrap();
        catalogue.put_followed(&[one]).await.unwrap();
        assert_eq!(catalogue.followed().await.unwrap(), [(one.event_id, 500, Some(7))]);
    }
}
