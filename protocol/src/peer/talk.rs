//! One conversation in the swarm: sends what the `Client` asks, hands what
//! others ask to the handlers, and sees that everything gets exactly one
//! answer. What can't be taken on is answered `Busy` at once, so that the swarm
//! never waits for a handler.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::request_response::{self as rr, Message, ProtocolSupport, ResponseChannel};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use tokio::sync::{mpsc, oneshot};

use super::admission::{Admission, Standing};
use super::apart::{InboundId, OutboundId, Parted, Side};
use super::ask::{Ask, AskError};
use super::beside::{Carried, Transfers};
use super::conduct::Conduct;
use super::connection_set::ConnectionSet;
use super::frame::{Frames, Letter, busy};
use super::incoming::{Answer, Asked, Held, Incoming, ReplyTo};
use super::marked::{Marked, WireName};
use super::rate::Rates;
use super::reach::Paths;
use super::roles::{PeerRole, Spoken};
use super::source::Guest;
use super::streams::Streams;
use super::watch::{Counts, Tally};
use crate::conversation::Conversation;
use crate::error::{ErrorCode, Refusal};
use crate::limits::{ASKS_PENDING_MAX, REPLIES_PENDING_MAX, REQUESTS_IN_FLIGHT_MAX};

/// What the talks of one peer share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) role: PeerRole,
    pub(super) admission: Admission,
    pub(super) conduct: Arc<Conduct>,
    /// Connections of peers that found no room: nothing they ask is read, and the answer to
    /// all of it is to come later. The door fills it, and empties it within seconds.
    pub(super) waiting_room: ConnectionSet,
    /// Connections over which it is only tried whether a peer can be reached.
    pub(super) apart: ConnectionSet,
    pub(super) rates: Arc<Rates>,
    pub(super) streams: Streams,
    pub(super) incoming: mpsc::Sender<Incoming>,
    pub(super) paths: Paths,
    pub(super) transfers: Transfers,
    pub(super) tally: Tally,
    /// Cuts every conversation's timeout.
    pub(super) timeout_max: Duration,
    /// How long a part of a request may take.
    pub(super) step_time: Duration,
    /// [`super::config::PeerLimits::counts_loopback`]
    pub(super) counts_loopback: bool,
}

/// The behaviour of one conversation.
pub(super) struct Talk<C: Spoken> {
    inner: Parted<Frames<C>>,
    shared: Shared,
    counts: Arc<Counts>,
    asks: mpsc::Receiver<Ask<C>>,
    asked: HashMap<OutboundId, Unanswered<C>>,
    in_flight: HashMap<PeerId, usize>,
    /// Requests of others that have not been answered to the last byte. What is kept of
    /// each is dropped when its asker has gone, which drops the handler's reply too.
    answering: HashMap<InboundId, InHand>,
    replies: FuturesUnordered<BoxFuture<'static, Option<Reply<C>>>>,
    stopping: bool,
}

/// A request of ours without an answer.
struct Unanswered<C: Conversation> {
    peer: PeerId,
    asker: oneshot::Sender<Result<C::Reply, AskError>>,
    _carried: Option<Carried>,
}

type Channel<C> = ResponseChannel<<C as Conversation>::Reply>;

/// A request that has not been answered to the last byte.
struct InHand {
    _still_asking: oneshot::Sender<Infallible>,
    _carried: Option<Carried>,
    held: Option<Held>,
}

/// A reply that is ready to be sent.
struct Reply<C: Conversation> {
    id: InboundId,
    channel: Channel<C>,
    answer: Answer<C::Reply>,
}

type Event<C> = rr::Event<Letter<C>, <C as Conversation>::Reply>;

impl<C: Spoken> Talk<C> {
    pub(super) fn new(support: ProtocolSupport, shared: Shared, asks: mpsc::Receiver<Ask<C>>) -> Self {
        let protocol = (WireName::new(C::NAME), support);
        let config = rr::Config::default()
            .with_request_timeout(C::TIMEOUT.min(shared.timeout_max))
            .with_max_concurrent_streams(2 * REQUESTS_IN_FLIGHT_MAX);
        let frames = Frames::new(C::strangers_welcome(shared.role), shared.step_time);
        Self {
            inner: Parted::new(frames, protocol, config, shared.apart.clone()),
            counts: shared.tally.of(C::NAME),
            shared,
            asks,
            asked: HashMap::new(),
            in_flight: HashMap::new(),
            answering: HashMap::new(),
            replies: FuturesUnordered::new(),
            stopping: false,
        }
    }

