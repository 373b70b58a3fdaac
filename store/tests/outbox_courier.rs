//! The courier delivers everything, once, in order, whatever its peers do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests end by them

mod ledger_support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use enprint_store::StoreError;
use enprint_store::ledger::{Clock, Courier, Delivery, SystemClock};
use enprint_store::limits::COURIER_LOOK;
use ledger_support::peers::{AtWork, Manners, Peers};
use ledger_support::{Bench, HandClock, OUTBOX, eventually, put, waiting};
use tokio_util::sync::CancellationToken;

on_both_engines!(
    parcels_of_one_peer_arrive_in_order_one_at_a_time,
    a_put_is_delivered_without_waiting_for_the_next_look,
    dead_peers_do_not_hold_up_the_living,
    a_failed_delivery_is_tried_again_later_and_later,
    two_couriers_on_one_database_deliver_once,
    a_dead_couriers_lease_expires_and_another_takes_over,
    a_dead_courier_whose_clock_was_days_ahead_blocks_nobody,
    a_clock_set_back_by_a_day_delays_no_delivery,
    a_long_delivery_keeps_its_lease_and_a_lost_lease_ends_it,
    a_refused_parcel_is_shown_and_the_next_one_goes,
    a_deliverer_may_settle_in_its_own_transaction,
    a_peer_out_of_reach_waits_uncounted_until_it_is_woken,
    a_deliverer_that_panics_is_an_attempt_that_failed,
    a_delivery_over_its_deadline_is_an_attempt_that_failed,
    a_stop_lets_the_delivery_on_the_way_finish,
);

async fn start(bench: &Bench) -> (AtWork, Arc<Peers>) {
    let peers = Arc::new(Peers::default());
    (AtWork::start(bench, "one", &peers, &HandClock::default()).await, peers)
}

