//! Every conversation, spoken by peers that keep to no rule: strangers, and enrolled ones
//! gone bad. What they send is refused with a code and counted; who goes on is shown out;
//! memory stays flat, and the others notice nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::hostile::{Answer, Hostile, framed, lying};
use common::{Node, eventually, node, node_with};
use enprint_protocol::conversation::Conversation;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::home::Pair;
use enprint_protocol::limits::FLAWS_SAVED;
use enprint_protocol::order::Deliver;
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::peer::PeerRole;
use enprint_protocol::print_job::OfferJob;
use enprint_protocol::publish::Publish;
use enprint_protocol::replica::Follow;
use enprint_protocol::status::Report;
use enprint_protocol::{ErrorCode, Keypair, Refusal, codec};
use serde::Deserialize;

/// What the table knows of a conversation.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    answered_by: PeerRole,
    longest: usize,
    strangers_welcome: bool,
}

fn row<C: Conversation>(answered_by: PeerRole, strangers_welcome: bool) -> Row {
    Row { name: C::NAME, answered_by, longest: C::REQUEST_BYTES_MAX, strangers_welcome }
}

fn table() -> Vec<Row> {
    vec![
        row::<Enrol>(PeerRole::Host, true),
        row::<Publish>(PeerRole::Host, false),
        row::<Report>(PeerRole::Host, false),
        row::<Deliver>(PeerRole::Photographer, false),
        row::<FetchOriginal>(PeerRole::Photographer, false),
        row::<Report>(PeerRole::Photographer, false),
        row::<OfferJob>(PeerRole::Lab, true),
        row::<Pair>(PeerRole::Photographer, true),
        row::<Follow>(PeerRole::Photographer, false),
    ]
}

/// Messages that no peer of ours sends, and the code that each gets.
fn flawed(row: Row) -> Vec<(&'static str, Vec<u8>, ErrorCode)> {
    let record = codec::encode(&common::enrol_request()).unwrap();
    let reply = codec::encode(&Refusal::uniform()).unwrap();
    let values = [&[0x9a, 0x00, 0x10, 0x00, 0x00][..], &[0xa0].repeat(row.longest.min(200_000))].concat();
    let too_many = if values.len() > row.longest { ErrorCode::TooLarge } else { ErrorCode::Malformed };
    let code = ErrorCode::Malformed;
    let mut flawed = vec![
        ("nothing", framed(b""), code),
        ("an empty stream", vec![], code),
        ("half a length", vec![0, 0], code),
        ("text", framed(b"GET / HTTP/1.1"), code),
        ("noise", framed(&[0xff; 100]), code),
        ("deep nesting", framed(&[0x81; 1_000]), code),
        ("an indefinite map", framed(&[0xbf, 0xff]), code),
        ("a message cut short", lying(900, &record), code),
        ("trailing bytes", framed(&[&record[..], &[0]].concat()), code),
        ("a reply where a request belongs", framed(&reply), code),
        ("very many values", framed(&values), too_many),
        ("one byte too many announced", lying(row.longest as u32 + 1, &[0; 100]), ErrorCode::TooLarge),
        ("four gigabytes announced", lying(u32::MAX, &[0; 100]), ErrorCode::TooLarge),
    ];
    if row.name != Enrol::NAME {
        flawed.push(("another conversation's request", framed(&record), code));
    }
    flawed
}

/// Every reply can be a refusal.
#[derive(Deserialize)]
enum Reply {
    Refused(Refusal),
}

fn code(answer: &Answer) -> Option<ErrorCode> {
    let bytes = answer.as_ref().ok().filter(|bytes| bytes.len() > 4)?;
    let Reply::Refused(refusal) = codec::decode(&bytes[4..], 1 << 20).ok()?;
    Some(refusal.code)
}

async fn victim(role: PeerRole) -> Node {
    let mut victim = node(role).await;
    victim.answer_all();
    victim
}

/// A peer that only `victim` knows.
async fn enrolled(victim: &Node, name: &'static str) -> Hostile {
    let key = Keypair::generate_ed25519();
    victim.admission.admit(key.public().to_peer_id());
    Hostile::connect(key, name, victim.id(), victim.address()).await
}

