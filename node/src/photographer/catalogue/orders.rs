//! Orders: taken once, decided, paid. Each change goes with its word to the host.

use enprint_protocol::ids::{EventId, OrderId, PhotoId};
use enprint_protocol::limits::{CONTROL_BYTES_MAX, SMALL_BYTES_MAX};
use enprint_protocol::status::{Status, StatusRequest};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{PeerId, codec};
use enprint_store::args;
use enprint_store::ledger::{Row, Tx};

use super::jobs::withdraw_others;
use super::{Catalogue, Decision, NewOrder, NotedStatus, OrderRow, Trouble, send};
use crate::error::NodeError;
use crate::limits::{ORDERS_LISTED_MAX, STATUSES_LISTED_MAX};
use crate::photographer::orders::with_the_lab;
use crate::stored;

const ALL: &str = "SELECT orders.*, labs.name AS lab_name FROM orders LEFT JOIN labs ON labs.peer_id = orders.lab \
                   ORDER BY placed_ms DESC, order_id LIMIT $1";
const ONE: &str = "SELECT orders.*, labs.name AS lab_name FROM orders LEFT JOIN labs ON labs.peer_id = orders.lab \
                   WHERE order_id = $1";

/// Of orders whose files no lab has got: a lab may have a problem before that, too.
macro_rules! no_lab_has_it {
    () => {
        "(orders.production IN ('waiting', 'offered') OR (orders.production = 'problem' AND NOT EXISTS \
         (SELECT 1 FROM job_files WHERE job_files.job_id = orders.job_id AND job_files.received_ms IS NOT NULL)))"
    };
}

impl Catalogue {
    /// Takes an order; a repeat gets the first row. The same id with other content, or
    /// from another host, is refused.
    pub(in crate::photographer) async fn take_order(&self, new: &NewOrder) -> Result<OrderRow, NodeError> {
        let sql = "INSERT INTO orders (order_id, event_id, record, signed, decision, reason, placed_ms, production, host) \
                   VALUES ($1, $2, $3, $4, $5, '', $6, 'waiting', $7) ON CONFLICT (order_id) DO NOTHING";
        let record = codec::encode(&new.order)?;
        let order_id = new.order.order_id.to_string();
        let event_id = new.order.event_id.to_string();
        let mut tx = self.ledger.begin().await?;
        let (decision, host) = (new.decision.word(), new.host.to_string());
        let values = args![&order_id, &event_id, &record, &new.signed, decision, new.order.placed_at.0, host];
        tx.execute(sql, values).await?;
        // It may have been another home's meanwhile.
        tx.execute("UPDATE orders SET moved_ms = NULL WHERE order_id = $1", args![&order_id]).await?;
        tx.commit().await?;
        let row = self.order(new.order.order_id).await?.ok_or(NodeError::ShuttingDown)?;
        if row.order == new.order && row.host == Some(new.host) {
            return Ok(row);
        }
        Err(NodeError::NotNow { problem: "Another order is here under this id.".into() })
    }

    /// One order.
    pub async fn order(&self, order_id: OrderId) -> Result<Option<OrderRow>, NodeError> {
        let row = self.ledger.read().fetch_optional(ONE, args![order_id.to_string()]).await?;
        row.as_ref().map(order_row).transpose()
    }

    /// The newest orders, newest first.
    pub async fn orders(&self) -> Result<Vec<OrderRow>, NodeError> {
        self.ledger.read().fetch_all(ALL, args![ORDERS_LISTED_MAX]).await?.iter().map(order_row).collect()
    }

    /// Orders that are accepted and paid, and have no print job.
    pub async fn orders_without_job(&self) -> Result<Vec<OrderId>, NodeError> {
        let sql = "SELECT order_id FROM orders WHERE decision = 'accepted' AND paid_ms IS NOT NULL AND job_id IS NULL \
                   AND moved_ms IS NULL \
                   ORDER BY placed_ms LIMIT $1";
        let rows = self.ledger.read().fetch_all(sql, args![ORDERS_LISTED_MAX]).await?;
        rows.iter().map(|row| stored::read(&row.text("order_id")?)).collect()
    }

