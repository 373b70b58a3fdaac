//! A node that ends between a change of a photo and the word to those who show it; and two
//! changes of a photo at once.

use std::path::Path;

use enprint_protocol::Keypair;
use enprint_protocol::peer::Incoming;
use enprint_protocol::publish::PhotoRecord;
use enprint_protocol::{PeerId, Refusal};
use tempfile::TempDir;

use super::*;
use crate::control::Commands;
use crate::photographer::catalogue::{HostProcess, NewHost};
use crate::photographer::commands::{EventDetails, PhotographerAnswer, PhotographerCommand};
use crate::photographer::edit::Edit;
use crate::photographer::import::NewPhoto;
use crate::photographer::publish::lane;
use crate::photographer::{Photographer, PhotographerConfig, png};
use crate::played::PlayedHost;

async fn open(dir: &Path) -> Photographer {
    let mut config = PhotographerConfig::new(dir.join("data"));
    (config.reserve_bytes, config.ballast_bytes) = (0, 0);
    Photographer::open(config).await.unwrap()
}

fn put_card(dir: &Path, stars: u8) -> std::path::PathBuf {
    let card = dir.join("card");
    std::fs::create_dir_all(&card).unwrap();
    std::fs::write(card.join("a.png"), png::png(7, 500)).unwrap();
    let packet = format!(
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='{stars}'/></rdf:RDF>"
    );
    std::fs::write(card.join("a.xmp"), packet).unwrap();
    card
}

/// Imports; whoever asked for it is gone before anything is told.
async fn import_and_fall(node: &Photographer, event: &EventRow, card: std::path::PathBuf) -> Vec<PhotoId> {
    let (event_id, command) = (event.record.event_id, CommandId::random());
    let report = node.node().import_into(event_id, card, None, command, Progress::silent()).await.unwrap();
    assert_eq!(report.failed.len(), 0, "{:?}", report.failed);
    report.described
}

/// An event with one photo, which a host shows.
async fn shown(dir: &Path) -> (Photographer, EventRow, PeerId) {
    let process = HostProcess { peer_id: PeerId::random(), enrolled_at: Vec::new(), told: Vec::new() };
    shown_at(open(dir).await, process, dir).await
}

async fn shown_at(open: Photographer, process: HostProcess, dir: &Path) -> (Photographer, EventRow, PeerId) {
    let node = open.node();
    let (host, key) = (process.peer_id, Keypair::generate_ed25519().public());
    let new = NewHost { name: "Host".into(), key, public_url: "https://host.example".into(), process };
    node.catalogue.put_host(&new, "Ana").await.unwrap();
    let event = node.event_with("Wedding", &EventDetails::default()).await.unwrap().row;
    import_and_fall(&open, &event, put_card(dir, 1)).await;
    let event_id = event.record.event_id;
    node.catalogue.show_at(event_id, &node.catalogue.hosts().await.unwrap()).await.unwrap();
    let photos = node.photos(event_id, &Selection::default()).await.unwrap();
    let photos: Vec<_> = photos.iter().map(|photo| photo.photo_id()).collect();
    assert_eq!(photos.len(), 1);
    node.catalogue.set_published(event_id, host, &photos).await.unwrap();
    let event = node.catalogue.event(event_id).await.unwrap().unwrap();
    (open, event, host)
}

/// What is on its way to hosts: kind and lane.
async fn waiting(node: &Photographer) -> Vec<(String, String)> {
    let waiting = node.node().catalogue.waiting().await.unwrap();
    waiting.into_iter().map(|parcel| (parcel.kind, parcel.peer)).collect()
}

async fn opened_again(killed: Photographer, dir: &Path) -> Photographer {
    assert!(waiting(&killed).await.is_empty(), "it was told before");
    killed.close().await;
    drop(killed);
    open(dir).await
}

#[tokio::test]
async fn a_node_that_is_killed_between_a_new_word_on_a_photo_and_its_publishing_tells_it_when_it_is_back() {
    let dir = TempDir::new().unwrap();
    let (node, event, host) = shown(dir.path()).await;
    let described = import_and_fall(&node, &event, put_card(dir.path(), 5)).await;
    assert_eq!(described.len(), 1, "nothing was said anew");
    let node = opened_again(node, dir.path()).await;
    assert_eq!(waiting(&node).await, [("publish".to_owned(), lane(host))]);
    assert!(node.node().catalogue.untold().await.unwrap().is_empty(), "it would be told at every start");
}

