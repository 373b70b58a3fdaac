//! One conversation's connections: those that requests go over, and those apart, over which
//! a host only tries whether it can reach a peer. Such a one is gone again within seconds,
//! and while files cross a connection beside it each holds up the other. A request that
//! comes over it all the same, from an earlier version, is answered; one of ours goes over
//! it where there is no other.

use std::collections::HashMap;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::request_response::{
    Behaviour, Codec, Config, Event, InboundRequestId, OutboundRequestId, ProtocolSupport, ResponseChannel,
};
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};

use super::connection_set::ConnectionSet;

/// A request of another, of one side or the other: each counts its own.
pub(super) type InboundId = (Side, InboundRequestId);
/// A request of ours, as [`InboundId`].
pub(super) type OutboundId = (Side, OutboundRequestId);

/// Of which connections something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// Those that requests go over.
    Usual,
    /// Those that stand apart.
    Apart,
}

/// Requests and replies on both sides.
pub(super) struct Parted<C: Codec + Clone + Send + 'static> {
    usual: Behaviour<C>,
    apart: Behaviour<C>,
    /// Which connections are to stand apart, as they come up.
    marked: ConnectionSet,
    /// Those that do, with their peers.
    standing: HashMap<ConnectionId, PeerId>,
}

impl<C: Codec + Clone + Send + 'static> Parted<C> {
    pub(super) fn new(
        codec: C,
        protocol: (C::Protocol, ProtocolSupport),
        config: Config,
        marked: ConnectionSet,
    ) -> Self {
        let side = || Behaviour::with_codec(codec.clone(), [protocol.clone()], config.clone());
        Self { usual: side(), apart: side(), marked, standing: HashMap::new() }
    }

    pub(super) fn send_request(&mut self, peer: &PeerId, request: C::Request) -> OutboundId {
        let side = match !self.usual.is_connected(peer) && self.apart.is_connected(peer) {
            true => Side::Apart,
            false => Side::Usual,
        };
        (side, self.side(side).send_request(peer, request))
    }

    pub(super) fn send_response(
        &mut self,
        channel: ResponseChannel<C::Response>,
        reply: C::Response,
    ) -> Result<(), C::Response> {
        // The channel knows its connection.
        self.usual.send_response(channel, reply)
    }

    fn side(&mut self, side: Side) -> &mut Behaviour<C> {
        match side {
            Side::Usual => &mut self.usual,
            Side::Apart => &mut self.apart,
        }
    }

    fn side_of(&self, connection: ConnectionId) -> Side {
        if self.standing.contains_key(&connection) { Side::Apart } else { Side::Usual }
    }

    /// Where a connection belongs that comes up.
    fn part(&mut self, connection: ConnectionId, peer: PeerId) -> &mut Behaviour<C> {
        // Where it is the only one, what waits for a connection waits for this.
        let is_apart = self.marked.has(connection) && self.usual.is_connected(&peer);
        if is_apart {
            self.standing.insert(connection, peer);
        }
        self.side(if is_apart { Side::Apart } else { Side::Usual })
    }

    fn closed(&mut self, closed: ConnectionClosed<'_>) {
        let side = self.side_of(closed.connection_id);
        self.standing.remove(&closed.connection_id);
        let apart = self.standing.values().filter(|peer| **peer == closed.peer_id).count();
        let remaining_established = match side {
            Side::Usual => closed.remaining_established.saturating_sub(apart),
            Side::Apart => apart,
        };
        let closed = ConnectionClosed { remaining_established, ..closed };
        self.side(side).on_swarm_event(FromSwarm::ConnectionClosed(closed));
    }

    fn poll_side(&mut self, side: Side, cx: &mut Context<'_>) -> Poll<Action<C>> {
        self.side(side).poll(cx).map(|action| action.map_out(|event| (side, event)))
    }
}

type Action<C> = ToSwarm<<Parted<C> as NetworkBehaviour>::ToSwarm, THandlerInEvent<Behaviour<C>>>;

impl<C: Codec + Clone + Send + 'static> NetworkBehaviour for Parted<C> {
    type ConnectionHandler = THandler<Behaviour<C>>;
    type ToSwarm = (Side, Event<C::Request, C::Response>);

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.part(connection, peer).handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.usual.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.part(connection, peer).handle_established_outbound_connection(connection, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.closed(closed),
            FromSwarm::AddressChange(change) => {
                let side = self.side_of(change.connection_id);
                self.side(side).on_swarm_event(FromSwarm::AddressChange(change));
            }
            event => self.usual.on_swarm_event(event),
        }
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        let side = self.side_of(connection);
        self.side(side).on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.poll_side(Side::Usual, cx) {
            Poll::Pending => self.poll_side(Side::Apart, cx),
            ready => ready,
        }
    }
}
