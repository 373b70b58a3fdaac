//! How bytes travel: DNS, TCP at its own pace, counted, then Noise and Yamux.
//!
//! Yamux's window of 256 KiB per substream grows by itself with the line, so a
//! range takes about three round trips, and 40 ranges in flight fill 1 Gbit/s at
//! 100 ms. What can be set is the number of substreams, which bounds what a peer may leave unread.

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, timeout::TransportTimeout};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, Transport, dns, noise, tcp, yamux};

use super::admission::Admission;
use super::congestion;
use super::wire_count::{Counted, WireTotals};
use crate::error::ProtocolError;
use crate::limits::{CONNECT_TIMEOUT, STRANGER_STREAMS_MAX, STREAMS_MAX};

/// A transport for `key` that adds what it carries to `totals`.
pub(super) fn build(
    key: &Keypair,
    admission: Admission,
    totals: &Arc<WireTotals>,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, ProtocolError> {
    let noise = noise::Config::new(key).map_err(|error| ProtocolError::PeerStart { reason: error.to_string() })?;
    let secured = named(totals)
        .upgrade(Version::V1Lazy)
        .authenticate(noise)
        .multiplex_ext(move |peer, _| multiplexer(admission.is_admitted(peer)))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    Ok(TransportTimeout::new(secured, CONNECT_TIMEOUT).boxed())
}

/// Fails if another program listens at `address`. libp2p lets programs share a
/// port, so that peers would be led to one of them by chance.
pub(super) fn check_free(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
        Some(Protocol::Ip6(ip)) => IpAddr::V6(ip),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

type Stream = Counted<tcp::tokio::TcpStream>;

/// TCP with names. A machine without resolver settings still reaches numbers.
fn named(totals: &Arc<WireTotals>) -> Boxed<Stream> {
    match dns::tokio::Transport::system(counted_tcp(totals.clone())) {
        Ok(named) => named.map_err(io::Error::other).boxed(),
        Err(error) => {
            tracing::warn!(%error, "names can't be looked up; only numeric addresses will work");
            counted_tcp(totals.clone())
        }
    }
}

fn counted_tcp(totals: Arc<WireTotals>) -> Boxed<Stream> {
    congestion::tcp().map(move |stream, _| Counted::new(stream, totals)).boxed()
}

fn multiplexer(admitted: bool) -> yamux::Config {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(if admitted { STREAMS_MAX } else { STRANGER_STREAMS_MAX });
    config
}