async fn parcels_of_one_peer_arrive_in_order_one_at_a_time(bench: Bench) {
    let (work, peers) = start(&bench).await;
    for number in 0..20 {
        for peer in ["ana", "bo", "cy"] {
            put(&work.ledger, &format!("{peer}-{number:02}"), peer, 0).await;
        }
    }
    work.until_empty().await;
    assert_eq!(peers.arrived().len(), 60);
    for peer in ["ana", "bo", "cy"] {
        let ids: Vec<_> = peers.arrived().into_iter().filter(|(p, _)| p == peer).map(|(_, id)| id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
    }
    assert!(!*peers.overlapped.lock().unwrap());
    work.stop().await;
}

async fn a_put_is_delivered_without_waiting_for_the_next_look(bench: Bench) {
    let (work, peers) = start(&bench).await;
    put(&work.ledger, "first", "ana", 0).await;
    peers.wait_for_arrivals(1).await; // the look at the start is over by now
    // Each would wait for a whole time between two looks; a busy disk may keep one so long.
    let mut fastest = Duration::MAX;
    for number in 2..=4 {
        let began = Instant::now();
        put(&work.ledger, &format!("number {number}"), "ana", 0).await;
        peers.wait_for_arrivals(number).await;
        fastest = fastest.min(began.elapsed());
    }
    assert!(fastest < COURIER_LOOK / 2, "{fastest:?}");
    work.stop().await;
}

/// More dead peers than the courier has places; each attempt with one takes for ever.
async fn dead_peers_do_not_hold_up_the_living(bench: Bench) {
    let (clock, peers) = (HandClock::default(), Arc::new(Peers::default()));
    let ledger = bench.open(OUTBOX).await;
    let courier = Courier::new(ledger.clone(), "one", peers.clone());
    let work = AtWork::run(ledger, courier.with_clock(Arc::new(clock.clone())), &clock);
    let dead: Vec<_> = (0..40).map(|number| format!("dead-{number:02}")).collect();
    for peer in &dead {
        peers.give(peer, Manners::Answer(Delivery::TryLater("no route".into())));
        put(&work.ledger, &format!("for {peer}"), peer, 0).await;
    }
    eventually("the first attempts", || async {
        waiting(&work.ledger).await.iter().all(|parcel| parcel.attempts == 1)
    })
    .await;
    let never = CancellationToken::new();
    for peer in &dead {
        peers.give(peer, Manners::TakesUntil(never.clone()));
    }
    clock.advance(2_000);
    work.courier.wake();
    eventually("second attempts on the way", || async {
        dead.iter().filter(|peer| peers.attempts(&format!("for {peer}")) == 2).count() >= 16
    })
    .await;
    put(&work.ledger, "a1", "ana", work_now(&work)).await;
    peers.wait_for_arrivals(1).await;
    assert_eq!(peers.arrived()[0].1, "a1");
    never.cancel();
    work.until_empty().await;
    work.stop().await;
}

fn work_now(work: &AtWork) -> i64 {
    enprint_store::ledger::Clock::now_ms(&work.clock)
}

async fn a_failed_delivery_is_tried_again_later_and_later(bench: Bench) {
    let (work, peers) = start(&bench).await;
    peers.give("ana", Manners::Answer(Delivery::TryLater("no route".into())));
    put(&work.ledger, "a1", "ana", 0).await;
    let mut waits = Vec::new();
    for attempt in 1..=6 {
        eventually("the attempt's record", || async { waiting(&work.ledger).await[0].attempts == attempt }).await;
        let seen = &waiting(&work.ledger).await[0];
        assert_eq!(seen.last_error.as_deref(), Some("no route"));
        let wait_ms = seen.due_ms - work_now(&work);
        waits.push(wait_ms);
        // A moment before it is due nothing happens, not even when asked to look.
        work.clock.advance(wait_ms - 1);
        work.courier.wake();
        put(&work.ledger, &format!("b{attempt}"), "bo", 0).await;
        peers.wait_for_arrivals(usize::try_from(attempt).unwrap()).await;
        assert_eq!(peers.attempts("a1") as i64, attempt);
        work.clock.advance(1);
        work.courier.wake();
    }
    assert!(waits[5] > waits[0] * 8, "{waits:?}");
    work.stop().await;
}

async fn two_couriers_on_one_database_deliver_once(bench: Bench) {
    let (clock, peers) = (HandClock::default(), Arc::new(Peers::default()));
    let one = AtWork::start(&bench, "one", &peers, &clock).await;
    let two = AtWork::start(&bench, "two", &peers, &clock).await;
    for number in 0..20 {
        for peer in ["ana", "bo", "cy"] {
            put(&one.ledger, &format!("{peer}-{number:02}"), peer, 0).await;
            two.courier.wake();
        }
    }
    // A peer left by one courier in the other's favour is looked at again later.
    eventually("an empty outbox", || async {
        clock.advance(1000);
        one.courier.wake();
        two.courier.wake();
        waiting(&one.ledger).await.is_empty()
    })
    .await;
    assert_eq!(peers.arrived().len(), 60);
    assert!(peers.attempts.lock().unwrap().values().all(|attempts| *attempts == 1));
    assert!(!*peers.overlapped.lock().unwrap());
    one.stop().await;
    two.stop().await;
}

async fn a_dead_couriers_lease_expires_and_another_takes_over(bench: Bench) {
    let (clock, peers) = (HandClock::default(), Arc::new(Peers::default()));
    peers.give("ana", Manners::TakesUntil(CancellationToken::new()));
    let ledger = bench.open(OUTBOX).await;
    let courier = Courier::new(ledger.clone(), "one", peers.clone());
    let courier = courier.with_clock(Arc::new(clock.clone()));
    let one = AtWork::run(ledger, courier, &clock);
    put(&one.ledger, "a1", "ana", 0).await;
    peers.wait_for_attempts("a1", 1).await;
    one.task.abort(); // as by SIGKILL: the lease stays
    let _ = one.task.await;
    peers.busy.lock().unwrap().clear();
    peers.give("ana", Manners::Answers);

    let two = AtWork::start(&bench, "two", &peers, &clock).await;
    put(&two.ledger, "b1", "bo", 0).await;
    peers.wait_for_arrivals(1).await;
    assert_eq!(peers.attempts("a1"), 1, "the lease is still the other's");
    clock.advance(31_000);
    two.courier.wake();
    peers.wait_for_arrivals(2).await;
    assert_eq!(peers.attempts("a1"), 2);
    two.stop().await;
}

async fn a_dead_courier_whose_clock_was_days_ahead_blocks_nobody(bench: Bench) {
    let (work, peers) = start(&bench).await;
    let sql = "INSERT INTO outbox_lease (peer, owner, until_ms) VALUES ('ana', 'dead', 259200000)";
    work.ledger.execute(sql, vec![]).await.unwrap();
    put(&work.ledger, "a1", "ana", 0).await;
    peers.wait_for_arrivals(1).await;
    work.stop().await;
}

async fn a_clock_set_back_by_a_day_delays_no_delivery(bench: Bench) {
    let (work, peers) = start(&bench).await;
    work.clock.advance(86_400_000);
    peers.give("ana", Manners::Answer(Delivery::TryLater("no route".into())));
    put(&work.ledger, "a1", "ana", work_now(&work)).await;
    eventually("the first attempt's record", || async { waiting(&work.ledger).await[0].attempts == 1 }).await;
    peers.give("ana", Manners::Answers);
    work.clock.advance(-86_400_000);
    work.courier.wake();
    peers.wait_for_arrivals(1).await;
    work.stop().await;
}

async fn a_long_delivery_keeps_its_lease_and_a_lost_lease_ends_it(bench: Bench) {
    let peers = Arc::new(Peers::default());
    let ledger = bench.open(OUTBOX).await;
    let courier = Courier::new(ledger.clone(), "one", peers.clone());
    let courier = courier.with_lease(Duration::from_millis(300));
    let work = AtWork::run(ledger.clone(), courier, &HandClock::default());
    peers.give("ana", Manners::TakesUntil(CancellationToken::new()));
    put(&ledger, "a1", "ana", 0).await;
    peers.wait_for_attempts("a1", 1).await;
    let until_ms = || async {
        let sql = "SELECT until_ms FROM outbox_lease WHERE owner = 'one'";
        let row = ledger.read().fetch_optional(sql, vec![]).await.unwrap();
        row.map_or(0, |row| row.int("until_ms").unwrap())
    };
    let first = until_ms().await;
    eventually("renewals", || async { until_ms().await > first + 600 }).await;
    assert_eq!(peers.attempts("a1"), 1);

    // As when this process had been asleep and another took over.
    let until_ms = SystemClock.now_ms() + 60_000;
    let sql = "UPDATE outbox_lease SET owner = 'two', until_ms = $1";
    ledger.execute(sql, enprint_store::args![until_ms]).await.unwrap();
    eventually("the delivery's end", || async { peers.dropped("a1") }).await;
    assert_eq!(waiting(&ledger).await.len(), 1);
    work.stop().await;
}

async fn a_refused_parcel_is_shown_and_the_next_one_goes(bench: Bench) {
    let (work, peers) = start(&bench).await;
    peers.give("ana", Manners::Answer(Delivery::Refused("not our event".into())));
    put(&work.ledger, "a1", "ana", 0).await;
    eventually("the refusal", || async { waiting(&work.ledger).await[0].refused }).await;
    peers.give("ana", Manners::Answers);
    put(&work.ledger, "a2", "ana", 0).await;
    peers.wait_for_arrivals(1).await;
    eventually("a2 gone", || async { waiting(&work.ledger).await.len() == 1 }).await;
    let kept = &waiting(&work.ledger).await[0];
    assert_eq!((kept.id.as_str(), kept.last_error.as_deref()), ("a1", Some("not our event")));
    assert_eq!(peers.attempts("a1"), 1);
    work.stop().await;
}

async fn a_deliverer_may_settle_in_its_own_transaction(bench: Bench) {
    let (work, peers) = start(&bench).await;
    *peers.settle_in.lock().unwrap() = Some(work.ledger.clone());
    put(&work.ledger, "a1", "ana", 0).await;
    put(&work.ledger, "a2", "ana", 0).await;
    work.until_empty().await;
    work.stop().await;
    assert_eq!((peers.attempts("a1"), peers.attempts("a2")), (1, 1));
}

async fn a_peer_out_of_reach_waits_uncounted_until_it_is_woken(bench: Bench) {
    let (work, peers) = start(&bench).await;
    peers.out_of_reach.lock().unwrap().insert("ana".into());
    put(&work.ledger, "a1", "ana", 0).await;
    put(&work.ledger, "b1", "bo", 0).await;
    peers.wait_for_arrivals(1).await;
    assert_eq!((peers.attempts("a1"), waiting(&work.ledger).await[0].attempts), (0, 0));
    peers.out_of_reach.lock().unwrap().clear();
    let woken: Result<(), StoreError> = work.courier.wake_peer("ana").await;
    woken.unwrap();
    work.until_empty().await;
    work.stop().await;
}

async fn a_deliverer_that_panics_is_an_attempt_that_failed(bench: Bench) {
    let (work, peers) = start(&bench).await;
    peers.give("ana", Manners::Panics);
    put(&work.ledger, "a1", "ana", 0).await;
    eventually("the record", || async { waiting(&work.ledger).await[0].attempts == 1 }).await;
    let error = waiting(&work.ledger).await[0].last_error.clone().unwrap();
    assert!(error.contains("a bug"), "{error}");
    peers.give("ana", Manners::Answers);
    work.courier.wake_peer("ana").await.unwrap();
    work.until_empty().await;
    work.stop().await;
}

async fn a_delivery_over_its_deadline_is_an_attempt_that_failed(bench: Bench) {
    let (peers, clock, ledger) = (Arc::new(Peers::default()), HandClock::default(), bench.open(OUTBOX).await);
    let courier = Courier::new(ledger.clone(), "one", peers.clone()).with_clock(Arc::new(clock.clone()));
    let work = AtWork::run(ledger, courier.with_deadline(Duration::from_millis(300)), &clock);
    peers.give("ana", Manners::Hangs);
    put(&work.ledger, "a1", "ana", 0).await;
    eventually("the record", || async { waiting(&work.ledger).await[0].attempts == 1 }).await;
    let error = waiting(&work.ledger).await[0].last_error.clone().unwrap();
    assert!(error.contains("no answer within 0.3 s"), "{error}");
    work.stop().await;
}

async fn a_stop_lets_the_delivery_on_the_way_finish(bench: Bench) {
    let peers = Arc::new(Peers::default());
    let ledger = bench.open(OUTBOX).await;
    let courier = Courier::new(ledger.clone(), "one", peers.clone());
    let work = AtWork::run(ledger.clone(), courier, &HandClock::default());
    let answer = CancellationToken::new();
    peers.give("ana", Manners::TakesUntil(answer.clone()));
    put(&ledger, "a1", "ana", 0).await;
    put(&ledger, "a2", "ana", 0).await;
    peers.wait_for_attempts("a1", 1).await;
    work.stop.cancel();
    answer.cancel();
    work.task.await.unwrap();
    let left = waiting(&ledger).await;
    assert_eq!(left.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(), ["a2"]);
    let sql = "SELECT COUNT(*) AS n FROM outbox_lease";
    let leases = ledger.read().fetch_one(sql, vec![]).await.unwrap().int("n").unwrap();
    assert_eq!(leases, 0, "no lease is left behind");
}
