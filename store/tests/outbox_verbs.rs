//! The outbox's verbs, on both engines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use std::time::Duration;

use enprint_store::ledger::outbox::Backlog;
use enprint_store::ledger::{Ledger, Parcel, outbox};
use enprint_store::{StoreError, limits};
use ledger_support::{Bench, OUTBOX, parcel, put, waiting};

on_both_engines!(
    a_parcel_put_twice_waits_once,
    a_parcel_of_a_transaction_that_failed_was_never_put,
    a_parcel_goes_when_it_is_its_turn_and_time,
    attempts_that_fail_are_further_and_further_apart,
    a_refused_parcel_is_kept_with_its_reason_and_lets_others_pass,
    a_peer_that_comes_back_gets_everything_at_once,
    a_peer_that_was_left_gets_nothing_and_others_theirs,
    a_clock_that_was_set_back_makes_no_parcel_wait_for_days,
    what_is_too_big_is_refused_in_words,
    the_backlog_tells_what_waits_from_what_was_refused_and_since_when,
);

async fn due(ledger: &Ledger, now_ms: i64) -> Vec<String> {
    let due = outbox::due(&mut ledger.read(), now_ms, 100).await.unwrap();
    due.into_iter().map(|parcel| parcel.id).collect()
}

async fn settle(ledger: &Ledger, id: &str) -> bool {
    ledger.write(|tx| Box::pin(outbox::settle(tx, id))).await.unwrap()
}

async fn postpone(ledger: &Ledger, id: &str, now_ms: i64) -> Option<i64> {
    ledger.write(|tx| Box::pin(outbox::postpone(tx, id, "no answer", now_ms))).await.unwrap()
}

async fn a_peer_that_was_left_gets_nothing_and_others_theirs(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    for (id, peer) in [("a1", "ana"), ("a2", "ana"), ("b1", "bo")] {
        put(&ledger, id, peer, 5).await;
    }
    ledger.write(|tx| Box::pin(outbox::refuse(tx, "a1", "no", 6))).await.unwrap();
    assert_eq!(ledger.write(|tx| Box::pin(outbox::forget_peer(tx, "ana"))).await.unwrap(), 2);
    assert_eq!(due(&ledger, 9).await, ["b1"]);
}

async fn a_parcel_put_twice_waits_once(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    assert!(put(&ledger, "o1", "ana", 5).await);
    assert!(!put(&ledger, "o1", "ana", 9).await);
    let waiting = waiting(&ledger).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].created_ms, waiting[0].payload_bytes), (5, 13));
    let due = outbox::due(&mut ledger.read(), 5, 100).await.unwrap();
    assert_eq!(due, [parcel("o1", "ana")]);
    assert!(settle(&ledger, "o1").await);
    assert!(!settle(&ledger, "o1").await);
}

async fn a_parcel_of_a_transaction_that_failed_was_never_put(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    let mut tx = ledger.begin().await.unwrap();
    outbox::put(&mut tx, &parcel("o1", "ana"), 0).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(waiting(&ledger).await.is_empty());
}

async fn a_parcel_goes_when_it_is_its_turn_and_time(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    // Put in this order, with a clock that was set back in between.
    for (id, peer, now_ms) in [("a1", "ana", 100), ("a2", "ana", 50), ("b1", "bo", 70)] {
        put(&ledger, id, peer, now_ms).await;
    }
    assert_eq!(due(&ledger, 60).await, [""; 0], "a2 waits for a1");
    assert_eq!(due(&ledger, 70).await, ["b1"]);
    assert_eq!(due(&ledger, 100).await, ["b1", "a1"]);
    settle(&ledger, "a1").await;
    assert_eq!(due(&ledger, 100).await, ["a2", "b1"]);
    let own = &parcel("c1", "cy");
    ledger.write(|tx| Box::pin(outbox::put_due(tx, own, 100, 900))).await.unwrap();
    assert!(!due(&ledger, 899).await.contains(&"c1".into()));
    assert!(due(&ledger, 900).await.contains(&"c1".into()));
}

async fn attempts_that_fail_are_further_and_further_apart(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    put(&ledger, "o1", "ana", 0).await;
    for attempt in 1..=12 {
        let due_ms = postpone(&ledger, "o1", 1000).await.unwrap();
        let whole_ms = (1000 << (attempt - 1)).min(300_000);
        assert!((whole_ms / 2..=whole_ms).contains(&(due_ms - 1000)), "{attempt}: {due_ms}");
        assert!(due(&ledger, due_ms - 1).await.is_empty());
        assert_eq!(due(&ledger, due_ms).await, ["o1"]);
    }
    let waiting = waiting(&ledger).await;
    assert_eq!(waiting[0].attempts, 12);
    assert_eq!(waiting[0].last_error.as_deref(), Some("no answer"));
    settle(&ledger, "o1").await;
    assert_eq!(postpone(&ledger, "o1", 0).await, None);
}