    /// From now on takes no new requests, neither ours nor others'.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.asks.close();
        while let Ok(ask) = self.asks.try_recv() {
            drop(ask.answer.send(Err(AskError::Stopped)));
        }
    }

    /// Whether nothing is in flight in either direction that anybody waits for.
    pub(super) fn is_idle(&self) -> bool {
        self.asked.values().all(|unanswered| unanswered.asker.is_closed()) && self.answering.is_empty()
    }

    fn send(&mut self, ask: Ask<C>) {
        if let Err(error) = self.check_way(ask.peer) {
            drop(ask.answer.send(Err(error)));
            return;
        }
        let in_flight = self.in_flight.entry(ask.peer).or_default();
        if *in_flight >= REQUESTS_IN_FLIGHT_MAX {
            drop(ask.answer.send(Err(AskError::TooManyInFlight { peer: ask.peer })));
            return;
        }
        *in_flight += 1;
        let id = self.inner.send_request(&ask.peer, Letter::to_send(ask.request));
        let unanswered = Unanswered { peer: ask.peer, asker: ask.answer, _carried: self.carried(ask.peer) };
        self.asked.insert(id, unanswered);
    }

    /// To be kept with a request that may be answered with a part of a file.
    fn carried(&self, peer: PeerId) -> Option<Carried> {
        C::CARRIES_FILES.then(|| self.shared.transfers.carry(peer))
    }

    /// Print files wait for a way that takes them: with several connections a request
    /// goes over any, and with none over the first that comes up.
    fn check_way(&self, peer: PeerId) -> Result<(), AskError> {
        if !C::CARRIES_FILES {
            return Ok(());
        }
        match self.shared.paths.path(&peer) {
            None => Err(AskError::NotConnected { peer }),
            Some(_) if self.shared.paths.all_take_files(&peer) => Ok(()),
            Some(_) => Err(AskError::OnlyRelayed { peer }),
        }
    }

    /// Gives an asker its answer. It may have stopped waiting.
    fn resolve(&mut self, id: OutboundId, answer: Result<C::Reply, AskError>) {
        let Some(Unanswered { peer, asker, .. }) = self.asked.remove(&id) else {
            return;
        };
        self.counts.asked(answer.is_ok());
        if let Some(in_flight) = self.in_flight.get_mut(&peer) {
            *in_flight -= 1;
            if *in_flight == 0 {
                self.in_flight.remove(&peer);
            }
        }
        drop(asker.send(answer));
    }

    fn on_event(&mut self, (side, event): (Side, Event<C>)) {
        match event {
            rr::Event::Message { peer, message, .. } => match message {
                Message::Request { request_id, request, channel } => {
                    let (still_asking, gone) = oneshot::channel();
                    let in_hand = InHand { _still_asking: still_asking, _carried: self.carried(peer), held: None };
                    self.answering.insert((side, request_id), in_hand);
                    self.on_request(peer, request, ((side, request_id), channel), gone);
                }
                Message::Response { request_id, response } => {
                    self.resolve((side, request_id), Ok(response));
                }
            },
            rr::Event::OutboundFailure { peer, request_id, error, .. } => {
                self.resolve((side, request_id), Err(AskError::from_failure::<C>(peer, error)));
            }
            rr::Event::InboundFailure { peer, request_id, error, .. } => {
                self.answering.remove(&(side, request_id));
                tracing::debug!(peer.id = %peer, conversation = C::NAME, %error, "an answer was not sent");
            }
            rr::Event::ResponseSent { request_id, .. } => {
                self.answering.remove(&(side, request_id));
            }
        }
    }

    fn on_request(
        &mut self,
        peer: PeerId,
        letter: Letter<C>,
        (id, channel): (InboundId, Channel<C>),
        gone: oneshot::Receiver<Infallible>,
    ) {
        match self.hand_over(peer, letter) {
            Ok(reply) => {
                let patience = C::TIMEOUT.min(self.shared.timeout_max);
                let reply = async move { Reply { id, channel, answer: await_reply::<C>(reply, patience).await } };
                self.replies.push(Box::pin(unless_gone(gone, reply)));
            }
            Err(refusal) => {
                if refusal.code == ErrorCode::Busy {
                    self.shared.conduct.busy_requests.add();
                }
                tracing::debug!(peer.id = %peer, conversation = C::NAME, code = ?refusal.code, "refused");
                self.answer(Reply { id, channel, answer: unheld(refusal.into()) });
            }
        }
    }

    /// Gives a request to the handlers: where their reply will come, or the refusal
    /// that is the reply.
    fn hand_over(&self, peer: PeerId, letter: Letter<C>) -> Result<oneshot::Receiver<Answer<C::Reply>>, Refusal> {
        let Shared { rates, conduct, .. } = &self.shared;
        if letter.is_flawed {
            conduct.flawed(peer, Instant::now());
        }
        if letter.standing == Standing::Stranger && !C::strangers_welcome(self.shared.role) {
            conduct.strangers_requests.add();
        }
        if self.stopping || !rates.allow(Guest { peer, source: letter.source }, letter.standing, Instant::now()) {
            return Err(busy());
        }
        let request = letter.content?;
        if self.replies.len() >= REPLIES_PENDING_MAX {
            return Err(busy());
        }
        let place = self.shared.incoming.try_reserve().map_err(|_| busy())?;
        let (sender, reply) = oneshot::channel();
        let reply_to = ReplyTo { sender, _room: letter.room };
        place.send(C::incoming(Asked { peer, request, reply: reply_to }));
        Ok(reply)
    }

    fn answer(&mut self, Reply { id, channel, answer: Answer { reply, held } }: Reply<C>) {
        if let Some(in_hand) = self.answering.get_mut(&id) {
            in_hand.held = held;
        }
        self.counts.answered(C::refusal(&reply).is_some());
        if self.inner.send_response(channel, reply).is_err() {
            tracing::debug!(conversation = C::NAME, "the asker has gone before its answer");
        }
    }
}

