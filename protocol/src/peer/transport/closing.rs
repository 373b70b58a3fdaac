//! A connection that is closed within a time. To close is to send first what waits; on a
//! dead line that never goes, and the kernel would try for a quarter of an hour.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use tokio::time::{Sleep, sleep};

use crate::limits::CONNECTION_CLOSE_DEADLINE;

/// A connection whose end is bounded.
pub(super) struct Closing<M> {
    muxer: M,
    within: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<M> Closing<M> {
    pub(super) fn new(muxer: M) -> Self {
        Self { muxer, within: CONNECTION_CLOSE_DEADLINE, deadline: None }
    }
}

impl<M: StreamMuxer + Unpin> Closing<M> {
    fn muxer(&mut self) -> Pin<&mut M> {
        Pin::new(&mut self.muxer)
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for Closing<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        self.muxer().poll_inbound(cx)
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Self::Substream, Self::Error>> {
        self.muxer().poll_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let Poll::Ready(closed) = self.muxer().poll_close(cx) {
            return Poll::Ready(closed);
        }
        let within = self.within;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(within)));
        ready!(deadline.poll_unpin(cx));
        tracing::debug!("a connection was cut rather than closed");
        Poll::Ready(Ok(()))
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        self.muxer().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;

    use futures::io::Cursor;

    use super::*;

    /// What it has to send never goes.
    struct Dead;

    impl StreamMuxer for Dead {
        type Substream = Cursor<Vec<u8>>;
        type Error = Infallible;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Self::Substream, Infallible>> {
            Poll::Pending
        }

        fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<Self::Substream, Infallible>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, Infallible>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_line_is_dead_with_much_to_send_and_the_connection_is_closed_all_the_same() {
        let mut connection = Closing { within: Duration::from_millis(1), ..Closing::new(Dead) };
        let closed = poll_fn(|cx| Pin::new(&mut connection).poll_close(cx));
        tokio::time::timeout(CONNECTION_CLOSE_DEADLINE, closed).await.expect("it is closed").unwrap();
    }
}
