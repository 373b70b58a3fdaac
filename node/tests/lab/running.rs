//! A lab that runs in the test's own process, and what its people see of it.

use std::path::{Path, PathBuf};

use enprint_node::NodeError;
use enprint_node::control;
use enprint_node::lab::commands::{JobSummary, LabStatus, PhotographerSummary};
use enprint_node::lab::{Lab, LabAnswer, LabCommand, LabConfig};
use enprint_protocol::{Multiaddr, PeerId};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::photographer::Photographer;
use crate::waiting::{PATIENCE, eventually_some};

/// A port that is free.
pub const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0";

/// Where a lab is, for those who talk to it.
#[derive(Debug, Clone)]
pub struct Place {
    pub peer_id: PeerId,
    pub address: Multiaddr,
    pub data_dir: PathBuf,
    pub hot_folder: PathBuf,
}

/// A lab in this process.
pub struct RunningLab {
    pub place: Place,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), NodeError>>,
}

/// How a test's lab is configured: all in one folder.
pub fn config(dir: &Path, listen: &str) -> LabConfig {
    LabConfig {
        name: "The Lab".into(),
        listen: vec![listen.parse().unwrap()],
        hot_folder: dir.join("hot"),
        reserve_bytes: 0,
        keep: std::time::Duration::ZERO,
        ..LabConfig::new(dir.join("data"))
    }
}

impl RunningLab {
    pub async fn start(dir: &TempDir) -> Self {
        Self::start_with(config(dir.path(), ANY_PORT)).await
    }

    pub async fn start_with(config: LabConfig) -> Self {
        let (data_dir, hot_folder) = (config.data_dir.clone(), config.hot_folder.clone());
        let lab = Lab::open(config).await.unwrap();
        let place = Place { peer_id: lab.peer_id(), address: lab.addresses()[0].clone(), data_dir, hot_folder };
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let task = tokio::spawn(async move { lab.run(stop).await });
        place.status().await;
        Self { place, shutdown, task }
    }

    /// A lab that has approved `photographer`.
    pub async fn start_for(dir: &TempDir, photographer: &Photographer) -> Self {
        let lab = Self::start(dir).await;
        lab.place.approve(&photographer.id().to_string()).await;
        lab
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
    }
}

impl Place {
    /// Gives a command to the running lab.
    pub async fn ask(&self, command: LabCommand) -> Result<LabAnswer, NodeError> {
        control::ask::<Lab>(&self.data_dir, command, |_| {}).await
    }

    /// The lab's status, once it runs.
    pub async fn status(&self) -> LabStatus {
        let answer = eventually_some("the lab answers", async || self.ask(LabCommand::Status).await.ok()).await;
        let LabAnswer::Status(status) = answer else { panic!("{answer:?}") };
        *status
    }

    pub async fn jobs(&self) -> Vec<JobSummary> {
        let answer = self.ask(LabCommand::Jobs).await.unwrap();
        let LabAnswer::Jobs { jobs } = answer else { panic!("{answer:?}") };
        jobs
    }

    pub async fn photographers(&self) -> Vec<PhotographerSummary> {
        let answer = self.ask(LabCommand::Photographers).await.unwrap();
        let LabAnswer::Photographers { photographers } = answer else { panic!("{answer:?}") };
        photographers
    }

    pub async fn approve(&self, who: &str) {
        self.ask(LabCommand::Approve { who: who.into() }).await.unwrap();
    }

    /// Waits until the one job of the lab is as `look` wants it.
    pub async fn wait_for_job(&self, what: &str, look: impl Fn(&JobSummary) -> bool) -> JobSummary {
        eventually_some(what, async || self.jobs().await.into_iter().find(|job| look(job))).await
    }

    /// Waits until the job of that number is in the hot folder; its folder.
    pub async fn wait_for_prints(&self, number: &str) -> PathBuf {
        let job = self.wait_for_job("the job is here", |job| job.number == number && job.folder.is_some()).await;
        self.hot_folder.join(job.folder.unwrap())
    }

    /// Names in the hot folder, hidden ones too.
    pub fn hot_names(&self) -> Vec<String> {
        names_in(&self.hot_folder)
    }

    /// Files in the receiving folder.
    pub fn receiving_files(&self) -> Vec<PathBuf> {
        let folder = self.data_dir.join("receiving");
        let folders = names_in(&folder).into_iter().map(|name| folder.join(name));
        folders.flat_map(|folder| names_in(&folder).into_iter().map(move |name| folder.join(name))).collect()
    }
}

/// The print files in an order folder, in order of their names.
pub fn print_files(folder: &Path) -> Vec<Vec<u8>> {
    let names = names_in(folder).into_iter().filter(|name| !name.starts_with("ticket."));
    names.map(|name| std::fs::read(folder.join(name)).unwrap()).collect()
}

pub fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
