//! What peers ask of the host, and who answers. Rules are the index's; here a request
//! becomes a verb, and what the verb answers a reply.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use enprint_protocol::enrol::{EnrolReply, EnrolRequest, HostNow, Welcome};
use enprint_protocol::peer::{Incoming, answer_all};
use enprint_protocol::publish::{PublishReply, PublishRequest};
use enprint_protocol::status::{StatusReply, StatusRequest};
use enprint_protocol::{PeerId, Refusal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::{ErrorKind, HostError};
use crate::host::Parts;
use crate::index::Enrolment;
use crate::limits::REQUESTS_ANSWERED_AT_ONCE;

/// Answers until `shutdown`; what is being answered then is finished.
pub(crate) async fn run(parts: Arc<Parts>, incoming: mpsc::Receiver<Incoming>, shutdown: CancellationToken) {
    let answer = |request| {
        let parts = Arc::clone(&parts);
        async move { parts.answer(request).await }
    };
    answer_all(incoming, REQUESTS_ANSWERED_AT_ONCE, shutdown, answer).await;
}

impl Parts {
    async fn answer(&self, request: Incoming) {
        match request {
            Incoming::Enrol(asked) => {
                let reply = self.enrol(asked.peer, asked.request).await;
                asked.reply.send(reply.unwrap_or_else(|error| refusal(asked.peer, &error).into()));
            }
            Incoming::Publish(asked) => {
                let reply = self.publish(asked.peer, asked.request).await;
                asked.reply.send(reply.unwrap_or_else(|error| refusal(asked.peer, &error).into()));
            }
            Incoming::Report(asked) => {
                let StatusRequest::Report(signed) = asked.request;
                let noted = self.index.note_status(asked.peer, &signed).await.map(|()| StatusReply::Noted);
                asked.reply.send(noted.unwrap_or_else(|error| refusal(asked.peer, &error).into()));
            }
            // Conversations of other roles; dropping the request refuses it.
            Incoming::Deliver(_)
            | Incoming::OfferJob(_)
            | Incoming::FetchOriginal(_)
            | Incoming::Pair(_)
            | Incoming::Follow(_) => {}
        }
    }

    async fn enrol(&self, peer: PeerId, request: EnrolRequest) -> Result<EnrolReply, HostError> {
        match request {
            EnrolRequest::Enrol { invitation, role, name, addresses } => {
                let enrolment = Enrolment { invitation, role, name, addresses };
                let known = self.index.enrol(peer, &enrolment).await?;
                self.admission.admit(peer);
                tracing::info!(%peer, name = %known.name, role = role.word(), "a peer is enrolled");
                Ok(EnrolReply::Enrolled(self.welcome()?))
            }
            EnrolRequest::Announce { addresses } => {
                let contacts = self.index.announce(peer, &addresses).await?;
                let crowd = u32::try_from(self.admission.count()).ok();
                Ok(EnrolReply::Directory { contacts, host: Some(self.now()), crowd })
            }
            EnrolRequest::StandIn { home, addresses } => {
                let (home, stands_in) = self.index.stand_in(peer, &home, &addresses).await?;
                tracing::info!(%peer, %home, stands_in, "a word on a second home is taken");
                if stands_in {
                    self.admission.admit(home);
                } else if self.index.peer(home).await?.is_none() {
                    self.admission.forget(home);
                }
                Ok(EnrolReply::Enrolled(self.welcome()?))
            }
            EnrolRequest::TakeOver { order } => {
                let orders = self.index.take_over(peer, order.as_deref()).await?;
                Ok(EnrolReply::TakenOver { orders })
            }
            EnrolRequest::Find { peers } => {
                let contacts = self.index.find_contacts(peer, &peers).await?;
                Ok(EnrolReply::Directory { contacts, host: None, crowd: None })
            }
        }
    }

    fn now(&self) -> HostNow {
        HostNow {
            name: self.index.host_name().to_owned(),
            public_url: self.index.public_url().to_owned(),
            addresses: self.client.addresses(),
        }
    }

    fn welcome(&self) -> Result<Welcome, HostError> {
        Ok(Welcome {
            host_name: self.index.host_name().to_owned(),
            host_key: self.index.host_key().encode_protobuf().into(),
            certificate: self.index.certify(self.client.peer_id())?,
            public_url: self.index.public_url().to_owned(),
        })
    }

    async fn publish(&self, peer: PeerId, request: PublishRequest) -> Result<PublishReply, HostError> {
        match request {
            PublishRequest::Event { event, access_code } => {
                let gallery_url = self.index.put_event(peer, &event, &access_code).await?;
                Ok(PublishReply::EventStored { gallery_url })
            }
            PublishRequest::Offer { event_id, photos } => {
                let photos = self.index.needs(peer, event_id, &photos).await?;
                Ok(PublishReply::Needs { photos })
            }
            PublishRequest::Batch { event_id, photos } => {
                let count = photos.len() as u64;
                self.index.publish(peer, event_id, photos).await?;
                self.published.batches.fetch_add(1, Ordering::Relaxed);
                self.published.photos.fetch_add(count, Ordering::Relaxed);
                Ok(PublishReply::Stored)
            }
            PublishRequest::Withdraw { event_id, photos } => {
                let photos = self.index.withdraw(peer, event_id, &photos).await?;
                Ok(PublishReply::Withdrawn { photos })
            }
            PublishRequest::WithdrawEvent { event_id } => {
                let photos = self.index.withdraw_event(peer, event_id).await?;
                Ok(PublishReply::Withdrawn { photos })
            }
        }
    }
}

/// What a peer may know of an error; the host's own trouble goes into the log.
fn refusal(peer: PeerId, error: &HostError) -> Refusal {
    match error.kind() {
        ErrorKind::Internal => tracing::error!(%peer, %error, "a request could not be done"),
        _ => tracing::debug!(%peer, %error, "a request was refused"),
    }
    error.refusal()
}
