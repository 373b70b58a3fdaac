//! Events, where they are shown, and what each host has of them.

use std::collections::HashSet;

use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{EventId, PhotoId};
use enprint_protocol::{PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::Row;

use super::wishes::put_wish;
use super::{Catalogue, EventRow, HostRow, ShownAt, Wish, WithdrawnAt};
use crate::error::NodeError;
use crate::limits::EVENT_RECORD_BYTES_MAX;
use crate::photographer::node::now;
use crate::stored;

impl Catalogue {
    /// All events, newest first.
    pub async fn events(&self) -> Result<Vec<EventRow>, NodeError> {
        let sql = "SELECT * FROM events ORDER BY created_ms DESC, event_id";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let record: EventRecord = codec::decode(&row.bytes("record")?, EVENT_RECORD_BYTES_MAX)?;
            let shown_at = self.shown_at(record.event_id).await?;
            events.push(EventRow { record, access_code: stored::read(&row.text("access_code")?)?, shown_at });
        }
        Ok(events)
    }

    /// One event.
    pub async fn event(&self, event_id: EventId) -> Result<Option<EventRow>, NodeError> {
        let sql = "SELECT * FROM events WHERE event_id = $1";
        let Some(row) = self.ledger.read().fetch_optional(sql, args![event_id.to_string()]).await? else {
            return Ok(None);
        };
        let record = codec::decode(&row.bytes("record")?, EVENT_RECORD_BYTES_MAX)?;
        let access_code = stored::read(&row.text("access_code")?)?;
        Ok(Some(EventRow { record, access_code, shown_at: self.shown_at(event_id).await? }))
    }

    /// Makes an event, or replaces its record.
    pub async fn put_event(&self, event: &EventRow) -> Result<(), NodeError> {
        self.put_event_and_wish(event, &[], &[]).await.map(drop)
    }

    /// As [`Self::put_event`], with a wish to publish in each of these lanes, in one
    /// transaction; the parcels' ids.
    pub(in crate::photographer) async fn put_event_and_wish(
        &self,
        event: &EventRow,
        lanes: &[String],
        wish: &[u8],
    ) -> Result<Vec<String>, NodeError> {
        let sql = "INSERT INTO events (event_id, record, access_code, created_ms) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (event_id) DO UPDATE SET record = $2";
        let record = codec::encode(&event.record)?;
        let mut tx = self.ledger.begin().await?;
        let code = event.access_code.to_string();
        tx.execute(sql, args![event.record.event_id.to_string(), &record, code, now().0]).await?;
        let mut parcels = Vec::with_capacity(lanes.len());
        for lane in lanes {
            parcels.push(put_wish(&mut tx, Wish::Publish, lane, wish).await?);
        }
        tx.commit().await?;
        self.marks.changed_in(event.record.event_id);
        Ok(parcels)
    }

    /// Shows the event at these hosts from now on, beside those where it is shown already.
    pub(in crate::photographer) async fn show_at(&self, event_id: EventId, hosts: &[HostRow]) -> Result<(), NodeError> {
        let sql = "INSERT INTO event_hosts (event_id, host, is_chosen, since_ms) VALUES ($1, $2, 1, $3) \
                   ON CONFLICT (event_id, host) DO UPDATE SET is_chosen = 1";
        let mut tx = self.ledger.begin().await?;
        for host in hosts {
            tx.execute(sql, args![event_id.to_string(), host.peer_id.to_string(), now().0]).await?;
        }
        tx.commit().await?;
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// Shows the event at this host no longer.
    pub(in crate::photographer) async fn no_longer_at(&self, event_id: EventId, host: PeerId) -> Result<(), NodeError> {
        let sql = "UPDATE event_hosts SET is_chosen = 0 WHERE event_id = $1 AND host = $2";
        let mut tx = self.ledger.begin().await?;
        tx.execute(sql, args![event_id.to_string(), host.to_string()]).await?;
        tx.commit().await?;
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// Whether orders for the event may come from this host: it is, or was, shown there;
    /// or, as far as this node knows, nowhere.
    pub(in crate::photographer) async fn may_order_at(
        &self,
        event_id: EventId,
        host: PeerId,
    ) -> Result<bool, NodeError> {
        let sql = "SELECT COUNT(*) AS hosts, COALESCE(SUM(host = $2), 0) AS this FROM event_hosts WHERE event_id = $1";
        let row = self.ledger.read().fetch_one(sql, args![event_id.to_string(), host.to_string()]).await?;
        Ok(row.int("hosts")? == 0 || row.int("this")? > 0)
    }

    /// Where customers open the gallery at this host.
    pub(in crate::photographer) async fn set_gallery_url(
        &self,
        event_id: EventId,
        host: PeerId,
        url: &str,
    ) -> Result<(), NodeError> {
        let sql = "UPDATE event_hosts SET gallery_url = $3 \
                   WHERE event_id = $1 AND host = $2 AND gallery_url IS DISTINCT FROM $3";
        if self.ledger.execute(sql, args![event_id.to_string(), host.to_string(), url]).await? > 0 {
            self.marks.changed_in(event_id);
        }
        Ok(())
    }

    /// The photos that this host has, as far as this node was told.
    ///
    /// # Errors
    /// When the catalogue can't be read.
    pub async fn published(&self, event_id: EventId, host: PeerId) -> Result<HashSet<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM shown WHERE event_id = $1 AND host = $2";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), host.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// The host has these photos.
    pub(in crate::photographer) async fn set_published(
        &self,
        event_id: EventId,
        host: PeerId,
        photos: &[PhotoId],
    ) -> Result<(), NodeError> {
        let shown = "INSERT INTO shown (event_id, host, photo_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let back = "DELETE FROM taken_off WHERE event_id = $1 AND host = $2 AND photo_id = $3";
        let (mut tx, mut changed) = (self.ledger.begin().await?, 0);
        for photo_id in photos {
            for sql in [shown, back] {
                changed += tx.execute(sql, args![event_id.to_string(), host.to_string(), photo_id.to_string()]).await?;
            }
        }
        tx.commit().await?;
        if changed > 0 {
            self.marks.changed_in(event_id);
        }
        Ok(())
    }

    /// These photos are to come off the host; an older wish to publish leaves them out.
    pub(in crate::photographer) async fn mark_withdrawn(
        &self,
        event_id: EventId,
        host: PeerId,
        photos: &[PhotoId],
        WithdrawnAt { at_ms, stays }: WithdrawnAt,
    ) -> Result<(), NodeError> {
        let withdrawn = "INSERT INTO taken_off (event_id, host, photo_id, at_ms, stays) VALUES ($1, $2, $3, $4, $5) \
                         ON CONFLICT (event_id, host, photo_id) DO UPDATE SET at_ms = $4, stays = MAX(taken_off.stays, $5)";
        let shown = "DELETE FROM shown WHERE event_id = $1 AND host = $2 AND photo_id = $3";
        let mut tx = self.ledger.begin().await?;
        for photo_id in photos {
            let (event_id, host, photo_id) = (event_id.to_string(), host.to_string(), photo_id.to_string());
            tx.execute(withdrawn, args![&event_id, &host, &photo_id, at_ms, i64::from(stays)]).await?;
            tx.execute(shown, args![&event_id, &host, &photo_id]).await?;
        }
        tx.commit().await?;
        self.marks.changed_in(event_id);
        Ok(())
    }

    /// Photos withdrawn from this host at or after a moment.
    pub(in crate::photographer) async fn withdrawn_since(
        &self,
        event_id: EventId,
        host: PeerId,
        since_ms: i64,
    ) -> Result<HashSet<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM taken_off WHERE event_id = $1 AND host = $2 AND at_ms >= $3";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), host.to_string(), since_ms]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// Photos that were withdrawn from this host by themselves.
    pub(in crate::photographer) async fn stay_withdrawn(
        &self,
        event_id: EventId,
        host: PeerId,
    ) -> Result<HashSet<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM taken_off WHERE event_id = $1 AND host = $2 AND stays = 1";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), host.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// How many orders of an event there are, finished or not.
    pub(in crate::photographer) async fn orders_of(&self, event_id: EventId) -> Result<u64, NodeError> {
        let sql = "SELECT COUNT(*) AS orders FROM orders WHERE event_id = $1";
        let row = self.ledger.read().fetch_one(sql, args![event_id.to_string()]).await?;
        Ok(u64::try_from(row.int("orders")?).unwrap_or(0))
    }

    /// The wishes to withdraw of which hosts have not heard yet, each with its lane.
    pub(in crate::photographer) async fn withdrawals_on_their_way(&self) -> Result<Vec<(String, Vec<u8>)>, NodeError> {
        let sql = "SELECT peer, payload FROM outbox WHERE kind = $1 AND refused_ms IS NULL ORDER BY sequence";
        let rows = self.ledger.read().fetch_all(sql, args![Wish::Withdraw.kind()]).await?;
        rows.iter().map(|row| Ok((row.text("peer")?, row.bytes("payload")?))).collect()
    }

    /// Forgets an event and where it was shown. Its photos are the archive's.
    pub(in crate::photographer) async fn forget_event(&self, event_id: EventId) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        for forget in [
            "DELETE FROM taken_off WHERE event_id = $1",
            "DELETE FROM shown WHERE event_id = $1",
            "DELETE FROM event_hosts WHERE event_id = $1",
            "DELETE FROM made_files WHERE event_id = $1",
            "DELETE FROM events_had WHERE event_id = $1",
            "DELETE FROM photos_had WHERE event_id = $1",
            "DELETE FROM photos_damaged WHERE event_id = $1",
            "DELETE FROM edits_had WHERE event_id = $1",
            "DELETE FROM edits_unread WHERE event_id = $1",
            "DELETE FROM events WHERE event_id = $1",
        ] {
            tx.execute(forget, args![event_id.to_string()]).await?;
        }
        tx.commit().await?;
        self.marks.changed();
        Ok(())
    }

    /// Where the event is shown, the first first.
    async fn shown_at(&self, event_id: EventId) -> Result<Vec<ShownAt>, NodeError> {
        let sql = "SELECT at.host, hosts.name, at.gallery_url, (SELECT COUNT(*) FROM shown \
                   WHERE shown.event_id = at.event_id AND shown.host = at.host) AS published \
                   FROM event_hosts at JOIN hosts ON hosts.peer_id = at.host \
                   WHERE at.event_id = $1 AND at.is_chosen = 1 ORDER BY at.since_ms, at.host";
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string()]).await?;
        let shown_at = |row: &Row| {
            Ok(ShownAt {
                host: stored::read(&row.text("host")?)?,
                name: row.text("name")?,
                gallery_url: row.get("gallery_url")?,
                published: u64::try_from(row.int("published")?).unwrap_or(0),
            })
        };
        rows.iter().map(shown_at).collect()
    }
}