/// The handler's reply; a refusal if it dropped its [`ReplyTo`], or took so long
/// that the asker has gone.
async fn await_reply<C: Conversation>(
    reply: oneshot::Receiver<Answer<C::Reply>>,
    patience: Duration,
) -> Answer<C::Reply> {
    match tokio::time::timeout(patience, reply).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => unheld(Refusal::uniform().into()),
        Err(_) => unheld(busy().into()),
    }
}

fn unheld<R>(reply: R) -> Answer<R> {
    Answer { reply, held: None }
}

/// The reply, unless its asker has gone before.
async fn unless_gone<R>(gone: oneshot::Receiver<Infallible>, reply: impl Future<Output = R>) -> Option<R> {
    tokio::select! {
        reply = reply => Some(reply),
        _ = gone => None,
    }
}

impl<C: Spoken> NetworkBehaviour for Talk<C> {
    type ConnectionHandler = Marked<THandler<Parted<Frames<C>>>>;
    /// A talk settles everything itself.
    type ToSwarm = ();

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_inbound_connection(connection, peer, local, remote)?;
        let waits = self.shared.waiting_room.has(connection);
        let guest = Guest::new(peer, remote, self.shared.counts_loopback);
        Ok(Marked::new(inner, guest, self.shared.admission.clone(), self.shared.streams.clone(), waits))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self.inner.handle_established_outbound_connection(connection, peer, address, role, port)?;
        let guest = Guest::new(peer, address, self.shared.counts_loopback);
        Ok(Marked::new(inner, guest, self.shared.admission.clone(), self.shared.streams.clone(), false))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            match self.inner.poll(cx) {
                Poll::Ready(ToSwarm::GenerateEvent(event)) => {
                    self.on_event(event);
                    continue;
                }
                Poll::Ready(other) => return Poll::Ready(other.map_out(|_| ())),
                Poll::Pending => {}
            }
            if let Poll::Ready(Some(reply)) = self.replies.poll_next_unpin(cx) {
                if let Some(reply) = reply {
                    self.answer(reply);
                }
                continue;
            }
            if self.asked.len() < ASKS_PENDING_MAX
                && let Poll::Ready(Some(ask)) = self.asks.poll_recv(cx)
            {
                self.send(ask);
                continue;
            }
            return Poll::Pending;
        }
    }
}
