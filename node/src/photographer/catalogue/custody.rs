//! What of each print file has left, and the lab's receipt.

use enprint_protocol::PeerId;
use enprint_protocol::ids::{ContentHash, EventId, JobId, OrderId, PhotoId};
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::Row;

use super::Catalogue;
use crate::error::NodeError;
use crate::limits::TRANSFERS_LISTED_MAX;
use crate::photographer::custody::FileOfJob;
use crate::stored;

/// One print file on its way from this node to one lab, for one order.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct TransferRow {
    pub(in crate::photographer) job_id: JobId,
    /// Whose original it is, or was made from.
    pub(in crate::photographer) photo_id: PhotoId,
    /// The file.
    pub(in crate::photographer) root: ContentHash,
    /// Its length.
    pub(in crate::photographer) bytes: u64,
    pub(in crate::photographer) order_id: OrderId,
    pub(in crate::photographer) lab: PeerId,
    pub(in crate::photographer) lab_name: Option<String>,
    pub(in crate::photographer) offered_ms: i64,
    /// Whether that lab is still to print it.
    pub(in crate::photographer) is_open: bool,
    /// When its first range left.
    pub(in crate::photographer) left_ms: Option<i64>,
    /// Bytes of it that were handed to the connection.
    pub(in crate::photographer) sent_bytes: u64,
    /// When the receipt came.
    pub(in crate::photographer) received_ms: Option<i64>,
    /// The lab's signed words.
    pub(in crate::photographer) receipt: Option<Vec<u8>>,
}

/// A print file with its job and the lab's receipt.
macro_rules! transfers {
    ($rest:literal) => {
        concat!(
            "SELECT job_files.*, jobs.order_id, jobs.lab, jobs.state, jobs.offered_ms, labs.name AS lab_name, \
             (SELECT payload FROM statuses WHERE statuses.job_id = jobs.job_id AND word = 'received' LIMIT 1) \
             AS receipt FROM job_files JOIN jobs ON jobs.job_id = job_files.job_id \
             LEFT JOIN labs ON labs.peer_id = jobs.lab WHERE jobs.event_id = $1 ",
            $rest
        )
    };
}

impl Catalogue {
    /// A file's first range is about to leave; a later one changes nothing.
    pub(in crate::photographer) async fn set_left(&self, file: FileOfJob, at: UnixMs) -> Result<(), NodeError> {
        let sql = "UPDATE job_files SET left_ms = $3 WHERE job_id = $1 AND root = $2 AND left_ms IS NULL";
        self.ledger.execute(sql, args![file.0.to_string(), file.1.to_string(), at.0]).await?;
        Ok(())
    }

    /// Adds bytes that have left.
    pub(in crate::photographer) async fn add_sent(&self, sent: &[(FileOfJob, u64)]) -> Result<(), NodeError> {
        if sent.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE job_files SET sent_bytes = sent_bytes + $3 WHERE job_id = $1 AND root = $2";
        let mut tx = self.ledger.begin().await?;
        for ((job_id, root), bytes) in sent {
            let bytes = i64::try_from(*bytes).unwrap_or(i64::MAX);
            tx.execute(sql, args![job_id.to_string(), root.to_string(), bytes]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Every print file of an event that was offered, the latest first.
    pub(in crate::photographer) async fn transfers(&self, event_id: EventId) -> Result<Vec<TransferRow>, NodeError> {
        let sql = transfers!("ORDER BY jobs.offered_ms DESC, jobs.job_id, job_files.root LIMIT $2");
        let rows = self.ledger.read().fetch_all(sql, args![event_id.to_string(), TRANSFERS_LISTED_MAX]).await?;
        rows.iter().map(transfer_row).collect()
    }

    /// A page of them, in the order of jobs and files.
    pub(in crate::photographer) async fn transfers_after(
        &self,
        event_id: EventId,
        after: Option<(JobId, ContentHash)>,
        most: usize,
    ) -> Result<Vec<TransferRow>, NodeError> {
        let sql =
            transfers!("AND (jobs.job_id, job_files.root) > ($2, $3) ORDER BY jobs.job_id, job_files.root LIMIT $4");
        let (job, root) = after.map_or_else(Default::default, |(job, root)| (job.to_string(), root.to_string()));
        let values = args![event_id.to_string(), job, root, i64::try_from(most).unwrap_or(i64::MAX)];
        self.ledger.read().fetch_all(sql, values).await?.iter().map(transfer_row).collect()
    }
}

fn transfer_row(row: &Row) -> Result<TransferRow, NodeError> {
    let bytes = |column: &'static str| Ok::<_, NodeError>(u64::try_from(row.int(column)?).unwrap_or(0));
    Ok(TransferRow {
        job_id: stored::read(&row.text("job_id")?)?,
        offered_ms: row.int("offered_ms")?,
        photo_id: stored::read(&row.text("photo_id")?)?,
        root: stored::read(&row.text("root")?)?,
        bytes: bytes("bytes")?,
        order_id: stored::read(&row.text("order_id")?)?,
        lab: stored::read(&row.text("lab")?)?,
        lab_name: row.get("lab_name")?,
        is_open: row.text("state")? == "open",
        left_ms: row.get("left_ms")?,
        sent_bytes: bytes("sent_bytes")?,
        received_ms: row.get("received_ms")?,
        receipt: row.get("receipt")?,
    })
}
