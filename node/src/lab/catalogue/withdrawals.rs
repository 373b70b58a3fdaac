//! Jobs that a photographer took back, so that no order is printed at two labs: a job
//! whose files are not in the hot folder is let go of, and an offer of it that comes
//! late is known as such.
//!
//! Of a job the lab knows how far it is (receiving, placing, placed, or withdrawn), which
//! offers each home has withdrawn by its own count, and whose offers count. In the beginning
//! those of every home count. When a home says “let go”, nobody's do until one takes the job
//! over; when a home says “take over”, its own do, and no other's. So an offer that was made
//! before, by whichever home and whether or not the lab knew that home then, comes too late.
//!
//! A home that gets an order which another had takes it over at its lab, asks all other labs
//! to let go of theirs, and offers it then. What is in a hot folder is let go of by nobody,
//! and so of two homes that both do this for two labs one at least is refused: a lab takes
//! an offer only if no other home asked it between that home's first step and its last.

use enprint_protocol::PeerId;
use enprint_protocol::ids::JobId;
use enprint_protocol::print_job::PrintJob;
use enprint_store::args;
use enprint_store::ledger::Tx;

use super::contents::keep_unneeded;
use super::jobs::{insert_files, stored_job};
use super::{Catalogue, FileState, JobRow, JobState};
use crate::error::NodeError;
use crate::lab::clock::now_ms;
use crate::limits::{TAKEN_OVER_REMEMBERED, WITHDRAWALS_REMEMBERED};

/// What became of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Withdrawn {
    /// It will not be printed.
    Done,
    /// Its files are in the hot folder, or about to be.
    TooLate,
    /// It is not that photographer's.
    NotTheirs,
}

impl JobRow {
    /// Whether an offer of the same job may take this one's place: it was made after
    /// this one was withdrawn, or with other files, and this one is not printed yet.
    pub(super) fn gives_way_to(&self, job: &PrintJob) -> bool {
        job.withdrawn_before > self.job.withdrawn_before
            && matches!(self.file_state, FileState::Receiving | FileState::Withdrawn)
    }

    /// Whether its files are where they are printed from, or about to be.
    pub(super) fn is_in_hot_folder(&self) -> bool {
        matches!(self.file_state, FileState::Placing | FileState::Placed)
    }

    /// Whether what an offer asks for is in the hot folder already: it was made after one
    /// that could not be withdrawn any more.
    pub(super) fn is_printed_as(&self, job: &PrintJob) -> bool {
        let withdrawn_before = self.job.withdrawn_before;
        self.is_in_hot_folder() && self.job == PrintJob { withdrawn_before, ..job.clone() }
    }

    /// Whether the photographer was told that it is not printed.
    pub(super) fn is_let_go_of(&self) -> bool {
        self.state == JobState::Withdrawn
    }
}

impl Catalogue {
    /// Lets go of a job, with all its offers up to the one after so many withdrawals,
    /// and remembers it for those that are still on their way.
    pub(in crate::lab) async fn withdraw(
        &self,
        photographer: PeerId,
        home: PeerId,
        job_id: &JobId,
        withdrawn_before: u32,
    ) -> Result<Withdrawn, NodeError> {
        self.ledger
            .write(|tx| Box::pin(async move { withdraw(tx, photographer, home, job_id, withdrawn_before).await }))
            .await
    }

    /// Lets go of a job, whichever home of the photographer offered it, and takes no offer
    /// of it until a home has taken it over. Files that are in the hot folder may be printed,
    /// whatever the lab says of them.
    pub(in crate::lab) async fn withdraw_from_all(
        &self,
        photographer: PeerId,
        job_id: &JobId,
    ) -> Result<Withdrawn, NodeError> {
        self.ledger.write(|tx| Box::pin(async move { withdraw_from_all(tx, photographer, job_id).await })).await
    }

    /// From now on the job comes from `home` alone; false when it is another photographer's.
    /// What is here of it stays.
    pub(in crate::lab) async fn take_over(
        &self,
        photographer: PeerId,
        home: PeerId,
        job_id: &JobId,
    ) -> Result<bool, NodeError> {
        self.ledger
            .write(|tx| {
                Box::pin(async move {
                    let standing = stored_job(tx, job_id).await?;
                    if standing.is_some_and(|row| row.photographer != photographer) {
                        return Ok(false);
                    }
                    take_offers_from(tx, photographer, job_id, Some(home)).await?;
                    Ok(true)
                })
            })
            .await
    }
}

async fn withdraw_from_all(tx: &mut Tx<'_>, photographer: PeerId, job_id: &JobId) -> Result<Withdrawn, NodeError> {
    let standing = stored_job(tx, job_id).await?;
    if standing.as_ref().is_some_and(|row| row.photographer != photographer) {
        return Ok(Withdrawn::NotTheirs);
    }
    if standing.as_ref().is_some_and(JobRow::is_in_hot_folder) {
        return Ok(Withdrawn::TooLate);
    }
    take_offers_from(tx, photographer, job_id, None).await?;
    if standing.is_some() {
        let_go(tx, photographer, job_id).await?;
    }
    Ok(Withdrawn::Done)
}

