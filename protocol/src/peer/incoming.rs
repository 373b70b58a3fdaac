//! Requests of other peers, as their handlers get them.

use std::any::Any;

use libp2p::PeerId;
use tokio::sync::oneshot;

use super::room::Room;
use crate::conversation::Conversation;
use crate::enrol::Enrol;
use crate::home::Pair;
use crate::order::Deliver;
use crate::original::FetchOriginal;
use crate::print_job::OfferJob;
use crate::publish::Publish;
use crate::replica::Follow;
use crate::status::Report;

/// One request of another peer.
#[derive(Debug)]
pub enum Incoming {
    /// A photographer or a lab shows its invitation to a host.
    Enrol(Asked<Enrol>),
    /// A photographer publishes to a host.
    Publish(Asked<Publish>),
    /// A host delivers an order to a photographer.
    Deliver(Asked<Deliver>),
    /// A photographer offers a print job to a lab.
    OfferJob(Asked<OfferJob>),
    /// A lab fetches from a photographer.
    FetchOriginal(Asked<FetchOriginal>),
    /// A lab or a photographer reports on a job.
    Report(Asked<Report>),
    /// A node asks to be a photographer's second home.
    Pair(Asked<Pair>),
    /// A second home copies from the first.
    Follow(Asked<Follow>),
}

/// A request, who sent it, and the way to answer.
#[derive(Debug)]
pub struct Asked<C: Conversation> {
    /// Who asks: authenticated by the connection.
    pub peer: PeerId,
    /// What is asked: bounded and decoded, its meaning unchecked.
    pub request: C::Request,
    /// The way to answer.
    pub reply: ReplyTo<C>,
}

/// What is kept until a reply has been taken to its last byte, such as its place in memory.
pub(super) type Held = Box<dyn Any + Send>;

/// A reply, and what is held for it.
#[derive(Debug)]
pub(super) struct Answer<R> {
    pub(super) reply: R,
    pub(super) held: Option<Held>,
}

/// Answers one request. Dropped unused, it answers `Refused`.
#[derive(Debug)]
pub struct ReplyTo<C: Conversation> {
    pub(super) sender: oneshot::Sender<Answer<C::Reply>>,
    /// The request's room in memory, given back when it is answered.
    pub(super) _room: Option<Room>,
}

impl<C: Conversation> ReplyTo<C> {
    /// Sends `reply`. If the asker has gone, nothing happens: it will ask again.
    pub fn send(self, reply: C::Reply) {
        drop(self.sender.send(Answer { reply, held: None }));
    }

    /// As [`Self::send`], and `held` is dropped when the connection has taken the whole
    /// reply, or when it can't be sent: so replies that wait for a slow line can be few.
    pub fn send_holding(self, reply: C::Reply, held: impl Send + 'static) {
        drop(self.sender.send(Answer { reply, held: Some(Box::new(held)) }));
    }

    /// Waits until nobody awaits the answer any more.
    pub async fn unawaited(&mut self) {
        self.sender.closed().await;
    }

    /// Whether the asker may still be waiting.
    pub fn is_awaited(&self) -> bool {
        !self.sender.is_closed()
    }
}
