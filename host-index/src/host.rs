//! The composition of a host: what it opens, in which order; what runs; how it stops.
//! The web pages are the caller's, over the same [`Index`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use enprint_protocol::peer::{
    self, Admission, Client, Figures, PeerConfig, PeerRole, PeerStatus, RunningPeer, WireCount, key_file,
};
use enprint_protocol::{Multiaddr, PeerId};
use enprint_store::DataLock;
use enprint_store::ledger::Courier;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::HostConfig;
use crate::courier::OrderCourier;
use crate::error::HostError;
use crate::index::Index;
use crate::limits::STOP_DEADLINE;
use crate::views::{HostProcess, HostStatus};
use crate::{peer_desk, upkeep};

/// A host whose peer listens. Nothing is answered before [`run`](Self::run).
pub struct Host {
    parts: Arc<Parts>,
    data_dir: PathBuf,
    incoming: mpsc::Receiver<peer::Incoming>,
    peer: JoinHandle<()>,
    shutdown: CancellationToken,
    _lock: DataLock,
}

/// What the host's parts share.
pub(crate) struct Parts {
    pub(crate) index: Index,
    pub(crate) client: Client,
    pub(crate) admission: Admission,
    pub(crate) published: Published,
}

/// What photographers have published since this process began. Statistics: nothing else
/// depends on them.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) batches: AtomicU64,
    pub(crate) photos: AtomicU64,
}

impl Host {
    /// Opens the database and starts the peer, which listens when this returns.
    ///
    /// # Errors
    /// As [`Index::open`]; when another process runs a host on the data folder, or the
    /// peer can't listen.
    pub async fn start(config: HostConfig) -> Result<Self, HostError> {
        let index = Index::open(&config).await?;
        let started = Self::start_peer(&config, &index).await;
        if started.is_err() {
            index.close().await;
        }
        started
    }

    async fn start_peer(config: &HostConfig, index: &Index) -> Result<Self, HostError> {
        let lock = DataLock::acquire(&config.data_dir)?;
        let key = key_file::load_or_create(&config.data_dir.join("peer.key"))?;
        let admission = Admission::of(index.admitted().await?);
        let shutdown = CancellationToken::new();
        let peer_config = PeerConfig {
            listen: config.listen.clone(),
            admission: admission.clone(),
            reach: config.reach.clone(),
            limits: config.peer_limits.clone(),
            ..PeerConfig::new(key, PeerRole::Host)
        };
        let RunningPeer { client, incoming, task } = peer::start(peer_config, shutdown.child_token()).await?;
        let parts = Arc::new(Parts { index: index.clone(), client, admission, published: Published::default() });
        let data_dir = config.data_dir.clone();
        let host = Self { parts, data_dir, incoming, peer: task, shutdown, _lock: lock };
        index.listens_at(host.peer_id(), &host.addresses()).await?;
        Ok(host)
    }

    /// The database, for web pages and commands.
    pub fn index(&self) -> &Index {
        &self.parts.index
    }

    /// Where its keys are, and which it holds the lock of.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The peer, as a handle that outlives [`run`](Self::run)'s taking of the host.
    pub fn watch(&self) -> HostWatch {
        HostWatch(Arc::clone(&self.parts))
    }

    /// This process's peer id.
    pub fn peer_id(&self) -> PeerId {
        self.parts.client.peer_id()
    }

    /// Where it listens, each with the peer id, as an invitation's receiver needs it.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        let peer_id = self.peer_id();
        let with_peer = |address: Multiaddr| address.with_p2p(peer_id).unwrap_or_else(|address| address);
        self.parts.client.addresses().into_iter().map(with_peer).collect()
    }

    /// Runs until `shutdown`: answers peers, delivers what waits for them, keeps the list
    /// of admitted peers. Then what is in flight is finished, within
    /// [`STOP_DEADLINE`]; the database is closed last.
    pub async fn run(self, shutdown: CancellationToken) {
        let owner = self.peer_id().to_string();
        let deliverer = Arc::new(OrderCourier::new(Arc::clone(&self.parts)));
        let courier = Courier::new(self.parts.index.ledger().clone(), owner, deliverer);
        let stop = self.shutdown.child_token();
        let tasks = [
            tokio::spawn(peer_desk::run(Arc::clone(&self.parts), self.incoming, stop.clone())),
            tokio::spawn(upkeep::run(Arc::clone(&self.parts), courier.clone(), stop.clone())),
            tokio::spawn(courier.run(stop.clone())),
        ];
        shutdown.cancelled().await;
        stop.cancel();
        let finished = async {
            for task in tasks {
                drop(task.await);
            }
        };
        if tokio::time::timeout(STOP_DEADLINE, finished).await.is_err() {
            tracing::warn!("a peer's request took too long; the host stops without finishing it");
        }
        self.shutdown.cancel();
        drop(self.peer.await);
        self.parts.index.close().await;
    }
}

/// What can be asked of a host while it runs.
#[derive(Clone)]
pub struct HostWatch(Arc<Parts>);

impl HostWatch {
    /// Bytes that crossed the network since the start.
    pub fn wire(&self) -> WireCount {
        self.0.client.wire()
    }

    /// Whether `peer` is connected.
    pub fn is_connected(&self, peer: &PeerId) -> bool {
        self.0.client.is_connected(peer)
    }

    /// How the host is.
    ///
    /// # Errors
    /// The database's.
    pub async fn status(&self) -> Result<HostStatus, HostError> {
        let Parts { index, client, .. } = &*self.0;
        let (status, wire) = (index.status().await?, client.wire());
        let process = HostProcess {
            peer_id: client.peer_id(),
            addresses: client.addresses(),
            public_url: index.public_url().to_owned(),
            wire_sent_bytes: wire.sent_bytes,
            wire_received_bytes: wire.received_bytes,
        };
        Ok(HostStatus { process: Some(process), peers: client.peer_statuses(status.peers), ..status })
    }

    /// What is counted, for a monitoring program.
    ///
    /// # Errors
    /// The database's.
    pub async fn figures(&self) -> Result<Figures, HostError> {
        let Parts { index, client, published, .. } = &*self.0;
        let mut figures = client.figures();
        let known = index.peers().await?.into_iter();
        let known = known.map(|one| PeerStatus::known(one.peer_id, &one.name, one.role.word(), Vec::new()));
        PeerStatus::add_to(&client.peer_statuses(known.collect()), &mut figures);
        let counted = |count: &AtomicU64| count.load(Ordering::Relaxed);
        figures.counter("publishes", "Batches of photos that were published here.", counted(&published.batches));
        figures.counter("photos_published", "Photos that were published here.", counted(&published.photos));
        index.add_to(&mut figures).await?;
        Ok(figures)
    }
}
