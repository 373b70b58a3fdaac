//! TCP that leaves QUIC time for a second call where QUIC is the better way. A lost packet of
//! QUIC's first call is sent again before long; without this, TCP would be there by then,
//! and stay for as long as the connection lives. Where QUIC does not call, nobody waits.

use futures::FutureExt;
use libp2p::Multiaddr;
use libp2p::core::Endpoint;
use tokio::time::{Duration, Instant};

use super::calls::Calls;
use super::waits::{Call, Rule};
use crate::limits::{QUIC_BEHIND_TCP, TCP_BEHIND_SECOND_CALL};
use crate::peer::reach::{ip_of, is_near};

/// How TCP pauses once it has reached a peer that QUIC is calling, too.
pub(super) struct Ahead {
    /// Whether TCP finds its pace by the line's rate here.
    has_pace: bool,
    quic: Calls,
}

/// A pause on the way to a peer.
#[derive(Clone, Copy)]
struct Pause {
    has_pace: bool,
}

impl Ahead {
    /// Of `quic`, which goes behind TCP if that `has_pace`, and beside it if not.
    pub(super) fn of(quic: Calls, has_pace: bool) -> Self {
        Self { has_pace, quic }
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

impl Rule for Ahead {
    fn applied<T, E>(&self, to: &Multiaddr, role: Endpoint, call: Call<T, E>) -> Call<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let Some(pause) = self.pause(to, role) else { return call };
        let (to, quic) = (to.clone(), self.quic.clone());
        let later = async move {
            let began = Instant::now();
            let reached = call.await?;
            if let Some(time) = pause.after(began.elapsed()).filter(|_| quic.are_to(&to)) {
                tokio::time::sleep(time).await;
            }
            Ok(reached)
        };
        later.boxed()
    }
}

#[cfg(test)]
mod tests {
    use futures::future::{pending, poll_immediate, ready};
    use libp2p::PeerId;

    use super::*;
    use crate::peer::transport::behind::Behind;

    #[test]
    fn quic_has_time_for_a_second_call_where_it_is_the_better_way() {
        let long = QUIC_BEHIND_TCP * 2;
        let pause = |has_pace, taken, address: &str, role| {
            let pause = Ahead::of(Calls::default(), has_pace).pause(&address.parse().unwrap(), role);
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

    #[tokio::test]
    async fn tcp_pauses_only_while_quic_is_calling_the_same_peer() {
        let (calls, peer, other) = (Calls::default(), PeerId::random(), PeerId::random());
        let (tcp, quic) = (Ahead::of(calls.clone(), false), Behind::tcp(calls, false));
        let to = |peer, port: &str| format!("/ip4/198.51.100.2/{port}/p2p/{peer}").parse::<Multiaddr>().unwrap();
        let pauses = async |peer| {
            let call = tcp.applied(&to(peer, "tcp/4040"), Endpoint::Dialer, ready(Ok::<(), ()>(())).boxed());
            poll_immediate(call).await.is_none()
        };
        assert!(!pauses(peer).await, "no address of QUIC's is called");
        let call = quic.applied(&to(peer, "udp/4041/quic-v1"), Endpoint::Dialer, pending::<Result<(), ()>>().boxed());
        assert!(pauses(peer).await && !pauses(other).await);
        drop(call);
        assert!(!pauses(peer).await, "QUIC's call has ended");
    }
}
