//! Tries at codes: ten in five minutes by one address, a cap for all, bounded memory.

#![allow(clippy::unwrap_used, reason = "tests")]

use enprint_web::{Throttle, WebError};
use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

thread_local!(static PASSED_S: Cell<u64> = const { Cell::new(0) });
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A clock that each test moves by itself.
fn clock() -> Instant {
    *START + Duration::from_secs(PASSED_S.get())
}

fn pass_s(seconds: u64) {
    PASSED_S.set(PASSED_S.get() + seconds);
}

fn throttle(per_key: u32, in_all: u32) -> Throttle<u32> {
    Throttle::new(per_key, in_all, Duration::from_secs(300), clock)
}

#[test]
fn the_eleventh_try_waits_and_time_gives_tries_back() {
    let throttle = throttle(10, 1000);
    for _ in 0..10 {
        throttle.take(&1).unwrap();
    }
    let Err(WebError::TooMany { retry_after_s }) = throttle.take(&1) else {
        panic!("the eleventh try was let through");
    };
    assert_eq!(retry_after_s, 30);
    throttle.take(&2).unwrap();
    pass_s(29);
    assert!(throttle.take(&1).is_err());
    pass_s(1);
    throttle.take(&1).unwrap();
    assert!(throttle.take(&1).is_err());
    pass_s(3000);
    assert_eq!((0..20).filter(|_| throttle.take(&1).is_ok()).count(), 10);
}

#[test]
fn many_addresses_together_meet_the_cap() {
    let throttle = throttle(10, 50);
    let let_through = (0..1000).filter(|key| throttle.take(key).is_ok()).count();
    assert_eq!(let_through, 50);
    pass_s(6);
    throttle.take(&2000).unwrap();
    assert!(throttle.take(&2001).is_err());
}

#[test]
fn right_codes_cost_nothing_and_do_not_forgive_wrong_ones() {
    let throttle = throttle(2, 3);
    for _ in 0..100 {
        throttle.take(&1).unwrap();
        throttle.give_back(&1);
    }
    throttle.take(&1).unwrap();
    throttle.take(&1).unwrap();
    throttle.give_back(&2);
    assert!(throttle.take(&1).is_err());
}

#[test]
fn memory_is_bounded_and_the_quietest_is_forgotten() {
    let throttle = throttle(2, u32::MAX);
    throttle.take(&0).unwrap();
    pass_s(1);
    for key in 1..20_000 {
        throttle.take(&key).unwrap();
    }
    assert_eq!(throttle.remembered(), 16_384);
}
