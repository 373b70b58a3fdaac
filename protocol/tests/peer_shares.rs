//! What one peer takes, or one address, is missing to itself and to nobody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::flawed::{code, enrolled, row, stranger, victim};
use common::hostile::{Hostile, framed, lying};
use common::{eventually, eventually_so, node_with, publish_request};
use enprint_protocol::enrol::Enrol;
use enprint_protocol::limits::{PEERS_AT_FULL_SPEED_PER_ADDRESS, STREAMS_PER_PEER_MAX};
use enprint_protocol::peer::PeerRole;
use enprint_protocol::publish::{Publish, PublishReply};
use enprint_protocol::{ErrorCode, Keypair};

#[tokio::test]
async fn streams_of_a_peer_with_several_connections_are_bounded_and_others_have_theirs() {
    const CONNECTIONS: usize = 3;
    let (host, row) = (victim(PeerRole::Host).await, row::<Publish>(PeerRole::Host, false));
    let key = Keypair::generate_ed25519();
    host.admission.admit(key.public().to_peer_id());
    // Each is announced and never sent; on each connection fewer than it may have.
    let begun = STREAMS_PER_PEER_MAX / CONNECTIONS + 20;
    let mut stalled = Vec::new();
    for _ in 0..CONNECTIONS {
        let bad = Hostile::connect(key.clone(), row.name, host.id(), host.address()).await;
        stalled.push(bad.stall(vec![lying(100_000, &[0xa0; 10]); begun]));
    }
    eventually("some found no place", || host.client.refused().streams > 0).await;
    let mut good = enrolled(&host, row.name).await;
    let answer = good.send_one(framed(&[0xf6])).await;
    assert_eq!(code(&answer), Some(ErrorCode::Malformed), "{answer:?}");
    let same = node_with(PeerRole::Photographer, |config| config.key = key.clone()).await;
    same.dial(&host).await;
    let told = same.client.ask::<Publish>(host.id(), publish_request()).await.unwrap();
    assert!(matches!(&told, PublishReply::Refused(refusal) if refusal.is_temporary()), "{told:?}");
    stalled.iter().for_each(|bad| bad.abort());
    let asks = async || same.client.ask::<Publish>(host.id(), publish_request()).await;
    let is_stored = async || matches!(asks().await, Ok(PublishReply::Stored));
    eventually_so("its places are free again", is_stored).await;
}

#[tokio::test]
async fn strangers_of_one_address_ask_no_more_often_together_than_a_few() {
    let mut host = node_with(PeerRole::Host, |config| {
        config.limits.counts_loopback = true;
        config.limits.stranger_requests_per_second = 1;
    })
    .await;
    host.answer_all();
    let row = row::<Enrol>(PeerRole::Host, true);
    // Each asks once, which it may; those who come too late to be one burst are not the last.
    eventually_so("some were told to ask later", async || {
        let mut strangers = Vec::new();
        for _ in 0..2 * PEERS_AT_FULL_SPEED_PER_ADDRESS {
            strangers.push(stranger(&host, row.name).await);
        }
        let asking = strangers.iter_mut().map(|stranger| stranger.send_one(framed(&[0xf6])));
        libp2p::futures::future::join_all(asking).await;
        host.client.refused().busy_requests > 0
    })
    .await;
}
