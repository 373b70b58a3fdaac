//! The main job as its people do it: real processes, real HTTP, real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use serde_json::Value;
use world::{PlacedOrder, World, eventually, photos, print_files, ticket};

#[tokio::test]
async fn a_print_goes_from_the_folder_to_the_hot_folder_byte_for_byte() {
    let world = World::start().await;
    let (one, two) = (photos::heavy_jpeg(2_500_000, 1), photos::jpeg(800, 600, 2));
    let gallery = world.publish("John's Wedding", &[("reception/a.jpg", one.clone()), ("ceremony/b.jpg", two)]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 2).await;
    world.is_paid(&order.number).await;

    let folder = world.order_folder(&order).await;
    assert_eq!(print_files(&folder), std::slice::from_ref(&one));
    let ticket = ticket(&folder).unwrap();
    assert_eq!(ticket["lines"][0]["quantity"], 2);
    assert!(std::fs::read_to_string(folder.join("ticket.html")).unwrap().contains(&order.number));
    world.assert_host_holds_no_part_of(&one);

    customer.waits_for_state(&order, "received").await;
    world.lab.says(&["printing", &order.number]);
    customer.waits_for_state(&order, "printing").await;
    world.lab.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "TR-77"]);
    customer.waits_for_state(&order, "shipped").await;
    assert_eq!(customer.follow(&order).await["tracking"], "TR-77");
}