async fn withdraw(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    home: PeerId,
    job_id: &JobId,
    withdrawn_before: u32,
) -> Result<Withdrawn, NodeError> {
    let standing = stored_job(tx, job_id).await?;
    if standing.as_ref().is_some_and(|row| row.photographer != photographer) {
        return Ok(Withdrawn::NotTheirs);
    }
    // A later offer stands, or another home's, which this one does not mean.
    let meant = standing.filter(|row| row.home == home && row.job.withdrawn_before <= withdrawn_before);
    if meant.as_ref().is_some_and(JobRow::is_in_hot_folder) {
        return Ok(Withdrawn::TooLate);
    }
    remember(tx, home, job_id, withdrawn_before).await?;
    if meant.is_some() {
        let_go(tx, photographer, job_id).await?;
    }
    Ok(Withdrawn::Done)
}

async fn let_go(tx: &mut Tx<'_>, photographer: PeerId, job_id: &JobId) -> Result<(), NodeError> {
    let sql = "UPDATE job SET file_state = 'withdrawn', state = 'withdrawn', detail = '', trouble = NULL
         WHERE job_id = $1";
    tx.execute(sql, args![job_id.to_string()]).await?;
    keep_unneeded(tx, photographer).await
}

/// Whose offers of a job count from now on; without a home nobody's. By turns, not by the
/// clock, so that the oldest are forgotten first though the clock was set back.
async fn take_offers_from(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    job_id: &JobId,
    home: Option<PeerId>,
) -> Result<(), NodeError> {
    let (photographer, home) = (photographer.to_string(), home.map(|home| home.to_string()));
    let sql = "SELECT COALESCE(MAX(turn), 0) + 1 AS next FROM offers_from WHERE photographer = $1";
    let turn = tx.fetch_one(sql, args![&photographer]).await?.int("next")?;
    let sql = "INSERT INTO offers_from (photographer, job_id, home, turn) VALUES ($1, $2, $3, $4)
         ON CONFLICT (photographer, job_id) DO UPDATE SET home = excluded.home, turn = excluded.turn";
    tx.execute(sql, args![&photographer, job_id.to_string(), home, turn]).await?;
    let sql = "DELETE FROM offers_from WHERE photographer = $1 AND turn <= $2";
    tx.execute(sql, args![&photographer, turn - TAKEN_OVER_REMEMBERED]).await?;
    Ok(())
}

async fn remember(tx: &mut Tx<'_>, home: PeerId, job_id: &JobId, withdrawn_before: u32) -> Result<(), NodeError> {
    let sql = "INSERT INTO withdrawn_job (photographer, job_id, withdrawn_before, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (photographer, job_id) DO UPDATE SET at_ms = $4,
             withdrawn_before = MAX(withdrawn_job.withdrawn_before, $3)";
    let home = home.to_string();
    tx.execute(sql, args![&home, job_id.to_string(), withdrawn_before, now_ms()]).await?;
    let sql = "DELETE FROM withdrawn_job WHERE photographer = $1 AND job_id NOT IN (
             SELECT job_id FROM withdrawn_job WHERE photographer = $1 ORDER BY at_ms DESC, job_id LIMIT $2)";
    tx.execute(sql, args![&home, WITHDRAWALS_REMEMBERED]).await?;
    Ok(())
}

/// Whether an offer is one that was withdrawn, or was followed by another, or is of a home
/// whose offers count no more; `standing` is what this home offered before.
pub(super) async fn is_stale(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    home: PeerId,
    job: &PrintJob,
    standing: Option<&JobRow>,
) -> Result<bool, NodeError> {
    if standing.is_some_and(|standing| standing.job.withdrawn_before > job.withdrawn_before) {
        return Ok(true);
    }
    let (job_id, home) = (job.job_id.to_string(), home.to_string());
    let sql = "SELECT 1 AS found FROM offers_from
         WHERE photographer = $1 AND job_id = $2 AND home IS DISTINCT FROM $3";
    if tx.fetch_optional(sql, args![photographer.to_string(), &job_id, &home]).await?.is_some() {
        return Ok(true);
    }
    let sql = "SELECT 1 AS found FROM withdrawn_job
         WHERE photographer = $1 AND job_id = $2 AND withdrawn_before >= $3";
    Ok(tx.fetch_optional(sql, args![home, job_id, job.withdrawn_before]).await?.is_some())
}

/// Puts a job in the place of its former self. What crossed for a file that both have
/// stays counted.
pub(super) async fn replace_job(
    tx: &mut Tx<'_>,
    former: &JobRow,
    offer: &[u8],
    job: &PrintJob,
) -> Result<(), NodeError> {
    let job_id = job.job_id.to_string();
    let sql = "SELECT root, verified_bytes, discarded_bytes FROM job_file WHERE job_id = $1";
    let crossed = tx.fetch_all(sql, args![&job_id]).await?;
    tx.execute("DELETE FROM job_file WHERE job_id = $1", args![&job_id]).await?;
    let sql = "UPDATE job SET offer = $2, file_state = 'receiving', state = 'receiving', detail = '', trouble = NULL
         WHERE job_id = $1";
    tx.execute(sql, args![&job_id, offer]).await?;
    insert_files(tx, former.photographer, job).await?;
    for row in crossed {
        let sql = "UPDATE job_file SET verified_bytes = $3, discarded_bytes = $4 WHERE job_id = $1 AND root = $2";
        let (verified, discarded) = (row.int("verified_bytes")?, row.int("discarded_bytes")?);
        tx.execute(sql, args![&job_id, row.text("root")?, verified, discarded]).await?;
    }
    keep_unneeded(tx, former.photographer).await
}

#[cfg(test)]
mod tests;
