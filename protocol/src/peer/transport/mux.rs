//! Yamux, in larger pieces than libp2p's own, on the wire the same. A connection that
//! carries files spends on each frame as much as on its bytes: frames have 32 KiB and not
//! 16, and what is to be sent goes together. Yamux wants each frame to go at once, so that
//! each would become a Noise record and a call of the system of its own; here they wait
//! until it has no more to send and asks what has come, or until Noise has enough.

use std::collections::VecDeque;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo};
use yamux::{Config, Connection, ConnectionError, Mode};

use crate::limits::{FRAME_BYTES, STREAMS_UNSEEN_MAX};

/// Yamux over a stream whose bytes go together.
#[derive(Clone)]
pub(super) struct Multiplexed(Config);

impl Multiplexed {
    /// With at most so many streams.
    pub(super) fn with_streams(streams_max: usize) -> Self {
        let mut config = Config::default();
        config.set_max_num_streams(streams_max).set_split_send_size(FRAME_BYTES);
        Self(config)
    }

    fn over<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S, mode: Mode) -> Muxer<S> {
        let connection = Connection::new(Together::new(stream), self.0, mode);
        Muxer { connection, unseen: VecDeque::new(), waiting: None }
    }
}

impl UpgradeInfo for Multiplexed {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/yamux/1.0.0")
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<S> for Multiplexed {
    type Output = Muxer<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Muxer<S>>>;

    fn upgrade_inbound(self, stream: S, _: Self::Info) -> Self::Future {
        ready(Ok(self.over(stream, Mode::Server)))
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<S> for Multiplexed {
    type Output = Muxer<S>;
    type Error = io::Error;
    type Future = Ready<io::Result<Muxer<S>>>;

    fn upgrade_outbound(self, stream: S, _: Self::Info) -> Self::Future {
        ready(Ok(self.over(stream, Mode::Client)))
    }
}

/// A connection of many streams. It comes forward only while it looks for new ones, also
/// when nobody wants any: those wait here.
pub(super) struct Muxer<S> {
    connection: Connection<Together<S>>,
    unseen: VecDeque<yamux::Stream>,
    /// Who waits for one.
    waiting: Option<Waker>,
}

type Polled<T> = Poll<Result<T, ConnectionError>>;

impl<S: AsyncRead + AsyncWrite + Unpin> Muxer<S> {
    fn poll_new(&mut self, cx: &mut Context<'_>) -> Polled<yamux::Stream> {
        self.connection.poll_next_inbound(cx).map(|new| new.unwrap_or(Err(ConnectionError::Closed)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + 'static> StreamMuxer for Muxer<S> {
    type Substream = yamux::Stream;
    type Error = ConnectionError;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<yamux::Stream> {
        if let Some(stream) = self.unseen.pop_front() {
            return Poll::Ready(Ok(stream));
        }
        let new = self.poll_new(cx);
        if new.is_pending() {
            self.waiting = Some(cx.waker().clone());
        }
        new
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<yamux::Stream> {
        self.connection.poll_new_outbound(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<()> {
        self.connection.poll_close(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<StreamMuxerEvent> {
        let stream = std::task::ready!(self.poll_new(cx))?;
        if self.unseen.len() < STREAMS_UNSEEN_MAX {
            self.unseen.push_back(stream);
            self.waiting.take().into_iter().for_each(Waker::wake);
        } else {
            tracing::debug!("a stream was refused: too many wait to be looked at");
        }
        // Others have their turn before the next.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// A byte stream that flushes before it reads, and not when it is told to. Whoever uses
/// it has to read until there is nothing, as Yamux does whenever it is polled.
struct Together<S> {
    stream: S,
    has_unsent: bool,
}

impl<S> Together<S> {
    fn new(stream: S) -> Self {
        // What chose Yamux may not have been sent yet.
        Self { stream, has_unsent: true }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Together<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.has_unsent
            && let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            flushed?;
            self.has_unsent = false;
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Together<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.has_unsent = true;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use futures::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
    use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt, SubstreamBox};
    use tokio::sync::oneshot;

    use super::*;
    use crate::peer::transport::tcp::line;

    /// Brings a connection forward from now on; the first stream that it opens, or gets.
    fn first_stream(mut muxer: StreamMuxerBox, dials: bool) -> oneshot::Receiver<SubstreamBox> {
        let (sender, stream) = oneshot::channel();
        let mut sender = Some(sender);
        tokio::spawn(poll_fn(move |cx| {
            let polled = match (&sender, dials) {
                (None, _) => Poll::Pending,
                (_, true) => muxer.poll_outbound_unpin(cx),
                (_, false) => muxer.poll_inbound_unpin(cx),
            };
            if let Poll::Ready(Ok(stream)) = polled {
                drop(sender.take().map(|sender| sender.send(stream)));
            }
            muxer.poll_unpin(cx).map(drop)
        }));
        stream
    }

    async fn talk(dialling: StreamMuxerBox, listening: StreamMuxerBox) {
        let talk = exchange(dialling, listening);
        tokio::time::timeout(Duration::from_secs(60), talk).await.expect("all that was said is heard");
    }

    /// A word there, much back, and the end.
    async fn exchange(dialling: StreamMuxerBox, listening: StreamMuxerBox) {
        let (here, there) = (first_stream(dialling, true), first_stream(listening, false));
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|at| (at ^ (at >> 7)) as u8).collect();
        let mut here = here.await.unwrap();
        here.write_all(b"word").await.unwrap();
        here.flush().await.unwrap();
        let mut there = there.await.unwrap();
        let mut word = [0; 4];
        there.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"word");
        let answer = bytes.clone();
        let answering = tokio::spawn(async move {
            there.write_all(&answer).await.unwrap();
            there.close().await.unwrap();
        });
        let mut came = Vec::new();
        here.read_to_end(&mut came).await.unwrap();
        assert!(came == bytes, "{} bytes came", came.len());
        answering.await.unwrap();
    }

    #[tokio::test]
    async fn libp2p_s_own_yamux_is_understood_and_understands_and_nothing_stays_unsent() {
        // What is not flushed stays with us, as with Noise.
        let ours = |stream, mode| {
            StreamMuxerBox::new(Multiplexed::with_streams(9).over(BufWriter::with_capacity(1 << 20, stream), mode))
        };
        let (a, b) = line().await;
        talk(ours(a, Mode::Client), ours(b, Mode::Server)).await;
        let (a, b) = line().await;
        let theirs = libp2p::yamux::Config::default().upgrade_inbound(b, "/yamux/1.0.0").await.unwrap();
        talk(ours(a, Mode::Client), StreamMuxerBox::new(theirs)).await;
        let (a, b) = line().await;
        let theirs = libp2p::yamux::Config::default().upgrade_outbound(a, "/yamux/1.0.0").await.unwrap();
        talk(StreamMuxerBox::new(theirs), ours(b, Mode::Server)).await;
    }
}
