//! Frames that were spoiled on the way, of each conversation in both directions: read as what
//! they are, or refused in words, and their room is free afterwards.

use futures::FutureExt;
use serde::de::DeserializeOwned;

use super::*;
use crate::enrol::Enrol;
use crate::home::Pair;
use crate::limits::{MESSAGE_STEP_TIME, SENTENCE_BYTES_MAX};
use crate::order::Deliver;
use crate::original::FetchOriginal;
use crate::peer::source::Guest;
use crate::peer::streams::Streams;
use crate::print_job::OfferJob;
use crate::publish::Publish;
use crate::replica::Follow;
use crate::rounds::fuzz;
use crate::spoil::golden;
use crate::status::Report;

/// What is there at once is read at once.
fn at_once<T>(reading: impl Future<Output = T>) -> T {
    let read = tokio::task::unconstrained(reading).now_or_never();
    read.expect("it waits for bytes that are there, or for room")
}

/// What a frame says, by its length and the codec alone.
fn said<T: DeserializeOwned>(bytes: &[u8], bytes_max: usize) -> Option<T> {
    let (announced, rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes(*announced) as usize;
    let body = rest.get(..length).filter(|_| length <= bytes_max)?;
    codec::decode(body, bytes_max).ok()
}

fn requests<C: Conversation>(seeds: &[Vec<u8>]) -> u64 {
    let (guest, mut passed) = (Guest { peer: libp2p::PeerId::random(), source: None }, 0);
    let standing = Standing::Admitted;
    let place = Streams::new(Arc::default()).take(guest, standing);
    let name = WireName::of_opener(C::NAME, Opener { guest, standing, place });
    let mut frames = Frames::<C>::new(false, MESSAGE_STEP_TIME);
    fuzz(&format!("{} frames", C::NAME), seeds, |bytes| {
        let letter = at_once(frames.read_request(&name, &mut &bytes[..])).unwrap();
        let said = said::<C::Request>(bytes, C::REQUEST_BYTES_MAX);
        assert_eq!(letter.is_flawed, letter.content.is_err());
        match letter.content {
            Ok(request) => {
                passed += 1;
                assert_eq!(format!("{:?}", Some(request)), format!("{said:?}"));
            }
            Err(refusal) => {
                assert!(said.is_none(), "{refusal:?} is said of {said:?}");
                assert!(matches!(refusal.code, ErrorCode::Malformed | ErrorCode::TooLarge), "{refusal:?}");
                assert!(!refusal.text.is_empty() && refusal.text.len() <= SENTENCE_BYTES_MAX);
            }
        }
    });
    passed
}

fn replies<C: Conversation>(seeds: &[Vec<u8>]) -> u64 {
    let (name, mut passed) = (WireName::new(C::NAME), 0);
    let mut frames = Frames::<C>::new(false, MESSAGE_STEP_TIME);
    fuzz(&format!("{} frames of replies", C::NAME), seeds, |bytes| {
        let read = at_once(frames.read_response(&name, &mut &bytes[..])).ok();
        passed += u64::from(read.is_some());
        assert_eq!(format!("{read:?}"), format!("{:?}", said::<C::Reply>(bytes, C::REPLY_BYTES_MAX)));
    });
    passed
}

fn conversation<C: Conversation>(prefix: &str, more: &[Vec<u8>]) {
    let announced = |body: &Vec<u8>| [&(body.len() as u32).to_be_bytes()[..], body].concat();
    let seeds: Vec<_> = golden(prefix).iter().map(announced).chain(more.iter().cloned()).collect();
    assert!(requests::<C>(&seeds) > 0 && replies::<C>(&seeds) > 0, "{prefix}: nothing passes");
}

#[tokio::test]
async fn frames_of_every_conversation_are_read_or_refused() {
    conversation::<Enrol>("enrol", &[]);
    conversation::<Publish>("publish", &[]);
    conversation::<Deliver>("order", &[]);
    conversation::<OfferJob>("print_job", &[]);
    conversation::<Report>("status", &[]);
    conversation::<Pair>("home", &[]);
    conversation::<Follow>("replica", &[]);
    // A reply of this length is read as a range, past the codec.
    let range = crate::original::OriginalReply::Range(vec![7; RANGE_ROOM_BYTES_MIN].into());
    let range = framed(&range, FetchOriginal::REPLY_BYTES_MAX).unwrap();
    conversation::<FetchOriginal>("original", &[range]);
}
