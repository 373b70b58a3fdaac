//! Handshakes: how many of them callers may have under way, and what must have come of
//! one before it is a connection. Each costs memory and two signatures, and whoever
//! begins one is not known yet: it may not even be where it says it is.

use std::sync::Arc;

use futures::future::BoxFuture;
use libp2p::{PeerId, tls};
use quinn::rustls::pki_types::CertificateDer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::QuicError;
use super::connection::Connection;
use crate::limits::CONNECT_TIMEOUT;
use crate::peer::admission::Admission;

/// A connection that is about to be.
pub(super) type Handshake = BoxFuture<'static, Result<(PeerId, Connection), QuicError>>;

/// Room for callers' handshakes, at all ports together.
pub(super) struct Handshakes {
    places: Arc<Semaphore>,
    /// With fewer places left, callers have to prove where they are.
    trusting_from: usize,
}

/// What becomes of a caller.
pub(super) enum Turn {
    /// It may begin, and keeps this until it is done.
    Begin(OwnedSemaphorePermit),
    /// It has to send back what is sent to its address, and call again.
    Prove,
    /// There are too many.
    Refuse,
}

impl Handshakes {
    /// Room for `max` at one time, `unproven_max` of them from where they may not be.
    pub(super) fn new(max: usize, unproven_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(max)), trusting_from: max.saturating_sub(unproven_max) }
    }

    /// What becomes of a caller whose address is proven, or not.
    pub(super) fn turn(&self, is_proven: bool) -> Turn {
        let must_prove = self.places.available_permits() <= self.trusting_from && !is_proven;
        match self.places.clone().try_acquire_owned() {
            Err(_) => Turn::Refuse,
            Ok(_) if must_prove => Turn::Prove,
            Ok(place) => Turn::Begin(place),
        }
    }
}

/// Waits until both ends have proven their keys. The other must be `expected`, if it is
/// said who that is.
pub(super) async fn finish(
    connecting: quinn::Connecting,
    expected: Option<PeerId>,
    admission: Admission,
) -> Result<(PeerId, Connection), QuicError> {
    let connection = timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| QuicError::TooSlow)??;
    let found = peer_of(&connection).ok_or(QuicError::Unproven)?;
    check(expected, found)?;
    Ok((found, Connection::new(connection, found, admission)))
}

/// Whether `found` is who was `expected`, if it is said who that is.
pub(super) fn check(expected: Option<PeerId>, found: PeerId) -> Result<(), QuicError> {
    match expected {
        Some(expected) if expected != found => Err(QuicError::WrongPeer { expected, found }),
        _ => Ok(()),
    }
}

/// Who signed the certificate that the other end has shown, and has the key of.
fn peer_of(connection: &quinn::Connection) -> Option<PeerId> {
    let shown = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    Some(tls::certificate::parse(shown.first()?).ok()?.peer_id())
}
