//! One stream of a connection, both directions as one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use quinn::{RecvStream, SendStream};

/// Bytes to the other end, and from it.
pub(super) struct Stream {
    sends: SendStream,
    receives: RecvStream,
    is_finished: bool,
}

impl Stream {
    pub(super) fn new(sends: SendStream, receives: RecvStream) -> Self {
        Self { sends, receives, is_finished: false }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        AsyncRead::poll_read(Pin::new(&mut self.receives), cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.sends), cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.sends), cx)
    }

    /// Says that nothing more comes from here. Closing again changes nothing.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_finished {
            return Poll::Ready(Ok(()));
        }
        let closed = std::task::ready!(AsyncWrite::poll_close(Pin::new(&mut self.sends), cx));
        self.is_finished = true;
        Poll::Ready(closed)
    }
}
