//! What waits to reach another peer: print jobs for labs, statuses for the host,
//! wishes to publish. Each kind of parcel is delivered by its own conversation; when
//! to try again is the store's business.

use std::sync::Arc;

use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::print_job::{JobReply, JobRequest, OfferJob};
use enprint_protocol::status::{Report, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::{PeerId, Refusal, codec};
use enprint_store::ledger::outbox::Waiting;
use enprint_store::ledger::{Courier, Deliver, Delivery, Parcel};
use tokio_util::sync::CancellationToken;

use super::catalogue::Wish;
use super::commands::WaitingMessage;
use super::node::{Node, now};
use super::publish::PublishWish;
use crate::control::Progress;
use crate::error::NodeError;
use crate::stored;

/// Delivers until `shutdown`.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let owner = node.client.peer_id().to_string();
    let ledger = node.catalogue.ledger();
    Courier::new(ledger, owner, Arc::new(Deliverer { node })).run(shutdown).await;
}

struct Deliverer {
    node: Arc<Node>,
}

#[async_trait::async_trait]
impl Deliver for Deliverer {
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        match self.node.deliver(parcel).await {
            Ok(()) => Delivery::Settled,
            Err(error) => error.into_delivery(),
        }
    }
}

impl Node {
    async fn deliver(&self, parcel: &Parcel) -> Result<(), NodeError> {
        match parcel.kind.as_str() {
            "job" => self.deliver_job(parcel).await,
            "status" => self.deliver_status(parcel).await,
            kind if kind == Wish::Publish.kind() => {
                let Some(host) = self.host_of_lane(&parcel.peer).await? else { return Ok(()) };
                let wish = PublishWish::decode(&parcel.payload)?;
                self.publish_wish(&host, &wish, &Progress::silent()).await.map(drop)
            }
            kind if kind == Wish::Withdraw.kind() => {
                let Some(host) = self.host_of_lane(&parcel.peer).await? else { return Ok(()) };
                let wish = PublishWish::decode(&parcel.payload)?;
                self.withdraw_wish(&host, &wish).await.map(drop)
            }
            _ => Err(stored::unreadable("a waiting message")),
        }
    }

    async fn deliver_job(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let lab: PeerId = stored::read(&parcel.peer)?;
        let request: JobRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        let JobRequest::Offer(signed) = &request;
        let job = signed.open_from(&self.client.peer_id())?;
        if !self.client.is_connected(&lab) {
            self.look_for_lab(lab).await; // it may have moved
        }
        let Some(known) = self.catalogue.lab(lab).await? else {
            return Err(stored::unreadable("a lab"));
        };
        self.admission.admit(lab);
        self.client.keep_connected(lab, known.addresses).await?;
        match self.client.ask::<OfferJob>(lab, request).await? {
            JobReply::Needs { .. } => {
                let status = self.own_status(job.order_id, StatusKind::Offered { lab: known.name })?;
                self.catalogue.taken_by_lab(&parcel.id, &status).await
            }
            JobReply::Refused(refusal) => {
                let trouble = format!("{} says: {}", known.name, refusal.text);
                self.catalogue.set_trouble(job.order_id, &trouble).await?;
                Err(NodeError::Refused(Refusal { text: trouble, ..refusal }))
            }
        }
    }

    async fn deliver_status(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let Some(host) = self.catalogue.host_of(stored::read(&parcel.peer)?).await? else { return Ok(()) };
        let request: StatusRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        match self.client.ask::<Report>(self.reach_host(&host).await?, request).await? {
            StatusReply::Noted => Ok(()),
            StatusReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
        }
    }

    /// What waits, for people.
    pub(super) async fn waiting(&self) -> Result<Vec<WaitingMessage>, NodeError> {
        let waiting = self.catalogue.waiting().await?;
        let what = |kind: &str| match kind {
            "job" => "A print job for the lab",
            "status" => "News of an order for the host",
            "publish" => "Photos to publish",
            "withdraw" => "Photos to take off the host",
            _ => "A message",
        };
        let now_ms = now().0;
        let message = |row: Waiting| WaitingMessage::new(what(&row.kind).to_owned(), row, now_ms);
        Ok(waiting.into_iter().map(message).collect())
    }
}
