//! UDP ports of ours.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::{Endpoint, TokioRuntime};
use socket2::{Domain, Protocol, Socket, Type};

use super::settings::Settings;
use crate::limits::QUIC_SOCKET_BYTES;

/// A port at `at` where calls are taken, and another handle of its socket.
pub(super) fn open(settings: &Settings, at: SocketAddr) -> io::Result<(Endpoint, UdpSocket)> {
    let socket = bound(at)?;
    let other = socket.try_clone()?;
    other.set_nonblocking(true)?;
    let server = Some(settings.server.clone());
    let config = settings.port(other.local_addr()?);
    let endpoint = Endpoint::new(config, server, socket, Arc::new(TokioRuntime))?;
    Ok((endpoint, other))
}

/// Any port from which peers like `to` are dialled, and where nobody is let in.
pub(super) fn open_to_dial(to: SocketAddr) -> io::Result<Endpoint> {
    let any = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = bound(SocketAddr::new(any, 0))?;
    Endpoint::new(Settings::passing_port(), None, socket, Arc::new(TokioRuntime))
}

/// IPv6 sockets are of IPv6 alone, so that IPv4 can have the same port.
fn bound(at: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
    if at.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // The kernel grants what it allows.
    for granted in [socket.set_recv_buffer_size(QUIC_SOCKET_BYTES), socket.set_send_buffer_size(QUIC_SOCKET_BYTES)] {
        if let Err(error) = granted {
            tracing::debug!(%error, "the kernel keeps its usual buffer for a socket");
        }
    }
    socket.bind(&at.into())?;
    Ok(socket.into())
}
