//! Counts the bytes of all connections together, of TCP with Noise and Yamux framing, of
//! QUIC what its streams carry; and what the streams of each carry. Headers that only the
//! kernel sees are not counted.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};

/// Bytes that crossed: all connections of a peer since it started, or one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WireCount {
    /// Bytes handed to the kernel.
    pub sent_bytes: u64,
    /// Bytes received from the kernel.
    pub received_bytes: u64,
}

/// Running totals, of all connections or of one. Statistics: no other memory
/// depends on them, so the loosest ordering will do.
#[derive(Debug, Default)]
pub(super) struct WireTotals {
    sent: AtomicU64,
    received: AtomicU64,
}

impl WireTotals {
    #[cfg(test)]
    pub(super) fn add(&self, count: &WireCount) {
        self.sent.fetch_add(count.sent_bytes, Ordering::Relaxed);
        self.received.fetch_add(count.received_bytes, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> WireCount {
        WireCount {
            sent_bytes: self.sent.load(Ordering::Relaxed),
            received_bytes: self.received.load(Ordering::Relaxed),
        }
    }
}

/// A byte stream that adds to the totals.
pub(super) struct Counted<S> {
    stream: S,
    totals: Arc<WireTotals>,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, totals: Arc<WireTotals>) -> Self {
        Self { stream, totals }
    }

    fn sent(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = polled {
            self.totals.sent.fetch_add(count as u64, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(count)) = polled {
            self.totals.received.fetch_add(count as u64, Ordering::Relaxed);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buffer);
        self.sent(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.sent(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::{AsyncReadExt, AsyncWriteExt, Cursor};

    use super::*;

    #[test]
    fn both_directions_are_counted() {
        let totals = Arc::new(WireTotals::default());
        let mut stream = Counted::new(Cursor::new(vec![0; 10]), totals.clone());
        block_on(async {
            stream.write_all(&[1, 2, 3]).await.unwrap();
            stream.read_exact(&mut [0; 7]).await.unwrap();
        });
        assert_eq!(totals.read(), WireCount { sent_bytes: 3, received_bytes: 7 });
    }
}
