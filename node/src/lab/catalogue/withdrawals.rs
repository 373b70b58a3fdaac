//! Jobs that a photographer took back, so that no order is printed at two labs: a job
//! whose files are not in the hot folder is let go of, and an offer of it that comes
//! late is known as such.

use enprint_protocol::PeerId;
use enprint_protocol::ids::JobId;
use enprint_protocol::print_job::PrintJob;
use enprint_store::args;
use enprint_store::ledger::Tx;

use super::contents::keep_unneeded;
use super::jobs::{insert_files, stored_job};
use super::{Catalogue, FileState, JobRow};
use crate::error::NodeError;
use crate::lab::clock::now_ms;
use crate::limits::WITHDRAWALS_REMEMBERED;

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

    /// Lets go of a job, whichever home of the photographer offered it: `asks` is the one
    /// that has the order now.
    pub(in crate::lab) async fn withdraw_from_all(
        &self,
        photographer: PeerId,
        asks: PeerId,
        job_id: &JobId,
    ) -> Result<Withdrawn, NodeError> {
        let mut homes = self.homes_of(photographer).await?;
        homes.push(photographer);
        let homes = &homes;
        self.ledger
            .write(|tx| Box::pin(async move { withdraw_from_all(tx, photographer, asks, job_id, homes).await }))
            .await
    }
}

/// As [`withdraw`], of whichever home: `asks` is the one that has the order now, and may
/// offer it here later. Files that are in the hot folder may be printed, whatever the lab says
/// of them.
async fn withdraw_from_all(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    asks: PeerId,
    job_id: &JobId,
    homes: &[PeerId],
) -> Result<Withdrawn, NodeError> {
    let standing = stored_job(tx, job_id).await?;
    if standing.as_ref().is_some_and(|row| row.photographer != photographer) {
        return Ok(Withdrawn::NotTheirs);
    }
    let is_there = |row: &JobRow| matches!(row.file_state, FileState::Placing | FileState::Placed);
    if standing.as_ref().is_some_and(is_there) {
        return Ok(Withdrawn::TooLate);
    }
    let withdrawn_before = standing.as_ref().map_or(0, |row| row.job.withdrawn_before);
    for home in homes.iter().filter(|home| **home != asks) {
        remember(tx, *home, job_id, withdrawn_before).await?;
    }
    if standing.is_some() {
        let sql = "UPDATE job SET state = 'withdrawn', detail = '', trouble = NULL,
                 file_state = CASE WHEN file_state = 'receiving' THEN 'withdrawn' ELSE file_state END
             WHERE job_id = $1";
        tx.execute(sql, args![job_id.to_string()]).await?;
        keep_unneeded(tx, photographer).await?;
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
    if meant.as_ref().is_some_and(|row| matches!(row.file_state, FileState::Placing | FileState::Placed)) {
        return Ok(Withdrawn::TooLate);
    }
    remember(tx, home, job_id, withdrawn_before).await?;
    if meant.is_some() {
        let sql = "UPDATE job SET file_state = 'withdrawn', state = 'withdrawn', detail = '', trouble = NULL
             WHERE job_id = $1";
        tx.execute(sql, args![job_id.to_string()]).await?;
        keep_unneeded(tx, photographer).await?;
    }
    Ok(Withdrawn::Done)
}

async fn remember(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    job_id: &JobId,
    withdrawn_before: u32,
) -> Result<(), NodeError> {
    let sql = "INSERT INTO withdrawn_job (photographer, job_id, withdrawn_before, at_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (photographer, job_id) DO UPDATE SET at_ms = $4,
             withdrawn_before = MAX(withdrawn_job.withdrawn_before, $3)";
    let photographer = photographer.to_string();
    tx.execute(sql, args![&photographer, job_id.to_string(), withdrawn_before, now_ms()]).await?;
    let sql = "DELETE FROM withdrawn_job WHERE photographer = $1 AND job_id NOT IN (
             SELECT job_id FROM withdrawn_job WHERE photographer = $1 ORDER BY at_ms DESC, job_id LIMIT $2)";
    tx.execute(sql, args![&photographer, WITHDRAWALS_REMEMBERED]).await?;
    Ok(())
}

/// Whether an offer is one that was withdrawn, or was followed by another.
pub(super) async fn is_stale(
    tx: &mut Tx<'_>,
    photographer: PeerId,
    job: &PrintJob,
    standing: Option<&JobRow>,
) -> Result<bool, NodeError> {
    if standing.is_some_and(|standing| standing.job.withdrawn_before > job.withdrawn_before) {
        return Ok(true);
    }
    let sql = "SELECT 1 AS found FROM withdrawn_job
         WHERE photographer = $1 AND job_id = $2 AND withdrawn_before >= $3";
    let args = args![photographer.to_string(), job.job_id.to_string(), job.withdrawn_before];
    Ok(tx.fetch_optional(sql, args).await?.is_some())
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
