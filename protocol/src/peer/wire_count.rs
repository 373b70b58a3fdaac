//! Counts the bytes of all connections together, of TCP with Noise and Yamux framing, of
//! QUIC what its streams carry; and what the streams of each carry. Headers that only the
//! kernel sees are not counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::watched::{Watched, Watcher};

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
pub(super) type Counted<S> = Watched<S, Arc<WireTotals>>;

impl<S> Watcher<S> for Arc<WireTotals> {
    fn sent(&mut self, _: &S, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn received(&mut self, _: &S, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
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
