//! Offer → job: who offers, whether it is whole, whether there is room, and what of
//! its files is here already; and jobs that are taken back. Fetches nothing.

use enprint_protocol::home::Home;
use enprint_protocol::ids::JobId;
use enprint_protocol::print_job::{JobReply, JobRequest, PrintJob};
use enprint_protocol::signed::Signed;
use enprint_protocol::{ErrorCode, PeerId, Refusal};

use super::catalogue::{Offered, Standing, Withdrawn};
use super::fetch::bytes_of;
use super::node::{Node, blocking};
use crate::error::NodeError;

impl Node {
    /// Answers a photographer. Repeated, a request gets the same answer.
    pub(super) async fn answer_photographer(&self, peer: PeerId, request: JobRequest) -> Result<JobReply, NodeError> {
        match request {
            JobRequest::Offer(offer) => self.take_offer(peer, offer).await,
            JobRequest::Withdraw { job_id, withdrawn_before } => {
                self.let_go(peer, job_id, Some(withdrawn_before)).await
            }
            JobRequest::StandIn(signed) => self.take_word_on_home(peer, &signed).await,
            JobRequest::LetGo { job_id } => self.let_go(peer, job_id, None).await,
            JobRequest::TakeOver { job_id } => self.take_over(peer, job_id).await,
        }
    }

    /// Lets go of a job, unless it is printed already for all that this lab can tell: of the
    /// peer's own offers up to that one, or of what any home of the same photographer
    /// offered. One who is no longer approved may still take back what was taken before, and
    /// of one who is not approved yet an offer may wait at another home.
    async fn let_go(&self, peer: PeerId, job_id: JobId, withdrawn_before: Option<u32>) -> Result<JobReply, NodeError> {
        let account = self.catalogue.account_of(peer).await?;
        let standing = self.catalogue.photographer(account).await?.map(|known| known.standing);
        let is_known = match withdrawn_before {
            Some(_) => matches!(standing, Some(Standing::Approved | Standing::Revoked)),
            None => standing.is_some(),
        };
        if !is_known {
            return Ok(Refusal::uniform().into());
        }
        let _one_at_a_time = self.offering.lock().await;
        let withdrawn = match withdrawn_before {
            Some(before) => self.catalogue.withdraw(account, peer, &job_id, before).await?,
            None => self.catalogue.withdraw_from_all(account, &job_id).await?,
        };
        Ok(match withdrawn {
            Withdrawn::NotTheirs => Refusal::uniform().into(),
            Withdrawn::TooLate => too_late().into(),
            Withdrawn::Done => {
                tracing::info!(job.id = %job_id, peer.id = %peer, "a job was taken back");
                self.fetcher.wake(&peer);
                self.forget_kept_files(self.config.keep_bytes).await?;
                JobReply::Withdrawn
            }
        })
    }

    /// From now on a job comes from this home alone, whichever offered it before.
    async fn take_over(&self, peer: PeerId, job_id: JobId) -> Result<JobReply, NodeError> {
        let account = self.catalogue.account_of(peer).await?;
        let is_known = self.catalogue.photographer(account).await?.is_some();
        // An offer that it sent before is through when this is answered.
        let _one_at_a_time = self.offering.lock().await;
        if !is_known || !self.catalogue.take_over(account, peer, &job_id).await? {
            return Ok(Refusal::uniform().into());
        }
        Ok(JobReply::Noted)
    }

    /// Takes a job, or says why not.
    async fn take_offer(&self, peer: PeerId, offer: Signed<PrintJob>) -> Result<JobReply, NodeError> {
        let job = offer.open_from(&peer)?;
        let account = self.catalogue.account_of(peer).await?;
        let known = self.catalogue.photographer(account).await?;
        if known.is_none_or(|known| known.standing != Standing::Approved) {
            // A name that can't be shown is none.
            let name = if job.check().is_ok() { job.photographer.trim() } else { "" };
            self.catalogue.remember_waiting(peer, name).await?;
            return Ok(not_approved().into());
        }
        job.check()?;
        let _one_at_a_time = self.offering.lock().await;
        let standing = self.catalogue.job(&job.job_id).await?;
        if standing.is_none() {
            self.make_room(&job).await?;
        }
        let other_is_here =
            standing.is_some_and(|standing| standing.home != peer && self.client.is_connected(&standing.home));
        match self.catalogue.put_job(account, peer, &offer, &job, other_is_here).await? {
            Offered::New => {
                tracing::info!(job.id = %job.job_id, order.id = %job.order_id, peer.id = %peer, "a job was taken")
            }
            Offered::Again => {}
            Offered::Conflict => return Ok(conflict().into()),
            Offered::Withdrawn => return Ok(withdrawn().into()),
            Offered::Full => return Ok(full().into()),
            Offered::AtOtherHome => return Ok(at_other_home().into()),
            Offered::Printed => {
                if let Some(row) = self.catalogue.job(&job.job_id).await? {
                    self.report_again(&row).await?;
                }
                return Ok(JobReply::Needs { files: Vec::new() });
            }
        }
        let needs = self.needs(&job).await?;
        self.fetcher.add(job.job_id, peer, bytes_of(&job));
        Ok(JobReply::Needs { files: needs })
    }

