//! Broken messages by the thousand, one target for each codec: none may panic or grow,
//! and what passes must be written as it was read. A run is a fixed number of messages,
//! the same each time; `ENPRINT_FUZZ_ROUNDS=1000000 ENPRINT_FUZZ_SEED=7 cargo test
//! --release -p enprint-protocol --test fuzz` runs longer and elsewhere. Seeds are the
//! golden bytes. Frames and handshakes, which only `peer` knows, have their targets beside
//! them in `src`, by the same rounds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rounds;
mod spoil;

use std::fmt::Debug;

use enprint_protocol::conversation::Conversation;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::event::EventRecord;
use enprint_protocol::home::{Home, Pair};
use enprint_protocol::ids::ContentHash;
use enprint_protocol::limits::{CONTROL_BYTES_MAX, RANGE_BYTES, SENTENCE_BYTES_MAX};
use enprint_protocol::order::{Deliver, Order};
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::print_job::OfferJob;
use enprint_protocol::publish::Publish;
use enprint_protocol::replica::Follow;
use enprint_protocol::signed::{Record, Signed};
use enprint_protocol::status::{Report, Status, StatusKind};
use enprint_protocol::subtree::{Subtrees, range_hash};
use enprint_protocol::{Refusal, codec};
use rounds::fuzz;
use serde::Serialize;
use serde::de::DeserializeOwned;
use spoil::golden;

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

/// A file's length, its root and the hashes of its ranges, joined.
fn list(file_bytes: usize) -> Vec<u8> {
    let file: Vec<u8> = (0..file_bytes).map(|at| (at * 31 + at / 7919) as u8).collect();
    let ranges = file.chunks(RANGE_BYTES as usize).enumerate();
    let hashes = ranges.flat_map(|(at, range)| range_hash(file_bytes as u64, at as u64, range));
    let root = *ContentHash::of(&file).as_bytes();
    (file_bytes as u64).to_be_bytes().into_iter().chain(root).chain(hashes).collect()
}

#[test]
fn a_list_of_hashes_is_the_files_or_refused() {
    let range = RANGE_BYTES as usize;
    let (seeds, mut passed) = ([1, range, range + 1, 2 * range + 5, 3 * range].map(list).to_vec(), 0);
    fuzz("lists of hashes", &seeds, |bytes| {
        let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return };
        let Some((root, hashes)) = rest.split_first_chunk::<32>() else { return };
        let length = u64::from_be_bytes(*length);
        if let Ok(subtrees) = Subtrees::check(&ContentHash(*root), length, hashes) {
            passed += 1;
            assert!(seeds.iter().any(|seed| seed[8..] == bytes[8..]), "another list merges to the root");
            assert_eq!((subtrees.count(), subtrees.file_bytes()), (hashes.len() as u64 / 32, length));
            assert!(subtrees.check_range(subtrees.count(), &[]).is_err());
        }
    });
    assert!(passed > 0);
}
