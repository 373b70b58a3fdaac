//! Print jobs: offered, permitted, and what the lab says of them.

use enprint_protocol::ids::{ContentHash, EventId, JobId, PhotoId};
use enprint_protocol::status::StatusKind;
use enprint_store::args;
use enprint_store::ledger::{Row, Tx, outbox};

use super::orders::report;
use super::{Catalogue, JobFile, JobRow, NewJob, NotedStatus, send};
use crate::error::NodeError;
use crate::photographer::node::now;
use crate::photographer::ranges::{Claim, Permitted};
use crate::stored;

impl Catalogue {
    /// Stores a job with the permission to fetch its files, and the offer to the lab.
    /// A job that an earlier lab has not begun is withdrawn from it.
    pub(in crate::photographer) async fn offer(&self, new: &NewJob) -> Result<(), NodeError> {
        let close = "UPDATE jobs SET state = 'closed' WHERE order_id = $1 AND job_id <> $2";
        let job = "INSERT INTO jobs (job_id, order_id, event_id, lab, offered_ms, state) VALUES ($1, $2, $3, $4, $5, 'open') \
                   ON CONFLICT (job_id) DO UPDATE SET state = 'open'";
        let order = "UPDATE orders SET job_id = $2, lab = $3, trouble = NULL WHERE order_id = $1";
        let mut tx = self.ledger.begin().await?;
        let (job_id, order_id, lab) = (new.job_id.to_string(), new.order_id.to_string(), new.lab.to_string());
        tx.execute(close, args![&order_id, &job_id]).await?;
        tx.execute(job, args![&job_id, &order_id, new.event_id.to_string(), &lab, new.at.0]).await?;
        put_files(&mut tx, new, &job_id).await?;
        tx.execute(order, args![&order_id, &job_id, &lab]).await?;
        let parcel = format!("job:{job_id}");
        outbox::revive(&mut tx, &parcel, now().0).await?;
        send(&mut tx, parcel, &lab, "job", &new.payload).await?;
        tx.commit().await?;
        Ok(())
    }

    /// One job.
    pub(in crate::photographer) async fn job(&self, job_id: JobId) -> Result<Option<JobRow>, NodeError> {
        let sql = "SELECT job_id, order_id, lab FROM jobs WHERE job_id = $1";
        let row = self.ledger.read().fetch_optional(sql, args![job_id.to_string()]).await?;
        row.as_ref().map(job_row).transpose()
    }

    /// What a claim may have: a file of an open job that was offered to that very lab.
    pub(in crate::photographer) async fn permitted(&self, claim: &Claim) -> Result<Option<Permitted>, NodeError> {
        let sql = "SELECT jobs.event_id, job_files.photo_id, job_files.bytes, job_files.subtrees, \
                   (SELECT CAST(SUM(f.bytes) AS BIGINT) FROM job_files f WHERE f.job_id = jobs.job_id) AS job_bytes \
                   FROM job_files JOIN jobs ON jobs.job_id = job_files.job_id \
                   WHERE job_files.job_id = $1 AND job_files.root = $2 AND jobs.lab = $3 AND jobs.state = 'open'";
        let values = args![claim.job_id.to_string(), claim.root.to_string(), claim.lab.to_string()];
        let row = self.ledger.read().fetch_optional(sql, values).await?;
        row.map(|row| {
            Ok(Permitted {
                event_id: stored::read(&row.text("event_id")?)?,
                photo_id: stored::read(&row.text("photo_id")?)?,
                root: claim.root,
                bytes: u64::try_from(row.int("bytes")?).unwrap_or(0),
                job_bytes: u64::try_from(row.int("job_bytes")?).unwrap_or(0),
                subtrees: row.bytes("subtrees")?,
            })
        })
        .transpose()
    }

