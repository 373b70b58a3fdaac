//! How bytes travel. Whatever way is dialled, a peer comes out with a multiplexed
//! connection whose other end has proven its key.
//!
//! | file | owns |
//! |---|---|
//! | `tcp` | TCP with Noise and Yamux: less work and fewer bytes than QUIC |
//! | `flow` | TCP connections that are not emptied to be measured |
//! | `quic` | QUIC at its own pace: where only UDP gets through, or TCP has no pace |
//! | `behind` | how long QUIC waits for TCP |
//! | `ahead` | how long TCP waits for QUIC's second call |
//! | `waits`, `calls` | a transport that waits by such a rule; whom QUIC is calling |
//! | `ws` | websockets, for hosts behind an HTTP proxy |
//! | `counted` | a connection whose streams are counted |
//! | `bind` | whether an address is free to listen at |
//! | `ending` | TCP connections that end though the other end is gone |
//! | `closing` | an end for connections that can't send what they have |
//! | `noise/` | who the other end is, and records that nobody else reads |
//! | `mux` | many streams on one connection, by Yamux in large pieces |
//!
//! Circuits through a relay carry Noise and Yamux as TCP does; their bytes are counted
//! where they cross the relay's own connection.

mod ahead;
mod behind;
mod bind;
mod calls;
mod closing;
mod counted;
mod ending;
mod flow;
mod mux;
mod noise;
mod quic;
mod tcp;
mod waits;
mod ws;

use std::io;
use std::sync::Arc;

use futures::future::Either;
use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, OptionalTransport, timeout::TransportTimeout};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, dns, relay};

use super::admission::Admission;
use super::watch::NewLines;
use super::wire_count::WireTotals;
use crate::error::ProtocolError;
use crate::limits::{CONNECT_TIMEOUT, STRANGER_STREAMS_MAX, STREAMS_MAX};

use ahead::Ahead;
use behind::Behind;
pub(super) use bind::{check_free, is_optional};
use calls::Calls;
use closing::Closing;
use counted::CountedMuxer;
use mux::Multiplexed;
use noise::Noise;
use waits::Waits;

/// A connection as the swarm takes it.
type Secured = Boxed<(PeerId, StreamMuxerBox)>;

/// What all transports of a peer share.
pub(super) struct Lines {
    /// To which they add what they carry.
    pub(super) totals: Arc<WireTotals>,
    /// Where each connection's streams have a count of its own.
    pub(super) new_lines: NewLines,
    /// Whether TCP finds its pace by the line's rate.
    pub(super) has_pace: bool,
}

/// All transports for `key`; `circuits` is the relay's side of them, for a peer that comes
/// by circuits.
pub(super) fn build(
    key: &Keypair,
    admission: Admission,
    lines: &Lines,
    circuits: Option<relay::client::Transport>,
) -> Result<Secured, ProtocolError> {
    let (inner, settings) = (Inner { noise: Noise::new(key)?, admission }, quic::Settings::new(key)?);
    let relayed = inner.secure(circuits.map_or_else(OptionalTransport::none, OptionalTransport::some));
    let Lines { totals, new_lines, has_pace } = lines;
    let (new_lines, has_pace) = (new_lines.clone(), *has_pace);
    let websocket = inner.secure(ws::over(named(|| tcp::counted(totals.clone(), has_pace))));
    // A name is looked up before TCP and QUIC are told from each other; websockets need
    // it unresolved, for the proxy's certificate.
    let direct = named(|| {
        let calls = Calls::default();
        let tcp = Waits::new(tcp::counted(totals.clone(), has_pace), Ahead::of(calls.clone(), has_pace));
        let tcp = inner.secure(tcp);
        let behind = Behind::tcp(calls, has_pace);
        let quic = quic::counted(settings.clone(), inner.admission.clone(), totals.clone(), behind);
        tcp.or_transport(quic).map(either).boxed()
    });
    let all = relayed.or_transport(websocket).map(either).or_transport(direct).map(either);
    // Outermost, where an address is what the swarm takes it for.
    let counted = all.map(move |(peer, muxer), end| {
        let muxer = CountedMuxer::new(muxer, new_lines.begin(peer, &end));
        (peer, StreamMuxerBox::new(muxer))
    });
    Ok(counted.boxed())
}

fn either<T, P>(output: Either<T, T>, _: P) -> T {
    match output {
        Either::Left(output) | Either::Right(output) => output,
    }
}

/// What a byte stream is upgraded with.
struct Inner {
    noise: Noise,
    admission: Admission,
}

impl Inner {
    fn secure<T>(&self, bytes: T) -> Secured
    where
        T: Transport + Send + Unpin + 'static,
        T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        T::Error: Send + Sync,
        T::Dial: Send,
        T::ListenerUpgrade: Send,
    {
        let admission = self.admission.clone();
        let secured = bytes
            .upgrade(Version::V1Lazy)
            .authenticate(self.noise.clone())
            .multiplex_ext(move |peer, _| multiplexer(admission.is_admitted(peer)))
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Closing::new(muxer))));
        TransportTimeout::new(secured, CONNECT_TIMEOUT).boxed()
    }
}

/// A transport with names. A machine without resolver settings still reaches numbers.
fn named<O: Send + 'static>(transport: impl Fn() -> Boxed<O>) -> Boxed<O> {
    match dns::tokio::Transport::system(transport()) {
        Ok(named) => named.map_err(io::Error::other).boxed(),
        Err(error) => {
            tracing::warn!(%error, "names can't be looked up; only numeric addresses will work");
            transport()
        }
    }
}

/// Yamux's window of 256 KiB per substream grows by itself with the line, so a range
/// takes about three round trips, and 40 ranges in flight fill 1 Gbit/s at 100 ms. What
/// can be set is the number of substreams, which bounds what a peer may leave unread.
fn multiplexer(admitted: bool) -> Multiplexed {
    Multiplexed::with_streams(if admitted { STREAMS_MAX } else { STRANGER_STREAMS_MAX })
}
