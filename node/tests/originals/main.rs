//! No sequence of messages makes a node send an original that it did not offer: random
//! histories of orders, payments, offers, withdrawals, receipts and requests, by those
//! whose they are and by everybody else, against a model of who may have what.
//!
//! `ENPRINT_HISTORIES` says how many are tried, `ENPRINT_HISTORY_SEED` which is the first.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod model;
mod people;
mod png;
#[allow(dead_code, reason = "the lab's tests use the rest of it")]
#[path = "../lab/waiting.rs"]
mod waiting;

use model::History;

/// Histories of one run, and what happens in each: some thousand requests in all.
const HISTORIES: u64 = 4;
const STEPS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sequence_of_messages_makes_a_node_send_an_original_that_it_did_not_offer() {
    let from_environment = |name| std::env::var(name).ok().and_then(|given| given.parse::<u64>().ok());
    let first = from_environment("ENPRINT_HISTORY_SEED").unwrap_or(1);
    let count = from_environment("ENPRINT_HISTORIES").unwrap_or(HISTORIES);
    let (mut granted, mut refused) = (0, 0);
    for seed in first..first + count {
        let mut history = History::begin(seed).await;
        for _ in 0..STEPS {
            history.step().await;
        }
        history.everybody_asks_for_everything().await;
        history.custody_is_as_it_was_sent().await;
        granted += history.granted;
        refused += history.refused;
    }
    assert!(granted > 20 * count && refused > 100 * count, "{granted} granted, {refused} refused: too few to tell");
}
