//! Print jobs: offered, permitted, withdrawn, and what the lab says of them.

use enprint_protocol::codec;
use enprint_protocol::ids::{ContentHash, EventId, JobId, PhotoId};
use enprint_protocol::print_job::JobRequest;
use enprint_protocol::status::{self, StatusKind};
use enprint_protocol::time::UnixMs;
use enprint_store::args;
use enprint_store::ledger::{Row, Tx, outbox};

use super::orders::{keep_status, put_trouble, report};
use super::{Catalogue, JobFile, JobRow, NewJob, NotedStatus, Trouble, elsewhere, send};
use crate::error::NodeError;
use crate::photographer::node::now;
use crate::photographer::ranges::{Claim, Permitted};
use crate::stored;

impl Catalogue {
    /// Stores a job with the permission to fetch its files, and the offer to the lab.
    /// From a lab that had the order before, it is withdrawn.
    pub(in crate::photographer) async fn offer(&self, new: &NewJob) -> Result<(), NodeError> {
        let job = "INSERT INTO jobs (job_id, order_id, event_id, lab, offered_ms, state, withdrawn) \
                   VALUES ($1, $2, $3, $4, $5, 'open', $6) \
                   ON CONFLICT (job_id) DO UPDATE SET state = 'open', withdrawn = $6";
        let order = "UPDATE orders SET job_id = $2, lab = $3, trouble = NULL, trouble_kind = NULL, \
                     production = CASE WHEN job_id = $2 THEN production ELSE 'waiting' END WHERE order_id = $1";
        let mut tx = self.ledger.begin().await?;
        let (job_id, order_id, lab) = (new.job_id.to_string(), new.order_id.to_string(), new.lab.to_string());
        withdraw_others(&mut tx, &order_id, &job_id).await?;
        let values = args![&job_id, &order_id, new.event_id.to_string(), &lab, new.at.0, new.withdrawn];
        tx.execute(job, values).await?;
        put_files(&mut tx, new, &job_id).await?;
        tx.execute(order, args![&order_id, &job_id, &lab]).await?;
        // Behind what waits for that lab: its withdrawal goes first.
        outbox::settle(&mut tx, &first_parcel(&job_id)).await?;
        let parcel = offer_parcel(&job_id, new.withdrawn);
        outbox::settle(&mut tx, &parcel).await?;
        let lane = elsewhere::lane_of_offer(&mut tx, &order_id, &lab).await?;
        send(&mut tx, parcel, &lane, "job", &new.payload).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the next offer of a job with these files says of how often it was withdrawn:
    /// once more than the last, if that had other files.
    pub(in crate::photographer) async fn withdrawn_before(
        &self,
        job_id: JobId,
        files: &[JobFile],
    ) -> Result<u32, NodeError> {
        let Some(job) = self.job(job_id).await? else { return Ok(0) };
        let sql = "SELECT root FROM job_files WHERE job_id = $1";
        let rows = self.ledger.read().fetch_all(sql, args![job_id.to_string()]).await?;
        let mut before = rows.iter().map(|row| row.text("root")).collect::<Result<Vec<_>, _>>()?;
        let mut now: Vec<_> = files.iter().map(|file| file.file.root.to_string()).collect();
        before.sort();
        now.sort();
        let has_other_files = job.is_open && before != now;
        Ok(job.withdrawn.saturating_add(u32::from(has_other_files)))
    }

    /// Whether the offer that was withdrawn so often before still stands.
    pub(in crate::photographer) async fn is_offered(&self, job_id: JobId, withdrawn: u32) -> Result<bool, NodeError> {
        Ok(self.job(job_id).await?.is_some_and(|job| job.is_open && job.withdrawn == withdrawn))
    }

    /// One job.
    pub(in crate::photographer) async fn job(&self, job_id: JobId) -> Result<Option<JobRow>, NodeError> {
        let sql = "SELECT job_id, order_id, lab, state, withdrawn FROM jobs WHERE job_id = $1";
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

    /// The photos of which a job's lab has not got a file.
    pub(in crate::photographer) async fn photos_to_fetch(&self, job_id: JobId) -> Result<Vec<PhotoId>, NodeError> {
        let sql = "SELECT DISTINCT photo_id FROM job_files WHERE job_id = $1 AND received_ms IS NULL";
        let rows = self.ledger.read().fetch_all(sql, args![job_id.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// Files that were made for a job, and that its lab has not.
    pub(in crate::photographer) async fn made_for(&self, job_id: JobId) -> Result<Vec<ContentHash>, NodeError> {
        let sql = "SELECT root FROM job_files WHERE job_id = $1 AND root <> photo_id AND received_ms IS NULL";
        let rows = self.ledger.read().fetch_all(sql, args![job_id.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("root")?)).collect()
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

    /// The lab took the offer: the host is told, and the parcel is done with. Of a job
    /// that went to another lab meanwhile nothing is told; its withdrawal is on its way.
    pub(in crate::photographer) async fn taken_by_lab(
        &self,
        parcel: &str,
        job_id: JobId,
        status: &NotedStatus,
    ) -> Result<(), NodeError> {
        let open = "SELECT 1 AS found FROM jobs WHERE job_id = $1 AND state = 'open'";
        let sql = "UPDATE orders SET production = 'offered', trouble = NULL, trouble_kind = NULL \
                   WHERE order_id = $1 AND production = 'waiting'";
        let mut tx = self.ledger.begin().await?;
        if tx.fetch_optional(open, args![job_id.to_string()]).await?.is_some() {
            tx.execute(sql, args![status.status.order_id.to_string()]).await?;
            report(&mut tx, status).await?;
        }
        outbox::settle(&mut tx, parcel).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a lab says of a job that went to another: its custody is noted, and people
    /// learn of it if the files are there. The order goes on as if it had said nothing.
    pub(in crate::photographer) async fn note_withdrawn(
        &self,
        noted: &NotedStatus,
        trouble: &str,
    ) -> Result<(), NodeError> {
        let mut tx = self.ledger.begin().await?;
        if matches!(noted.status.kind, StatusKind::Received { .. }) {
            mark_received(&mut tx, noted).await?;
            keep_status(&mut tx, noted).await?;
        }
        if !matches!(noted.status.kind, StatusKind::Problem { .. }) {
            put_trouble(&mut tx, noted.status.order_id, &Trouble::other(trouble)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The lab's words on its job; once, however often they come.
    pub(in crate::photographer) async fn note_status(&self, noted: &NotedStatus) -> Result<(), NodeError> {
        let current = "SELECT production FROM orders WHERE order_id = $1";
        let change = "UPDATE orders SET production = $2, trouble = $3, trouble_kind = NULL WHERE order_id = $1";
        let order_id = noted.status.order_id.to_string();
        let mut tx = self.ledger.begin().await?;
        report(&mut tx, noted).await?;
        let row = tx.fetch_one(current, args![&order_id]).await?;
        let is_sent = is_sent(&mut tx, &order_id).await?;
        if let Some(word) = next_production(&row.text("production")?, &noted.status.kind, is_sent) {
            let trouble = match &noted.status.kind {
                StatusKind::Problem { text } => Some(format!("The lab says: {text}")),
                _ => None,
            };
            tx.execute(change, args![&order_id, word, trouble]).await?;
        }
        if matches!(noted.status.kind, StatusKind::Received { .. }) {
            mark_received(&mut tx, noted).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Closes the order's jobs at other labs, and tells these labs.
pub(super) async fn withdraw_others(tx: &mut Tx<'_>, order_id: &str, job_id: &str) -> Result<(), NodeError> {
    let open = "SELECT job_id, order_id, lab, state, withdrawn FROM jobs \
                WHERE order_id = $1 AND job_id <> $2 AND state = 'open'";
    let close = "UPDATE jobs SET state = 'closed', withdrawn = withdrawn + 1 WHERE job_id = $1";
    for row in tx.fetch_all(open, args![order_id, job_id]).await? {
        let job = job_row(&row)?;
        let other = job.job_id.to_string();
        tx.execute(close, args![&other]).await?;
        outbox::settle(tx, &first_parcel(&other)).await?;
        outbox::settle(tx, &offer_parcel(&other, job.withdrawn)).await?;
        let request = JobRequest::Withdraw { job_id: job.job_id, withdrawn_before: job.withdrawn };
        let parcel = format!("withdraw-job:{other}:{}", job.withdrawn);
        send(tx, parcel, &job.lab.to_string(), "withdraw-job", &codec::encode(&request)?).await?;
    }
    Ok(())
}

/// The id of an offer's parcel.
fn offer_parcel(job_id: &str, withdrawn: u32) -> String {
    format!("job:{job_id}:{withdrawn}")
}

/// What it was called before jobs could be withdrawn.
fn first_parcel(job_id: &str) -> String {
    format!("job:{job_id}")
}

async fn put_files(tx: &mut Tx<'_>, new: &NewJob, job_id: &str) -> Result<(), NodeError> {
    let unwanted = "DELETE FROM job_files WHERE job_id = $1 AND root = $2 AND received_ms IS NULL AND left_ms IS NULL";
    let sql = "INSERT INTO job_files (job_id, root, photo_id, bytes, subtrees) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (job_id, root) DO NOTHING";
    for row in tx.fetch_all("SELECT root FROM job_files WHERE job_id = $1", args![job_id]).await? {
        let root = row.text("root")?;
        if !new.files.iter().any(|file| file.file.root.to_string() == root) {
            tx.execute(unwanted, args![job_id, root]).await?;
        }
    }
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

/// Whether a parcel of an order is on its way, as its host sees it, too.
async fn is_sent(tx: &mut Tx<'_>, order_id: &str) -> Result<bool, NodeError> {
    let sql = "SELECT signer, word, at_ms FROM statuses WHERE order_id = $1 ORDER BY rowid";
    let rows = tx.fetch_all(sql, args![order_id]).await?;
    let word = |row: &Row| Ok((row.text("signer")?, UnixMs(row.int("at_ms")?), row.text("word")?));
    let said = rows.iter().map(word).collect::<Result<Vec<_>, NodeError>>()?;
    let said: Vec<_> = said.iter().map(|(by, at, word)| (by, *at, word.as_str())).collect();
    Ok(status::sent(&said).is_some())
}

/// The order's new state, if the lab's word changes it: statuses may come late, so a
/// state is left only for a later one, a problem for any word that follows it, and what is
/// shipped for being printed again.
fn next_production(current: &str, kind: &StatusKind, is_sent: bool) -> Option<&'static str> {
    let rank =
        |word: &str| ["waiting", "offered", "received", "printing", "shipped"].iter().position(|known| *known == word);
    let word = kind.word();
    match (word, rank(current)) {
        ("printing", Some(4)) if !is_sent => Some(word),
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
        is_open: row.text("state")? == "open",
        withdrawn: u32::try_from(row.int("withdrawn")?).unwrap_or(u32::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_status_does_not_turn_a_job_back() {
        let received = StatusKind::Received { files: 1, bytes: 1, crossed_bytes: None };
        assert_eq!(next_production("printing", &received, false), None);
        assert_eq!(next_production("offered", &received, false), Some("received"));
        let problem = StatusKind::Problem { text: "x".into() };
        assert_eq!(next_production("printing", &problem, false), Some("problem"));
        assert_eq!(next_production("problem", &StatusKind::Printing, false), Some("printing"));
        assert_eq!(next_production("shipped", &problem, true), None);
        assert_eq!(next_production("shipped", &StatusKind::Printing, true), None);
        assert_eq!(next_production("shipped", &StatusKind::Printing, false), Some("printing"), "its parcel was lost");
    }
}
