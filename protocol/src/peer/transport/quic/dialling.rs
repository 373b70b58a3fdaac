//! The transport: its listeners, its dials, and the port that a dial leaves by. It leaves
//! by the one we listen at, so that others learn that one, and routers open it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::FutureExt;
use libp2p::core::Endpoint as Role;
use libp2p::core::transport::{DialOpts, ListenerId, PortUse, TransportError, TransportEvent};
use libp2p::{Multiaddr, PeerId, Transport};
use quinn::Endpoint;

use super::connection::Connection;
use super::handshakes::{Handshake, Handshakes, finish};
use super::listener::{Event, Listener};
use super::punch::{Awaited, be_called};
use super::settings::Settings;
use super::{QuicError, address, sockets};
use crate::limits::{QUIC_HANDSHAKES_MAX, QUIC_PUNCH_ALONE, QUIC_UNPROVEN_MAX};
use crate::peer::admission::Admission;

/// QUIC.
pub(super) struct Quic {
    settings: Settings,
    admission: Admission,
    listeners: Vec<Listener>,
    /// Ports to dial from while there is no listener, of IPv4 and of IPv6.
    dialling: [Option<Endpoint>; 2],
    pub(super) callers: Handshakes,
    awaited: Awaited,
    /// How long a call is awaited before the other direction is tried too.
    pub(super) patience: Duration,
    closed: VecDeque<Event>,
    waker: Option<Waker>,
}

impl Quic {
    pub(super) fn new(settings: Settings, admission: Admission) -> Self {
        Self {
            settings,
            admission,
            listeners: Vec::new(),
            dialling: [None, None],
            callers: Handshakes::new(QUIC_HANDSHAKES_MAX, QUIC_UNPROVEN_MAX),
            awaited: Awaited::default(),
            patience: QUIC_PUNCH_ALONE,
            closed: VecDeque::new(),
            waker: None,
        }
    }

    fn listener_to(&self, to: SocketAddr) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.reaches(to))
    }

    /// The port by which a dial leaves.
    fn port_to(&mut self, to: SocketAddr, port_use: PortUse) -> Result<Endpoint, QuicError> {
        if port_use == PortUse::New {
            return Ok(sockets::open_to_dial(to)?);
        }
        if let Some(listener) = self.listener_to(to) {
            return Ok(listener.endpoint.clone());
        }
        let kept = &mut self.dialling[usize::from(to.is_ipv6())];
        match kept {
            Some(endpoint) => Ok(endpoint.clone()),
            None => Ok(kept.insert(sockets::open_to_dial(to)?).clone()),
        }
    }

    /// Begins when it is first polled.
    fn call(&mut self, to: SocketAddr, expected: Option<PeerId>, port_use: PortUse) -> Result<Handshake, QuicError> {
        let endpoint = self.port_to(to, port_use)?;
        let (client, admission) = (self.settings.client.clone(), self.admission.clone());
        let call = async move {
            // Peers are known by their keys. A number in place of a name sends none.
            let connecting = endpoint.connect_with(client, to, &to.ip().to_string())?;
            finish(connecting, expected, admission).await
        };
        Ok(call.boxed())
    }

    fn dial_as(&mut self, to: SocketAddr, expected: Option<PeerId>, how: DialOpts) -> Result<Handshake, QuicError> {
        let dial = self.call(to, expected, how.port_use)?;
        let socket = match (how.role, self.listener_to(to)) {
            (Role::Listener, Some(listener)) => listener.socket()?,
            _ => return Ok(dial),
        };
        let awaited = self.awaited.call(to)?;
        Ok(be_called(awaited, (socket, to), expected, self.patience, dial).boxed())
    }

    fn poll_listeners(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for index in 0..self.listeners.len() {
            let Poll::Ready(event) = self.listeners[index].poll(cx, &self.callers, &self.admission) else { continue };
            return Poll::Ready(match event {
                Some(event) => {
                    // So that one with much to tell does not silence the others.
                    self.listeners.rotate_left(index + 1);
                    event
                }
                None => self.listeners.remove(index).close(),
            });
        }
        Poll::Pending
    }

    /// The event, unless it is a call that somebody awaits.
    fn hand_over(&mut self, event: Event) -> Option<Event> {
        let TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr } = event else {
            return Some(event);
        };
        let upgrade = match address::parts(&send_back_addr) {
            Some((from, _)) => self.awaited.hand_over(from, upgrade)?,
            None => upgrade,
        };
        Some(TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr })
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Transport for Quic {
    type Output = (PeerId, Connection);
    type Error = QuicError;
    type ListenerUpgrade = Handshake;
    type Dial = Handshake;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<QuicError>> {
        let Some((at, _)) = address::parts(&address) else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        let listener = Listener::open(id, at, &self.settings);
        self.listeners.push(listener.map_err(|error| TransportError::Other(error.into()))?);
        // Dials leave by the listener's port from now on.
        self.dialling[usize::from(at.is_ipv6())] = None;
        self.wake();
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let Some(index) = self.listeners.iter().position(|listener| listener.id == id) else { return false };
        let closed = self.listeners.remove(index).close();
        self.closed.push_back(closed);
        self.wake();
        true
    }

    fn dial(&mut self, address: Multiaddr, how: DialOpts) -> Result<Self::Dial, TransportError<QuicError>> {
        let Some((to, expected)) = address::callable(&address) else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        self.dial_as(to, expected, how).map_err(TransportError::Other)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some(event) = self.closed.pop_front() {
            return Poll::Ready(event);
        }
        while let Poll::Ready(event) = self.poll_listeners(cx) {
            if let Some(event) = self.hand_over(event) {
                return Poll::Ready(event);
            }
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
