//! QUIC a moment behind TCP, where there is a choice. TCP moves ranges with two thirds of
//! the work and fewer bytes (MEASURED.md). But where this system does not let TCP find its pace
//! by the line's rate, QUIC does on any line that may lose packets: 0.91 of it where TCP
//! uses 0.1 (benches/RESULTS.md). A hole is punched without that delay.

use std::time::Duration;

use futures::FutureExt;
use libp2p::Multiaddr;
use libp2p::core::Endpoint;

use super::calls::Calls;
use super::waits::{Call, Rule};
use crate::limits::{QUIC_BEHIND_TCP, QUIC_BEHIND_TCP_NEARBY};
use crate::peer::reach::{ip_of, is_near};

/// How QUIC calls a moment later than it is told where TCP goes first.
pub(super) struct Behind {
    /// Whether TCP finds its pace by the line's rate here.
    has_pace: bool,
    calls: Calls,
}

impl Behind {
    /// Behind TCP, where that is better: if TCP `has_pace`. Its `calls` are told while they are
    /// on their way.
    pub(super) fn tcp(calls: Calls, has_pace: bool) -> Self {
        Self { has_pace, calls }
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

impl Rule for Behind {
    fn applied<T, E>(&self, to: &Multiaddr, role: Endpoint, call: Call<T, E>) -> Call<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let wait = self.wait(to).filter(|_| role == Endpoint::Dialer);
        let is_on_its_way = self.calls.begin(to);
        let later = async move {
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
            let called = call.await;
            drop(is_on_its_way);
            called
        };
        later.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_goes_first_unless_it_finds_no_pace_on_a_line_that_may_lose_packets() {
        let wait = |has_pace, address: &str| Behind::tcp(Calls::default(), has_pace).wait(&address.parse().unwrap());
        for far in ["/ip4/198.51.100.2/udp/4041/quic-v1", "/ip6/2001:db8::2/udp/4041/quic-v1"] {
            assert_eq!((wait(true, far), wait(false, far)), (Some(QUIC_BEHIND_TCP), None));
        }
        for has_pace in [true, false] {
            assert_eq!(wait(has_pace, "/ip4/192.168.1.2/udp/4041/quic-v1"), Some(QUIC_BEHIND_TCP_NEARBY));
        }
    }
}
