//! The composition of a lab: what it opens, in which order; what runs; how it stops.

use std::path::Path;
use std::sync::Arc;

use enprint_protocol::peer::{self, Admission, Client, PeerConfig, PeerRole, RunningPeer, WireCount, key_file};
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use enprint_store::DataLock;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::catalogue::{Catalogue, Standing};
use super::config::LabConfig;
use super::fetch::{self, Fetcher};
use super::receiving::Receiving;
use super::{courier, desk, keeping, uplink};
use crate::control;
use crate::error::NodeError;
use crate::limits::{FINISH_SENDING_DEADLINE, FINISH_SENDING_LOOK};
use crate::turns::Turns;

/// A lab that is open. Cheap to clone.
#[derive(Clone)]
pub struct Lab {
    node: Arc<Node>,
    running: Arc<Mutex<Option<Running>>>,
    shutdown: CancellationToken,
}

/// What stops with the lab.
struct Running {
    peer: tokio::task::JoinHandle<()>,
    incoming: mpsc::Receiver<peer::Incoming>,
}

/// What the lab's parts share.
pub(super) struct Node {
    pub(super) config: LabConfig,
    pub(super) catalogue: Catalogue,
    pub(super) receiving: Receiving,
    pub(super) fetcher: Fetcher,
    pub(super) client: Client,
    pub(super) admission: Admission,
    pub(super) key: Keypair,
    /// One offer at a time, so that each finds the disk's space as it is.
    pub(super) offering: Mutex<()>,
    /// One change of a job's state at a time, so that each is reported in its order.
    pub(super) reporting: Mutex<()>,
    /// One announcement at a time to each host, so that none overtakes a newer one.
    pub(super) announcing: Turns<PeerId>,
    _lock: DataLock,
}

impl Lab {
    /// Opens the data and starts the peer; it listens when this returns.
    ///
    /// # Errors
    /// When another process has the data, the catalogue can't be opened, or the peer
    /// can't listen.
    pub async fn open(config: LabConfig) -> Result<Self, NodeError> {
        let data_dir = config.data_dir.clone();
        std::fs::create_dir_all(&data_dir).map_err(|error| NodeError::file(&data_dir, &error))?;
        check_hot_folder(&config.hot_folder)?;
        let lock = DataLock::acquire(&data_dir)?;
        let key = key_file::load_or_create(&data_dir.join("peer.key"))?;
        let catalogue = Catalogue::open(&data_dir.join("lab.db")).await?;
        let receiving = Receiving::in_folder(&data_dir);
        receiving.remove_all_but(&catalogue.contents().await?);
        let admission = Admission::of(known_peers(&catalogue).await?);
        let shutdown = CancellationToken::new();
        let peer_config = PeerConfig {
            listen: config.listen.clone(),
            admission: admission.clone(),
            reach: config.reach.clone(),
            ..PeerConfig::new(key.clone(), PeerRole::Lab)
        };
        let RunningPeer { client, incoming, task } = peer::start(peer_config, shutdown.child_token()).await?;
        let fetcher = Fetcher::default();
        for (job_id, photographer, job_bytes) in catalogue.unfinished_jobs().await? {
            fetcher.add(job_id, photographer, job_bytes);
        }
        let (offering, reporting, announcing) = (Mutex::new(()), Mutex::new(()), Turns::default());
        let node = Node {
            config,
            catalogue,
            receiving,
            fetcher,
            client,
            admission,
            key,
            offering,
            reporting,
            announcing,
            _lock: lock,
        };
        let running = Arc::new(Mutex::new(Some(Running { peer: task, incoming })));
        Ok(Self { node: Arc::new(node), running, shutdown })
    }

    /// Runs until `shutdown`: takes jobs, fetches files, delivers reports, keeps the
    /// host connected, and takes commands. What is recorded by then is gone on with
    /// when the lab is started again.
    ///
    /// # Errors
    /// When the control channel can't be opened.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), NodeError> {
        let Some(Running { peer, incoming }) = self.running.lock().await.take() else {
            return Ok(());
        };
        let stop = self.shutdown.child_token();
        let tasks = [
            tokio::spawn(uplink::run(self.node.clone(), stop.clone())),
            tokio::spawn(desk::run(self.node.clone(), incoming, stop.clone())),
            tokio::spawn(fetch::run(self.node.clone(), stop.clone())),
            tokio::spawn(courier::run(self.node.clone(), stop.clone())),
            tokio::spawn(keeping::run(self.node.clone(), stop.clone())),
        ];
        let data_dir = self.node.config.data_dir.clone();
        let served = control::serve(Arc::new(self.clone()), &data_dir, shutdown).await;
        stop.cancel();
        for task in tasks {
            drop(task.await);
        }
        self.shutdown.cancel();
        drop(peer.await);
        self.node.catalogue.ledger().close().await;
        served
    }

    /// Waits, not for long, until each report that waits has been tried once: for a
    /// lab that was opened for one command.
    ///
    /// # Errors
    /// When the catalogue can't be read.
    pub async fn finish_sending(&self) -> Result<(), NodeError> {
        let deadline = tokio::time::Instant::now() + FINISH_SENDING_DEADLINE;
        while tokio::time::Instant::now() < deadline {
            let waiting = self.node.catalogue.waiting().await?;
            if !waiting.iter().any(|parcel| !parcel.refused && parcel.attempts == 0) {
                break;
            }
            tokio::time::sleep(FINISH_SENDING_LOOK).await;
        }
        Ok(())
    }

    /// Closes a lab that was opened and never [`run`](Self::run).
    pub(super) async fn close(&self) {
        self.shutdown.cancel();
        if let Some(Running { peer, .. }) = self.running.lock().await.take() {
            drop(peer.await);
        }
        self.node.catalogue.ledger().close().await;
    }

    /// This lab's peer id.
    pub fn peer_id(&self) -> PeerId {
        self.node.client.peer_id()
    }

    /// Where it listens.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        self.node.client.listeners()
    }

    /// Bytes that crossed the network since the start.
    pub fn wire(&self) -> WireCount {
        self.node.client.wire()
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

/// Whom the peer may talk to from the start: hosts, and approved photographers' homes.
async fn known_peers(catalogue: &Catalogue) -> Result<Vec<PeerId>, NodeError> {
    let hosts = catalogue.hosts().await?.into_iter().map(|host| host.peer_id);
    let photographers = catalogue.photographers().await?.into_iter();
    let approved: Vec<_> =
        photographers.filter(|row| row.standing == Standing::Approved).map(|row| row.peer_id).collect();
    let mut homes = Vec::new();
    for photographer in &approved {
        homes.extend(catalogue.homes_of(*photographer).await?);
    }
    Ok(hosts.chain(approved).chain(homes).collect())
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| NodeError::ShuttingDown)?
}

/// A folder that is not there yet comes with the first order, or with its network drive.
fn check_hot_folder(path: &Path) -> Result<(), NodeError> {
    if !path.exists() || path.is_dir() {
        return Ok(());
    }
    let problem = format!("“{}” is a file; the hot folder has to be a folder.", path.display());
    Err(NodeError::NotNow { problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_hot_folder_and_a_folder_to_come_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(check_hot_folder(&file).unwrap_err().to_string().contains("has to be a folder"));
        assert!(check_hot_folder(folder.path()).is_ok() && check_hot_folder(&folder.path().join("later")).is_ok());
    }
}