async fn a_refused_parcel_is_kept_with_its_reason_and_lets_others_pass(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    put(&ledger, "o1", "ana", 0).await;
    put(&ledger, "o2", "ana", 0).await;
    let reason = &"we do not print on canvas ".repeat(1000);
    ledger.write(|tx| Box::pin(outbox::refuse(tx, "o1", reason, 3))).await.unwrap();
    assert_eq!(due(&ledger, i64::MAX).await, ["o2"]);
    let seen = &waiting(&ledger).await[0];
    assert!(seen.id == "o1" && seen.refused);
    let kept = seen.last_error.as_deref().unwrap();
    assert!(kept.starts_with("we do not print on canvas"));
    assert_eq!(kept.chars().count(), limits::REASON_CHARS_MAX);
    assert!(ledger.write(|tx| Box::pin(outbox::revive(tx, "o1", 9))).await.unwrap());
    assert!(!ledger.write(|tx| Box::pin(outbox::revive(tx, "o1", 9))).await.unwrap());
    assert_eq!(due(&ledger, 9).await, ["o1"]);
}

async fn a_peer_that_comes_back_gets_everything_at_once(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    put(&ledger, "a1", "ana", 0).await;
    put(&ledger, "b1", "bo", 0).await;
    for id in ["a1", "b1"] {
        for _ in 0..9 {
            postpone(&ledger, id, 0).await.unwrap();
        }
    }
    assert!(due(&ledger, 1000).await.is_empty());
    ledger.write(|tx| Box::pin(outbox::wake_peer(tx, "ana", 1000))).await.unwrap();
    assert_eq!(due(&ledger, 1000).await, ["a1"]);
    let after_waking = postpone(&ledger, "a1", 1000).await.unwrap();
    assert!(after_waking <= 2000, "its backoff begins anew: {after_waking}");
}

async fn a_clock_that_was_set_back_makes_no_parcel_wait_for_days(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    let day_ms = 24 * 60 * 60 * 1000;
    put(&ledger, "o1", "ana", day_ms).await;
    let due_ms = postpone(&ledger, "o1", day_ms).await.unwrap();
    let longest_ms = limits::BACKOFF_MAX.as_millis() as i64;
    assert_eq!(due(&ledger, due_ms - longest_ms).await, [""; 0], "put off by this very clock");
    assert_eq!(due(&ledger, 1000).await, ["o1"], "the clock was a day ahead");
}

async fn what_is_too_big_is_refused_in_words(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    let big = Parcel { payload: vec![0; limits::PARCEL_BYTES_MAX + 1], ..parcel("o1", "ana") };
    let long = Parcel { peer: "x".repeat(257), ..parcel("o2", "ana") };
    for parcel in [&big, &long] {
        let put: Result<bool, StoreError> = ledger.write(|tx| Box::pin(outbox::put(tx, parcel, 0))).await;
        assert!(matches!(put, Err(StoreError::ParcelTooBig { .. })), "{put:?}");
    }
    let most = Parcel { payload: vec![0; limits::PARCEL_BYTES_MAX], ..parcel("o3", "ana") };
    let most = &most;
    assert!(ledger.write(|tx| Box::pin(outbox::put(tx, most, 0))).await.unwrap());
}

#[test]
fn backoff_grows_is_capped_and_jittered() {
    let second = Duration::from_secs(1);
    let whole: Vec<_> = (1..=5).map(|attempts| outbox::backoff(attempts, 0.0)).collect();
    assert_eq!(whole, [second, second * 2, second * 4, second * 8, second * 16]);
    for attempts in [10, 64, i64::MAX] {
        assert_eq!(outbox::backoff(attempts, 0.0), Duration::from_secs(300));
        assert_eq!(outbox::backoff(attempts, 1.0), Duration::from_secs(150));
    }
    assert_eq!(outbox::backoff(0, 0.0), second);
    assert!(outbox::backoff(3, 0.25) > outbox::backoff(3, 0.75));
}

async fn the_backlog_tells_what_waits_from_what_was_refused_and_since_when(bench: Bench) {
    let ledger = bench.open(OUTBOX).await;
    assert_eq!(outbox::backlog(&ledger).await.unwrap(), Backlog::default());
    for (id, peer, now_ms) in [("a1", "ana", 10), ("a2", "ana", 20), ("b1", "bo", 30)] {
        put(&ledger, id, peer, now_ms).await;
    }
    postpone(&ledger, "b1", 40).await.unwrap();
    ledger.write(|tx| Box::pin(outbox::refuse(tx, "a1", "no", 50))).await.unwrap();
    let expected = Backlog { waiting: 2, retried: 1, refused: 1, oldest_ms: Some(20) };
    assert_eq!(outbox::backlog(&ledger).await.unwrap(), expected);
}
