//! The composition of a photographer's node: what it opens, in which order; what
//! runs; and how it stops.

use std::sync::Arc;

use enprint_darkroom::DevelopSettings;
use enprint_protocol::ids::{EventId, OrderId, PhotoId};
use enprint_protocol::peer::{self, Admission, Client, PeerConfig, PeerRole, RunningPeer, WireCount, key_file};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use tokio::sync::{Mutex, Notify, RwLock, mpsc};
use tokio_util::sync::CancellationToken;

use super::archive::EventArchive;
use super::catalogue::Catalogue;
use super::config::PhotographerConfig;
use super::custody::{self, Custody};
use super::enlargers::Enlargers;
use super::homes::{self, Following};
use super::lab_search::{self, LabSearch};
use super::proof_mark::proofs_with;
use super::ranges::Permissions;
use super::records::StoredPhoto;
use super::selection::Selection;
use super::sending::Sending;
use super::status::Counts;
use super::volumes::ListedPhotos;
use super::{courier, desk, fulfil, uplink};
use crate::control;
use crate::error::NodeError;
use crate::limits::{SENDING_LOOK, SENDING_PATIENCE};
use crate::turns::Turns;

/// A photographer's node that is open. Cheap to clone.
#[derive(Clone)]
pub struct Photographer {
    node: Arc<Node>,
    running: Arc<Mutex<Option<Running>>>,
    shutdown: CancellationToken,
}

/// What stops with the node.
struct Running {
    peer: tokio::task::JoinHandle<()>,
    incoming: mpsc::Receiver<peer::Incoming>,
}

/// What the node's parts share.
pub(super) struct Node {
    pub(super) config: PhotographerConfig,
    pub(super) archive: EventArchive,
    pub(super) enlargers: Enlargers,
    /// How proofs are made of events that keep no other mark.
    pub(super) proofs: DevelopSettings,
    pub(super) catalogue: Catalogue,
    pub(super) client: Client,
    pub(super) admission: Admission,
    pub(super) key: Keypair,
    pub(super) permissions: Permissions,
    pub(super) sending: Sending,
    pub(super) counts: Counts,
    pub(super) custody: Custody,
    pub(super) following: Following,
    pub(super) lab_search: LabSearch,
    /// Held from the reading of photos' edits until their copy is kept.
    pub(super) copying_edits: Mutex<()>,
    /// Held by what puts something into events, and by a removal alone: nothing comes into an
    /// event that goes.
    pub(super) importing: RwLock<()>,
    /// One publish or withdrawal at a time, so that they take effect in order.
    pub(super) publishing: Mutex<()>,
    /// One at a time for each order, while its print files are made.
    pub(super) turns: Turns<OrderId>,
    /// One announcement at a time to each host, so that none overtakes a newer one.
    pub(super) announcing: Turns<PeerId>,
    /// One offer at a time, and none while made files are given back.
    pub(super) offering: Mutex<()>,
    /// There may be orders that can go on.
    pub(super) advancing: Notify,
    /// Cancelled when the node stops: long work ends before its next photo.
    pub(super) stopping: CancellationToken,
    _lock: enprint_store::DataLock,
}

impl Photographer {
    /// Opens the data and starts the peer; it listens when this returns.
    ///
    /// # Errors
    /// When another process has the data, a database can't be opened, or the peer
    /// can't listen.
    pub async fn open(config: PhotographerConfig) -> Result<Self, NodeError> {
        let data_dir = config.data_dir.clone();
        std::fs::create_dir_all(&data_dir).map_err(|error| NodeError::file(&data_dir, &error))?;
        let lock = enprint_store::DataLock::acquire(&data_dir)?;
        let key = key_file::load_or_create(&data_dir.join("peer.key"))?;
        let catalogue = Catalogue::open(&data_dir.join("catalogue.db")).await?;
        let archive_config = config.clone();
        let archive = blocking(move || EventArchive::open(&archive_config)).await?;
        let admission = Admission::of(catalogue.known_peers().await?);
        let shutdown = CancellationToken::new();
        let peer_config = PeerConfig {
            listen: config.listen.clone(),
            admission: admission.clone(),
            reach: config.reach.clone(),
            ..PeerConfig::new(key.clone(), PeerRole::Photographer)
        };
        let RunningPeer { client, incoming, task } = peer::start(peer_config, shutdown.child_token()).await?;
        let node = Arc::new(Node {
            enlargers: Enlargers::new(config.workers),
            proofs: proofs_with(config.watermark.clone())?,
            sending: Sending::new(&config),
            custody: Custody::default(),
            following: Following::default(),
            lab_search: LabSearch::default(),
            archive: archive.marked_by(catalogue.marks()),
            config,
            catalogue,
            client,
            admission,
            key,
            permissions: Permissions::default(),
            counts: Counts::default(),
            copying_edits: Mutex::new(()),
            importing: RwLock::new(()),
            publishing: Mutex::new(()),
            turns: Turns::default(),
            announcing: Turns::default(),
            offering: Mutex::new(()),
            advancing: Notify::new(),
            stopping: shutdown.child_token(),
            _lock: lock,
        });
        node.take_in_found_events().await?;
        node.copy_uncopied_edits().await?;
        node.tell_of_what_was_cut_short().await?;
        let running = Arc::new(Mutex::new(Some(Running { peer: task, incoming })));
        Ok(Self { node, running, shutdown })
    }

