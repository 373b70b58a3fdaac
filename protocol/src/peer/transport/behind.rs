//! QUIC a moment behind TCP, where there is a choice. TCP moves ranges with two thirds of
//! the work and fewer bytes (MEASURED.md). But where this system does not let TCP find its pace
//! by the line's rate, QUIC does on any line that may lose packets: 0.91 of it where TCP
//! uses 0.1 (benches/RESULTS.md). A hole is punched without that delay.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::Endpoint;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};

use crate::limits::{QUIC_BEHIND_TCP, QUIC_BEHIND_TCP_NEARBY};
use crate::peer::reach::{ip_of, is_near};

/// QUIC, which dials a moment later than it is told where TCP goes first.
pub(super) struct Behind<T> {
    inner: T,
    /// Whether TCP finds its pace by the line's rate here.
    has_pace: bool,
}

impl<T> Behind<T> {
    /// `inner` behind TCP, where that is better: if TCP `has_pace`.
    pub(super) fn tcp(inner: T, has_pace: bool) -> Self {
        Self { inner, has_pace }
    }

    /// How much later than TCP. Lines within a local network lose nothing, and whoever is busy
    /// there has some time to answer by TCP. Where both go at once QUIC is there first: it
    /// takes fewer round trips.
    fn wait(&self, address: &Multiaddr) -> Option<Duration> {
        match ip_of(address).is_some_and(is_near) {
            true => Some(QUIC_BEHIND_TCP_NEARBY),
            false => self.has_pace.then_some(QUIC_BEHIND_TCP),
        }
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
        let wait = self.wait(&address).filter(|_| how.role == Endpoint::Dialer);
        let dial = self.inner.dial(address, how)?;
        let Some(wait) = wait else { return Ok(dial.boxed()) };
        let later = async move {
            tokio::time::sleep(wait).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_goes_first_unless_it_finds_no_pace_on_a_line_that_may_lose_packets() {
        let wait = |has_pace, address: &str| Behind { inner: (), has_pace }.wait(&address.parse().unwrap());
        for far in ["/ip4/198.51.100.2/udp/4041/quic-v1", "/ip6/2001:db8::2/udp/4041/quic-v1"] {
            assert_eq!((wait(true, far), wait(false, far)), (Some(QUIC_BEHIND_TCP), None));
        }
        for has_pace in [true, false] {
            assert_eq!(wait(has_pace, "/ip4/192.168.1.2/udp/4041/quic-v1"), Some(QUIC_BEHIND_TCP_NEARBY));
        }
    }
}
