//! A connection of which it is counted what its streams carry, and how many others open,
//! whatever carries it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

use crate::peer::streams::{Place, Places};
use crate::peer::watched::{Watched, Watcher};
use crate::peer::wire_count::WireTotals;

/// A connection that adds what its streams carry to a count.
pub(super) struct CountedMuxer<M> {
    muxer: M,
    count: Arc<WireTotals>,
    places: Option<Places>,
}

/// What a stream's bytes are added to, and its place, if the other end has opened it.
pub(super) struct StreamCount {
    count: Arc<WireTotals>,
    _place: Option<Place>,
}

impl<S> Watcher<S> for StreamCount {
    fn sent(&mut self, stream: &S, bytes: usize) {
        self.count.sent(stream, bytes);
    }

    fn received(&mut self, stream: &S, bytes: usize) {
        self.count.received(stream, bytes);
    }
}

impl<M> CountedMuxer<M> {
    pub(super) fn new(muxer: M, count: Arc<WireTotals>) -> Self {
        Self { muxer, count, places: None }
    }

    /// Takes a place for each stream that the other end opens. One that finds none is ended
    /// unread.
    pub(super) fn with_places(self, places: Places) -> Self {
        Self { places: Some(places), ..self }
    }

    fn counted<S>(&self, stream: S, place: Option<Place>) -> Watched<S, StreamCount> {
        Watched::new(stream, StreamCount { count: self.count.clone(), _place: place })
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
    type Substream = Watched<M::Substream, StreamCount>;
    type Error = M::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = std::task::ready!(self.muxer().poll_inbound(cx))?;
        let place = self.places.as_ref().map(Places::take);
        if matches!(place, Some(None)) {
            drop(stream);
            // Others have their turn before the next.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(self.counted(stream, place.flatten())))
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = std::task::ready!(self.muxer().poll_outbound(cx))?;
        Poll::Ready(Ok(self.counted(stream, None)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.muxer().poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        self.muxer().poll(cx)
    }
}
