//! A byte stream of which somebody is told what it carries: the one place that passes a
//! stream's reads and writes through. Who is told, and what for, is theirs.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};

/// Who is told what a stream carries.
pub(super) trait Watcher<S> {
    /// So many bytes were written to it.
    fn sent(&mut self, stream: &S, bytes: usize);

    /// So many bytes were read from it.
    fn received(&mut self, _stream: &S, _bytes: usize) {}
}

/// A byte stream with its watcher.
pub(super) struct Watched<S, W> {
    stream: S,
    watcher: W,
}

impl<S, W: Watcher<S>> Watched<S, W> {
    pub(super) fn new(stream: S, watcher: W) -> Self {
        Self { stream, watcher }
    }

    fn sent(&mut self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = polled {
            self.watcher.sent(&self.stream, bytes);
        }
        polled
    }
}

impl<S: AsyncRead + Unpin, W: Watcher<S> + Unpin> AsyncRead for Watched<S, W> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(bytes)) = polled {
            this.watcher.received(&this.stream, bytes);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin, W: Watcher<S> + Unpin> AsyncWrite for Watched<S, W> {
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
