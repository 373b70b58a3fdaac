//! Identify, whose word on where this peer is seen counts only when it comes from a peer
//! that we know: anybody could fill our announcements with places where we are not.
//! What was said by one that is a stranger still is kept for as long as it is connected:
//! a host is a stranger until it has enrolled us.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, identify};

use crate::limits::OBSERVATIONS_HELD_MAX;
use crate::peer::admission::Admission;

/// Identify, listened to with care.
pub(in crate::peer) struct Observed {
    inner: identify::Behaviour,
    /// Who has identified itself last: what identify says next, it says of its word.
    observer: Option<PeerId>,
    held: Held,
}

impl Observed {
    pub(in crate::peer) fn new(config: identify::Config, admission: Admission) -> Self {
        let held = Held { admission, said: VecDeque::new() };
        Self { inner: identify::Behaviour::new(config), observer: None, held }
    }
}

/// What has been said by whom, and has not counted yet.
struct Held {
    admission: Admission,
    said: VecDeque<(PeerId, Multiaddr)>,
}

impl Held {
    fn hear(&mut self, observer: PeerId, address: Multiaddr) {
        if self.said.len() >= OBSERVATIONS_HELD_MAX {
            self.said.pop_front();
        }
        self.said.push_back((observer, address));
    }

    /// An address that counts now.
    fn next(&mut self) -> Option<Multiaddr> {
        let at = self.said.iter().position(|(observer, _)| self.admission.is_admitted(observer))?;
        self.said.remove(at).map(|(_, address)| address)
    }

    fn forget(&mut self, observer: &PeerId) {
        self.said.retain(|(said_by, _)| said_by != observer);
    }
}

impl NetworkBehaviour for Observed {
    type ConnectionHandler = THandler<identify::Behaviour>;
    type ToSwarm = identify::Event;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(closed) = &event
            && closed.remaining_established == 0
        {
            self.held.forget(&closed.peer_id);
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(address) = self.held.next() {
                return Poll::Ready(ToSwarm::NewExternalAddrCandidate(address));
            }
            match std::task::ready!(self.inner.poll(cx)) {
                ToSwarm::NewExternalAddrCandidate(address) => {
                    if let Some(observer) = self.observer {
                        self.held.hear(observer, address);
                    }
                }
                action => {
                    if let ToSwarm::GenerateEvent(identify::Event::Received { peer_id, .. }) = &action {
                        self.observer = Some(*peer_id);
                    }
                    return Poll::Ready(action);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_word_counts_once_it_is_admitted_and_not_before() {
        let (admission, host, liar) = (Admission::default(), PeerId::random(), PeerId::random());
        let mut held = Held { admission: admission.clone(), said: VecDeque::new() };
        let at = |address: &str| address.parse::<Multiaddr>().unwrap();
        held.hear(liar, at("/ip4/203.0.113.66/tcp/1"));
        held.hear(host, at("/ip4/203.0.113.5/tcp/4041"));
        assert_eq!(held.next(), None);
        admission.admit(host);
        assert_eq!(held.next(), Some(at("/ip4/203.0.113.5/tcp/4041")));
        assert_eq!(held.next(), None);
        held.forget(&liar);
        assert!(held.said.is_empty());
        for _ in 0..2 * OBSERVATIONS_HELD_MAX {
            held.hear(liar, at("/ip4/203.0.113.66/tcp/1"));
        }
        assert_eq!(held.said.len(), OBSERVATIONS_HELD_MAX);
    }
}