    /// The hosts at which such orders were placed, of which no lab is known, and which this node
    /// has not left.
    pub(in crate::photographer) async fn hosts_without_lab(&self) -> Result<Vec<PeerId>, NodeError> {
        let sql = "SELECT DISTINCT hosts.peer_id FROM orders JOIN hosts ON hosts.peer_id = orders.host \
                   WHERE decision = 'accepted' AND paid_ms IS NOT NULL AND job_id IS NULL AND moved_ms IS NULL \
                   AND hosts.left_ms IS NULL \
                   AND NOT EXISTS (SELECT 1 FROM host_labs WHERE host_labs.host = hosts.peer_id)";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        rows.iter().map(|row| stored::read(&row.text("peer_id")?)).collect()
    }

    /// How many orders are neither declined nor shipped.
    pub async fn open_orders(&self) -> Result<u64, NodeError> {
        let sql = "SELECT COUNT(*) AS open FROM orders WHERE decision <> 'declined' AND production <> 'shipped' \
                   AND moved_ms IS NULL";
        let row = self.ledger.read().fetch_one(sql, args![]).await?;
        Ok(u64::try_from(row.int("open")?).unwrap_or(0))
    }

    /// As [`Self::open_orders`], of those placed at one host.
    pub async fn open_orders_at(&self, host: PeerId) -> Result<u64, NodeError> {
        let sql = "SELECT COUNT(*) AS open FROM orders \
                   WHERE host = $1 AND decision <> 'declined' AND production <> 'shipped' AND moved_ms IS NULL";
        let row = self.ledger.read().fetch_one(sql, args![host.to_string()]).await?;
        Ok(u64::try_from(row.int("open")?).unwrap_or(0))
    }

