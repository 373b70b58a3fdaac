//! One job: its files, then its folder in the hot folder, then the receipt. May be
//! broken off at any line and gone on with from what the catalogue says; a job that the
//! photographer takes back meanwhile ends at the next line that looks.

use enprint_protocol::ids::{CommandId, JobId};
use enprint_protocol::print_job::PrintJob;
use enprint_protocol::status::StatusKind;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::file::Wanted;
use crate::error::NodeError;
use crate::lab::catalogue::{ContentKey, FileState, JobRow, Report};
use crate::lab::clock::now;
use crate::lab::hot_folder::{OrderFolder, Parties, Placed};
use crate::lab::node::{Node, blocking};
use crate::limits::FILES_FETCHED_AT_ONCE;

impl Node {
    /// Brings a job as far as it will go: all the way, or to an error.
    pub(super) async fn fetch_job(
        &self,
        job_id: JobId,
        progressed: &mut bool,
        stop: &CancellationToken,
    ) -> Result<(), NodeError> {
        let Some(row) = self.catalogue.job(&job_id).await? else { return Ok(()) };
        if row.file_state == FileState::Receiving {
            if self.lacks_bytes(&row).await? {
                self.reach(&row).await?;
            }
            self.fetch_files(&row, progressed, stop).await?;
            if self.is_still(&row).await? {
                self.build_folder(&row).await?;
            }
        }
        let Some(row) = self.catalogue.job(&job_id).await? else { return Ok(()) };
        if row.file_state == FileState::Placing {
            self.place_folder(&row).await?;
        }
        Ok(())
    }

    /// Says why a job does not come on.
    pub(super) async fn note_trouble(&self, job_id: &JobId, error: &NodeError) {
        if let Err(error) = self.catalogue.set_trouble(job_id, Some(&error.to_string())).await {
            tracing::error!(%error, "the lab's catalogue can't be written");
        }
    }

    /// Fetches the files that are not complete, few at once, in the job's order. A
    /// photographer that went away ends it; a file that came corrupted does not keep
    /// the others from coming.
    async fn fetch_files(
        &self,
        row: &JobRow,
        progressed: &mut bool,
        stop: &CancellationToken,
    ) -> Result<(), NodeError> {
        let mut rest = wanted(row).into_iter();
        let mut first_error = None;
        let mut gone = false;
        let mut fetching = stream::FuturesUnordered::new();
        loop {
            while fetching.len() < FILES_FETCHED_AT_ONCE && !gone && !stop.is_cancelled() {
                let Some(wanted) = rest.next() else { break };
                fetching.push(async move { self.fetch_file(&wanted, stop).await });
            }
            let Some((crossed, outcome)) = fetching.next().await else { break };
            *progressed |= crossed;
            if let Err(error) = outcome {
                gone |= !matches!(error, NodeError::CorruptedSource { .. } | NodeError::DiskLies { .. });
                first_error.get_or_insert(error);
            }
        }
        match first_error {
            Some(error) => Err(error),
            None if stop.is_cancelled() => Err(NodeError::ShuttingDown),
            None => Ok(()),
        }
    }

    async fn lacks_bytes(&self, row: &JobRow) -> Result<bool, NodeError> {
        let files = self.catalogue.job_files(&row.job.job_id).await?;
        Ok(files.iter().any(|file| file.here_bytes < file.bytes))
    }

    /// Whether the job is still wanted, with these files.
    async fn is_still(&self, row: &JobRow) -> Result<bool, NodeError> {
        let now = self.catalogue.job(&row.job.job_id).await?;
        Ok(now.is_some_and(|now| now.file_state == FileState::Receiving && now.job == row.job))
    }

    async fn build_folder(&self, row: &JobRow) -> Result<(), NodeError> {
        let job = row.job.clone();
        let taken = self.catalogue.folders_like(&job.order_id.number()).await?;
        let hot_folder = self.config.hot_folder.clone();
        let chosen = row.folder.clone();
        let folder = blocking(move || match chosen {
            Some(name) => Ok(OrderFolder::named(&hot_folder, &name)),
            None => OrderFolder::choose(&hot_folder, &job, &taken),
        })
        .await?;
        self.catalogue.choose_folder(&row.job.job_id, folder.name()).await?;
        let keys: Vec<_> = wanted(row).iter().map(|wanted| wanted.key).collect();
        let files: Vec<_> = keys.iter().map(|key| self.receiving.path(key)).collect();
        let (job, photographer, lab) = (row.job.clone(), row.photographer, self.config.name.clone());
        let building = folder.clone();
        let built = blocking(move || {
            let parties = Parties { photographer, lab: &lab, received_at: now() };
            building.build(&job, &files, parties)
        })
        .await;
        // From here on they are read again: what could not be built may be damaged, and
        // what was built has a second name.
        keys.iter().for_each(|key| self.fetcher.set_whole(key, false));
        built?;
        if self.catalogue.set_placing(&row.job).await? { Ok(()) } else { blocking(move || folder.clear()).await }
    }

    /// Puts the built folder in its place, once: a lab that was killed here finds out
    /// how far it was.
    async fn place_folder(&self, row: &JobRow) -> Result<(), NodeError> {
        let folder = OrderFolder::named(&self.config.hot_folder, row.folder.as_deref().unwrap_or_default());
        let job_id = row.job.job_id;
        blocking(move || {
            match folder.placed()? {
                Placed::Yes => {}
                Placed::NotYet => folder.put_in_place()?,
                Placed::Gone => tracing::warn!(job.id = %job_id, folder = folder.name(),
                    "the order's folder was taken out of the hot folder before its receipt was written"),
            }
            Ok(())
        })
        .await?;
        let receipt = self.receipt(row).await?;
        self.catalogue.set_placed(&job_id, &receipt).await?;
        tracing::info!(job.id = %job_id, order.id = %row.job.order_id, "a job is in the hot folder");
        self.forget_kept_files(self.config.keep_bytes).await.map(drop)
    }

    /// The receipt of a job, the same each time it is made.
    pub(in crate::lab) async fn receipt(&self, row: &JobRow) -> Result<Report, NodeError> {
        let job_id = row.job.job_id;
        let files = u32::try_from(row.job.files.len()).unwrap_or(u32::MAX);
        let bytes = bytes_of(&row.job);
        let status_id = CommandId::derived("enprint receipt 1", &[&job_id.0]);
        let crossed = self.catalogue.job_files(&job_id).await?;
        let crossed_bytes = Some(crossed.iter().map(|file| file.verified_bytes).sum());
        self.signed_report(row, status_id, StatusKind::Received { files, bytes, crossed_bytes })
    }
}

/// The length of all files of a job.
pub(in crate::lab) fn bytes_of(job: &PrintJob) -> u64 {
    job.files.iter().map(|file| file.bytes).fold(0, u64::saturating_add)
}

/// A job's files, in its order.
fn wanted(row: &JobRow) -> Vec<Wanted> {
    let job_bytes = bytes_of(&row.job);
    let files = (0_u32..).zip(&row.job.files);
    let wanted = files.map(|(place, file)| Wanted {
        key: ContentKey { photographer: row.photographer, root: file.root },
        home: row.home,
        job_id: row.job.job_id,
        place,
        bytes: file.bytes,
        job_bytes,
        name: file.name.clone(),
        photographer: row.job.photographer.clone(),
    });
    wanted.collect()
}