async fn stranger(victim: &Node, name: &'static str) -> Hostile {
    Hostile::connect(Keypair::generate_ed25519(), name, victim.id(), victim.address()).await
}

/// One that has done nothing is still served.
async fn assert_well(victim: &Node, row: Row) {
    let mut good = enrolled(victim, row.name).await;
    let answer = good.send_one(framed(&[0xf6])).await;
    assert_eq!(code(&answer), Some(ErrorCode::Malformed), "{}: {answer:?}", row.name);
}

#[tokio::test]
async fn an_enrolled_peer_gone_bad_is_told_what_is_wrong_and_counted_in_every_conversation() {
    for row in table() {
        let victim = victim(row.answered_by).await;
        let mut bad = enrolled(&victim, row.name).await;
        let mut sent = 0;
        for (what, message, expected) in flawed(row) {
            let answer = bad.send_one(message).await;
            assert_eq!(code(&answer), Some(expected), "{what} on {}: {answer:?}", row.name);
            sent += 1;
        }
        assert_eq!(victim.client.refused().flawed_messages, sent, "{}", row.name);
        assert_well(&victim, row).await;
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing_by_any_of_it_and_gets_no_further_than_its_door() {
    for row in table() {
        let victim = victim(row.answered_by).await;
        for (what, message, expected) in flawed(row) {
            let mut stranger = stranger(&victim, row.name).await;
            let answer = stranger.send_one(message).await;
            let refused = match row.strangers_welcome {
                true => code(&answer) == Some(expected),
                // Unread, it is refused in the one way, or its stream ends.
                false => answer.as_ref().map_or(true, Vec::is_empty) || code(&answer) == Some(ErrorCode::Refused),
            };
            assert!(refused, "{what} on {}: {answer:?}", row.name);
        }
        assert_well(&victim, row).await;
    }
}

#[tokio::test]
async fn messages_that_come_too_slowly_hold_up_nobody() {
    for row in table() {
        let mut victim = node_with(row.answered_by, |config| {
            config.limits.request_timeout_max = Duration::from_secs(10);
        })
        .await;
        victim.answer_all();
        let slow = enrolled(&victim, row.name).await;
        let slow = slow.stall(vec![vec![], vec![0], lying(900, &[0xa0; 10]), lying(1_000, &[0; 999])]);
        for _ in 0..3 {
            assert_well(&victim, row).await;
        }
        slow.abort();
    }
}

#[tokio::test]
async fn who_sends_rubbish_without_end_is_shown_out_and_not_let_in_again_at_once() {
    let row = row::<Report>(PeerRole::Host, false);
    let host = victim(PeerRole::Host).await;
    let key = Keypair::generate_ed25519();
    host.admission.admit(key.public().to_peer_id());
    let mut bad = Hostile::connect(key.clone(), row.name, host.id(), host.address()).await;
    for _ in 0..FLAWS_SAVED {
        assert_eq!(code(&bad.send_one(framed(b"no")).await), Some(ErrorCode::Malformed));
    }
    drop(bad.send_one(framed(b"no")).await);
    eventually("it is shown out", || !host.client.is_connected(&key.public().to_peer_id())).await;
    assert_eq!(host.client.refused().shown_out, 1);
    let mut again = Hostile::connect(key, row.name, host.id(), host.address()).await;
    assert!(again.send_one(framed(b"no")).await.is_err(), "it comes back within a minute");
    assert_well(&host, row).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn thousands_of_bad_messages_leave_memory_as_it_was() {
    let row = row::<Publish>(PeerRole::Host, false);
    let host = victim(PeerRole::Host).await;
    let body = framed(&[0x81; 50_000]);
    let flood = async || {
        let mut bad = enrolled(&host, row.name).await;
        for answer in bad.send(vec![body.clone(); FLAWS_SAVED as usize]).await {
            assert_eq!(code(&answer), Some(ErrorCode::Malformed));
        }
    };
    flood().await;
    let before = common::memory("VmRSS");
    for _ in 0..10 {
        flood().await;
    }
    let grown = common::memory("VmRSS").saturating_sub(before);
    assert!(grown < 16 << 20, "grew by {grown} bytes over {} messages", 10 * FLAWS_SAVED);
}
