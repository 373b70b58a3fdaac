//! TCP that leaves QUIC time for a second call where QUIC is the better way. A lost packet of
//! QUIC's first call is sent again before long; without this, TCP would be there by then,
//! and stay for as long as the connection lives.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::Endpoint;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};
use tokio::time::{Duration, Instant};

use crate::limits::{QUIC_BEHIND_TCP, TCP_BEHIND_SECOND_CALL};
use crate::peer::reach::{ip_of, is_near};

/// TCP, which pauses once it has reached a peer that QUIC should reach.
pub(super) struct Ahead<T> {
    inner: T,
    /// Whether TCP finds its pace by the line's rate here.
    has_pace: bool,
}

/// A pause on the way to a peer.
#[derive(Clone, Copy)]
struct Pause {
    has_pace: bool,
}

impl<T> Ahead<T> {
    /// `inner`, which QUIC goes behind if TCP `has_pace`, and beside if not.
    pub(super) fn quic(inner: T, has_pace: bool) -> Self {
        Self { inner, has_pace }
    }

    /// How TCP pauses on its way to this address: not within a local network, nor as the end
    /// that waits for the other's call where a hole is punched.
    fn pause(&self, address: &Multiaddr, role: Endpoint) -> Option<Pause> {
        let is_far = ip_of(address).is_some_and(|ip| !is_near(ip));
        (is_far && role == Endpoint::Dialer).then_some(Pause { has_pace: self.has_pace })
    }
}

impl Pause {
    /// How long, once TCP has `taken` so long to reach the peer, which is a round trip: on
    /// longer lines than QUIC waits for, QUIC is meant to be there first.
    fn after(self, taken: Duration) -> Option<Duration> {
        (!self.has_pace || taken > QUIC_BEHIND_TCP).then_some(TCP_BEHIND_SECOND_CALL)
    }
}

impl<T> Transport for Ahead<T>
where
    T: Transport + Unpin,
    T::Output: Send,
    T::Error: Send,
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
        let pause = self.pause(&address, how.role);
        let dial = self.inner.dial(address, how)?;
        let Some(pause) = pause else { return Ok(dial.boxed()) };
        let later = async move {
            let began = Instant::now();
            let stream = dial.await?;
            if let Some(time) = pause.after(began.elapsed()) {
                tokio::time::sleep(time).await;
            }
            Ok(stream)
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
    fn quic_has_time_for_a_second_call_where_it_is_the_better_way() {
        let long = QUIC_BEHIND_TCP * 2;
        let pause = |has_pace, taken, address: &str, role| {
            let pause = Ahead { inner: (), has_pace }.pause(&address.parse().unwrap(), role);
            pause.and_then(|pause| pause.after(taken))
        };
        let (far, near) = ("/ip4/198.51.100.2/tcp/4040", "/ip4/192.168.1.2/tcp/4040");
        let leaves_time = Some(TCP_BEHIND_SECOND_CALL);
        assert_eq!(pause(true, long, far, Endpoint::Dialer), leaves_time, "a long line");
        assert_eq!(pause(true, long / 4, far, Endpoint::Dialer), None, "a line that TCP fills");
        assert_eq!(pause(false, long / 4, far, Endpoint::Dialer), leaves_time, "TCP without a pace of its own");
        assert_eq!(pause(false, long, near, Endpoint::Dialer), None, "a local network");
        assert_eq!(pause(true, long, far, Endpoint::Listener), None, "the end that is called where a hole is punched");
    }
}
