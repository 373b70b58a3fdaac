//! TCP at its own pace, counted.

use std::sync::Arc;

use libp2p::Transport;
use libp2p::core::transport::Boxed;
#[cfg(test)]
use libp2p::tcp;

use super::ending::Ending;
use super::flow::Flow;
use crate::peer::congestion;
use crate::peer::wire_count::{Counted, WireTotals};

/// A TCP connection that is counted.
pub(super) type Stream = Counted<Flow>;

/// TCP that adds what it carries to `totals`; with its choice of a pace if it `has_pace`.
pub(super) fn counted(totals: Arc<WireTotals>, has_pace: bool) -> Boxed<Stream> {
    congestion::tcp(has_pace).map(move |stream, _| Counted::new(Flow::of(Ending::new(stream)), totals)).boxed()
}

/// Both ends of a line on this machine.
#[cfg(test)]
pub(super) async fn line() -> (tcp::tokio::TcpStream, tcp::tokio::TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dialled = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (tcp::tokio::TcpStream(dialled), tcp::tokio::TcpStream(listener.accept().await.unwrap().0))
}
