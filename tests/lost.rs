//! A photographer whose archive has lost a whole event, and whose second home has it; and a
//! second home that has lost what it copied.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use world::damage::lose_volumes;
use world::{Customer, PlacedOrder, Process, World, eventually, photos, print_files};

const EVENT: &str = "John's Wedding";

fn original(number: u32) -> Vec<u8> {
    photos::heavy_jpeg(1_500_000, 2 * number + 1)
}

/// How many originals a second home has, if that is all that there are.
fn copied(nas: &Process) -> Option<u64> {
    let home = nas.tries(&["second-home", "list"]).unwrap_or_default()["homes"][0].clone();
    let is_all = home["photos"] == home["copied"] && home["trouble"].is_null();
    home["copied"].as_u64().filter(|_| is_all)
}

/// What is known of an event's photos, where all of them are there.
fn photos_of(node: &Process) -> Value {
    node.tries(&["photos", "--event", EVENT]).unwrap_or_default()["photos"].clone()
}

/// The disk loses all that the node has of its events, while it does not run.
fn loses_all(node: &mut Process) {
    node.kill();
    lose_volumes(node.data(), "");
    node.restart();
}

/// A studio that has imported two photos, its second home, and the card.
struct TwoHomes {
    dir: TempDir,
    studio: Process,
    nas: Process,
}

impl TwoHomes {
    /// With the photos in that folder of the card.
    async fn with_two_photos_in(folder: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let studio = Process::photographer(&dir.path().join("studio"), &[]).await;
        let nas = Process::photographer(&dir.path().join("nas"), &[]).await;
        for number in 1..=2 {
            photos::put(&dir.path().join("card").join(folder), &format!("DSC_{number}.jpg"), &original(number));
        }
        let homes = Self { dir, studio, nas };
        homes.imports();
        homes
    }

    fn imports(&self) {
        let card = self.dir.path().join("card");
        self.studio.says(&["import", card.to_str().unwrap(), "--event", EVENT]);
    }

    fn turns_the_second(&self) {
        self.studio.says(&["edit", "--event", EVENT, "--file", "DSC_2.jpg", "--turn", "right"]);
    }
}

#[tokio::test]
async fn verify_fetches_what_this_home_has_lost_from_the_other_as_that_has_it() {
    let homes = TwoHomes::with_two_photos_in("Cake").await;
    homes.turns_the_second();
    let TwoHomes { dir, mut studio, mut nas } = homes;
    nas.follows(&studio);
    let before = photos_of(&studio);
    eventually("the second home has everything", || copied(&nas) == Some(2) && photos_of(&nas) == before).await;

    // While the other is away it is missed.
    nas.kill();
    loses_all(&mut studio);
    let missed = studio.reports(&["verify", "--event", EVENT]);
    assert!(missed["trouble"].as_str().unwrap().contains("DSC_1.jpg"), "{missed}");
    nas.restart();
    let names = Value::from(vec!["DSC_1.jpg", "DSC_2.jpg"]);
    let verify = ["verify", "--event", EVENT];
    eventually("it is fetched", || studio.tries(&verify).is_ok_and(|verified| verified["repaired"] == names)).await;
    assert_eq!(photos_of(&studio), before, "it is not as it was");
    let out = dir.path().join("out");
    assert_eq!(studio.says(&["export", "--event", EVENT, out.to_str().unwrap()])["files"], 2);
    for number in 1..=2 {
        assert_eq!(std::fs::read(out.join(format!("Cake/DSC_{number}.jpg"))).unwrap(), original(number));
    }
    let again = studio.says(&verify);
    assert_eq!((&again["repaired"], &again["trouble"]), (&Value::Array(Vec::new()), &Value::Null), "{again}");
    // The volumes say what their event is.
    studio.kill();
    std::fs::remove_file(studio.data().join("catalogue.db")).unwrap();
    studio.restart();
    assert_eq!(studio.says(&["events"])["events"][0]["name"], EVENT);
}

/// A second home has what the gallery shows, and is away.
async fn is_copied(world: &World) -> Process {
    let mut nas = Process::photographer(&world.path().join("nas"), &[]).await;
    nas.follows(&world.photographer);
    eventually("the second home has everything", || copied(&nas) == Some(1)).await;
    nas.kill();
    nas
}

async fn is_ordered(world: &World, customer: &Customer) -> PlacedOrder {
    let placed = customer.order(&["b.jpg"], 1).await;
    world.is_paid(&placed.number).await;
    placed
}

fn hint(world: &World) -> String {
    let orders = world.photographer.tries(&["orders"]).unwrap_or_default();
    orders["orders"][0]["hint"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_order_of_a_photo_that_is_lost_is_done_without_a_hand_when_a_second_home_comes() {
    let mut world = World::start().await;
    let gallery = world.publish(EVENT, &[("b.jpg", original(2))]);
    let mut nas = is_copied(&world).await;
    let customer = world.customer(&gallery).await;
    loses_all(&mut world.photographer);
    let placed = is_ordered(&world, &customer).await;
    eventually("it is said that the photo is lost", || hint(&world).contains("b.jpg is not in the archive")).await;
    nas.restart();
    assert_eq!(print_files(&world.order_folder(&placed).await), [original(2)]);
    customer.waits_for_state(&placed, "received").await;
}

#[tokio::test]
async fn a_photo_that_is_lost_while_its_lab_is_away_comes_from_the_second_home() {
    let mut world = World::start().await;
    let gallery = world.publish(EVENT, &[("b.jpg", original(2))]);
    let mut nas = is_copied(&world).await;
    let customer = world.customer(&gallery).await;
    world.lab.kill();
    let placed = is_ordered(&world, &customer).await;
    eventually("the job is made", || {
        world.photographer.tries(&["orders"]).is_ok_and(|orders| orders["orders"][0]["lab"] == "The lab")
    })
    .await;
    loses_all(&mut world.photographer);
    nas.restart();
    world.lab.restart();
    assert_eq!(print_files(&world.order_folder(&placed).await), [original(2)]);
}

#[tokio::test]
async fn edits_that_a_second_home_never_heard_of_outlive_the_loss_of_their_photo() {
    let mut homes = TwoHomes::with_two_photos_in("").await;
    homes.nas.follows(&homes.studio);
    eventually("the second home has everything", || copied(&homes.nas) == Some(2)).await;
    homes.nas.kill();
    homes.turns_the_second();

    loses_all(&mut homes.studio);
    homes.nas.restart();
    let verify = ["verify", "--event", EVENT];
    eventually("the other photo is fetched", || homes.studio.reports(&verify)["repaired"][0] == "DSC_1.jpg").await;
    let missed = homes.studio.reports(&verify);
    assert!(missed["trouble"].as_str().unwrap().contains("DSC_2.jpg"), "older edits took its place: {missed}");
    homes.imports();
    let photos = photos_of(&homes.studio);
    let edited: Vec<_> = photos.as_array().unwrap().iter().filter(|photo| photo["edited"] == true).collect();
    assert!(matches!(edited.as_slice(), [photo] if photo["file_name"] == "DSC_2.jpg"), "{photos}");
}
