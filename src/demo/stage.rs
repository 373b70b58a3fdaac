//! The demo's three peers: a host, a photographer's node and a lab, each with its own
//! data folder and key, speaking libp2p over loopback. Introduces them to each other.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use enprint_customer_web::SiteConfig;
use enprint_host_index::{HostConfig, Index};
use enprint_node::control;
use enprint_node::lab::{Lab, LabAnswer, LabCommand, LabConfig};
use enprint_node::photographer::{Photographer, PhotographerAnswer, PhotographerCommand, PhotographerConfig};
use enprint_protocol::Multiaddr;
use enprint_protocol::enrol::Role;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::progress::Bar;
use crate::run::host::OpenHost;

/// Where the demo's peers listen: a free port of this machine alone.
const LISTEN: &str = "/ip4/127.0.0.1/tcp/0";
/// How long an invitation of the demo is valid.
const INVITED_FOR: Duration = Duration::from_secs(60 * 60);
/// How long the demo waits for what has to happen before it gives up.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(20);

/// All three, running.
pub struct Stage {
    /// The host's database.
    pub index: Index,
    /// Where customers go.
    pub site: String,
    /// The photographer's node.
    pub photographer: Photographer,
    /// The lab.
    pub lab: Lab,
    /// Where finished orders appear.
    pub hot_folder: PathBuf,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
    quiet: bool,
}

impl Stage {
    /// Starts all three with their data below `dir`.
    pub async fn open(dir: &Path, web: SocketAddr, quiet: bool) -> Result<Self> {
        let stop = CancellationToken::new();
        let listen: Vec<Multiaddr> = vec![LISTEN.parse()?];
        let config =
            HostConfig { name: "Demo host".into(), listen: listen.clone(), ..HostConfig::new(dir.join("host")) };
        let site = SiteConfig { listen: web, public_url: None, trust_proxy: None, passes_files_on: false };
        let host = OpenHost::open(config, site).await?;
        let config = PhotographerConfig {
            listen: listen.clone(),
            reserve_bytes: 0,
            ballast_bytes: 0,
            ..PhotographerConfig::new(dir.join("photographer"))
        };
        let photographer = Photographer::open(config).await.context("The photographer's node can't start")?;
        let hot_folder = dir.join("hot-folder");
        let config = LabConfig {
            name: "Demo lab".into(),
            listen,
            hot_folder: hot_folder.clone(),
            reserve_bytes: 0,
            ..LabConfig::new(dir.join("lab"))
        };
        let lab = Lab::open(config).await.context("The lab can't start")?;
        let mut stage = Self {
            index: host.host.index().clone(),
            site: host.pages.public_url().to_owned(),
            photographer,
            lab,
            hot_folder,
            tasks: Vec::new(),
            stop,
            quiet,
        };
        let host_address = host.host.addresses().first().cloned().context("The host listens nowhere")?;
        stage.run(host);
        stage.introduce(host_address).await?;
        Ok(stage)
    }

    fn run(&mut self, host: OpenHost) {
        let (photographer, lab) = (self.photographer.clone(), self.lab.clone());
        let stop = || self.stop.child_token();
        let (host_stop, photographer_stop, lab_stop) = (stop(), stop(), stop());
        self.tasks = vec![
            tokio::spawn(host.run(host_stop)),
            tokio::spawn(async move { tell_end("photographer's node", photographer.run(photographer_stop).await) }),
            tokio::spawn(async move { tell_end("lab", lab.run(lab_stop).await) }),
        ];
    }

    /// Invitations, enrolling, the lab's approval, and the photographer's choice of a lab.
    async fn introduce(&self, host: Multiaddr) -> Result<()> {
        let invitation = self.index.invite(Role::Photographer, INVITED_FOR).await?;
        let name = "Demo photographer".to_owned();
        self.photographs(PhotographerCommand::Enrol { host: host.clone(), invitation, name }).await?;
        let invitation = self.index.invite(Role::Lab, INVITED_FOR).await?;
        self.prints(LabCommand::Enrol { host, invitation }).await?;
        self.prints(LabCommand::Approve { who: self.photographer.peer_id().to_string() }).await?;
        let lab = self.lab.peer_id();
        until("the photographer hears of the lab", || async {
            let PhotographerAnswer::Labs { labs } = self.photographs(PhotographerCommand::Labs).await? else {
                return Ok(None);
            };
            Ok(labs.iter().any(|known| known.peer_id == lab).then_some(()))
        })
        .await?;
        self.photographs(PhotographerCommand::UseLab { lab: lab.to_string(), hosts: Vec::new(), rules: None }).await?;
        Ok(())
    }

    /// Has the photographer's node carry out a command, with a bar on the terminal.
    pub async fn photographs(&self, command: PhotographerCommand) -> Result<PhotographerAnswer> {
        let bar = Bar::new(self.quiet);
        let stop = self.stop.child_token();
        Ok(control::run_here(&self.photographer, command, stop, |line| bar.show(line)).await?)
    }

    /// Has the lab carry out a command.
    pub async fn prints(&self, command: LabCommand) -> Result<LabAnswer> {
        Ok(control::run_here(&self.lab, command, self.stop.child_token(), |_| {}).await?)
    }

    /// Stops all three, cleanly.
    pub async fn close(self) {
        self.stop.cancel();
        for task in self.tasks {
            drop(task.await);
        }
    }
}

/// Looks again and again until `look` finds something.
///
/// # Errors
/// What `look` says, and when `what` does not happen for ten minutes.
pub async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "It never happened that {what}");
        tokio::time::sleep(LOOK).await;
    }
}

fn tell_end(who: &str, ended: Result<(), enprint_node::NodeError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the demo's {who} ended");
    }
}
