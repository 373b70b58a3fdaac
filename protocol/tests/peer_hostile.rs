//! A peer that writes whatever it likes: malformed, cut short, oversized, lying.
//! It gets an error code, memory stays flat, and the others notice nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::hostile::{Answer, Hostile, framed, lying};
use common::{Node, eventually, node};
use enprint_protocol::conversation::Conversation;
use enprint_protocol::limits::MESSAGE_STEP_TIME;
use enprint_protocol::peer::PeerRole;
use enprint_protocol::publish::{Publish, PublishReply};
use enprint_protocol::{ErrorCode, Keypair, Refusal, codec};

/// A host with a good photographer, and a bad one that is enrolled too.
async fn world() -> (Node, Node, Hostile) {
    let mut host = node(PeerRole::Host).await;
    host.answer_all();
    let ana = node(PeerRole::Photographer).await;
    ana.meet(&host).await;
    let key = Keypair::generate_ed25519();
    host.admission.admit(key.public().to_peer_id());
    let hostile = Hostile::connect(key, Publish::NAME, host.id(), host.address()).await;
    (host, ana, hostile)
}

async fn assert_well(host: &Node, ana: &Node) {
    let reply = ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    assert_eq!(reply, PublishReply::Stored);
}

/// The error code in the answer that came back.
fn code(answer: Answer) -> ErrorCode {
    let bytes = answer.unwrap();
    match codec::decode(&bytes[4..], Publish::REPLY_BYTES_MAX).unwrap() {
        PublishReply::Refused(Refusal { code, .. }) => code,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn malformed_messages_get_a_clean_error_and_harm_nobody() {
    let (host, ana, mut hostile) = world().await;
    let good = codec::encode(&common::publish_request()).unwrap();
    let mut trailing = good.clone();
    trailing.push(0);
    for (message, what) in [
        (framed(b""), "nothing"),
        (framed(b"hello"), "text"),
        (framed(&[0xff; 100]), "noise"),
        (framed(&trailing), "trailing bytes"),
        (framed(&[0x81; 1_000]), "deep nesting"),
        (framed(&[0xbf, 0xff]), "an indefinite map"),
        (framed(&[0xc0, 0x00]), "a tag"),
        (lying(100, &good), "cut short"),
        (good[..3].to_vec(), "less than a length"),
        (vec![], "an empty stream"),
    ] {
        assert_eq!(code(hostile.send_one(message).await), ErrorCode::Malformed, "{what}");
        assert_well(&host, &ana).await;
    }
    let answer = hostile.send_one(framed(&good)).await.unwrap();
    let reply: PublishReply = codec::decode(&answer[4..], 1_000).unwrap();
    assert_eq!(reply, PublishReply::Stored, "and the bad one may still do better");
}

#[tokio::test]
async fn an_oversized_message_is_refused_by_its_length_alone() {
    let (host, ana, mut hostile) = world().await;
    for length in [Publish::REQUEST_BYTES_MAX as u32 + 1, u32::MAX] {
        assert_eq!(code(hostile.send_one(lying(length, &[0; 1_000])).await), ErrorCode::TooLarge);
    }
    assert_well(&host, &ana).await;
}

#[tokio::test]
async fn a_message_of_a_million_values_is_refused() {
    let (host, ana, mut hostile) = world().await;
    let mut body = vec![0x9a, 0x00, 0x10, 0x00, 0x00];
    body.extend(std::iter::repeat_n(0xa0, 1 << 20));
    assert_eq!(code(hostile.send_one(framed(&body)).await), ErrorCode::TooLarge);
    assert_well(&host, &ana).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn lying_lengths_cost_no_memory() {
    let (host, ana, mut hostile) = world().await;
    let length = Publish::REQUEST_BYTES_MAX as u32;
    let before = common::memory("VmRSS");
    let lies = vec![lying(length, &[0; 10]); 50];
    for answer in hostile.send(lies).await {
        assert_eq!(code(answer), ErrorCode::Malformed);
    }
    let grown = common::memory("VmRSS").saturating_sub(before);
    assert!(grown < 64 << 20, "grew by {grown} bytes");
    assert_well(&host, &ana).await;
}

#[tokio::test]
async fn a_strangers_batch_is_refused_unread() {
    let (host, ana, _) = world().await;
    let key = Keypair::generate_ed25519();
    let mut stranger = Hostile::connect(key, Publish::NAME, host.id(), host.address()).await;
    let before = host.client.wire().received_bytes;
    let batch = framed(&vec![0; 4 << 20]);
    let error = stranger.send_one(batch).await.unwrap_err();
    assert!(error.contains("closed") || error.contains("reset"), "{error}");
    let read = host.client.wire().received_bytes - before;
    assert!(read < 1 << 20, "{read} bytes of a stranger were taken in");
    assert_well(&host, &ana).await;
}

#[tokio::test]
async fn one_enrolled_peer_whose_batches_never_end_keeps_nobody_from_publishing() {
    let (host, ana, hostile) = world().await;
    let began = host.client.wire().received_bytes;
    let stalled = 40;
    let batches = vec![lying(Publish::REQUEST_BYTES_MAX as u32, &[0; 1_000]); stalled];
    let hostile = hostile.stall(batches);
    eventually("all have begun", || host.client.wire().received_bytes - began > 1_000 * stalled as u64).await;
    // Less than the time for which a message may stand still.
    let published = tokio::time::timeout(MESSAGE_STEP_TIME * 2 / 3, assert_well(&host, &ana)).await;
    assert!(published.is_ok(), "a good photographer waits for room that a bad one has announced");
    hostile.abort();
}
