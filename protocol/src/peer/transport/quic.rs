//! QUIC, counted by the payload of its streams: its own framing is inside the
//! datagrams, which are not seen here.
//!
//! Where there is a choice it lets TCP go first, which moves ranges with two thirds of
//! the work and fewer bytes (MEASURED.md). A hole is punched without that delay.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::Endpoint;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId, Transport, quic};

use super::counted::CountedMuxer;
use crate::limits::{CONNECT_TIMEOUT, QUIC_BEHIND_TCP, QUIC_IDLE_TIMEOUT, QUIC_KEEP_ALIVE, STREAMS_MAX};
use crate::peer::wire_count::WireTotals;

/// QUIC for `key` that adds what it carries to `totals`.
pub(super) fn counted(key: &Keypair, totals: Arc<WireTotals>) -> Boxed<(PeerId, StreamMuxerBox)> {
    let mut config = quic::Config::new(key);
    config.handshake_timeout = CONNECT_TIMEOUT;
    config.max_idle_timeout = u32::try_from(QUIC_IDLE_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    config.keep_alive_interval = QUIC_KEEP_ALIVE;
    config.max_concurrent_stream_limit = u32::try_from(STREAMS_MAX).unwrap_or(u32::MAX);
    Behind { inner: quic::tokio::Transport::new(config) }
        .map(move |(peer, muxer), _| (peer, StreamMuxerBox::new(CountedMuxer::new(muxer, totals.clone()))))
        .boxed()
}

/// Dials a moment later than it is told.
struct Behind<T> {
    inner: T,
}

impl<T> Transport for Behind<T>
where
    T: Transport + Unpin,
    T::Dial: Send + 'static,
{
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = BoxFuture<'static, Result<T::Output, T::Error>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, how: DialOpts) -> Result<Self::Dial, TransportError<Self::Error>> {
        let dial = self.inner.dial(address, how)?;
        if how.role == Endpoint::Listener {
            return Ok(dial.boxed());
        }
        let later = async {
            tokio::time::sleep(QUIC_BEHIND_TCP).await;
            dial.await
        };
        Ok(later.boxed())
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}
