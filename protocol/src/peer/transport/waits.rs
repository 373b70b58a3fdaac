//! A transport whose calls wait, each by a rule: the one place that passes a transport
//! through. The rules stand in `ahead` and `behind`.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use libp2p::core::Endpoint;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::{Multiaddr, Transport};

/// A call on its way.
pub(super) type Call<T, E> = BoxFuture<'static, Result<T, E>>;

/// What a call waits for: before it begins, or before it counts as answered.
pub(super) trait Rule {
    /// The call `to` an address, with what it waits for.
    fn applied<T, E>(&self, to: &Multiaddr, role: Endpoint, call: Call<T, E>) -> Call<T, E>
    where
        T: Send + 'static,
        E: Send + 'static;
}

/// A transport with the rule for its calls.
pub(super) struct Waits<T, R> {
    inner: T,
    rule: R,
}

impl<T, R> Waits<T, R> {
    pub(super) fn new(inner: T, rule: R) -> Self {
        Self { inner, rule }
    }
}

impl<T, R> Transport for Waits<T, R>
where
    T: Transport + Unpin,
    T::Output: Send + 'static,
    T::Error: Send + 'static,
    T::Dial: Send + 'static,
    R: Rule + Unpin,
{
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = Call<T::Output, T::Error>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<Self::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, how: DialOpts) -> Result<Self::Dial, TransportError<Self::Error>> {
        let call = self.inner.dial(address.clone(), how)?;
        Ok(self.rule.applied(&address, how.role, call.boxed()))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx)
    }
}
