//! Photographers that do nothing but be connected: real peers, many to a process, who keep
//! the host, say where they are on each connection, and ask for a place at its relay, as
//! nodes do. They say on stdout, twice a second, how they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use enprint_protocol::enrol::{Enrol, EnrolReply, EnrolRequest};
use enprint_protocol::peer::{self, Admission, Client, PeerConfig, PeerEvent, PeerRole, RunningPeer};
use enprint_protocol::{Keypair, Multiaddr, PeerId};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Sets up so many in a second, so that the first arrival is no storm.
const STARTED_PER_SECOND: u32 = 500;

/// How a crowd is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crowd {
    /// Connected now.
    pub connected: u64,
    /// Times that a photographer had said where it is and was answered.
    pub announced: u64,
    /// Requests that the host refused, and connections that it ended at once.
    pub refused: u64,
}

/// What its photographers count together.
#[derive(Default)]
struct Counts {
    connected: AtomicU64,
    announced: AtomicU64,
    refused: AtomicU64,
}

/// The key of the photographer of that number: the same in each process.
pub fn key(number: usize) -> Keypair {
    let mut seed = *blake3::hash(&number.to_le_bytes()).as_bytes();
    Keypair::ed25519_from_bytes(&mut seed).unwrap()
}

/// Runs the photographers of `numbers` until `stop`; `tell` hears how they are.
pub async fn run(
    numbers: std::ops::Range<usize>,
    host: PeerId,
    at: Multiaddr,
    stop: CancellationToken,
    tell: impl Fn(Crowd),
) {
    let counts = Arc::new(Counts::default());
    let starting = {
        let (counts, stop) = (Arc::clone(&counts), stop.clone());
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_secs(1) / STARTED_PER_SECOND);
            for number in numbers {
                pace.tick().await;
                let photographer = start(number, host, at.clone(), stop.clone()).await;
                tokio::spawn(follow(photographer, host, Arc::clone(&counts)));
            }
        })
    };
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    while !stop.is_cancelled() {
        tokio::select! {
            _ = tick.tick() => tell(counts.read()),
            () = stop.cancelled() => {}
        }
    }
    starting.abort();
}

impl Counts {
    fn read(&self) -> Crowd {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Crowd { connected: of(&self.connected), announced: of(&self.announced), refused: of(&self.refused) }
    }
}

async fn start(number: usize, host: PeerId, at: Multiaddr, stop: CancellationToken) -> Client {
    let config =
        PeerConfig { admission: Admission::of([host]), ..PeerConfig::new(key(number), PeerRole::Photographer) };
    let RunningPeer { client, .. } = peer::start(config, stop).await.unwrap();
    client.use_relay(host, vec![at.clone()]).await.unwrap();
    client.keep_connected(host, vec![at]).await.unwrap();
    client
}

/// What a node does at its host when nothing is to be done.
async fn follow(client: Client, host: PeerId, counts: Arc<Counts>) {
    let mut events = client.events();
    let mut announced = true;
    if client.is_connected(&host) {
        counts.connected.fetch_add(1, Ordering::Relaxed);
        announced = announce(&client, host, &counts).await;
    }
    loop {
        match events.recv().await {
            Ok(PeerEvent::Connected { peer, .. }) if peer == host => {
                counts.connected.fetch_add(1, Ordering::Relaxed);
                announced = announce(&client, host, &counts).await;
            }
            Ok(PeerEvent::Disconnected { peer }) if peer == host => {
                counts.connected.fetch_sub(1, Ordering::Relaxed);
                // Gone before it was answered: it was turned away.
                counts.refused.fetch_add(u64::from(!announced), Ordering::Relaxed);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn announce(client: &Client, host: PeerId, counts: &Counts) -> bool {
    let request = EnrolRequest::Announce { addresses: client.addresses() };
    match client.ask::<Enrol>(host, request).await {
        Ok(EnrolReply::Directory { crowd, .. }) => {
            client.one_of(host, crowd.unwrap_or_default()).await.ok();
            counts.announced.fetch_add(1, Ordering::Relaxed);
            true
        }
        Ok(_) => {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            true
        }
        Err(_) => false,
    }
}
