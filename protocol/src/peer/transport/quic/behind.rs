//! Where there is a choice TCP goes first: it moves ranges with two thirds of the work
//! and fewer bytes (MEASURED.md). A hole is punched without that delay.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::Endpoint;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};

use crate::limits::QUIC_BEHIND_TCP;

/// Dials a moment later than it is told.
pub(super) struct Behind<T> {
    inner: T,
}

impl<T> Behind<T> {
    /// `inner` behind TCP.
    pub(super) fn tcp(inner: T) -> Self {
        Self { inner }
    }
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
