//! A data folder from before there was a copy of edits, and a node that ends between an edit
//! and its copy.

use std::path::Path;

use enprint_protocol::ids::CommandId;
use enprint_store::args;
use tempfile::TempDir;

use super::*;
use crate::control::Progress;
use crate::photographer::commands::EventDetails;
use crate::photographer::edit::Edit;
use crate::photographer::import::NewPhoto;
use crate::photographer::selection::Selection;
use crate::photographer::{Photographer, PhotographerConfig, png};

async fn open(dir: &Path) -> Photographer {
    let mut config = PhotographerConfig::new(dir.join("data"));
    (config.reserve_bytes, config.ballast_bytes) = (0, 0);
    Photographer::open(config).await.unwrap()
}

/// An event with two photos, of which one was turned.
async fn edited(dir: &Path) -> (Photographer, EventId, PhotoId) {
    let (card, open) = (dir.join("card"), open(dir).await);
    std::fs::create_dir_all(&card).unwrap();
    for seed in [1, 2] {
        std::fs::write(card.join(format!("{seed}.png")), png::png(seed, 500)).unwrap();
    }
    let node = open.node();
    let event_id = node.event_with("Wedding", &EventDetails::default()).await.unwrap().row.record.event_id;
    let report = node.import_into(event_id, card, None, CommandId::random(), Progress::silent()).await.unwrap();
    assert_eq!((report.imported, report.edits_given_back), (2, 0));
    let one = Selection { file_names: vec!["1.png".into()], ..Selection::default() };
    node.edit("Wedding", &one, &[Edit::TurnRight], &Progress::silent()).await.unwrap();
    let photo_id = node.photos(event_id, &one).await.unwrap()[0].photo_id();
    (open, event_id, photo_id)
}

async fn opened_again(closed: Photographer, dir: &Path) -> Photographer {
    closed.close().await;
    drop(closed);
    open(dir).await
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_from_before_there_was_a_copy_of_them_are_copied_at_the_next_start() {
    let dir = TempDir::new().unwrap();
    let (open, event_id, photo_id) = edited(dir.path()).await;
    let catalogue = open.node().catalogue.clone();
    let kept = catalogue.edits_had(event_id).await.unwrap();
    assert!(!kept[&photo_id].recipe().is_untouched(), "{kept:?}");
    // As an earlier program left it.
    catalogue.ledger().execute("DELETE FROM edits_had", args![]).await.unwrap();
    catalogue.note_edits_unread(event_id).await.unwrap();
    drop(catalogue);
    let open = opened_again(open, dir.path()).await;
    assert_eq!(open.node().catalogue.edits_had(event_id).await.unwrap(), kept);
    assert!(open.node().catalogue.edits_unread().await.unwrap().is_empty(), "they are read at every start");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_a_kill_left_without_a_copy_is_copied_at_the_next_start() {
    let dir = TempDir::new().unwrap();
    let (open, event_id, photo_id) = edited(dir.path()).await;
    let node = open.node();
    let mut stored = node.photo(event_id, photo_id).await.unwrap().unwrap();
    stored.undo();
    let original = node.archive.original(event_id, photo_id).unwrap();
    let rendition = |hash| node.archive.rendition(event_id, hash).unwrap();
    let (thumbnail, proof) = (rendition(stored.thumbnail.hash), rendition(stored.proof.hash));
    node.catalogue.note_changing(event_id, &[photo_id]).await.unwrap();
    node.archive.replace(event_id, &NewPhoto { stored, original, thumbnail, proof }).unwrap();
    let open = opened_again(open, dir.path()).await;
    let kept = open.node().catalogue.edits_had(event_id).await.unwrap();
    assert!(kept[&photo_id].recipe().is_untouched(), "an edit that was undone comes back");
    assert!(open.node().catalogue.changing().await.unwrap().is_empty());
}
