//! How the node is, for people and for a monitoring program. Changes nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use enprint_protocol::peer::{Figures, PeerStatus};

use super::catalogue::{EventRow, OrderRow};
use super::commands::{DamagedEvent, NodeStatus, PhotographerAnswer};
use super::config::PhotographerConfig;
use super::node::{Node, Photographer, now};
use crate::error::NodeError;
use crate::status::{backlog_figures, files_on_their_way};

/// What the node has done since it started. Statistics: nothing else depends on them.
#[derive(Debug, Default)]
pub(super) struct Counts {
    imported: AtomicU64,
    publishes: AtomicU64,
    published: AtomicU64,
}

impl Counts {
    /// An import took in so many photos.
    pub(super) fn imported(&self, photos: u64) {
        self.imported.fetch_add(photos, Ordering::Relaxed);
    }

    /// A publish sent so many photos.
    pub(super) fn published(&self, photos: u64) {
        self.publishes.fetch_add(1, Ordering::Relaxed);
        self.published.fetch_add(photos, Ordering::Relaxed);
    }
}

impl Photographer {
    /// How the node on a data folder is that no process runs on: what its catalogue says.
    /// Listens nowhere and speaks to nobody.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn look(config: PhotographerConfig) -> Result<PhotographerAnswer, NodeError> {
        let config = PhotographerConfig {
            listen: Vec::new(),
            reach: Default::default(),
            ballast_bytes: 0, // nothing is written
            ..config
        };
        let node = Self::open(config).await?;
        let status = node.node().status(false).await;
        node.close().await;
        Ok(PhotographerAnswer::Status(Box::new(status?)))
    }

    /// What is counted, for a monitoring program.
    ///
    /// # Errors
    /// When the catalogue can't be read.
    pub async fn figures(&self) -> Result<Figures, NodeError> {
        self.node().figures().await
    }
}

impl Node {
    /// How the node is.
    pub(super) async fn status(&self, running: bool) -> Result<NodeStatus, NodeError> {
        let hosts = self.host_summaries().await?;
        let (events, photos, damaged) = self.count_photos().await?;
        let wire = self.client.wire();
        Ok(NodeStatus {
            peer_id: self.client.peer_id(),
            addresses: self.client.listeners(),
            host_connected: hosts.iter().any(|host| host.connected),
            host: hosts.first().map(|host| host.name.clone()),
            hosts,
            events,
            photos,
            damaged,
            open_orders: self.catalogue.open_orders().await?,
            waiting: self.waiting().await?,
            wire_sent_bytes: wire.sent_bytes,
            wire_received_bytes: wire.received_bytes,
            running,
            peers: self.peers().await?,
            reachability: self.client.reachability(),
            router: self.client.router(),
            ranges_sending: self.sending.ranges(),
            files_wait: self.sending.files_wait(),
            mark: self.config.mark_words(),
            halted: self.catalogue.halted().await?,
            orders_halted: self.catalogue.orders_halted().await?,
            homes: self.home_summaries().await?,
        })
    }

    /// Which way the files of an order take that the lab fetches, if that is worth a word.
    pub(super) async fn transfer_hint(&self, row: &OrderRow) -> Result<Option<String>, NodeError> {
        let Some(job_id) = row.job_id.filter(|_| row.production == "offered") else { return Ok(None) };
        if let Some(wait) = self.sending.files_wait() {
            return Ok(Some(wait));
        }
        let job = self.catalogue.job(job_id).await?;
        let path = job.and_then(|job| self.client.path(&job.lab));
        Ok(files_on_their_way(path, row.lab_name.as_deref().unwrap_or("the lab")))
    }

    async fn figures(&self) -> Result<Figures, NodeError> {
        let mut figures = self.client.figures();
        PeerStatus::add_to(&self.peers().await?, &mut figures);
        figures.backlog(backlog_figures(&self.catalogue.backlog().await?, now().0));
        let (orders, jobs) = (self.catalogue.orders_by_state().await?, self.catalogue.jobs_by_state().await?);
        figures.states("orders", "Orders, by what was decided or by how far production is.", &orders);
        figures.states("jobs", "Print jobs, by state.", &jobs);
        let halted = self.catalogue.orders_halted().await?;
        figures.gauge("orders_halted", "Orders that do not go on before somebody mends what is said of them.", halted);
        let (events, photos, damaged) = self.count_photos().await?;
        figures.gauge("events", "Events in the archive.", events);
        figures.gauge("photos", "Photos in the archive.", photos);
        figures.gauge("events_damaged", "Events of which a part is damaged on the disk.", damaged.len() as u64);
        figures.gauge("ranges_in_flight", "Ranges of print files on their way to labs.", self.sending.ranges());
        let (ranges, bytes) = self.sending.served();
        figures.counter("ranges_served", "Ranges of print files given to labs.", ranges);
        figures.counter("range_bytes_served", "Bytes of print files given to labs.", bytes);
        let copied = self.sending.copied();
        figures.counter("copied_bytes_served", "Bytes of originals and proofs given to second homes.", copied);
        let counted = |count: &AtomicU64| count.load(Ordering::Relaxed);
        figures.counter("photos_imported", "Photos taken in.", counted(&self.counts.imported));
        figures.counter("publishes", "Publishes that the host took.", counted(&self.counts.publishes));
        figures.counter("photos_published", "Photos sent to a host.", counted(&self.counts.published));
        Ok(figures)
    }

    /// Hosts and labs, and who else is connected.
    async fn peers(&self) -> Result<Vec<PeerStatus>, NodeError> {
        let mut known = Vec::new();
        for host in self.catalogue.hosts().await? {
            for process in &host.processes {
                known.push(PeerStatus::known(process.peer_id, &host.name, "host", process.addresses()));
            }
        }
        if let Some(first) = self.catalogue.first_home().await? {
            known.push(PeerStatus::known(first.peer_id, &first.name, "home", first.addresses));
        }
        for home in self.catalogue.second_homes().await? {
            known.push(PeerStatus::known(home.peer_id, &home.name, "home", home.addresses));
        }
        let labs = self.catalogue.labs().await?.into_iter();
        known.extend(labs.map(|lab| PeerStatus::known(lab.peer_id, &lab.name, "lab", lab.addresses)));
        let mut peers = self.client.peer_statuses(known);
        let offered = self.catalogue.offered_to_labs().await?;
        for lab in peers.iter_mut().filter(|peer| !peer.is_connected() && peer.trouble.is_none()) {
            lab.trouble = offered.get(&lab.peer_id).map(|orders| match orders {
                1 => "1 order waits for it".to_owned(),
                orders => format!("{orders} orders wait for it"),
            });
        }
        Ok(peers)
    }

    /// Events in the archive, their photos as far as they can be read, and which events have
    /// more.
    async fn count_photos(&self) -> Result<(u64, u64, Vec<DamagedEvent>), NodeError> {
        let events = self.catalogue.events().await?;
        let (count, mut photos, mut damaged) = (events.len() as u64, 0, Vec::new());
        for EventRow { record, .. } in events {
            let counted = self.photos_counted(record.event_id).await?;
            photos += counted.photos;
            let hurt = counted.trouble().map(|problem| (problem, counted.hurt()));
            damaged.extend(hurt.map(|(problem, hurt)| DamagedEvent { event: record.name, problem, hurt }));
        }
        Ok((count, photos, damaged))
    }
}