    /// Takes a photographer's word on a home; approved or not, the home is what they are.
    async fn take_word_on_home(&self, peer: PeerId, signed: &Signed<Home>) -> Result<JobReply, NodeError> {
        let (key, word) = signed.open_any()?;
        let signer = key.to_peer_id();
        let known = match self.catalogue.photographer(signer).await? {
            // Told before this lab knows them, or approves them: it counts from the beginning.
            // Of strangers nothing is kept, or they would take the places of those who are listed.
            None if word.ended && peer == signer => {
                let is_certain = self.look_for_photographer(signer).await;
                let known = self.catalogue.photographer(signer).await?;
                if known.is_none() && !is_certain {
                    return Ok(cannot_ask().into());
                }
                known
            }
            known => known,
        };
        let Some(known) = known.filter(|_| signer == word.photographer && [signer, word.home].contains(&peer)) else {
            return Ok(Refusal::uniform().into());
        };
        let stood_in = self.catalogue.account_of(word.home).await? == word.photographer;
        let stands_in = self.catalogue.put_home(&word, peer == word.home).await?;
        if stood_in && !stands_in {
            self.admission.forget(word.home);
        } else if stands_in && known.standing == Standing::Approved {
            self.admission.admit(word.home);
        }
        if word.home == peer && !stands_in { Ok(Refusal::uniform().into()) } else { Ok(JobReply::Noted) }
    }

    /// The job's files that are not all here.
    async fn needs(&self, job: &PrintJob) -> Result<Vec<u32>, NodeError> {
        let files = self.catalogue.job_files(&job.job_id).await?;
        Ok(files.iter().filter(|file| file.here_bytes < file.bytes).map(|file| file.place).collect())
    }

    /// As [`Self::check_room`]; what is kept for reprints gives way.
    async fn make_room(&self, job: &PrintJob) -> Result<(), NodeError> {
        match self.check_room(job).await {
            Err(NodeError::Refused(_)) if self.forget_kept_files(0).await? => self.check_room(job).await,
            outcome => outcome,
        }
    }

    /// Whether both disks have room for this job and for all that were taken before.
    async fn check_room(&self, job: &PrintJob) -> Result<(), NodeError> {
        let job_bytes = bytes_of(job);
        let taken_bytes = self.catalogue.missing_bytes().await?;
        let (config, reserve_bytes) = (self.config.clone(), self.config.reserve_bytes);
        let wanted_bytes = job_bytes.saturating_add(taken_bytes).saturating_add(reserve_bytes);
        blocking(move || {
            for folder in [&config.data_dir, &config.hot_folder] {
                std::fs::create_dir_all(folder).map_err(|error| NodeError::file(folder, &error))?;
                let free_bytes = fs4::available_space(folder).map_err(|error| NodeError::file(folder, &error))?;
                if free_bytes < wanted_bytes {
                    tracing::error!(folder = %folder.display(), free_bytes, wanted_bytes, "a job was refused: no room on the disk");
                    return Err(NodeError::Refused(disk_full()));
                }
            }
            Ok(())
        })
        .await
    }
}

fn not_approved() -> Refusal {
    Refusal::new(
        ErrorCode::NotApproved,
        "The lab has not approved you yet. It knows now that you wait; the job is offered again by itself.",
    )
}

fn cannot_ask() -> Refusal {
    Refusal::new(ErrorCode::Busy, "The lab can't ask its hosts who you are just now; say it again later.")
}

fn conflict() -> Refusal {
    Refusal::new(ErrorCode::Conflict, "The lab has another job under this id.")
}

fn withdrawn() -> Refusal {
    Refusal::new(ErrorCode::Withdrawn, "This offer was withdrawn before it came; the lab does not print it.")
}

fn too_late() -> Refusal {
    Refusal::new(ErrorCode::Conflict, "The job’s files are here already, and it may be in print.")
}

fn at_other_home() -> Refusal {
    Refusal::new(
        ErrorCode::Busy,
        "Another home of this photographer sends this job's files. The job is offered again later.",
    )
}

fn full() -> Refusal {
    Refusal::new(ErrorCode::Busy, "The lab waits for the files of too many jobs. The job is offered again later.")
}

fn disk_full() -> Refusal {
    Refusal::new(ErrorCode::DiskFull, "The lab's disk has no room for this job now. It is offered again later.")
}

#[cfg(test)]
mod tests;
