//! A host that a test plays: it answers as the test says. For tests alone.

use enprint_protocol::peer::{self, Admission, Client, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A host in a test's hand.
pub(crate) struct PlayedHost {
    pub(crate) peer_id: PeerId,
    pub(crate) address: Multiaddr,
    /// The peer ends with the last of these.
    pub(crate) client: Client,
    _stop: DropGuard,
}

impl PlayedHost {
    /// A host that knows `known` and answers all by `answer`.
    pub(crate) async fn that_answers(known: PeerId, answer: impl Fn(Incoming) + Send + 'static) -> Self {
        let key = Keypair::generate_ed25519();
        let config = PeerConfig {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            admission: Admission::of([known]),
            ..PeerConfig::new(key.clone(), PeerRole::Host)
        };
        let stop = CancellationToken::new();
        let RunningPeer { client, mut incoming, .. } = peer::start(config, stop.clone()).await.unwrap();
        tokio::spawn(async move {
            while let Some(asked) = incoming.recv().await {
                answer(asked);
            }
        });
        let address = client.addresses().swap_remove(0);
        Self { peer_id: key.public().to_peer_id(), address, client, _stop: stop.drop_guard() }
    }
}
