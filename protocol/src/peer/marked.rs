//! Marks each incoming substream with the standing of the peer that opened it,
//! so that `frame.rs` knows, before it reads a message, whether to read it at all.
//! libp2p's codecs are not told who is at the other end; the negotiated name
//! is what reaches them, so the mark travels with the name.

use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::swarm::handler::{ConnectionEvent, FullyNegotiatedInbound, InboundUpgradeSend};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, Stream, SubstreamProtocol};

use super::admission::{Admission, Standing};
use super::source::Guest;
use super::streams::{Place, Streams};

/// The name of a conversation, with who opened it. Each connection keeps some of them, so
/// that the opener, whom only a substream that is open has, stands elsewhere.
#[derive(Debug, Clone)]
pub(super) struct WireName {
    name: &'static str,
    opener: Option<Arc<Opener>>,
}

/// Who opened a substream, and what it was then.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) guest: Guest,
    pub(super) standing: Standing,
    /// For as long as the substream is open; none if there was no place for it.
    pub(super) place: Option<Place>,
}

impl WireName {
    /// The name alone.
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, opener: None }
    }

    /// The name with who opened the substream.
    #[cfg(test)]
    pub(super) fn of_opener(name: &'static str, opener: Opener) -> Self {
        Self { name, opener: Some(Arc::new(opener)) }
    }

    /// Who opened the substream; of an incoming one.
    pub(super) fn opened_by(&self) -> Option<&Opener> {
        self.opener.as_deref()
    }
}

impl AsRef<str> for WireName {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// The handler of one connection, which marks what comes in.
pub(super) struct Marked<H> {
    inner: H,
    guest: Guest,
    admission: Admission,
    streams: Streams,
    waits: bool,
}

impl<H> Marked<H> {
    /// Of a connection to `guest`, which `waits` if there was no room for it.
    pub(super) fn new(inner: H, guest: Guest, admission: Admission, streams: Streams, waits: bool) -> Self {
        Self { inner, guest, admission, streams, waits }
    }

    fn standing(&self) -> Standing {
        if self.waits { Standing::Waiting } else { self.admission.standing(&self.guest.peer) }
    }
}

impl<H> ConnectionHandler for Marked<H>
where
    H: ConnectionHandler,
    H::InboundProtocol: InboundUpgradeSend<Output = (Stream, WireName)>,
{
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = H::InboundProtocol;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        self.inner.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        self.inner.poll(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(cx)
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        let ConnectionEvent::FullyNegotiatedInbound(opened) = event else {
            return self.inner.on_connection_event(event);
        };
        let (stream, WireName { name, .. }) = opened.protocol;
        let (guest, standing) = (self.guest, self.standing());
        let place = self.streams.take(guest, standing);
        let marked = WireName { name, opener: Some(Arc::new(Opener { guest, standing, place })) };
        self.inner.on_connection_event(ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
            protocol: (stream, marked),
            info: opened.info,
        }));
    }
}
