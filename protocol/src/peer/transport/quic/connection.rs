//! A connection: streams from both ends, no more under way than its peer may have.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use libp2p::PeerId;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use quinn::{ConnectionError, RecvStream, SendStream};

use super::QuicError;
use super::settings::varint;
use super::stream::{Stream, Turns};
use crate::limits::{QUIC_CONNECTION_BYTES, STREAMS_MAX};
use crate::peer::admission::Admission;

type Halves = Result<(SendStream, RecvStream), ConnectionError>;

/// A connection whose other end has proven its key.
pub(super) struct Connection {
    pub(super) quinn: quinn::Connection,
    peer: PeerId,
    admission: Admission,
    is_wide: bool,
    turns: Turns,
    begun_there: BoxStream<'static, Halves>,
    begun_here: Option<BoxFuture<'static, Halves>>,
    closing: Option<BoxFuture<'static, ConnectionError>>,
}

impl Connection {
    pub(super) fn new(quinn: quinn::Connection, peer: PeerId, admission: Admission) -> Self {
        let begun_there = stream::unfold(quinn.clone(), |quinn| async {
            let halves = quinn.accept_bi().await;
            Some((halves, quinn))
        });
        let begun_there = begun_there.boxed();
        let turns = Turns::default();
        let mut new =
            Self { quinn, peer, admission, is_wide: false, turns, begun_there, begun_here: None, closing: None };
        new.widen();
        new
    }

    /// A stranger that was admitted may have more under way.
    fn widen(&mut self) {
        if self.is_wide || !self.admission.is_admitted(&self.peer) {
            return;
        }
        self.quinn.set_receive_window(QUIC_CONNECTION_BYTES.into());
        self.quinn.set_max_concurrent_bi_streams(varint(STREAMS_MAX));
        self.is_wide = true;
    }

    fn stream(&mut self, halves: Halves) -> Result<Stream, QuicError> {
        let (sends, receives) = halves?;
        self.widen();
        Ok(Stream::new(sends, receives, self.turns.clone()))
    }
}

impl StreamMuxer for Connection {
    type Substream = Stream;
    type Error = QuicError;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        match std::task::ready!(self.begun_there.poll_next_unpin(cx)) {
            Some(halves) => Poll::Ready(self.stream(halves)),
            None => Poll::Ready(Err(ConnectionError::LocallyClosed.into())),
        }
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        let quinn = self.quinn.clone();
        let begun = self.begun_here.get_or_insert_with(|| async move { quinn.open_bi().await }.boxed());
        let halves = std::task::ready!(begun.poll_unpin(cx));
        self.begun_here = None;
        Poll::Ready(self.stream(halves))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let quinn = self.quinn.clone();
        let closing = self.closing.get_or_insert_with(|| {
            quinn.close(0_u8.into(), &[]);
            async move { quinn.closed().await }.boxed()
        });
        // However it ended, it has.
        closing.poll_unpin(cx).map(|_| Ok(()))
    }

    /// The other end's address does not change, and pings are a conversation of their own.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Poll::Pending
    }
}
