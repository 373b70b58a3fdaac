//! A connection whose streams are counted, whatever carries it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

use crate::peer::wire_count::{Counted, WireTotals};

/// A connection that adds what its streams carry to a count.
pub(super) struct CountedMuxer<M> {
    muxer: M,
    count: Arc<WireTotals>,
}

impl<M> CountedMuxer<M> {
    pub(super) fn new(muxer: M, count: Arc<WireTotals>) -> Self {
        Self { muxer, count }
    }
}

impl<M: StreamMuxer + Unpin> CountedMuxer<M> {
    fn muxer(&mut self) -> Pin<&mut M> {
        Pin::new(&mut self.muxer)
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for CountedMuxer<M>
where
    M::Substream: Unpin,
{
    type Substream = Counted<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = std::task::ready!(self.muxer().poll_inbound(cx))?;
        Poll::Ready(Ok(Counted::new(stream, self.count.clone())))
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = std::task::ready!(self.muxer().poll_outbound(cx))?;
        Poll::Ready(Ok(Counted::new(stream, self.count.clone())))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.muxer().poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        self.muxer().poll(cx)
    }
}
