//! Carries out commands: a line each, into the file that owns it, and the answers'
//! summaries.

use enprint_protocol::PeerId;
use enprint_protocol::status::StatusKind;
use enprint_protocol::text;
use enprint_protocol::time::UnixMs;

use super::catalogue::{FileState, JobRow, JobState, PhotographerRow, Standing};
use super::commands::{FileSummary, JobSummary, LabAnswer, LabCommand, PhotographerSummary};
use super::naming;
use super::node::{Lab, Node};
use crate::control::{Commands, Progress};
use crate::error::NodeError;
use crate::status::files_on_their_way;

impl Commands for Lab {
    type Command = LabCommand;
    type Answer = LabAnswer;

    async fn execute(&self, command: LabCommand, _: Progress) -> Result<LabAnswer, NodeError> {
        let node = self.node();
        match command {
            LabCommand::Enrol { host, invitation } => {
                let host = node.enrol(host, invitation).await?;
                Ok(LabAnswer::Enrolled { host, peer_id: self.peer_id() })
            }
            LabCommand::Hosts => node.list_hosts().await,
            LabCommand::HostAt { host } => node.host_at(host).await,
            LabCommand::LeaveHost { host } => node.leave_host(&host).await,
            LabCommand::Status => Ok(LabAnswer::Status(Box::new(node.status(true).await?))),
            LabCommand::Photographers => {
                node.refresh_photographers().await;
                node.list_photographers().await
            }
            LabCommand::Approve { who } => node.approve(&who).await,
            LabCommand::Revoke { who } => node.revoke(&who).await,
            LabCommand::Jobs => node.list_jobs().await,
            LabCommand::Printing { job } => node.say_and_show(&job, StatusKind::Printing).await,
            LabCommand::Shipped { job, carrier, tracking } => {
                node.say_and_show(&job, StatusKind::Shipped { carrier, tracking }).await
            }
            LabCommand::Problem { job, text } => node.say_and_show(&job, StatusKind::Problem { text }).await,
        }
    }
}

impl Node {
    async fn list_photographers(&self) -> Result<LabAnswer, NodeError> {
        let photographers = self.catalogue.photographers().await?.into_iter();
        // Whom no host has named, and who has offered nothing, is nobody to people.
        let is_somebody = |row: &PhotographerRow| row.standing != Standing::Listed || !row.name.is_empty();
        let photographers = photographers.filter(is_somebody).map(|row| PhotographerSummary {
            connected: self.client.is_connected(&row.peer_id),
            way: self.client.path(&row.peer_id).map(|path| path.words().to_owned()),
            peer_id: row.peer_id,
            name: row.name,
            standing: row.standing.word().to_owned(),
        });
        Ok(LabAnswer::Photographers { photographers: photographers.collect() })
    }

    async fn approve(&self, who: &str) -> Result<LabAnswer, NodeError> {
        let peer = self.find_photographer(who).await?;
        let before = self.catalogue.photographer(peer).await?;
        self.catalogue.set_standing(peer, Standing::Approved).await?;
        self.admission.admit(peer);
        for home in self.catalogue.homes_of(peer).await? {
            self.admission.admit(home);
        }
        if before.is_some_and(|before| before.standing == Standing::Waiting) {
            self.tell_approved(peer).await?;
        }
        self.list_photographers().await
    }

    async fn revoke(&self, who: &str) -> Result<LabAnswer, NodeError> {
        let peer = self.find_photographer(who).await?;
        self.catalogue.set_standing(peer, Standing::Revoked).await?;
        // Jobs taken already go on, and their reports have to get through.
        let is_open = |row: &JobRow| !matches!(row.state, JobState::Shipped | JobState::Withdrawn);
        let has_open_jobs = self.catalogue.jobs().await?.iter().any(|row| row.photographer == peer && is_open(row));
        if !has_open_jobs {
            self.admission.forget(peer);
            for home in self.catalogue.homes_of(peer).await? {
                self.admission.forget(home);
            }
        }
        self.list_photographers().await
    }

    /// One who is known, or a whole peer id of one who is not known yet.
    async fn find_photographer(&self, who: &str) -> Result<PeerId, NodeError> {
        let known = self.catalogue.photographers().await?;
        let names = |row: &PhotographerRow| vec![row.name.clone(), row.peer_id.to_string()];
        let shown = |row: &PhotographerRow| format!("{} ({})", text::shown(&row.name), row.peer_id);
        let found = naming::find(who, &known, names, shown)?.and_then(|at| known.get(at)).map(|row| row.peer_id);
        found.or_else(|| who.trim().parse().ok()).ok_or_else(|| NodeError::Unknown {
            what: "photographer",
            name: who.trim().to_owned(),
            hint: "“photographers” lists those that are known; a whole peer id will do for one who is not.",
        })
    }

    async fn list_jobs(&self) -> Result<LabAnswer, NodeError> {
        let mut jobs = Vec::new();
        for row in self.catalogue.jobs().await? {
            jobs.push(self.summary(row).await?);
        }
        Ok(LabAnswer::Jobs { jobs })
    }

    async fn say_and_show(&self, named: &str, kind: StatusKind) -> Result<LabAnswer, NodeError> {
        let row = self.say(named, kind).await?;
        Ok(LabAnswer::Job(Box::new(self.summary(row).await?)))
    }

    async fn summary(&self, row: JobRow) -> Result<JobSummary, NodeError> {
        let files = self.catalogue.job_files(&row.job.job_id).await?;
        let print_files = files.iter().zip(&row.job.files).map(|(file, named)| FileSummary {
            photo_id: named.photo_id.to_string(),
            name: named.name.clone(),
            bytes: file.bytes,
            verified_bytes: file.verified_bytes,
            discarded_bytes: file.discarded_bytes,
        });
        let is_placed = row.file_state == FileState::Placed;
        let on_their_way = (row.file_state == FileState::Receiving)
            .then(|| files_on_their_way(self.client.path(&row.home), &text::shown(&row.job.photographer)));
        Ok(JobSummary {
            job_id: row.job.job_id.to_string(),
            order_id: row.job.order_id.to_string(),
            number: row.job.order_id.number(),
            offered_at: UnixMs(row.offered_ms),
            state: row.state.word().to_owned(),
            prints: row.job.lines.iter().map(|line| u64::from(line.quantity)).sum(),
            files: files.len() as u64,
            file_bytes: files.iter().map(|file| file.bytes).sum(),
            here_bytes: files.iter().map(|file| file.here_bytes).sum(),
            verified_bytes: files.iter().map(|file| file.verified_bytes).sum(),
            discarded_bytes: files.iter().map(|file| file.discarded_bytes).sum(),
            print_files: print_files.collect(),
            folder: row.folder.filter(|_| is_placed),
            hint: row.trouble.or(Some(row.detail)).filter(|hint| !hint.is_empty()).or(on_their_way.flatten()),
            event: row.job.event_name,
            photographer: row.job.photographer,
        })
    }
}
