//! Records that a disk or the other home has spoiled: read as what they say or refused, and
//! what was read can be worked with.

use std::fmt::Debug;

use enprint_darkroom::Watermark;
use enprint_protocol::codec;
use enprint_protocol::ids::{EventId, PhotoId};

use super::archive::StoredEvent;
use super::golden::{a_photo, an_event};
use super::proof_mark::{KeptMark, MarkWish};
use super::publish::{Part, PublishWish};
use super::records::{Edits, StoredPhoto};
use super::selection::Selection;
use crate::NodeError;
use crate::limits::EVENT_RECORD_BYTES_MAX;
use crate::rounds::fuzz;

/// Gives `read` spoiled `seeds`; what it reads is written and read again as it was.
fn records<T: PartialEq + Debug>(
    name: &str,
    seeds: &[Vec<u8>],
    read: impl Fn(&[u8]) -> Result<T, NodeError>,
    write: impl Fn(&T) -> Vec<u8>,
    used: impl Fn(&T),
) {
    let mut passed = 0;
    fuzz(name, seeds, |bytes| match read(bytes) {
        Ok(record) => {
            passed += 1;
            assert_eq!(read(&write(&record)).unwrap(), record);
            used(&record);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    });
    assert!(passed > 0, "{name}: nothing passes, so that nothing behind the first check is tried");
}

fn edited() -> StoredPhoto {
    let mut photo = a_photo();
    photo.follow(photo.recipe.turned_right());
    photo.follow(enprint_darkroom::Recipe { straighten: -120, ..photo.recipe.flipped() });
    let crop = enprint_darkroom::CropFrame { left: 10_000, top: 20_000, width: 500_000, height: 600_000 };
    photo.follow(enprint_darkroom::Recipe { crop: Some(crop), ..photo.recipe });
    photo
}

#[test]
fn photos_are_read_or_refused_and_can_be_edited() {
    let seeds = [a_photo().encode().unwrap(), edited().encode().unwrap()];
    let edit = |photo: &StoredPhoto| {
        let mut photo = photo.clone();
        photo.follow(photo.recipe.turned_right());
        photo.follow(photo.recipe.flipped());
        photo.undo();
        drop((photo.recipe.checked(), photo.recipe.turn_alone(), photo.edits().encode().unwrap()));
        assert!(photo.files().iter().all(|file| photo.bytes_of(*file).is_some()));
    };
    records("photos", &seeds, StoredPhoto::decode, |photo| photo.encode().unwrap(), edit);
}

#[test]
fn copies_of_edits_are_read_or_refused_and_can_be_taken() {
    let seeds = [a_photo().edits().encode().unwrap(), edited().edits().encode().unwrap()];
    let take = |edits: &Edits| {
        let mut photo = a_photo();
        photo.take_edits(edits.clone());
        photo.follow(photo.recipe.flipped());
        drop(photo.recipe.checked());
    };
    records("edits", &seeds, Edits::decode, |edits| edits.encode().unwrap(), take);
}

#[test]
fn marks_of_events_are_read_or_refused() {
    let mark = Watermark::new("PROOF").unwrap();
    let said = MarkWish::Mark(Box::new(mark.clone()));
    let kept = [KeptMark::of_node(&mark), KeptMark::said(&said), KeptMark::said(&MarkWish::NoMark)];
    let seeds = kept.map(|kept| kept.encode().unwrap());
    records("marks", &seeds, KeptMark::decode, |kept| kept.encode().unwrap(), |_| ());
}

#[test]
fn events_are_read_or_refused() {
    let seeds = [codec::encode(&an_event()).unwrap()];
    let read = |bytes: &[u8]| Ok(codec::decode::<StoredEvent>(bytes, EVENT_RECORD_BYTES_MAX)?);
    records("events", &seeds, read, |event| codec::encode(event).unwrap(), |_| ());
}

#[test]
fn wishes_to_publish_are_read_or_refused_and_choose() {
    let selection = Selection {
        category: Some("reception".into()),
        rating_min: Some(3),
        file_names: vec!["DSC*".into()],
        photo_ids: vec![PhotoId(enprint_protocol::ids::ContentHash([7; 32]))],
    };
    let parts = [selection.clone().into(), Part::details(), Part::photos(selection, true)];
    let wishes = parts.map(|part: Part| PublishWish::new(EventId([1; 16]), part, 1_766_000_000_000));
    let seeds = wishes.map(|wish| codec::encode(&wish).unwrap());
    let choose = |wish: &PublishWish| {
        let _ = wish.selection.includes(&a_photo().record);
    };
    records("wishes", &seeds, PublishWish::decode, |wish| codec::encode(wish).unwrap(), choose);
}
