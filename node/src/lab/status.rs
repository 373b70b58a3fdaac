//! How the lab is, for people and for a monitoring program. Changes nothing.

use enprint_protocol::peer::{Figures, PeerStatus};
use enprint_store::ledger::outbox::Waiting;

use super::catalogue::Standing;
use super::clock::now_ms;
use super::commands::{LabAnswer, LabStatus, WaitingMessage};
use super::config::LabConfig;
use super::node::{Lab, Node};
use crate::error::NodeError;
use crate::status::backlog_figures;

impl Lab {
    /// How the lab on a data folder is that no process runs on: what its catalogue says.
    /// Listens nowhere and speaks to nobody.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn look(config: LabConfig) -> Result<LabAnswer, NodeError> {
        let config = LabConfig { listen: Vec::new(), reach: Default::default(), ..config };
        let lab = Self::open(config).await?;
        let status = lab.node().status(false).await;
        lab.close().await;
        Ok(LabAnswer::Status(Box::new(status?)))
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
    /// How the lab is.
    pub(super) async fn status(&self, running: bool) -> Result<LabStatus, NodeError> {
        let hosts = self.host_summaries().await?;
        let photographers = self.catalogue.photographers().await?;
        let (jobs_receiving, jobs_open) = self.catalogue.count_jobs().await?;
        let wire = self.client.wire();
        Ok(LabStatus {
            peer_id: self.client.peer_id(),
            name: self.config.name.clone(),
            addresses: self.client.listeners(),
            host_connected: hosts.iter().any(|host| host.connected),
            host: hosts.first().map(|host| host.name.clone()),
            hosts,
            hot_folder: self.config.hot_folder.display().to_string(),
            photographers_waiting: photographers.iter().filter(|row| row.standing == Standing::Waiting).count() as u64,
            jobs_receiving,
            jobs_open,
            reports_waiting: self.catalogue.waiting().await?.into_iter().map(report).collect(),
            wire_sent_bytes: wire.sent_bytes,
            wire_received_bytes: wire.received_bytes,
            running,
            peers: self.peers().await?,
            reachability: self.client.reachability(),
            router: self.client.router(),
            jobs_fetching: self.fetcher.jobs_running(),
            ranges_fetching: self.fetcher.ranges_in_flight(),
            halted: self.catalogue.halted().await?,
        })
    }

    async fn figures(&self) -> Result<Figures, NodeError> {
        let mut figures = self.client.figures();
        PeerStatus::add_to(&self.peers().await?, &mut figures);
        figures.backlog(backlog_figures(&self.catalogue.backlog().await?, now_ms()));
        let jobs = self.catalogue.jobs_by_state().await?;
        figures.states("jobs", "Print jobs, by state.", &jobs);
        figures.gauge("jobs_fetching", "Print jobs whose files are being fetched.", self.fetcher.jobs_running());
        let in_flight = self.fetcher.ranges_in_flight();
        figures.gauge("ranges_in_flight", "Ranges of print files that are asked for and not here yet.", in_flight);
        figures.counter("ranges_fetched", "Ranges of print files that came.", self.fetcher.ranges_fetched());
        let (verified, discarded) = self.catalogue.crossed_bytes().await?;
        figures.counter("verified_bytes", "Bytes of print files that came and were right, ever.", verified);
        figures.counter("discarded_bytes", "Bytes that came and were thrown away, ever.", discarded);
        Ok(figures)
    }

    /// Hosts and photographers, and who else is connected.
    async fn peers(&self) -> Result<Vec<PeerStatus>, NodeError> {
        let hosts = self.catalogue.hosts().await?.into_iter();
        let hosts = hosts.map(|host| PeerStatus::known(host.peer_id, &host.name, "host", host.addresses()));
        let photographers = self.catalogue.photographers().await?.into_iter();
        let photographers =
            photographers.map(|row| PeerStatus::known(row.peer_id, &row.name, "photographer", row.addresses));
        Ok(self.client.peer_statuses(hosts.chain(photographers).collect()))
    }
}

fn report(row: Waiting) -> WaitingMessage {
    let refused = if row.refused { ", who refused it" } else { "" };
    let what = format!("News of a job for photographer {}{refused}", row.peer);
    WaitingMessage::new(what, row, now_ms())
}
