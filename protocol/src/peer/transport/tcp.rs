//! TCP at its own pace, counted.

use std::sync::Arc;

use libp2p::core::transport::Boxed;
use libp2p::{Transport, tcp};

use crate::peer::congestion;
use crate::peer::wire_count::{Counted, WireTotals};

/// A TCP connection that is counted.
pub(super) type Stream = Counted<tcp::tokio::TcpStream>;

/// TCP that adds what it carries to `totals`.
pub(super) fn counted(totals: Arc<WireTotals>) -> Boxed<Stream> {
    congestion::tcp().map(move |stream, _| Counted::new(stream, totals)).boxed()
}
