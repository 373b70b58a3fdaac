//! The bytes of what this node stores beside originals, as they were when this version
//! was released. A change here is a new version, and needs a way to read the old one.

use enprint_protocol::codec;
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::money::Currency;
use enprint_protocol::publish::PhotoRecord;

use super::archive::StoredEvent;
use super::proof_mark::{KeptMark, MarkWish};
use super::publish::{Part, PublishWish};
use super::records::{Edits, StoredPhoto, StoredRendition};
use super::selection::Selection;

/// A photo without edits.
pub(super) fn a_photo() -> StoredPhoto {
    let record = PhotoRecord {
        photo_id: PhotoId(ContentHash([7; 32])),
        file_name: "DSC_0001.jpg".into(),
        category: "reception".into(),
        captured: Some("2026-06-20T15:04:05.25".parse().unwrap()),
        camera: Some("Make Model".into()),
        width_px: 6000,
        height_px: 4000,
        rating: Some(4),
        captured_offset_minutes: None,
        lens: None,
        exposure: None,
        author: None,
        caption: None,
        keywords: Vec::new(),
        placeholder: None,
        not_for_print: None,
    };
    let rendition =
        |byte, width_px| StoredRendition { hash: ContentHash([byte; 32]), bytes: 9, width_px, height_px: 7 };
    let renditions = (rendition(1, 320), rendition(2, 1600));
    StoredPhoto::new(record, "reception/DSC_0001.jpg".into(), 12_000_000, renditions, 1_766_000_000_000)
}

/// An event with its access code.
pub(super) fn an_event() -> StoredEvent {
    let record = EventRecord {
        event_id: EventId([1; 16]),
        name: "John's Wedding".into(),
        description: "A day in June".into(),
        date: Some("2026-06-20".parse().unwrap()),
        photographer: "Ana".into(),
        copyright: "© Ana".into(),
        categories: vec!["reception".into()],
        price_list: PriceList::usual(Currency::EUR),
    };
    StoredEvent { record, access_code: "7K3M-Q9XA-10TD".parse().unwrap() }
}

#[test]
fn a_photos_record_has_its_golden_bytes() {
    let photo = a_photo();
    let bytes = photo.encode().unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "ee3b0a119520d8c2bccbb75eef8791587e535ed5cf6f66124119e250b925c27b",
        "{} bytes",
        bytes.len()
    );
    assert_eq!(StoredPhoto::decode(&bytes).unwrap(), photo);
    let mut newer = bytes.clone();
    let at = newer.windows(8).position(|window| window == b"gversion").unwrap() + 8;
    newer[at] = 2;
    assert!(StoredPhoto::decode(&newer).unwrap_err().to_string().contains("newer Enprint"));
}

#[test]
fn an_events_record_has_its_golden_bytes() {
    let stored = an_event();
    let bytes = codec::encode(&stored).unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "747eda8dc75dd8b58a3aff721706b62f6d0a398583628016c4a990693308e6c3",
        "{} bytes",
        bytes.len()
    );
    assert_eq!(codec::decode::<StoredEvent>(&bytes, 65_536).unwrap(), stored);
}

#[test]
fn an_events_mark_has_its_golden_bytes() {
    let mark = enprint_darkroom::Watermark::new("PROOF").unwrap();
    let expected = [
        "709e4eb10ba410c76ff082e0f011672bde9b40b89cb610ebc33788b9519d0651",
        "17ee897e21c43947d2cc991ba98c126fa6d8d230ff94154d3a412b5119cf2641",
        "97047467e873f6238a5ca7237b51c0b8d80d9910a8252c1e5a4e22f97cb421c9",
    ];
    let said = MarkWish::Mark(Box::new(mark.clone()));
    let kept = [KeptMark::of_node(&mark), KeptMark::said(&said), KeptMark::said(&MarkWish::NoMark)];
    for (kept, expected) in kept.into_iter().zip(expected) {
        let bytes = kept.encode().unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), expected, "{} bytes", bytes.len());
        assert_eq!(KeptMark::decode(&bytes).unwrap(), kept);
    }
}

#[test]
fn a_wish_to_publish_has_its_golden_bytes() {
    let selection = Selection {
        category: Some("reception".into()),
        rating_min: Some(3),
        file_names: vec!["DSC*".into()],
        photo_ids: Vec::new(),
    };
    let wish = PublishWish::new(EventId([1; 16]), selection.into(), 1_766_000_000_000);
    let bytes = codec::encode(&wish).unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "1d0a8a3781b87718ce7727b0e5c31cc7efe3a25a6e76405bd83c19fa70cdfa08",
        "{} bytes",
        bytes.len()
    );
    assert_eq!(PublishWish::decode(&bytes).unwrap(), wish);
}

#[test]
fn a_wish_to_say_what_an_event_is_and_one_for_withdrawn_photos_have_their_golden_bytes() {
    let parts = [Part::details(), Part::photos(Selection::default(), true)];
    let expected = [
        "3eeb38fdd21d6f63952ae83673b2182b6c1047f203bd8e05c92725b72e31ca73",
        "d30ccfc0df5291a42ea3716cec0a594faca8f6ab6a3f3d87ff1383b36c5da7dc",
    ];
    for (part, expected) in parts.into_iter().zip(expected) {
        let wish = PublishWish::new(EventId([1; 16]), part, 1_766_000_000_000);
        let bytes = codec::encode(&wish).unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), expected, "{} bytes", bytes.len());
        assert_eq!(PublishWish::decode(&bytes).unwrap(), wish);
    }
}

#[test]
fn a_copy_of_edits_has_its_golden_bytes() {
    let mut photo = a_photo();
    photo.follow(photo.recipe.turned_right());
    photo.follow(photo.recipe.flipped());
    let expected = [
        "be7c49d40e57dc562dd4d6d056aeb437012d68c81a7c2ca6471057027dfcf32e",
        "45d5bcea77c84770bbf69b344914cfdebaa6eca9a5c42bd6edba3554878298d3",
    ];
    for (edits, expected) in [a_photo().edits(), photo.edits()].into_iter().zip(expected) {
        let bytes = edits.encode().unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), expected, "{} bytes", bytes.len());
        assert_eq!(Edits::decode(&bytes).unwrap(), edits);
    }
}

#[test]
fn counted_edits_have_their_golden_bytes() {
    let (mut photo, before) = (a_photo(), a_photo().recipe);
    photo.follow(before.turned_right());
    photo.count_edit(before);
    let bytes = photo.encode().unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "e88a8b125e2c4dfa6f109137048770b19e399e11a70de75b4389ff7a46c33c24",
        "{} bytes",
        bytes.len()
    );
    assert_eq!(StoredPhoto::decode(&bytes).unwrap(), photo);
    let bytes = photo.edits().encode().unwrap();
    assert_eq!(
        blake3::hash(&bytes).to_hex().as_str(),
        "ce507d6fb456c7f56b9391ab453b2f4b5c29d8f1312f717f6a1216ba91294c0e",
        "{} bytes",
        bytes.len()
    );
    assert_eq!(Edits::decode(&bytes).unwrap(), photo.edits());
}
