//! Broken messages by the thousand, one target for each codec: none may panic or grow,
//! and what passes must be written as it was read. A run is a fixed number of messages,
//! the same each time; `ENPRINT_FUZZ_ROUNDS=1000000 ENPRINT_FUZZ_SEED=7 cargo test
//! --release -p enprint-protocol --test fuzz` runs longer and elsewhere. Seeds are the
//! golden bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod spoil;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use enprint_protocol::conversation::Conversation;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::event::EventRecord;
use enprint_protocol::home::{Home, Pair};
use enprint_protocol::limits::{CONTROL_BYTES_MAX, SENTENCE_BYTES_MAX};
use enprint_protocol::order::{Deliver, Order};
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::print_job::OfferJob;
use enprint_protocol::publish::Publish;
use enprint_protocol::replica::Follow;
use enprint_protocol::signed::{Record, Signed};
use enprint_protocol::status::{Report, Status, StatusKind};
use enprint_protocol::{Refusal, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spoil::{Spoiler, golden};

const ROUNDS: u64 = 20_000;
/// Decoding checks no signature and allocates little: what takes longer is a hole.
const SLOW: Duration = Duration::from_secs(2);

/// Gives `target` spoiled seeds; a panic names the round, so that it can be run again.
fn fuzz(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    let (rounds, seed) = (number("ENPRINT_FUZZ_ROUNDS").unwrap_or(ROUNDS), number("ENPRINT_FUZZ_SEED").unwrap_or(1));
    assert!(!seeds.is_empty(), "{name} has no golden bytes");
    let mut slowest = (Duration::ZERO, 0);
    for round in 0..rounds {
        let bytes = Spoiler::new(seed, round).spoiled(seeds);
        let began = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!("{name} fell over in round {round} of seed {seed}: {hex}");
        }
        slowest = slowest.max((began.elapsed(), round));
    }
    println!("{name}: {rounds} messages, the slowest took {:?} (round {})", slowest.0, slowest.1);
    assert!(slowest.0 < SLOW, "{name} took {:?} for round {} of seed {seed}", slowest.0, slowest.1);
}

/// What is read is written, and read again, as it is; what is not is refused in words.
fn reads<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8], bytes_max: usize, passed: &mut u64) {
    match codec::decode::<T>(bytes, bytes_max) {
        Ok(record) => {
            *passed += 1;
            let written = codec::encode(&record).unwrap();
            let again: T = codec::decode(&written, usize::MAX).unwrap();
            assert_eq!(format!("{again:?}"), format!("{record:?}"));
            assert_eq!(codec::encode(&again).unwrap(), written);
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            assert!(!refusal.text.is_empty() && refusal.text.len() <= SENTENCE_BYTES_MAX, "{}", refusal.text);
        }
    }
}

/// Both directions of one conversation, each given the seeds of both.
fn conversation<C: Conversation>(prefix: &str) {
    let (seeds, mut passed) = (golden(prefix), 0);
    fuzz(&format!("{prefix} requests"), &seeds, |bytes| {
        reads::<C::Request>(bytes, C::REQUEST_BYTES_MAX, &mut passed);
    });
    fuzz(&format!("{prefix} replies"), &seeds, |bytes| reads::<C::Reply>(bytes, C::REPLY_BYTES_MAX, &mut passed));
    assert!(passed > 0, "{prefix}: nothing passes, so that nothing behind the first check is tried");
}

#[test]
fn enrol_messages_are_read_or_refused() {
    conversation::<Enrol>("enrol");
}

#[test]
fn publish_messages_are_read_or_refused() {
    conversation::<Publish>("publish");
}

#[test]
fn orders_are_read_or_refused() {
    conversation::<Deliver>("order");
}

#[test]
fn print_jobs_are_read_or_refused() {
    conversation::<OfferJob>("print_job");
}

#[test]
fn requests_for_ranges_and_ranges_are_read_or_refused() {
    conversation::<FetchOriginal>("original");
}

#[test]
fn statuses_are_read_or_refused() {
    conversation::<Report>("status");
}

#[test]
fn what_homes_say_to_each_other_is_read_or_refused() {
    conversation::<Pair>("home");
    conversation::<Follow>("replica");
}

#[test]
fn stored_records_are_read_or_refused() {
    let (seeds, mut passed) = (golden("stored"), 0);
    fuzz("stored records", &seeds, |bytes| {
        reads::<EventRecord>(bytes, CONTROL_BYTES_MAX, &mut passed);
        reads::<Order>(bytes, CONTROL_BYTES_MAX, &mut passed);
        reads::<StatusKind>(bytes, CONTROL_BYTES_MAX, &mut passed);
    });
    assert!(passed > 0);
}

#[test]
fn a_signed_record_that_was_touched_says_what_was_signed_or_nothing() {
    signed::<Order>("stored_signed_order");
    signed::<Status>("stored_signed_status");
    signed::<Home>("stored_signed_home");
}

fn signed<T: Record + Debug>(name: &str) {
    let seeds = golden(name);
    let whole: Signed<T> = codec::decode(&seeds[0], CONTROL_BYTES_MAX).unwrap();
    let said = format!("{:?}", whole.open_any().unwrap());
    fuzz(name, &seeds, |bytes| {
        let Ok(touched) = codec::decode::<Signed<T>>(bytes, CONTROL_BYTES_MAX) else { return };
        if let Ok(opened) = touched.open_any() {
            assert_eq!(format!("{opened:?}"), said);
        }
    });
}
