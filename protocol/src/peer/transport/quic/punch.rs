//! Being called through a router. What a router at home has seen go out to an address, it
//! lets in from there. So, of two peers that have agreed on it, one dials as usual, and
//! the other sends a few bytes of nothing to where that call will come from.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use futures::channel::oneshot;
use libp2p::PeerId;
use tokio::time::sleep;

use super::QuicError;
use super::connection::Connection;
use super::handshakes::{Handshake, check};
use crate::limits::{QUIC_PUNCH_BYTES, QUIC_PUNCH_EVERY_MS, QUIC_PUNCHES_MAX};

/// The calls that are awaited, by where they will come from.
#[derive(Default)]
pub(super) struct Awaited {
    calls: HashMap<SocketAddr, oneshot::Sender<Handshake>>,
}

impl Awaited {
    /// Awaits a call from `from`, until the receiver is dropped.
    pub(super) fn call(&mut self, from: SocketAddr) -> Result<oneshot::Receiver<Handshake>, QuicError> {
        self.calls.retain(|_, call| !call.is_canceled());
        if self.calls.contains_key(&from) || self.calls.len() >= QUIC_PUNCHES_MAX {
            return Err(QuicError::AwaitedAlready);
        }
        let (sender, receiver) = oneshot::channel();
        self.calls.insert(from, sender);
        Ok(receiver)
    }

    /// Gives a call to who awaits it, or back.
    pub(super) fn hand_over(&mut self, from: SocketAddr, call: Handshake) -> Option<Handshake> {
        match self.calls.remove(&from) {
            Some(awaiting) => awaiting.send(call).err(),
            None => Some(call),
        }
    }
}

/// Keeps the way from `to` open until the awaited call comes. If none has come after
/// `patience`, it can't, and `dial` tries the other direction meanwhile.
pub(super) async fn be_called(
    awaited: oneshot::Receiver<Handshake>,
    (socket, to): (UdpSocket, SocketAddr),
    expected: Option<PeerId>,
    patience: Duration,
    dial: Handshake,
) -> Result<(PeerId, Connection), QuicError> {
    let dial = async {
        sleep(patience).await;
        dial.await
    };
    let call = tokio::select! {
        call = awaited => call.map_err(|_| QuicError::TooSlow)?,
        error = keep_open(&socket, to) => return Err(error.into()),
        dialled = dial => return dialled,
    };
    let (found, connection) = call.await?;
    check(expected, found)?;
    Ok((found, connection))
}

/// Ends only if the socket fails.
async fn keep_open(socket: &UdpSocket, to: SocketAddr) -> io::Error {
    loop {
        let nothing: [u8; QUIC_PUNCH_BYTES] = rand::random();
        match socket.send_to(&nothing, to) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return error,
            _ => {}
        }
        sleep(Duration::from_millis(rand::random_range(QUIC_PUNCH_EVERY_MS))).await;
    }
}
