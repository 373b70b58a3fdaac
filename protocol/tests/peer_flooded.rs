//! Bad messages by the thousand, in every conversation and both directions: each is refused
//! with its code, the others notice nothing, and memory stays as it was.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::LazyLock;

use common::flawed::{Row, code, enrolled, flawed, table, victim};
use common::hostile::{Answerer, framed};
use common::{Node, node};
use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::home::{Pair, PairRequest};
use enprint_protocol::limits::FLAWS_SAVED;
use enprint_protocol::order::Deliver;
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::peer::{AskError, PeerRole, Spoken};
use enprint_protocol::print_job::OfferJob;
use enprint_protocol::publish::Publish;
use enprint_protocol::replica::{Follow, ReplicaRequest};
use enprint_protocol::status::Report;
use enprint_protocol::{ErrorCode, Refusal};
use tokio::sync::Mutex;

/// By how much memory may grow over thousands of messages.
const GROWTH_BYTES_MAX: u64 = 16 << 20;
/// Peers gone bad per conversation, each of which sends what it may before it is shown out.
const FLOODS: u32 = 6;
/// How often a peer is answered with each of the flawed replies.
const ROUNDS: usize = 10;

/// Both tests look at this process's memory.
static ONE_AT_A_TIME: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

async fn flood(victim: &Node, row: Row) {
    let mut bad = enrolled(victim, row.name).await;
    let body = framed(&vec![0x81; row.longest.min(50_000)]);
    for answer in bad.send(vec![body; FLAWS_SAVED as usize]).await {
        assert_eq!(code(&answer), Some(ErrorCode::Malformed), "{}: {answer:?}", row.name);
    }
}

#[tokio::test]
async fn thousands_of_bad_messages_leave_memory_as_it_was() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let mut victims = Vec::new();
    for row in table() {
        victims.push((victim(row.answered_by).await, row));
    }
    for (victim, row) in &victims {
        flood(victim, *row).await;
    }
    let (before, mut sent) = (common::memory("VmRSS"), 0);
    for _ in 0..FLOODS {
        for (victim, row) in &victims {
            flood(victim, *row).await;
            sent += FLAWS_SAVED;
        }
    }
    let grown = common::memory("VmRSS").saturating_sub(before);
    assert!(sent > 3_000, "{sent} messages");
    assert!(grown < GROWTH_BYTES_MAX, "grew by {grown} bytes over {sent} messages");
}

/// What the asker is told: the code of what is wrong, if it is the reply.
fn told(answer: Result<impl std::fmt::Debug, AskError>) -> Option<ErrorCode> {
    match answer.expect_err("it was taken for a reply") {
        AskError::Message { error, .. } => Some(Refusal::from(error).code),
        AskError::BrokenOff { .. } => None,
        other => panic!("{other:?}"),
    }
}

/// Who asks, of whom, and what; a peer gone bad answers with all that is flawed, and it
/// costs no memory and nobody else's answer.
async fn asks<C: Spoken>(asker: PeerRole, answerer: PeerRole, request: impl Fn(&Node) -> C::Request) {
    let (asker, mut good, bad) = (node(asker).await, node(answerer).await, Answerer::listen(C::NAME).await);
    good.answer_all();
    asker.meet(&good).await;
    asker.admission.admit(bad.peer_id);
    asker.client.dial(bad.peer_id, vec![bad.address.clone()]).await.unwrap();
    let longest = C::REPLY_BYTES_MAX;
    let flawed = flawed(Row { name: C::NAME, answered_by: answerer, longest, strangers_welcome: false });
    let mut before = 0;
    for round in 0..ROUNDS {
        for (what, reply, expected) in &flawed {
            bad.will_answer(reply.clone()).await;
            let answer = told(asker.client.ask::<C>(bad.peer_id, request(&asker)).await);
            // What ends too early may come whole when it is asked for again.
            let ends_early = ["an empty stream", "half a length", "a message cut short"].contains(what);
            assert_eq!(answer, (!ends_early).then_some(*expected), "{what} on {}", C::NAME);
            asker.client.ask::<C>(good.id(), request(&asker)).await.unwrap();
        }
        if round == 0 {
            before = common::memory("VmRSS");
        }
    }
    let grown = common::memory("VmRSS").saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "{} grew by {grown} bytes", C::NAME);
}

#[tokio::test]
async fn flawed_replies_are_errors_with_their_code_in_every_conversation_and_cost_no_memory() {
    use PeerRole::{Host, Lab, Photographer};
    let _alone = ONE_AT_A_TIME.lock().await;
    asks::<Enrol>(Photographer, Host, |_| common::enrol_request()).await;
    asks::<Publish>(Photographer, Host, |_| common::publish_request()).await;
    asks::<Report>(Photographer, Host, |asker| common::status_request(&asker.key)).await;
    asks::<Deliver>(Host, Photographer, |asker| common::order_request(&asker.key)).await;
    asks::<FetchOriginal>(Lab, Photographer, |_| common::range_request()).await;
    asks::<Report>(Lab, Photographer, |asker| common::status_request(&asker.key)).await;
    asks::<OfferJob>(Photographer, Lab, |asker| common::job_request(&asker.key)).await;
    asks::<Pair>(Photographer, Photographer, |_| join_request()).await;
    asks::<Follow>(Photographer, Photographer, |_| ReplicaRequest::Business).await;
}

fn join_request() -> PairRequest {
    PairRequest::Join { code: InvitationCode::random(), name: "NAS".into(), addresses: vec![] }
}
