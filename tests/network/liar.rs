//! A relay that lies about bytes: it gives places and circuits as a host does, and turns
//! a bit of what it passes on now and then, inside of the connection that it has with each.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use enprint_protocol::Keypair;
use enprint_protocol::limits::{RELAY_BULK_BYTES, RELAY_BULK_TIME};
use futures::{AsyncRead, AsyncWrite, FutureExt, StreamExt, TryFutureExt};
use libp2p::core::UpgradeInfo;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, Version};
use libp2p::swarm::{Config, Swarm};
use libp2p::{Multiaddr, PeerId, Transport, noise, relay, tcp, yamux};

use crate::served::Served;

/// Of what is passed on, a lie is told after so many bytes.
const LIES_EVERY_BYTES: u64 = 2_500_000;
/// What is written at once and is shorter is no print file.
const LONG_WRITE: usize = 1_024;

/// The relay, until it is dropped.
pub struct Liar {
    lies: Arc<Lies>,
    _served: Served,
}

/// The lies to tell, and those told.
#[derive(Default)]
struct Lies {
    wanted: u32,
    told: AtomicU32,
    passed_bytes: AtomicU64,
}

impl Liar {
    /// A relay with a host's key and address that tells so many lies, and is honest then.
    pub fn in_place_of(space: String, key: Keypair, at: Multiaddr, wanted: u32) -> Self {
        let lies = Arc::new(Lies { wanted, ..Lies::default() });
        let swarm = {
            let lies = lies.clone();
            move || swarm(&key, at, lies)
        };
        Self { lies, _served: Served::within(space, swarm, run) }
    }

    /// Lies told so far.
    pub fn told(&self) -> u32 {
        self.lies.told.load(Relaxed)
    }
}

fn swarm(key: &Keypair, at: Multiaddr, lies: Arc<Lies>) -> Swarm<relay::Behaviour> {
    let me = key.public().to_peer_id();
    let transport = tcp::tokio::Transport::new(tcp::Config::default())
        .upgrade(Version::V1Lazy)
        .authenticate(Lying { noise: noise::Config::new(key).unwrap(), lies })
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
        .boxed();
    let terms = relay::Config {
        max_circuit_bytes: RELAY_BULK_BYTES,
        max_circuit_duration: RELAY_BULK_TIME,
        ..relay::Config::default()
    };
    let mut swarm = Swarm::new(transport, relay::Behaviour::new(me, terms), me, Config::with_tokio_executor());
    swarm.listen_on(at.clone()).unwrap();
    swarm.add_external_address(at);
    swarm
}

async fn run(mut swarm: Swarm<relay::Behaviour>) {
    loop {
        swarm.select_next_some().await;
    }
}

impl Lies {
    /// Whether what is written now is to be a lie.
    fn is_due(&self) -> bool {
        let told = self.told.load(Relaxed);
        told < self.wanted && self.passed_bytes.load(Relaxed) > LIES_EVERY_BYTES * u64::from(told + 1)
    }
}

/// Noise, of whose inside the relay speaks untruly.
#[derive(Clone)]
struct Lying {
    noise: noise::Config,
    lies: Arc<Lies>,
}

type Secured<T> = Result<(PeerId, Untrue<noise::Output<T>>), noise::Error>;
type Securing<T> = Pin<Box<dyn Future<Output = Secured<T>> + Send>>;

impl UpgradeInfo for Lying {
    type Info = &'static str;
    type InfoIter = std::iter::Once<Self::Info>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.noise.protocol_info()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> InboundConnectionUpgrade<T> for Lying {
    type Output = (PeerId, Untrue<noise::Output<T>>);
    type Error = noise::Error;
    type Future = Securing<T>;

    fn upgrade_inbound(self, socket: T, info: Self::Info) -> Self::Future {
        let Self { noise, lies } = self;
        noise.upgrade_inbound(socket, info).map_ok(|(peer, inner)| (peer, Untrue { inner, lies })).boxed()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> OutboundConnectionUpgrade<T> for Lying {
    type Output = (PeerId, Untrue<noise::Output<T>>);
    type Error = noise::Error;
    type Future = Securing<T>;

    fn upgrade_outbound(self, socket: T, info: Self::Info) -> Self::Future {
        let Self { noise, lies } = self;
        noise.upgrade_outbound(socket, info).map_ok(|(peer, inner)| (peer, Untrue { inner, lies })).boxed()
    }
}

/// A connection's inside: what is written is not always what was given. Yamux writes its
/// frames' heads, of 12 bytes, apart from what they carry.
struct Untrue<T> {
    inner: T,
    lies: Arc<Lies>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Untrue<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Untrue<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        if buffer.len() < LONG_WRITE {
            return Pin::new(&mut self.inner).poll_write(cx, buffer);
        }
        let (is_lie, mut told) = (self.lies.is_due(), buffer.to_vec());
        told[0] ^= u8::from(is_lie);
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &told))?;
        self.lies.told.fetch_add(u32::from(is_lie), Relaxed);
        self.lies.passed_bytes.fetch_add(written as u64, Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}
