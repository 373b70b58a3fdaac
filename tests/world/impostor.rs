//! A peer that a test plays by hand, with a key of its own or with the key of a
//! process that was stopped.

use std::path::Path;

use enprint_protocol::peer::{self, Admission, Incoming, PeerConfig, PeerRole, RunningPeer, key_file};
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A peer in a test's hand.
pub struct Impostor {
    pub key: Keypair,
    pub peer: RunningPeer,
    /// Whom it knows.
    pub admission: Admission,
    stop: CancellationToken,
}

impl Impostor {
    /// Somebody whom nobody knows.
    pub async fn stranger(role: PeerRole) -> Self {
        Self::start(Keypair::generate_ed25519(), role, "/ip4/127.0.0.1/tcp/0", None).await
    }

    /// The peer whose data is in `data`, which must not run. It knows `known`.
    pub async fn with_key_of(data: &Path, role: PeerRole, listen: &str, known: PeerId) -> Self {
        let key = key_file::load_or_create(&data.join("peer.key")).unwrap();
        Self::start(key, role, listen, Some(known)).await
    }

    async fn start(key: Keypair, role: PeerRole, listen: &str, known: Option<PeerId>) -> Self {
        let admission = Admission::of(known);
        let config = PeerConfig {
            listen: vec![listen.parse().unwrap()],
            admission: admission.clone(),
            ..PeerConfig::new(key.clone(), role)
        };
        let stop = CancellationToken::new();
        let peer = peer::start(config, stop.clone()).await.unwrap();
        Self { key, peer, admission, stop }
    }

    /// What others ask of this peer, for the test to answer.
    pub fn take_incoming(&mut self) -> mpsc::Receiver<Incoming> {
        let (_, nobody) = mpsc::channel(1);
        std::mem::replace(&mut self.peer.incoming, nobody)
    }

    /// Connects to a process.
    pub async fn dials(&self, address: &str) -> PeerId {
        let (peer, address) = split(address);
        self.peer.client.dial(peer, vec![address]).await.unwrap();
        peer
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Splits an address with a peer id.
pub fn split(address: &str) -> (PeerId, Multiaddr) {
    let (at, peer) = address.split_once("/p2p/").unwrap();
    (peer.parse().unwrap(), at.parse().unwrap())
}
