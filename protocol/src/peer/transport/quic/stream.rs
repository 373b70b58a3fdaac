//! One stream of a connection, both directions as one. What is long goes behind what is
//! short, and of long ones the one that began first goes first: then the first range is whole
//! after a range's time and the next is asked for, where all in turn would be whole at once
//! and the line empty until the next ones are asked for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use quinn::{RecvStream, SendStream};

use crate::limits::QUIC_SHORT_BYTES;

/// Bytes to the other end, and from it.
pub(super) struct Stream {
    sends: SendStream,
    receives: RecvStream,
    is_finished: bool,
    sent_bytes: usize,
    turns: Turns,
}

/// Whose turn it is among a connection's long streams.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<AtomicI32>);

impl Turns {
    /// Behind all that have one; what is short has zero.
    fn next(&self) -> i32 {
        self.0.fetch_sub(1, Ordering::Relaxed).saturating_sub(1)
    }
}

impl Stream {
    pub(super) fn new(sends: SendStream, receives: RecvStream, turns: Turns) -> Self {
        Self { sends, receives, is_finished: false, sent_bytes: 0, turns }
    }

    /// It is the last of the long ones from when it is one.
    fn note_sent(&mut self, bytes: usize) {
        let was_short = self.sent_bytes <= QUIC_SHORT_BYTES;
        self.sent_bytes = self.sent_bytes.saturating_add(bytes);
        if was_short && self.sent_bytes > QUIC_SHORT_BYTES {
            // A stream that has ended has no turn.
            drop(self.sends.set_priority(self.turns.next()));
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        AsyncRead::poll_read(Pin::new(&mut self.receives), cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let sent = std::task::ready!(AsyncWrite::poll_write(Pin::new(&mut self.sends), cx, buffer));
        if let Ok(bytes) = sent {
            self.note_sent(bytes);
        }
        Poll::Ready(sent)
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
