//! Every conversation, spoken by peers that keep to no rule: strangers, and enrolled ones
//! gone bad. What they send is refused with a code and counted; who goes on is shown out,
//! and the others notice nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::flawed::{Row, code, enrolled, flawed, row, stranger, table, victim};
use common::hostile::{Hostile, framed, lying};
use common::{Node, eventually, node_with};
use enprint_protocol::limits::FLAWS_SAVED;
use enprint_protocol::peer::PeerRole;
use enprint_protocol::status::Report;
use enprint_protocol::{ErrorCode, Keypair};

/// How long a part of a message may take here.
const STEP: Duration = Duration::from_secs(2);

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
async fn messages_that_come_too_slowly_are_refused_and_counted_and_hold_up_nobody() {
    for row in table() {
        let mut victim = node_with(row.answered_by, |config| config.limits.message_step_time = STEP).await;
        victim.answer_all();
        // A length that never comes has the time of the whole request.
        let stalled = vec![vec![], vec![0], lying(900, &[0xa0; 10]), lying(1_000, &[0; 999])];
        let stalled = enrolled(&victim, row.name).await.stall(stalled);
        let trickling = enrolled(&victim, row.name).await.trickle(vec![lying(1_000, &[0xa0; 1_000])]);
        assert_well(&victim, row).await;
        eventually("the three that began are refused", || victim.client.refused().flawed_messages == 1 + 3).await;
        assert_well(&victim, row).await;
        stalled.abort();
        trickling.abort();
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
