//! Ranges from one process to another, by whatever transport the address names: to see
//! what a line is used for. `ranges send ADDRESS` listens and prints where; `ranges fetch
//! ADDRESS COUNT DEPTH` asks there for COUNT ranges of 1 MiB, DEPTH at a time, and prints
//! how fast they came.

#![allow(clippy::unwrap_used, reason = "an example ends with what went wrong")]

use std::time::Instant;

use enprint_protocol::ids::{ContentHash, JobId};
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::peer::{self, Incoming, PeerConfig, PeerRole, RunningPeer};
use enprint_protocol::{Keypair, Multiaddr};
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["send", address] => send(address.parse().unwrap()).await,
        ["fetch", address, count, depth] => {
            fetch(address.parse().unwrap(), count.parse().unwrap(), depth.parse().unwrap()).await;
        }
        _ => println!("ranges send ADDRESS, or ranges fetch ADDRESS COUNT DEPTH"),
    }
}

/// Both ends' keys are known to both: this is about lines.
fn key(end: u8) -> Keypair {
    Keypair::ed25519_from_bytes([end; 32]).unwrap()
}

async fn start(end: u8, role: PeerRole, listen: Vec<Multiaddr>) -> RunningPeer {
    let mut config = PeerConfig::new(key(end), role);
    config.listen = listen;
    config.admission.admit(key(3 - end).public().to_peer_id());
    peer::start(config, CancellationToken::new()).await.unwrap()
}

async fn send(listen: Multiaddr) {
    let mut peer = start(1, PeerRole::Photographer, vec![listen]).await;
    println!("{}", peer.client.listeners()[0]);
    while let Some(asked) = peer.incoming.recv().await {
        if let Incoming::FetchOriginal(asked) = asked {
            asked.reply.send(OriginalReply::Range(vec![0xa5; 1 << 20].into()));
        }
    }
}

async fn fetch(from: Multiaddr, count: usize, depth: usize) {
    let (peer, sender) = (start(2, PeerRole::Lab, vec![]).await, key(1).public().to_peer_id());
    peer.client.dial(sender, vec![from]).await.unwrap();
    let begun = Instant::now();
    let ranges = stream::iter(0..count).map(|number| {
        let job_id = JobId::random();
        let wanted = OriginalRequest::Range { job_id, root: ContentHash::of(b"a"), offset: (number as u64) << 20 };
        peer.client.ask::<FetchOriginal>(sender, wanted)
    });
    let came: Vec<_> = ranges.buffer_unordered(depth).collect().await;
    let seconds = begun.elapsed().as_secs_f64();
    let whole = came.iter().filter(|came| came.is_ok()).count();
    println!("{whole} of {count} ranges, {depth} at a time: {:.2} MB/s", whole as f64 * 1.048_576 / seconds);
    if let Some(error) = came.into_iter().find_map(Result::err) {
        println!("the first that did not come: {error}");
    }
}
