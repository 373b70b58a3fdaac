//! One UDP port where calls are taken. At a wildcard it has the machine's addresses, as
//! they come and go.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;
use libp2p::core::transport::{ListenerId, TransportEvent};
use quinn::{Endpoint, Incoming};

use super::handshakes::{Handshake, Handshakes, Turn, finish};
use super::settings::Settings;
use super::{QuicError, address, sockets};
use crate::peer::admission::Admission;

/// What a listener tells.
pub(super) type Event = TransportEvent<Handshake, QuicError>;

/// A port where calls are taken.
pub(super) struct Listener {
    pub(super) id: ListenerId,
    pub(super) endpoint: Endpoint,
    at: SocketAddr,
    /// For bytes that are no QUIC.
    socket: UdpSocket,
    /// The address, when it is one, until it is told.
    untold: Option<SocketAddr>,
    interfaces: Option<IfWatcher>,
    calls: BoxStream<'static, Incoming>,
}

impl Listener {
    /// Listens at `at`.
    pub(super) fn open(id: ListenerId, at: SocketAddr, settings: &Settings) -> io::Result<Self> {
        let (endpoint, socket) = sockets::open(settings, at)?;
        let at = socket.local_addr()?;
        let (untold, interfaces) = match at.ip().is_unspecified() {
            true => (None, Some(IfWatcher::new()?)),
            false => (Some(at), None),
        };
        let calls = stream::unfold(endpoint.clone(), |endpoint| async {
            let call = endpoint.accept().await?;
            Some((call, endpoint))
        });
        Ok(Self { id, endpoint, at, socket, untold, interfaces, calls: calls.boxed() })
    }

    /// Whether what is sent from here can come to `to`.
    pub(super) fn reaches(&self, to: SocketAddr) -> bool {
        let ip = self.at.ip();
        self.at.is_ipv4() == to.is_ipv4() && (ip.is_unspecified() || ip.is_loopback() == to.ip().is_loopback())
    }

    /// Another handle of the socket.
    pub(super) fn socket(&self) -> io::Result<UdpSocket> {
        self.socket.try_clone()
    }

    /// Takes no more calls. Connections that are there go on.
    pub(super) fn close(self) -> Event {
        self.endpoint.set_server_config(None);
        TransportEvent::ListenerClosed { listener_id: self.id, reason: Ok(()) }
    }

    /// What has happened here; `None` when it is over.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        callers: &Handshakes,
        admission: &Admission,
    ) -> Poll<Option<Event>> {
        if let Some(at) = self.untold.take() {
            return Poll::Ready(Some(self.is_at(at)));
        }
        if let Poll::Ready(event) = self.poll_interfaces(cx) {
            return Poll::Ready(Some(event));
        }
        while let Some(call) = std::task::ready!(self.calls.poll_next_unpin(cx)) {
            if let Some(event) = self.take(call, callers, admission) {
                return Poll::Ready(Some(event));
            }
        }
        Poll::Ready(None)
    }

    fn is_at(&self, at: SocketAddr) -> Event {
        TransportEvent::NewAddress { listener_id: self.id, listen_addr: address::of(at) }
    }

    fn poll_interfaces(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            let Some(interfaces) = &mut self.interfaces else { return Poll::Pending };
            let (ip, is_up) = match std::task::ready!(interfaces.poll_if_event(cx)) {
                Ok(IfEvent::Up(net)) => (net.addr(), true),
                Ok(IfEvent::Down(net)) => (net.addr(), false),
                Err(error) => {
                    // What is listened at stays; what comes later is not noticed.
                    self.interfaces = None;
                    return Poll::Ready(TransportEvent::ListenerError { listener_id: self.id, error: error.into() });
                }
            };
            let at = SocketAddr::new(ip, self.at.port());
            if at.is_ipv4() != self.at.is_ipv4() {
                continue;
            }
            return Poll::Ready(match is_up {
                true => self.is_at(at),
                false => TransportEvent::AddressExpired { listener_id: self.id, listen_addr: address::of(at) },
            });
        }
    }

    /// Lets a caller begin, if there is room for it.
    fn take(&self, call: Incoming, callers: &Handshakes, admission: &Admission) -> Option<Event> {
        let place = match callers.turn(call.remote_address_validated()) {
            Turn::Begin(place) => place,
            Turn::Prove => {
                // One that can't be asked again is refused as it is dropped.
                drop(call.retry());
                return None;
            }
            Turn::Refuse => {
                call.refuse();
                return None;
            }
        };
        let local_ip = call.local_ip().unwrap_or(self.at.ip());
        let send_back_addr = address::of(call.remote_address());
        // What fails here was no call; quinn has answered it.
        let connecting = call.accept().ok()?;
        let admission = admission.clone();
        let upgrade = async move {
            let _place = place;
            finish(connecting, None, admission).await
        };
        Some(TransportEvent::Incoming {
            listener_id: self.id,
            upgrade: upgrade.boxed(),
            local_addr: address::of(SocketAddr::new(local_ip, self.at.port())),
            send_back_addr,
        })
    }
}
