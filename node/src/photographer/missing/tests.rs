//! What is said of photos that are gone, by ids and, in data from before they were kept, by
//! number.

use std::path::Path;

use enprint_protocol::ids::{CommandId, ContentHash};
use enprint_store::args;
use tempfile::TempDir;

use super::*;
use crate::control::Progress;
use crate::photographer::commands::EventDetails;
use crate::photographer::{Photographer, PhotographerConfig, png};

/// An event with two photos.
pub(in crate::photographer) async fn with_two(dir: &Path) -> (Photographer, EventId) {
    let (card, mut config) = (dir.join("card"), PhotographerConfig::new(dir.join("data")));
    (config.reserve_bytes, config.ballast_bytes) = (0, 0);
    let open = Photographer::open(config).await.unwrap();
    std::fs::create_dir_all(&card).unwrap();
    for seed in [1, 2] {
        std::fs::write(card.join(format!("{seed}.png")), png::png(seed, 500)).unwrap();
    }
    let node = open.node();
    let event_id = node.event_with("Wedding", &EventDetails::default()).await.unwrap().row.record.event_id;
    let report = node.import_into(event_id, card, None, CommandId::random(), Progress::silent()).await.unwrap();
    assert_eq!(report.imported, 2);
    (open, event_id)
}

async fn said(open: &Photographer, event_id: EventId) -> String {
    open.node().photos_counted(event_id).await.unwrap().trouble().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_from_before_ids_were_kept_is_counted_until_all_of_its_photos_are_here() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    let ledger = open.node().catalogue.ledger();
    let sql = "INSERT INTO events_had (event_id, photos) VALUES ($1, 3)";
    ledger.execute(sql, args![event_id.to_string()]).await.unwrap();
    for _ in 0..2 {
        assert!(said(&open, event_id).await.starts_with("1 photo that this event had is not in the archive any more."));
    }
    ledger.execute("UPDATE events_had SET photos = 2", args![]).await.unwrap();
    assert_eq!(said(&open, event_id).await, "");
    let names = open.node().catalogue.names_had(event_id).await.unwrap();
    let mut names: Vec<String> = names.into_values().collect();
    names.sort();
    assert_eq!(names, ["1.png", "2.png"], "their ids are not kept from then on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_lost_is_named_whatever_a_kill_left_half_noted() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    assert_eq!(said(&open, event_id).await, "");
    let catalogue = &open.node().catalogue;
    let known = catalogue.photos_had(event_id).await.unwrap();
    assert_eq!(known.number, 2);
    // Killed before the hash of all is noted; the volume of just these photos is lost then.
    let gone = PhotoId(ContentHash([7; 32]));
    catalogue.note_some(event_id, &[(gone, "gone.jpg".into())]).await.unwrap();
    for _ in 0..2 {
        let said = said(&open, event_id).await;
        assert!(said.starts_with("1 photo that this event had is not in the archive any more: gone"), "{said}");
    }
    assert_eq!(catalogue.photos_had(event_id).await.unwrap().number, 3, "it is noted to its end");
    let sql = "DELETE FROM photos_had WHERE name <> '1.png'";
    catalogue.ledger().execute(sql, args![]).await.unwrap();
    catalogue.ledger().execute("UPDATE events_had SET photos = 1", args![]).await.unwrap();
    catalogue.note_some(event_id, &[]).await.unwrap();
    assert_eq!(said(&open, event_id).await, "", "what is here is noted");
    assert_eq!(catalogue.photos_had(event_id).await.unwrap(), known);
    catalogue.forget_event(event_id).await.unwrap();
    assert_eq!(said(&open, event_id).await, "");
    assert!(catalogue.names_had(event_id).await.unwrap().is_empty(), "a removed event is noted anew");
}

#[test]
fn only_photos_that_are_fewer_than_before_are_missed_and_those_that_are_known_are_named() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(missing(&[], false), None);
    let one = missing(&names(&[""]), false).unwrap();
    assert!(one.starts_with("1 photo that this event had is not in the archive any more. Put"), "{one}");
    let two = missing(&names(&["b.jpg", "a.jpg"]), false).unwrap();
    assert!(two.starts_with("2 photos that this event had are not in the archive any more: a.jpg, b.jpg."), "{two}");
    let some = missing(&names(&["b.jpg", "", ""]), false).unwrap();
    assert!(some.contains("any more: b.jpg and 2 more."), "{some}");
    let many = missing(&(1..=9).map(|number| format!("{number}.jpg")).collect::<Vec<_>>(), false).unwrap();
    assert!(many.contains("any more: 1.jpg, 2.jpg, 3.jpg, 4.jpg, 5.jpg and 4 more. Put"), "{many}");
    let damaged = damaged(&names(&["b.jpg"])).unwrap();
    assert!(damaged.starts_with("1 photo of this event is damaged on this disk: b.jpg. Import its file"), "{damaged}");
}