#[tokio::test]
async fn a_node_that_is_killed_between_new_words_on_an_event_and_its_publishing_tells_them_when_it_is_back() {
    let dir = TempDir::new().unwrap();
    let (node, event, host) = shown(dir.path()).await;
    let details = EventDetails { description: Some("By the sea".into()), ..EventDetails::default() };
    // Whoever asked for it is gone before anything is told.
    node.node().event_with(&event.record.name, &details).await.unwrap();
    node.close().await;
    drop(node);
    let node = open(dir.path()).await;
    let kept = node.node().catalogue.event(event.record.event_id).await.unwrap().unwrap();
    assert_eq!(kept.record.description, "By the sea");
    assert_eq!(waiting(&node).await, [("publish".to_owned(), lane(host))]);
    node.node().event_with(&event.record.name, &details).await.unwrap();
    assert_eq!(waiting(&node).await.len(), 1, "nothing is other, and hosts are told");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_did_is_told_though_a_host_refuses_to_hear_of_it() {
    let dir = TempDir::new().unwrap();
    let open = open(dir.path()).await;
    let host = PlayedHost::that_answers(open.node().client.peer_id(), |asked| {
        let Incoming::Publish(asked) = asked else { return };
        asked.reply.send(Refusal::uniform().into());
    })
    .await;
    let process = HostProcess { peer_id: host.peer_id, enrolled_at: vec![host.address.clone()], told: Vec::new() };
    let (open, event, _) = shown_at(open, process, dir.path()).await;
    let command = PhotographerCommand::Import {
        folder: put_card(dir.path(), 5),
        event: event.record.name,
        category: None,
        details: EventDetails::default(),
        publish: false,
        hosts: Vec::new(),
    };
    let answer = open.execute(command, Progress::silent()).await.unwrap();
    let PhotographerAnswer::Imported(report) = answer else { panic!("{answer:?}") };
    assert_eq!(report.described.len(), 1);
    let refused = report.stopped.unwrap();
    assert!(refused.contains(&Refusal::uniform().text), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_and_new_words_on_a_photo_at_once_lose_neither() {
    let dir = TempDir::new().unwrap();
    let (open, event, _) = shown(dir.path()).await;
    let (node, event_id) = (open.node(), event.record.event_id);
    let photo = async || node.photos(event_id, &Selection::default()).await.unwrap().swap_remove(0);
    for stars in [5, 2, 4] {
        let (before, card) = (photo().await, put_card(dir.path(), stars));
        let (edits, all, progress) = ([Edit::TurnRight], Selection::default(), Progress::silent());
        let edit = node.edit(&event.record.name, &all, &edits, &progress);
        let (edited, described) = tokio::join!(edit, import_and_fall(&open, &event, card));
        drop(edited); // no host is here to hear of it
        assert_eq!(described.len(), 1);
        let now = photo().await;
        assert_eq!((now.record.rating, now.recipe), (Some(stars), before.recipe.turned_right()));
    }

    // What each read is older than what the other wrote.
    let read_before = photo().await;
    let original = node.archive.original(event_id, read_before.photo_id()).unwrap();
    let rendition = |hash| node.archive.rendition(event_id, hash).unwrap();
    let (thumbnail, proof) = (rendition(read_before.thumbnail.hash), rendition(read_before.proof.hash));
    let said = PhotoRecord { rating: Some(1), ..read_before.record.clone() };
    assert!(node.archive.describe(event_id, said, || Ok(())).unwrap());
    let mut stored = read_before.clone();
    stored.recipe = stored.recipe.flipped();
    (stored.record.width_px, stored.record.height_px) = (16, 24);
    node.archive.replace(event_id, &NewPhoto { stored, original, thumbnail, proof }).unwrap();
    assert_eq!(photo().await.record.rating, Some(1), "the words are lost");
    let said = PhotoRecord { rating: Some(3), ..read_before.record.clone() };
    assert!(node.archive.describe(event_id, said, || Ok(())).unwrap());
    let now = photo().await;
    assert_eq!((now.recipe, now.record.width_px), (read_before.recipe.flipped(), 16), "the edit is lost");
    assert_eq!(now.record.rating, Some(3), "the words are lost");
}
