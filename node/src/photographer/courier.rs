//! What waits to reach another peer: print jobs for labs, statuses for the host,
//! wishes to publish. Each kind of parcel is delivered by its own conversation; when
//! to try again is the store's business.

use std::sync::Arc;

use enprint_protocol::enrol::{Enrol, EnrolReply, EnrolRequest};
use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::print_job::{JobReply, JobRequest, OfferJob};
use enprint_protocol::status::{Report, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::{ErrorCode, PeerId, ProtocolError, Refusal, codec, text};
use enprint_store::ledger::outbox::Waiting;
use enprint_store::ledger::{Courier, Deliver, Delivery, Parcel};
use tokio_util::sync::CancellationToken;

use super::catalogue::{LabRow, Trouble, Wish};
use super::commands::WaitingMessage;
use super::node::{Node, now};
use super::publish::PublishWish;
use crate::control::Progress;
use crate::error::NodeError;
use crate::stored;

const SUSPENDED: &str =
    "The host does not take this node at the moment. What waits is sent once it does; its operator knows why.";

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
            Err(NodeError::Refused(refusal)) if refusal.code == ErrorCode::Refused => {
                self.node.was_refused(parcel, refusal).await
            }
            Err(error) => error.into_delivery(),
        }
    }
}

impl Node {
    async fn deliver(&self, parcel: &Parcel) -> Result<(), NodeError> {
        match parcel.kind.as_str() {
            "job" => self.deliver_job(parcel).await,
            "withdraw-job" => self.deliver_withdrawal(parcel).await,
            "status" => self.deliver_status(parcel).await,
            "home" => self.deliver_word_on_home(parcel).await,
            "home-for-lab" => self.tell_lab_of_home(parcel).await,
            kind if kind == Wish::Publish.kind() => {
                let Some(host) = self.host_of_lane(&parcel.peer).await? else { return Ok(()) };
                let wish = PublishWish::decode(&parcel.payload)?;
                if self.catalogue.event(wish.event_id).await?.is_none() {
                    return Ok(()); // it was removed
                }
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

    /// A host that has suspended this node refuses whatever it says, in the words that it
    /// has for what is not there. Whether it is that, the host's directory tells: it is
    /// refused, too. Then the parcel waits until the host takes the node again.
    async fn was_refused(&self, parcel: &Parcel, refusal: Refusal) -> Delivery {
        let Some(host) = host_of(parcel) else { return NodeError::Refused(refusal).into_delivery() };
        match self.announce(host).await {
            // Restored meanwhile, or never suspended: once more will tell.
            Ok(()) => match self.deliver(parcel).await {
                Ok(()) => Delivery::Settled,
                Err(error) => error.into_delivery(),
            },
            Err(NodeError::Refused(_)) => Delivery::TryLater(SUSPENDED.into()),
            Err(error) if error.may_pass() => Delivery::TryLater(error.to_string()),
            Err(_) => NodeError::Refused(refusal).into_delivery(),
        }
    }

    async fn deliver_job(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let lab: PeerId = stored::read(peer_of(&parcel.peer))?;
        let request: JobRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        let JobRequest::Offer(signed) = &request else { return Err(stored::unreadable("an offer")) };
        let job = signed.open_from(&self.client.peer_id())?;
        if !self.catalogue.is_offered(job.job_id, job.withdrawn_before).await? {
            return Ok(()); // it went to another lab, or was offered anew
        }
        let known = self.meet_lab(lab).await?;
        self.introduce(lab).await?;
        let was_elsewhere = self.check_nowhere_else(job.order_id, lab).await?;
        let reply = self.client.ask::<OfferJob>(lab, request).await?;
        if matches!(&reply, JobReply::Refused(refusal) if refusal.code == ErrorCode::NotApproved) {
            // Now it knows whose word that is, and approves nobody meanwhile.
            self.tell_of_ended_homes(lab).await?;
        }
        match reply {
            JobReply::Needs { .. } => {
                let status = self.own_status(job.order_id, StatusKind::Offered { lab: known.name })?;
                self.catalogue.taken_by_lab(&parcel.id, job.job_id, &status).await
            }
            JobReply::Withdrawn | JobReply::Noted => Err(other_question()),
            JobReply::Refused(_) if !self.catalogue.is_offered(job.job_id, job.withdrawn_before).await? => Ok(()),
            JobReply::Refused(refusal) => {
                let trouble = format!("{} says: {}", known.name, refusal.text);
                self.catalogue.set_trouble(job.order_id, &Trouble::other(&trouble)).await?;
                // Another home spoke in between: once more will tell whose it is.
                let is_undecided = was_elsewhere && refusal.code == ErrorCode::Withdrawn;
                let code = if is_undecided { ErrorCode::Busy } else { refusal.code };
                Err(NodeError::Refused(Refusal { code, text: trouble }))
            }
        }
    }

    /// Tells a lab that an order it was offered went elsewhere. A lab that can't let go of
    /// it is for the photographer to call.
    async fn deliver_withdrawal(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let lab: PeerId = stored::read(&parcel.peer)?;
        let request: JobRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        let JobRequest::Withdraw { job_id, .. } = request else { return Err(stored::unreadable("a withdrawal")) };
        let known = self.meet_lab(lab).await?;
        match self.client.ask::<OfferJob>(lab, request).await? {
            JobReply::Withdrawn => {
                self.catalogue.settle(&parcel.id).await?;
                self.let_rest(lab).await;
                Ok(())
            }
            JobReply::Needs { .. } | JobReply::Noted => Err(other_question()),
            JobReply::Refused(refusal) if refusal.is_temporary() => Err(NodeError::Refused(refusal)),
            JobReply::Refused(refusal) => match self.catalogue.job(job_id).await? {
                Some(job) if !job.is_open => {
                    let trouble = Trouble::other(still_has_it(&known.name, &refusal.text));
                    self.catalogue.set_trouble(job.order_id, &trouble).await
                }
                _ => Ok(()),
            },
        }
    }

    /// Looks for a lab, and wants a connection to it.
    pub(super) async fn meet_lab(&self, lab: PeerId) -> Result<LabRow, NodeError> {
        if !self.client.is_connected(&lab) {
            self.look_for_lab(lab).await; // it may have moved
        }
        let Some(known) = self.catalogue.lab(lab).await? else {
            return Err(stored::unreadable("a lab"));
        };
        self.admission.admit(lab);
        self.client.keep_connected(lab, known.addresses.clone()).await?;
        Ok(known)
    }

    async fn deliver_status(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let Some(host) = self.catalogue.host_of(stored::read(&parcel.peer)?).await? else { return Ok(()) };
        let request: StatusRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        match self.client.ask::<Report>(self.reach_host(&host).await?, request).await? {
            StatusReply::Noted => Ok(()),
            StatusReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
        }
    }

    async fn deliver_word_on_home(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let Some(host) = self.catalogue.host_of(stored::read(&parcel.peer)?).await? else { return Ok(()) };
        let request: EnrolRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        match self.client.ask::<Enrol>(self.reach_host(&host).await?, request).await? {
            EnrolReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
            _ => Ok(()),
        }
    }

    /// A lab that knows no homes has nothing to forget either.
    async fn tell_lab_of_home(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let lab: PeerId = stored::read(&parcel.peer)?;
        let request: JobRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        self.meet_lab(lab).await?;
        match self.client.ask::<OfferJob>(lab, request).await? {
            JobReply::Refused(refusal) if refusal.is_temporary() => Err(NodeError::Refused(refusal)),
            _ => {
                self.catalogue.settle(&parcel.id).await?;
                self.let_rest(lab).await;
                Ok(())
            }
        }
    }

    /// Says to a lab in whose stead this node offers, and in whose stead nobody does any more.
    pub(super) async fn introduce(&self, lab: PeerId) -> Result<(), NodeError> {
        if let Some(first) = self.catalogue.first_home().await? {
            // A lab that knows no homes refuses it, and takes this one for itself or not.
            self.client.ask::<OfferJob>(lab, JobRequest::StandIn(first.signed)).await?;
        }
        self.tell_of_ended_homes(lab).await
    }

    /// Before a lab takes anything: the old words of homes that are none any more are still
    /// theirs to show. A lab that knew this photographer when they ended was told then, and
    /// hears it again.
    async fn tell_of_ended_homes(&self, lab: PeerId) -> Result<(), NodeError> {
        for ended in self.catalogue.ended_homes().await? {
            self.client.ask::<OfferJob>(lab, JobRequest::StandIn(ended)).await?;
        }
        Ok(())
    }

    /// What waits, for people.
    pub(super) async fn waiting(&self) -> Result<Vec<WaitingMessage>, NodeError> {
        let waiting = self.catalogue.waiting().await?;
        let what = |kind: &str| match kind {
            "job" => "A print job for the lab",
            "withdraw-job" => "A print job that is taken back from the lab",
            "status" => "News of an order for the host",
            "home" => "Word on a second home for the host",
            "home-for-lab" => "Word on a second home for the lab",
            "publish" => "Photos to publish",
            "withdraw" => "Photos to take off the host",
            _ => "A message",
        };
        let now_ms = now().0;
        let message = |row: Waiting| WaitingMessage::new(what(&row.kind).to_owned(), row, now_ms);
        Ok(waiting.into_iter().map(message).collect())
    }
}

/// The peer at the end of a lane, which begins with a word of its own where what waits in it
/// is not to hold up the rest.
fn peer_of(lane: &str) -> &str {
    lane.rsplit_once(':').map_or(lane, |(_, peer)| peer)
}

/// The host that a parcel is for, if it is for one.
fn host_of(parcel: &Parcel) -> Option<PeerId> {
    let kinds = ["status", "home", Wish::Publish.kind(), Wish::Withdraw.kind()];
    peer_of(&parcel.peer).parse().ok().filter(|_| kinds.contains(&parcel.kind.as_str()))
}

/// What the photographer reads when another lab may print an order, too.
pub(super) fn still_has_it(lab: &str, words: &str) -> String {
    let (lab, words) = (text::shown(lab), text::cleaned(words));
    format!("“{lab}” had this order before and can't be made to let go of it: {words} Ask it not to print this order.")
}

fn other_question() -> NodeError {
    ProtocolError::Malformed { reason: "the lab answered another question".into() }.into()
}