    /// Files that were made for a job, which its lab has and no other lab waits for.
    pub(in crate::photographer) async fn done_with(
        &self,
        job_id: JobId,
    ) -> Result<Option<(EventId, Vec<(PhotoId, ContentHash)>)>, NodeError> {
        let sql = "SELECT jobs.event_id, mine.photo_id, mine.root FROM job_files mine \
                   JOIN jobs ON jobs.job_id = mine.job_id \
                   WHERE mine.job_id = $1 AND mine.received_ms IS NOT NULL AND mine.root <> mine.photo_id \
                   AND NOT EXISTS (SELECT 1 FROM job_files other JOIN jobs open ON open.job_id = other.job_id \
                   WHERE other.root = mine.root AND other.received_ms IS NULL AND open.state = 'open')";
        let rows = self.ledger.read().fetch_all(sql, args![job_id.to_string()]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let event_id = stored::read(&first.text("event_id")?)?;
        let file = |row: &Row| Ok((stored::read(&row.text("photo_id")?)?, stored::read(&row.text("root")?)?));
        Ok(Some((event_id, rows.iter().map(file).collect::<Result<_, NodeError>>()?)))
    }

    /// The lab took the offer: the host is told, and the parcel is done with.
    pub(in crate::photographer) async fn taken_by_lab(
        &self,
        parcel: &str,
        status: &NotedStatus,
    ) -> Result<(), NodeError> {
        let sql =
            "UPDATE orders SET production = 'offered', trouble = NULL WHERE order_id = $1 AND production = 'waiting'";
        let mut tx = self.ledger.begin().await?;
        tx.execute(sql, args![status.status.order_id.to_string()]).await?;
        report(&mut tx, status).await?;
        outbox::settle(&mut tx, parcel).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The lab's words on its job; once, however often they come.
    pub(in crate::photographer) async fn note_status(&self, noted: &NotedStatus) -> Result<(), NodeError> {
        let current = "SELECT production FROM orders WHERE order_id = $1";
        let change = "UPDATE orders SET production = $2, trouble = $3 WHERE order_id = $1";
        let order_id = noted.status.order_id.to_string();
        let mut tx = self.ledger.begin().await?;
        let row = tx.fetch_one(current, args![&order_id]).await?;
        if let Some(word) = next_production(&row.text("production")?, &noted.status.kind) {
            let trouble = match &noted.status.kind {
                StatusKind::Problem { text } => Some(format!("The lab says: {text}")),
                _ => None,
            };
            tx.execute(change, args![&order_id, word, trouble]).await?;
        }
        if matches!(noted.status.kind, StatusKind::Received { .. }) {
            mark_received(&mut tx, noted).await?;
        }
        report(&mut tx, noted).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn put_files(tx: &mut Tx<'_>, new: &NewJob, job_id: &str) -> Result<(), NodeError> {
    let sql = "INSERT INTO job_files (job_id, root, photo_id, bytes, subtrees) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (job_id, root) DO NOTHING";
    for JobFile { file, subtrees } in &new.files {
        let bytes = i64::try_from(file.bytes).unwrap_or(i64::MAX);
        tx.execute(sql, args![job_id, file.root.to_string(), file.photo_id.to_string(), bytes, subtrees]).await?;
    }
    Ok(())
}

/// The custody of each file: it is at the lab, verified.
async fn mark_received(tx: &mut Tx<'_>, noted: &NotedStatus) -> Result<(), NodeError> {
    let sql = "UPDATE job_files SET received_ms = $2 WHERE job_id = $1 AND received_ms IS NULL";
    let job_id = noted.status.job_id.map(|job_id| job_id.to_string());
    tx.execute(sql, args![job_id, now().0]).await?;
    Ok(())
}

/// The order's new state, if the lab's word changes it: statuses may come late, so a
/// state is left only for a later one, and a problem for any word that follows it.
fn next_production(current: &str, kind: &StatusKind) -> Option<&'static str> {
    let rank =
        |word: &str| ["waiting", "offered", "received", "printing", "shipped"].iter().position(|known| *known == word);
    let word = kind.word();
    match (word, rank(current)) {
        ("problem", Some(4)) => None,
        ("problem", _) | (_, None) => Some(word),
        (_, Some(now)) => rank(word).filter(|new| *new > now).map(|_| word),
    }
}

fn job_row(row: &Row) -> Result<JobRow, NodeError> {
    Ok(JobRow {
        job_id: stored::read(&row.text("job_id")?)?,
        order_id: stored::read(&row.text("order_id")?)?,
        lab: stored::read(&row.text("lab")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_status_does_not_turn_a_job_back() {
        let received = StatusKind::Received { files: 1, bytes: 1 };
        assert_eq!(next_production("printing", &received), None);
        assert_eq!(next_production("offered", &received), Some("received"));
        let problem = StatusKind::Problem { text: "x".into() };
        assert_eq!(next_production("printing", &problem), Some("problem"));
        assert_eq!(next_production("problem", &StatusKind::Printing), Some("printing"));
        assert_eq!(next_production("shipped", &problem), None);
    }
}