    /// Writes the photographer's decision, and tells the host. What a lab was to fetch of an order
    /// that is declined is taken back.
    ///
    /// # Errors
    /// For a decline once a lab has the files.
    pub(in crate::photographer) async fn decide(
        &self,
        order_id: OrderId,
        decision: Decision,
        reason: &str,
        status: &NotedStatus,
    ) -> Result<(), NodeError> {
        let sql = "UPDATE orders SET decision = $2, reason = $3 WHERE order_id = $1 AND decision <> $2";
        let mut tx = self.ledger.begin().await?;
        let order_id = order_id.to_string();
        let changed = tx.execute(sql, args![&order_id, decision.word(), reason]).await?;
        if changed > 0 {
            if decision == Decision::Declined && !take_back(&mut tx, &order_id).await? {
                return Err(with_the_lab());
            }
            report(&mut tx, status).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Writes that an order is paid; tells the host unless the host said so itself.
    pub(in crate::photographer) async fn mark_paid(
        &self,
        order_id: OrderId,
        at: UnixMs,
        to_host: Option<&NotedStatus>,
    ) -> Result<(), NodeError> {
        let sql = "UPDATE orders SET paid_ms = $2 WHERE order_id = $1 AND paid_ms IS NULL";
        let mut tx = self.ledger.begin().await?;
        let changed = tx.execute(sql, args![order_id.to_string(), at.0]).await?;
        if let Some(status) = to_host.filter(|_| changed > 0) {
            report(&mut tx, status).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The order is another home's from now on: what a lab has not got of it is taken back.
    /// Nothing more is told to the host. An order that is not here changes nothing.
    pub(in crate::photographer) async fn move_order(&self, order_id: OrderId, at: UnixMs) -> Result<(), NodeError> {
        let order_id = order_id.to_string();
        let mut tx = self.ledger.begin().await?;
        let moved = "UPDATE orders SET moved_ms = $2 WHERE order_id = $1";
        if tx.execute(moved, args![&order_id, at.0]).await? > 0 {
            take_back(&mut tx, &order_id).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What stands in an order's way, for the photographer to read.
    pub async fn set_trouble(&self, order_id: OrderId, trouble: &Trouble) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        put_trouble(&mut tx, order_id, trouble).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Catalogue {
    /// Says something of an order to the host where it was placed.
    pub(in crate::photographer) async fn say(&self, status: &NotedStatus) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        report(&mut tx, status).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What halted an order is over: `trouble`, unless another has come since, and what its
    /// customer reads.
    pub(in crate::photographer) async fn note_mended(
        &self,
        order_id: OrderId,
        trouble: Option<&Trouble>,
        word: Option<&NotedStatus>,
    ) -> Result<(), NodeError> {
        let sql = "UPDATE orders SET trouble = NULL, trouble_kind = NULL WHERE order_id = $1 AND trouble = $2";
        let mut tx = self.ledger.begin().await?;
        tx.execute(sql, args![order_id.to_string(), trouble.map(|trouble| trouble.words.clone())]).await?;
        if let Some(word) = word {
            report(&mut tx, word).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Orders that a lab is to fetch a photo's files of, and has not got.
    pub(in crate::photographer) async fn offered_with(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
    ) -> Result<Vec<OrderId>, NodeError> {
        let sql = concat!(
            "SELECT DISTINCT orders.order_id FROM job_files JOIN jobs ON jobs.job_id = job_files.job_id \
             JOIN orders ON orders.job_id = jobs.job_id \
             WHERE job_files.photo_id = $2 AND jobs.event_id = $1 AND jobs.state = 'open' \
             AND job_files.received_ms IS NULL AND orders.moved_ms IS NULL AND ",
            no_lab_has_it!(),
            " LIMIT $3"
        );
        let values = args![event_id.to_string(), photo_id.to_string(), ORDERS_LISTED_MAX];
        let rows = self.ledger.read().fetch_all(sql, values).await?;
        rows.iter().map(|row| stored::read(&row.text("order_id")?)).collect()
    }

    /// Whether no lab has got an order's files.
    pub(in crate::photographer) async fn is_unprinted(&self, order_id: OrderId) -> Result<bool, NodeError> {
        let sql = concat!("SELECT order_id FROM orders WHERE order_id = $1 AND ", no_lab_has_it!());
        Ok(self.ledger.read().fetch_optional(sql, args![order_id.to_string()]).await?.is_some())
    }

    /// Accepted orders of an event whose files no lab has got.
    pub(in crate::photographer) async fn unprinted_in(&self, event_id: EventId) -> Result<Vec<OrderRow>, NodeError> {
        let sql = concat!(
            "SELECT orders.*, labs.name AS lab_name FROM orders LEFT JOIN labs ON labs.peer_id = orders.lab \
             WHERE event_id = $1 AND decision = 'accepted' AND moved_ms IS NULL AND ",
            no_lab_has_it!(),
            " ORDER BY placed_ms, order_id LIMIT $2"
        );
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), ORDERS_LISTED_MAX]).await?;
        rows.iter().map(order_row).collect()
    }

    /// Accepted orders whose files no lab has got and that halt by a photo: of which this node
    /// said last that there is a problem, or of which its photographer reads that one is hurt.
    pub(in crate::photographer) async fn halted_by_photos(&self, signer: PeerId) -> Result<Vec<OrderId>, NodeError> {
        let sql = concat!(
            "SELECT order_id FROM orders WHERE decision = 'accepted' AND moved_ms IS NULL \
             AND (trouble_kind = 'hurt' OR (SELECT word FROM statuses \
             WHERE statuses.order_id = orders.order_id AND signer = $1 ORDER BY rowid DESC LIMIT 1) = 'problem') AND ",
            no_lab_has_it!(),
            " LIMIT $2"
        );
        let rows = self.ledger.read().fetch_all(sql, args![signer.to_string(), ORDERS_LISTED_MAX]).await?;
        rows.iter().map(|row| stored::read(&row.text("order_id")?)).collect()
    }

    /// What was said of an order, as it came, and by whom; at most the first
    /// [`STATUSES_LISTED_MAX`].
    pub(in crate::photographer) async fn statuses_of(
        &self,
        order_id: OrderId,
    ) -> Result<Vec<(PeerId, Status)>, NodeError> {
        let sql = "SELECT signer, payload FROM statuses WHERE order_id = $1 ORDER BY rowid LIMIT $2";
        let rows = self.ledger.read().fetch_all(sql, args![order_id.to_string(), STATUSES_LISTED_MAX]).await?;
        let status = |row: &Row| {
            let StatusRequest::Report(signed) = codec::decode(&row.bytes("payload")?, SMALL_BYTES_MAX)?;
            // Its signer was looked at when it was taken.
            Ok((stored::read(&row.text("signer")?)?, signed.open_any()?.1))
        };
        rows.iter().map(status).collect()
    }
}

/// Writes what stands in an order's way.
pub(super) async fn put_trouble(tx: &mut Tx<'_>, order_id: OrderId, trouble: &Trouble) -> Result<(), NodeError> {
    let sql = "UPDATE orders SET trouble = $2, trouble_kind = $3 WHERE order_id = $1";
    tx.execute(sql, args![order_id.to_string(), trouble.words.clone(), trouble.kind()]).await?;
    Ok(())
}

/// Takes an order back from its lab, which is told; not so, and false, once the lab has the files.
async fn take_back(tx: &mut Tx<'_>, order_id: &str) -> Result<bool, NodeError> {
    let sql = concat!(
        "UPDATE orders SET job_id = NULL, lab = NULL, production = 'waiting', trouble = NULL, trouble_kind = NULL \
         WHERE order_id = $1 AND ",
        no_lab_has_it!()
    );
    if tx.execute(sql, args![order_id]).await? == 0 {
        return Ok(false);
    }
    withdraw_others(tx, order_id, "").await?;
    Ok(true)
}

/// Stores a status, and puts it on its way to the host at which the order was placed,
/// unless this node has left it. Once, by its id.
pub(super) async fn report(tx: &mut Tx<'_>, noted: &NotedStatus) -> Result<(), NodeError> {
    if !keep_status(tx, noted).await? {
        return Ok(());
    }
    let sql = "SELECT hosts.peer_id FROM orders JOIN hosts ON hosts.peer_id = orders.host \
               WHERE orders.order_id = $1 AND hosts.left_ms IS NULL AND orders.moved_ms IS NULL";
    if let Some(row) = tx.fetch_optional(sql, args![noted.status.order_id.to_string()]).await? {
        let id = format!("status:{}", noted.status.status_id);
        send(tx, id, &row.text("peer_id")?, "status", &noted.payload).await?;
    }
    Ok(())
}

/// Stores a status; whether it is new.
pub(super) async fn keep_status(tx: &mut Tx<'_>, noted: &NotedStatus) -> Result<bool, NodeError> {
    let sql = "INSERT INTO statuses (status_id, order_id, job_id, word, at_ms, signer, payload) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (status_id) DO NOTHING";
    let status = &noted.status;
    let values = args![
        status.status_id.to_string(),
        status.order_id.to_string(),
        status.job_id.map(|job_id| job_id.to_string()),
        status.kind.word(),
        status.at.0,
        noted.signer.to_string(),
        &noted.payload,
    ];
    Ok(tx.execute(sql, values).await? > 0)
}

fn order_row(row: &Row) -> Result<OrderRow, NodeError> {
    let job_id: Option<String> = row.get("job_id")?;
    let host: Option<String> = row.get("host")?;
    let (trouble, kind): (Option<String>, Option<String>) = (row.get("trouble")?, row.get("trouble_kind")?);
    Ok(OrderRow {
        order: codec::decode(&row.bytes("record")?, CONTROL_BYTES_MAX)?,
        host: host.map(|host| stored::read(&host)).transpose()?,
        decision: Decision::from_word(&row.text("decision")?),
        reason: row.text("reason")?,
        paid_ms: row.get("paid_ms")?,
        job_id: job_id.map(|job_id| stored::read(&job_id)).transpose()?,
        lab_name: row.get("lab_name")?,
        production: row.text("production")?,
        trouble: trouble.map(|words| Trouble::read(words, kind.as_deref())),
        is_moved: row.get::<Option<i64>>("moved_ms")?.is_some(),
    })
}
