//! Peers that meet by QUIC alone, without a swarm.

mod connections;
mod punching;
mod strangers;
mod turns;

use std::net::SocketAddr;
use std::pin::Pin;

use futures::{AsyncReadExt, AsyncWriteExt, future};
use libp2p::core::Endpoint as Role;
use libp2p::core::muxing::{StreamMuxer, StreamMuxerExt};
use libp2p::core::transport::{DialOpts, ListenerId, PortUse, TransportEvent};
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId, Transport};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::address;
use super::dialling::Quic;
use super::handshakes::Handshake;
use super::settings::Settings;
use crate::peer::admission::Admission;

/// A peer's QUIC, which listens at `at`.
struct Peer {
    quic: Quic,
    id: PeerId,
    admission: Admission,
    listener: ListenerId,
    address: Multiaddr,
}

impl Peer {
    async fn new() -> Self {
        Self::with(&Keypair::generate_ed25519(), "/ip4/127.0.0.1/udp/0/quic-v1").await
    }

    async fn with(key: &Keypair, at: &str) -> Self {
        let admission = Admission::default();
        let mut quic = Quic::new(Settings::new(key).unwrap(), admission.clone());
        let (listener, id) = (ListenerId::next(), key.public().to_peer_id());
        quic.listen_on(listener, at.parse().unwrap()).unwrap();
        let address = next(&mut quic).await.into_new_address().unwrap();
        Self { quic, id, admission, listener, address }
    }

    fn socket(&self) -> SocketAddr {
        address::parts(&self.address).unwrap().0
    }

    /// The address with the peer's id.
    fn named(&self) -> Multiaddr {
        self.address.clone().with_p2p(self.id).unwrap()
    }

    fn dial(&mut self, to: Multiaddr) -> Handshake {
        self.quic.dial(to, as_usual()).unwrap()
    }

    /// The next one who calls.
    async fn called(&mut self) -> Handshake {
        called(&mut self.quic).await
    }
}

fn as_usual() -> DialOpts {
    DialOpts { role: Role::Dialer, port_use: PortUse::Reuse }
}

fn as_listener() -> DialOpts {
    DialOpts { role: Role::Listener, port_use: PortUse::Reuse }
}

/// What a transport tells next.
async fn next<T: Transport + Unpin>(transport: &mut T) -> TransportEvent<T::ListenerUpgrade, T::Error> {
    future::poll_fn(|cx| Pin::new(&mut *transport).poll(cx)).await
}

async fn called<T: Transport + Unpin>(transport: &mut T) -> T::ListenerUpgrade {
    loop {
        if let TransportEvent::Incoming { upgrade, .. } = next(transport).await {
            return upgrade;
        }
    }
}

/// Both ends of a connection from `from` to `to`, which is at `at`.
async fn joined<A, B>(at: Multiaddr, from: &mut A, to: &mut B) -> (A::Output, B::Output)
where
    A: Transport + Unpin,
    B: Transport + Unpin,
{
    let dial = from.dial(at, as_usual()).unwrap();
    let (here, there) = future::join(dial, async { called(to).await.await }).await;
    (here.unwrap(), there.unwrap())
}

/// A range crosses from `from` to `to`, and an answer back.
async fn exchange(from: &mut (impl StreamMuxer + Unpin), to: &mut (impl StreamMuxer + Unpin)) {
    let range = vec![7; 1 << 20];
    let sends = async {
        let mut stream = Box::pin(future::poll_fn(|cx| from.poll_outbound_unpin(cx)).await.unwrap());
        stream.write_all(&range).await.unwrap();
        stream.close().await.unwrap();
        stream.close().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let receives = async {
        let mut stream = Box::pin(future::poll_fn(|cx| to.poll_inbound_unpin(cx)).await.unwrap());
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        stream.write_all(b"whole").await.unwrap();
        stream.close().await.unwrap();
        received
    };
    let (answer, received) = future::join(sends, receives).await;
    assert!(answer == b"whole" && received == range);
}

/// A line between a caller and who is called, that can be led elsewhere.
struct Line {
    address: Multiaddr,
    to: watch::Sender<SocketAddr>,
    /// Datagrams of the caller's that were passed on.
    passed: watch::Receiver<u64>,
}

impl Line {
    /// To `to`; what comes back is passed on only if the caller `hears`.
    async fn to(to: SocketAddr, hears: bool) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = address::of(socket.local_addr().unwrap());
        let (to, leads) = watch::channel(to);
        let (counts, passed) = watch::channel(0);
        tokio::spawn(async move {
            let (mut caller, mut bytes) = (None, [0; 2048]);
            while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
                let (to, caller) = (*leads.borrow(), *caller.get_or_insert(from));
                let next = if from == caller { Some(to) } else { Some(caller).filter(|_| hears) };
                if let Some(next) = next {
                    socket.send_to(&bytes[..length], next).await.unwrap();
                }
                if from == caller {
                    counts.send_modify(|count| *count += 1);
                }
            }
        });
        Self { address, to, passed }
    }

    /// Waits until so many more datagrams of the caller's have passed.
    async fn passes(&self, more: u64) {
        let mut passed = self.passed.clone();
        let until = *passed.borrow_and_update() + more;
        passed.wait_for(|count| *count >= until).await.unwrap();
    }
}