#[tokio::test]
async fn photographer_is_away_when_the_order_is_placed_and_it_completes_on_return() {
    let mut world = World::start().await;
    let original = photos::jpeg(800, 600, 3);
    let gallery = world.publish("Away", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    world.photographer.restart();
    world.is_paid(&order.number).await;
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
}

#[tokio::test]
async fn lab_is_away_when_the_order_is_paid_and_it_completes_on_return() {
    let mut world = World::start().await;
    let original = photos::jpeg(800, 600, 4);
    let gallery = world.publish("Lab away", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.lab.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    assert!(world.find_order_folder(&order).is_none());
    world.lab.restart();
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
    customer.waits_for_state(&order, "received").await;
}

#[tokio::test]
async fn host_is_killed_between_order_and_delivery_and_the_order_arrives() {
    let mut world = World::start().await;
    let original = photos::jpeg(800, 600, 5);
    let gallery = world.publish("Host restart", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    world.host.kill();
    world.photographer.restart();
    world.host.restart();
    world.is_paid(&order.number).await;
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
    customer.waits_for_state(&order, "received").await;
}

#[tokio::test]
async fn lab_is_killed_in_mid_transfer_and_fetches_no_verified_range_again() {
    let mut world = World::start().await;
    let original = photos::heavy_jpeg(160 * 1024 * 1024, 6);
    let gallery = world.publish("Killed", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually("some ranges are verified", || verified_bytes(&world) > 8 * 1024 * 1024).await;
    world.lab.kill();
    world.lab.restart();
    let files = print_files(&world.order_folder(&order).await);
    assert!(files == [original.clone()], "the print file is not the original");
    let crossed = verified_bytes(&world);
    let in_flight = 16 * 1024 * 1024;
    assert!(crossed <= original.len() as u64 + in_flight, "{crossed} bytes crossed");
}

#[tokio::test]
async fn the_same_order_placed_twice_is_one_order_and_one_job() {
    let world = World::start().await;
    let gallery = world.publish("Twice", &[("a.jpg", photos::jpeg(800, 600, 7))]);
    let customer = world.customer(&gallery).await;
    let line = customer.line("a.jpg", 1).await;
    let first: Value = customer.place("same-key", vec![line.clone()]).await.json().await.unwrap();
    let again: Value = customer.place("same-key", vec![line]).await.json().await.unwrap();
    assert_eq!(first["order_id"], again["order_id"]);
    let order = world::customer::placed(first);
    world.is_paid(&order.number).await;
    world.order_folder(&order).await;
    assert_eq!(world.photographer.says(&["orders"])["orders"].as_array().unwrap().len(), 1);
    assert_eq!(world.lab.says(&["jobs"])["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_order_is_held_until_it_is_approved_and_a_declined_one_goes_nowhere() {
    let world = World::start_with(&["--approve"]).await;
    let gallery = world.publish("Held", &[("a.jpg", photos::jpeg(800, 600, 8)), ("b.jpg", photos::jpeg(800, 600, 9))]);
    let customer = world.customer(&gallery).await;
    let (wanted, unwanted) = (customer.order(&["a.jpg"], 1).await, customer.order(&["b.jpg"], 1).await);
    world.is_paid(&wanted.number).await;
    customer.waits_for_state(&wanted, "held").await;
    world.photographer.says(&["approve", &wanted.number]);
    world.order_folder(&wanted).await;
    world.photographer_has(&unwanted).await;
    world.photographer.says(&["decline", &unwanted.number, "--reason", "That photo was a mistake."]);
    customer.waits_for_state(&unwanted, "declined").await;
    let refused = world.photographer.refuses(&["paid", &unwanted.number]);
    assert!(refused.contains("declined"), "{refused}");
}

#[tokio::test]
async fn a_proof_of_an_original_with_gps_has_none() {
    let world = World::start().await;
    let original = photos::jpeg_with_gps(10);
    assert!(original.windows(4).any(|four| four == b"Exif"));
    let gallery = world.publish("Where", &[("a.jpg", original)]);
    let customer = world.customer(&gallery).await;
    let photo = customer.photo("a.jpg").await;
    let thumbnail = customer.get(photo["thumbnail_url"].as_str().unwrap()).await.bytes().await.unwrap();
    for rendition in [customer.proof(&photo).await, thumbnail.to_vec()] {
        assert!(!rendition.windows(4).any(|four| four == b"Exif"), "the rendition carries EXIF");
        assert!(!rendition.contains(&0xe1) || !has_segment(&rendition, 0xe1), "the rendition has an APP1 segment");
    }
}

#[tokio::test]
async fn a_repeated_publish_sends_nothing_and_a_withdrawn_event_is_gone() {
    let world = World::start().await;
    let gallery = world.publish("Again", &[("a.jpg", photos::jpeg(800, 600, 11))]);
    let again = world.photographer.says(&["publish", "--event", "Again"]);
    assert_eq!((again["chosen"].as_u64(), again["sent"].as_u64()), (Some(1), Some(0)));
    let customer = world.customer(&gallery).await;
    let photo = customer.photo("a.jpg").await;
    let withdrawn = world.photographer.says(&["withdraw", "--event", "Again"]);
    assert_eq!(withdrawn["photos"], 1);
    let proof = customer.get(photo["proof_url"].as_str().unwrap()).await;
    assert_eq!(proof.status(), 404);
    let opened = customer.http.post(format!("{}/api/v1/open", customer.site));
    let opened = opened.json(&serde_json::json!({ "access_code": gallery.access_code })).send().await.unwrap();
    assert_eq!(opened.status(), 403);
}

fn has_segment(jpeg: &[u8], marker: u8) -> bool {
    jpeg.windows(2).take(4096).any(|two| two == [0xff, marker])
}

fn verified_bytes(world: &World) -> u64 {
    let jobs = world.lab.says(&["jobs"]);
    let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
    jobs.iter().filter_map(|job| job["verified_bytes"].as_u64()).sum()
}

impl World {
    async fn photographer_has(&self, order: &PlacedOrder) {
        eventually("the photographer has the order", || {
            let orders = self.photographer.says(&["orders"]);
            orders["orders"].as_array().unwrap().iter().any(|known| known["number"] == order.number.as_str())
        })
        .await;
    }

    /// Looks for any 4 KiB of the original in every file of the host.
    fn assert_host_holds_no_part_of(&self, original: &[u8]) {
        let needle = &original[original.len() / 2..][..4096];
        for entry in std::fs::read_dir(self.host.data()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let found = bytes.windows(needle.len()).step_by(1).any(|window| window == needle);
            assert!(!found, "{} holds a part of the original", path.display());
        }
    }
}
