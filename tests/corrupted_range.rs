//! A range that is not the original's is refused before it is written, and fetched
//! again. The photographer's node is real until it has offered the job; then a peer in
//! the test's hand takes its place, with its key and at its address.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use enprint_protocol::PeerId;
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::original::{OriginalReply, OriginalRequest};
use enprint_protocol::peer::{Incoming, PeerRole};
use enprint_protocol::status::StatusReply;
use enprint_protocol::subtree::{range_count, range_hash};
use tokio::sync::mpsc;
use world::impostor::Impostor;
use world::{World, eventually, photos, print_files};

#[tokio::test]
async fn a_corrupted_range_is_refused_and_fetched_again_and_no_verified_one_is() {
    // So slowly that the file is under way for long.
    let mut world = World::start_with(&["--upload-limit", "200 Mbit/s"]).await;
    let original = Arc::new(photos::heavy_jpeg(160 * 1024 * 1024, 21));
    let gallery = world.publish("Corrupted", &[("a.jpg", original.to_vec())]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually("some ranges are verified", || counted(&world, "verified_bytes") > 0).await;
    world.photographer.kill();
    let verified = counted(&world, "verified_bytes");
    assert!(verified < original.len() as u64, "the whole file crossed before the node was stopped");

    let lab: PeerId = world.lab.peer_id().parse().unwrap();
    let address = world.photographer.address();
    let listen = address.split("/p2p/").next().unwrap();
    let mut liar = Impostor::with_key_of(world.photographer.data(), PeerRole::Photographer, listen, lab).await;
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    tokio::spawn(serve(liar.take_incoming(), original.clone(), asked.clone()));
    liar.dials(&world.lab.address()).await;

    let folder = world.order_folder(&order).await;
    assert!(print_files(&folder) == [original.to_vec()], "the print file is not the original");
    let asked = asked.lock().unwrap();
    let twice: Vec<_> = asked.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!(twice.len(), 1, "the corrupted range, and it alone, is asked again: {twice:?}");
    assert_eq!(counted(&world, "discarded_bytes"), RANGE_BYTES);
    let fetched: u64 = asked.keys().map(|offset| RANGE_BYTES.min(original.len() as u64 - offset)).sum();
    let in_flight = 16 * RANGE_BYTES;
    assert!(fetched + verified <= original.len() as u64 + in_flight, "{fetched} bytes were asked after {verified}");
}

/// Serves the original's ranges, the first that is asked with one bit turned.
async fn serve(mut incoming: mpsc::Receiver<Incoming>, original: Arc<Vec<u8>>, asked: Arc<Mutex<BTreeMap<u64, u32>>>) {
    while let Some(request) = incoming.recv().await {
        match request {
            Incoming::FetchOriginal(fetch) => fetch.reply.send(answer(&fetch.request, &original, &asked)),
            Incoming::Report(report) => report.reply.send(StatusReply::Noted),
            _ => {}
        }
    }
}

fn answer(request: &OriginalRequest, original: &[u8], asked: &Mutex<BTreeMap<u64, u32>>) -> OriginalReply {
    let range = |offset: u64| {
        let end = (offset + RANGE_BYTES).min(original.len() as u64);
        original[offset as usize..end as usize].to_vec()
    };
    match request {
        OriginalRequest::Subtrees { .. } => {
            let length = original.len() as u64;
            let hash = |at: u64| range_hash(length, at, &range(at * RANGE_BYTES));
            let hashes: Vec<u8> = (0..range_count(length)).flat_map(hash).collect();
            OriginalReply::Subtrees(hashes.into())
        }
        OriginalRequest::Range { offset, .. } => {
            let mut asked = asked.lock().unwrap();
            let is_first = asked.is_empty();
            *asked.entry(*offset).or_default() += 1;
            let mut bytes = range(*offset);
            if is_first {
                bytes[RANGE_BYTES as usize / 2] ^= 1;
            }
            OriginalReply::Range(bytes.into())
        }
    }
}

fn counted(world: &World, what: &str) -> u64 {
    let jobs = world.lab.says(&["jobs"]);
    jobs["jobs"].as_array().unwrap().iter().filter_map(|job| job[what].as_u64()).sum()
}