    /// Runs until `shutdown`: answers peers, keeps the host connected, delivers what
    /// waits, and takes commands. Then what is in flight is finished.
    ///
    /// # Errors
    /// When the control channel can't be opened.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), NodeError> {
        let Some(Running { peer, incoming }) = self.running.lock().await.take() else {
            return Ok(());
        };
        let stop = self.shutdown.child_token();
        let desk = tokio::spawn(desk::run(self.node.clone(), incoming, stop.clone()));
        let uplink = tokio::spawn(uplink::run(self.node.clone(), stop.clone()));
        let courier = tokio::spawn(courier::run(self.node.clone(), stop.clone()));
        let fulfil = tokio::spawn(fulfil::run(self.node.clone(), stop.clone()));
        let lab_search = tokio::spawn(lab_search::run(self.node.clone(), stop.clone()));
        let following = tokio::spawn(homes::following::run(self.node.clone(), stop.clone()));
        let custody_stop = CancellationToken::new();
        let custody = tokio::spawn(custody::run(self.node.clone(), custody_stop.clone()));
        let data_dir = self.node.config.data_dir.clone();
        let served = control::serve(Arc::new(self.clone()), &data_dir, shutdown).await;
        stop.cancel();
        self.node.following.ending.cancel();
        for task in [desk, uplink, courier, fulfil, lab_search, following] {
            drop(task.await);
        }
        // What was sent until the very end is counted.
        custody_stop.cancel();
        drop(custody.await);
        self.shutdown.cancel();
        drop(peer.await);
        served
    }

    /// Closes a node that was opened and never [`run`](Self::run).
    pub(super) async fn close(&self) {
        self.shutdown.cancel();
        if let Some(Running { peer, .. }) = self.running.lock().await.take() {
            drop(peer.await);
        }
    }

    /// This node's peer id.
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

    /// The original of a photo, for whoever checks what a lab got.
    ///
    /// # Errors
    /// When it is not there or damaged.
    pub async fn original(&self, event_id: EventId, photo_id: PhotoId) -> Result<Vec<u8>, NodeError> {
        let archive = self.node.archive.clone();
        blocking(move || archive.original(event_id, photo_id)).await
    }

    /// Waits a little for what a command put into the outbox to reach its peer, so that
    /// a process that ends after one command does not leave it behind.
    ///
    /// # Errors
    /// When the catalogue can't be read.
    pub async fn finish_sending(&self) -> Result<(), NodeError> {
        let deadline = tokio::time::Instant::now() + SENDING_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            let waiting = self.node.catalogue.waiting().await?;
            if !waiting.iter().any(|parcel| !parcel.refused && parcel.attempts == 0) {
                break;
            }
            tokio::time::sleep(SENDING_LOOK).await;
        }
        Ok(())
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }
}

impl Node {
    /// Chosen photos of an event that can be read, in order of capture and name.
    pub(super) async fn photos(&self, event_id: EventId, selection: &Selection) -> Result<Vec<StoredPhoto>, NodeError> {
        Ok(self.listed_photos(event_id, selection).await?.photos)
    }

    /// As [`Self::photos`], and why there may be more.
    pub(super) async fn listed_photos(
        &self,
        event_id: EventId,
        selection: &Selection,
    ) -> Result<ListedPhotos, NodeError> {
        let archive = self.archive.clone();
        let ListedPhotos { mut photos, trouble } = blocking(move || Ok(archive.listed(event_id))).await?;
        photos.retain(|photo| selection.includes(&photo.record));
        photos.sort_by(|a, b| {
            let key = |photo: &StoredPhoto| (photo.record.captured, photo.path.clone());
            key(a).cmp(&key(b))
        });
        Ok(ListedPhotos { photos, trouble })
    }

    /// A photo, unless it can't be read for damage.
    pub(super) async fn readable_photo(
        &self,
        event_id: EventId,
        photo_id: PhotoId,
    ) -> Result<Option<StoredPhoto>, NodeError> {
        match self.photo(event_id, photo_id).await {
            Err(error) if error.is_of_damage() => Ok(None),
            read => read,
        }
    }

    pub(super) async fn photo(&self, event_id: EventId, photo_id: PhotoId) -> Result<Option<StoredPhoto>, NodeError> {
        let archive = self.archive.clone();
        blocking(move || archive.photo(event_id, photo_id)).await
    }

    /// Events whose volumes are here though the catalogue does not list them: it was
    /// lost, or they were brought from another machine.
    async fn take_in_found_events(&self) -> Result<(), NodeError> {
        let archive = self.archive.clone();
        for (record, access_code) in blocking(move || archive.events()).await? {
            if self.catalogue.event(record.event_id).await?.is_none() {
                tracing::info!(event = %record.name, "an event was found in the archive");
                self.catalogue.note_edits_unread(record.event_id).await?;
                let row = super::catalogue::EventRow::new(record, access_code);
                self.catalogue.put_event(&row).await?;
            }
        }
        Ok(())
    }
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| NodeError::ShuttingDown)?
}

/// The moment, by this machine's clock.
pub(super) fn now() -> UnixMs {
    UnixMs::from_timestamp(jiff::Timestamp::now())
}
