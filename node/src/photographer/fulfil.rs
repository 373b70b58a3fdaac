//! Order → print job → lab. Once an order is accepted and paid, its photos' files
//! are checked against their hashes and offered to the lab; from then on the lab
//! may fetch them, and nobody else.

use std::sync::{Arc, Mutex, PoisonError};

use enprint_protocol::ids::{JobId, OrderId};
use enprint_protocol::order::{Order, OrderLine};
use enprint_protocol::peer::PeerEvent;
use enprint_protocol::print_job::{JobLine, PrintJob, ShipTo};
use enprint_protocol::signed::Signed;
use enprint_protocol::{PeerId, codec};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::catalogue::{Decision, JobFile, LabRow, MadeFile, NewJob, OrderRow, Trouble};
use super::commands::{LabSummary, PhotographerAnswer};
use super::node::{Node, blocking, now};
use super::print_files::{Darkroom, JobFiles, Wanted, checked_files};
use super::print_rules::PrintRules;
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::OFFER_TRIES_MAX;

/// Takes orders as far as they can go, at the start and whenever [`Node::advance_soon`]
/// was called, until `shutdown`.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let progress = Progress::channel(shutdown.clone()).0;
    node.give_back_files(None).await;
    let mut events = node.client.events();
    loop {
        node.repair_missed().await;
        node.advance_all(&progress).await;
        if let Err(error) = node.tell_of_mended(&progress).await {
            tracing::error!(%error, "that orders go on can't be said");
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = node.advancing.notified() => {}
            // It may have what is damaged here.
            () = node.home_comes(&mut events) => {}
        }
    }
}

impl Node {
    /// Has all orders taken as far as they can go, by [`run`]: whoever says so does not
    /// wait until print files are made.
    pub(super) fn advance_soon(&self) {
        self.advancing.notify_one();
    }

    /// Takes an order as far as it can go now. May be called at any time.
    pub(super) async fn advance_or_trace(&self, order_id: OrderId, progress: &Progress) {
        let mut advanced = self.advance(order_id, progress).await;
        let is_hurt = advanced.as_ref().is_err_and(|error| error.hurt_photo().is_some());
        if is_hurt && self.repair_order(order_id).await {
            advanced = self.advance(order_id, progress).await;
        }
        if let Err(error) = advanced {
            tracing::warn!(order.id = %order_id, %error, "the order waits");
            let trouble = self.catalogue.set_trouble(order_id, &Trouble::from(&error)).await;
            let told = async { trouble.and(self.tell_what_halts(order_id, &error).await) };
            told.await.unwrap_or_else(|error| tracing::error!(%error, "the catalogue can't be written"));
        }
    }

