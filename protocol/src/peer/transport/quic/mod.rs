//! QUIC as libp2p speaks it (`/quic-v1`), over quinn. It is our own because the sender
//! chooses the pace, and libp2p's QUIC leaves no choice: with 0.5 % of packets lost,
//! cubic uses 0.05 of a line of which ours uses nearly all (benches/RESULTS.md), and QUIC
//! is often the only way that leads out of a home.
//!
//! | file | owns |
//! |---|---|
//! | `settings` | certificate, windows |
//! | `pace` | how much a sender keeps under way |
//! | `sockets`, `address` | UDP ports of ours; where others are |
//! | `dialling` | the transport: listeners, dials, which port a dial leaves by |
//! | `listener` | one port: its addresses, who calls at it |
//! | `handshakes` | how many may be under way, and what has to come of one |
//! | `punch` | being called through a router that lets nobody in |
//! | `connection`, `stream` | what comes of a handshake |
//!
//! Bytes are counted by the payload of streams: QUIC's own framing is inside the
//! datagrams, which are not seen here.

mod address;
mod connection;
mod dialling;
mod handshakes;
mod listener;
mod pace;
mod punch;
mod settings;
mod sockets;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use settings::Settings;

use std::io;
use std::sync::Arc;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::Boxed;
use libp2p::{PeerId, Transport};
use thiserror::Error;

use super::behind::Behind;
use super::counted::CountedMuxer;
use super::waits::Waits;
use crate::peer::admission::Admission;
use crate::peer::wire_count::WireTotals;
use dialling::Quic;

/// QUIC `behind` TCP, which adds what it carries to `totals`. Whom `admission` knows may have more under
/// way than a stranger.
pub(super) fn counted(
    settings: Settings,
    admission: Admission,
    totals: Arc<WireTotals>,
    behind: Behind,
) -> Boxed<(PeerId, StreamMuxerBox)> {
    Waits::new(Quic::new(settings, admission), behind)
        .map(move |(peer, connection), _| (peer, StreamMuxerBox::new(CountedMuxer::new(connection, totals))))
        .boxed()
}

/// Why a connection didn't come about, or ended.
#[derive(Debug, Error)]
enum QuicError {
    #[error("The socket failed: {0}")]
    Socket(#[from] io::Error),
    #[error("The address can't be called: {0}")]
    Uncallable(#[from] quinn::ConnectError),
    #[error("The connection ended: {0}")]
    Ended(#[from] quinn::ConnectionError),
    #[error("The other peer took too long to connect; it may be switched off or out of reach.")]
    TooSlow,
    #[error("The other peer did not prove its key.")]
    Unproven,
    #[error("The peer at that address is {found}, not {expected}.")]
    WrongPeer { expected: PeerId, found: PeerId },
    #[error("A call from there is awaited already, or too many are.")]
    AwaitedAlready,
}