    /// Until another home is connected, or may have been.
    async fn home_comes(&self, events: &mut broadcast::Receiver<PeerEvent>) {
        loop {
            match events.recv().await {
                Ok(PeerEvent::Connected { peer, .. }) => {
                    let homes = self.home_summaries().await.unwrap_or_default();
                    if homes.iter().any(|home| home.peer_id == peer) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Whether another home had all that is damaged or lost of an order's photos; not where
    /// there is nothing that it could give.
    async fn repair_order(&self, order_id: OrderId) -> bool {
        let repaired = async {
            let Some(row) = self.catalogue.order(order_id).await? else { return Ok(false) };
            let (archive, event_id) = (self.archive.clone(), row.order.event_id);
            let photos = row.order.photos();
            let fetched = self.fetch_lost(event_id, photos.clone(), &Progress::silent()).await?;
            if fetched.still_lost > 0 {
                return Ok(false);
            }
            let damaged = blocking(move || archive.damaged_of(event_id, photos)).await?;
            if damaged.is_empty() && fetched.came.is_empty() {
                return Ok(false);
            }
            Ok::<bool, NodeError>(self.repair_from_homes(event_id, damaged).await?.is_empty())
        };
        repaired.await.unwrap_or_else(|error| {
            tracing::debug!(order.id = %order_id, %error, "its photos could not be repaired");
            false
        })
    }

    /// Takes every order as far as it can go now.
    async fn advance_all(&self, progress: &Progress) {
        match self.catalogue.orders_without_job().await {
            Ok(orders) => {
                for order_id in orders {
                    self.advance_or_trace(order_id, progress).await;
                }
            }
            Err(error) => tracing::error!(%error, "the orders can't be read"),
        }
    }

    /// An order that goes to the chosen lab as soon as its files are made; when the one who
    /// asks goes away meanwhile, the running node goes on with it.
    async fn advance(&self, order_id: OrderId, progress: &Progress) -> Result<(), NodeError> {
        let _one_at_a_time = self.turns.take(order_id).await;
        for _ in 0..OFFER_TRIES_MAX {
            let Some((row, lab)) = self.ready(order_id).await? else { return Ok(()) };
            let Some(files) = self.checked_files(&row.order, &lab, progress).await? else {
                self.advance_soon();
                return Ok(());
            };
            // Another lab may have been chosen meanwhile, or the order declined.
            let _one_offer_at_a_time = self.offering.lock().await;
            let now = self.ready(order_id).await?;
            let is_as_it_was = now.is_some_and(|(_, now)| now.is_served_as(&lab));
            if is_as_it_was && self.are_there(&row, &files).await? {
                return self.offer(&row, &lab, files).await;
            }
        }
        Err(changing())
    }

    /// The order and the chosen lab, if it can go there.
    async fn ready(&self, order_id: OrderId) -> Result<Option<(OrderRow, LabRow)>, NodeError> {
        let Some(row) = self.catalogue.order(order_id).await? else { return Ok(None) };
        if row.decision != Decision::Accepted || row.paid_ms.is_none() || row.job_id.is_some() || row.is_moved {
            return Ok(None);
        }
        Ok(self.lab_for(&row).await?.map(|lab| (row, lab)))
    }

    /// The lab that prints what is ordered where this order was placed.
    pub(super) async fn lab_for(&self, row: &OrderRow) -> Result<Option<LabRow>, NodeError> {
        match row.host {
            Some(host) => self.catalogue.lab_for(host).await,
            None => Ok(None),
        }
    }

    /// Offers an order again, to the chosen lab or to `lab`.
    pub(super) async fn send_again(
        &self,
        named: &str,
        lab: Option<&str>,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let order_id = self.find_order(named).await?.order.order_id;
        let turn = self.turns.take(order_id).await;
        let row = self.sendable(order_id).await?;
        let lab = match lab {
            Some(lab) => self.find_lab(lab).await?,
            None => self.lab_for(&row).await?.ok_or_else(no_lab)?,
        };
        if row.host.is_some_and(|host| !lab.hosts.contains(&host)) {
            return Err(NodeError::NotNow {
                problem: format!(
                    "“{}” is not at the host where this order was placed, which would not take its word. Ask that host's operator for an invitation for the lab.",
                    lab.name
                ),
            });
        }
        if !self.offer_again(&row, &lab, progress).await? {
            return Err(stopped());
        }
        drop(turn);
        self.after_change(order_id, progress).await
    }

    /// Makes again what is gone of the files that an order's lab is to fetch, and offers it anew
    /// to that lab.
    pub(super) async fn offer_anew(&self, order_id: OrderId, progress: &Progress) -> Result<(), NodeError> {
        let _one_at_a_time = self.turns.take(order_id).await;
        let Some(row) = self.catalogue.order(order_id).await? else { return Ok(()) };
        let Some(job_id) = row.job_id.filter(|_| !row.production_started() && !row.is_moved) else { return Ok(()) };
        let Some(job) = self.catalogue.job(job_id).await? else { return Ok(()) };
        let lab = self.catalogue.lab(job.lab).await?.ok_or_else(no_lab)?;
        match self.offer_again(&row, &lab, progress).await {
            // It got them meanwhile.
            Err(_) if self.catalogue.order(order_id).await?.is_some_and(|row| row.production_started()) => Ok(()),
            offered => offered.map(drop),
        }
    }

    /// Offers an order of which it is this caller's turn; not after a stop.
    async fn offer_again(&self, row: &OrderRow, lab: &LabRow, progress: &Progress) -> Result<bool, NodeError> {
        let Some(files) = self.checked_files(&row.order, lab, progress).await? else { return Ok(false) };
        let _none_is_given_back = self.offering.lock().await;
        let row = self.sendable(row.order.order_id).await?;
        if !self.are_there(&row, &files).await? {
            return Err(changing());
        }
        self.offer(&row, lab, files).await.map(|()| true)
    }

    /// Whether every byte is here of what was made for an order's lab, and it has not got.
    pub(super) async fn has_made_files(&self, row: &OrderRow) -> Result<bool, NodeError> {
        let Some(job_id) = row.job_id else { return Ok(true) };
        let (archive, event_id) = (self.archive.clone(), row.order.event_id);
        let made = self.catalogue.made_for(job_id).await?;
        blocking(move || {
            for root in made {
                if !archive.has_whole(event_id, root)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    async fn sendable(&self, order_id: OrderId) -> Result<OrderRow, NodeError> {
        let row = self.catalogue.order(order_id).await?.ok_or(NodeError::ShuttingDown)?;
        row.check_is_ours()?;
        if row.decision != Decision::Accepted || row.paid_ms.is_none() {
            return Err(NodeError::NotNow { problem: "An order goes to a lab once it is accepted and paid.".into() });
        }
        if row.production_started() {
            return Err(NodeError::NotNow { problem: "The lab has this order's files already.".into() });
        }
        Ok(row)
    }

    /// Whether no other job's end has given back, meanwhile, what was made.
    async fn are_there(&self, row: &OrderRow, files: &JobFiles) -> Result<bool, NodeError> {
        let (archive, event_id) = (self.archive.clone(), row.order.event_id);
        let made: Vec<_> = files.files.iter().map(|JobFile { file, .. }| (file.photo_id, file.root)).collect();
        blocking(move || archive.has_files(event_id, &made)).await
    }

    async fn offer(&self, row: &OrderRow, lab: &LabRow, files: JobFiles) -> Result<(), NodeError> {
        let event = self.catalogue.event(row.order.event_id).await?.ok_or(NodeError::ShuttingDown)?;
        let mut job = print_job(&row.order, &event.record.name, &event.record.photographer, lab.peer_id, &files);
        job.withdrawn_before = self.catalogue.withdrawn_before(job.job_id, &files.files).await?;
        job.check()?;
        let payload = codec::encode(&enprint_protocol::print_job::JobRequest::Offer(Signed::sign(&job, &self.key)?))?;
        let new = NewJob {
            job_id: job.job_id,
            order_id: job.order_id,
            event_id: row.order.event_id,
            lab: lab.peer_id,
            withdrawn: job.withdrawn_before,
            files: files.files,
            payload,
            at: now(),
        };
        self.catalogue.offer(&new).await?;
        self.tell_it_goes_on(job.order_id).await?;
        self.permissions.forget_all();
        self.admission.admit(lab.peer_id);
        tracing::info!(order.id = %job.order_id, lab = %lab.peer_id, "the print job is offered");
        Ok(())
    }

    /// What the lab needs for each line, every byte of it read and checked; None after a stop.
    async fn checked_files(
        &self,
        order: &Order,
        lab: &LabRow,
        progress: &Progress,
    ) -> Result<Option<JobFiles>, NodeError> {
        let wanted = |line: &OrderLine| Wanted {
            photo_id: line.photo_id,
            file_name: line.file_name.clone(),
            size: line.size,
            crop: line.crop,
        };
        let wanted: Vec<_> = order.lines.iter().map(wanted).collect();
        let (archive, enlargers) = (self.archive.clone(), self.enlargers.clone());
        let (event_id, rules, progress) = (order.event_id, lab.print_rules.clone(), progress.clone());
        let kept = self.catalogue.made_files(event_id).await?;
        let forgotten = self.forgotten(event_id, order.photos()).await?;
        let (catalogue, runtime) = (self.catalogue.clone(), tokio::runtime::Handle::current());
        let (files, used) = blocking(move || {
            let (archive, enlargers, rules) = (&archive, &enlargers, &rules);
            let note =
                |file: &MadeFile| runtime.block_on(catalogue.note_made(event_id, std::slice::from_ref(file), now().0));
            let used = Mutex::default();
            let darkroom = Darkroom { archive, enlargers, event_id, rules, kept, forgotten, used, note: &note };
            let files = checked_files(&darkroom, &wanted, &progress);
            Ok((files, darkroom.used.into_inner().unwrap_or_else(PoisonError::into_inner)))
        })
        .await?;
        // Also what was made before one failed: it need not be made again.
        self.catalogue.note_made(event_id, &used, now().0).await?;
        files
    }

    /// The labs that the hosts named.
    pub(super) async fn list_labs(&self) -> Result<PhotographerAnswer, NodeError> {
        let hosts = self.catalogue.hosts().await?;
        let mut prints_for = Vec::new();
        for host in &hosts {
            if let Some(lab) = self.catalogue.lab_for(host.peer_id).await? {
                prints_for.push((lab.peer_id, host.name.clone()));
            }
        }
        let of = |lab: PeerId| prints_for.iter().filter(move |(of, _)| *of == lab).map(|(_, host)| host.clone());
        let labs = self.catalogue.labs().await?.into_iter().map(|lab| LabSummary {
            peer_id: lab.peer_id,
            chosen: of(lab.peer_id).next().is_some(),
            hosts: hosts
                .iter()
                .filter(|host| lab.hosts.contains(&host.peer_id))
                .map(|host| host.name.clone())
                .collect(),
            prints_for: of(lab.peer_id).collect(),
            connected: self.client.is_connected(&lab.peer_id),
            print_files: lab.print_rules.words(),
            way: self.client.path(&lab.peer_id).map(|path| path.words().to_owned()),
            name: lab.name,
        });
        Ok(PhotographerAnswer::Labs { labs: labs.collect() })
    }

    /// Chooses the lab that prints from now on what is ordered at the hosts named, or at
    /// all hosts that it is at; and how it wants its files.
    pub(super) async fn use_lab(
        &self,
        named: &str,
        hosts: &[String],
        rules: Option<PrintRules>,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let lab = self.find_lab(named).await?;
        let rules = rules.map(PrintRules::checked).transpose()?;
        let chosen = self.find_hosts(hosts).await?;
        if let Some(host) = chosen.iter().find(|host| !lab.hosts.contains(&host.peer_id)) {
            return Err(NodeError::NotNow {
                problem: format!("“{}” is not enrolled at “{}”.", lab.name, host.name)
            });
        }
        let chosen: Vec<PeerId> = chosen.iter().map(|host| host.peer_id).collect();
        let chosen = if hosts.is_empty() { &lab.hosts } else { &chosen };
        self.catalogue.choose_lab(lab.peer_id, chosen, rules.as_ref()).await?;
        self.advance_all(progress).await;
        self.list_labs().await
    }

    async fn find_lab(&self, named: &str) -> Result<LabRow, NodeError> {
        self.refresh_labs().await;
        let mut labs = self.catalogue.labs().await?;
        let at = super::naming::find(named, labs.iter().map(|lab| (lab.peer_id.to_string(), lab.name.as_str())))?;
        at.map(|at| labs.swap_remove(at)).ok_or_else(|| NodeError::Unknown {
            what: "lab",
            name: named.trim().to_owned(),
            hint: "“labs” lists those that your hosts know.",
        })
    }
}

/// The ticket for one lab: what the lab needs of the order, and no more.
fn print_job(order: &Order, event_name: &str, photographer: &str, lab: PeerId, files: &JobFiles) -> PrintJob {
    PrintJob {
        job_id: job_of(order.order_id, lab),
        order_id: order.order_id,
        event_name: event_name.to_owned(),
        photographer: photographer.to_owned(),
        placed_at: order.placed_at,
        ship_to: ShipTo {
            delivery: order.delivery.name.clone(),
            name: order.customer.name.clone(),
            address: order.delivery.address.clone(),
        },
        note: order.note.clone(),
        lines: order
            .lines
            .iter()
            .zip(&files.of_wanted)
            .map(|(line, file)| JobLine {
                line: line.line,
                file: u32::try_from(*file).unwrap_or(u32::MAX),
                size: line.size,
                finish: line.finish,
                crop: line.crop,
                quantity: line.quantity,
            })
            .collect(),
        files: files.files.iter().map(|file| file.file.clone()).collect(),
        withdrawn_before: 0,
    }
}

/// The same at each home, so that a lab knows an order by whichever home it comes.
pub(super) fn job_of(order_id: OrderId, lab: PeerId) -> JobId {
    JobId::derived("enprint job 1", &[&order_id.0, &lab.to_bytes()])
}

fn no_lab() -> NodeError {
    NodeError::NotNow { problem: "No lab is chosen yet: “labs” lists them, “use-lab” chooses.".into() }
}

fn stopped() -> NodeError {
    NodeError::NotNow { problem: "Stopped as asked; nothing was sent.".into() }
}

fn changing() -> NodeError {
    NodeError::NotNow { problem: "The lab, its rules or its files changed all the while. Try again.".into() }
}

#[cfg(test)]
mod tests;
