//! Publishing when the host comes and goes: nothing is sent twice, nothing is forgotten.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::thread;

use serde_json::Value;
use world::{World, eventually, photos};

/// Photos whose proofs fill several batches.
const PHOTOS: u64 = 40;

#[tokio::test]
async fn a_publish_that_the_host_breaks_off_resumes_with_what_is_missing() {
    let mut world = World::start().await;
    import(&world, "Broken");
    let published = thread::scope(|scope| {
        let publishing = scope.spawn(|| world.photographer.tries(&["publish", "--event", "Broken"]));
        while published_photos(&world) == 0 && !publishing.is_finished() {
            thread::yield_now();
        }
        world.host.end();
        publishing.join().unwrap()
    });
    let stored = published_photos(&world);
    assert!(stored > 0, "nothing was stored before the host was killed: {published:?}");
    world.host.kill();
    world.host.restart();

    eventually("the rest is published by itself", || published_photos(&world) == PHOTOS).await;
    let again = world.photographer.says(&["publish", "--event", "Broken"]);
    assert_eq!((again["chosen"].as_u64(), again["sent"].as_u64()), (Some(PHOTOS), Some(0)), "{again}");
}

#[tokio::test]
async fn a_photo_that_was_cut_short_is_shown_as_far_as_it_goes_and_never_sold() {
    let world = World::start().await;
    let whole = photos::jpeg(1200, 800, 4);
    let cut = whole[..whole.len() * 3 / 4].to_vec();
    let folder = world.path().join("card");
    photos::put(&folder, "cut.jpg", &cut);
    let imported = world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Cut"]);
    assert_eq!((&imported["imported"], &imported["failed"]), (&1.into(), &Value::Array(Vec::new())), "{imported}");
    let told = imported["not_for_print"][0]["reason"].as_str().unwrap();
    assert!(told.contains("cut short"), "{told}");

    let gallery = world.publish("Cut", &[]);
    let customer = world.customer(&gallery).await;
    let photo = customer.photo("cut.jpg").await;
    assert_eq!(photo["not_for_print"], "damaged", "{photo}");
    let proof = image::load_from_memory(&customer.proof(&photo).await).unwrap();
    assert_eq!((proof.width(), proof.height()), (1200, 800));
    let line = customer.line("cut.jpg", 1).await;
    let refused = customer.place("cut", vec![line]).await;
    assert_eq!(refused.status(), 409);
    assert!(refused.text().await.unwrap().contains("No prints can be made"));

    let turned = world.photographer.says(&["edit", "--event", "Cut", "--all", "--turn", "right"]);
    assert_eq!(turned["edited"], 1, "{turned}");
    assert_eq!(customer.photo("cut.jpg").await["not_for_print"], "damaged", "an edit mends nothing");
}

#[tokio::test]
async fn what_is_published_and_withdrawn_while_the_host_is_away_is_done_when_it_is_back() {
    let mut world = World::start().await;
    world.host.kill();
    photos::put(&world.path().join("card"), "a.jpg", &photos::jpeg(600, 400, 1));
    photos::put(&world.path().join("card"), "b.jpg", &photos::jpeg(600, 400, 2));
    let folder = world.path().join("card");
    world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Away"]);
    let published = world.photographer.says(&["publish", "--event", "Away"]);
    assert_eq!(published["queued"], true, "{published}");
    let withdrawn = world.photographer.says(&["withdraw", "--event", "Away", "--file", "b.jpg"]);
    assert_eq!(withdrawn["queued"], true, "{withdrawn}");
    world.host.restart();
    eventually("one photo is in the gallery, and the other off it", || published_photos(&world) == 1).await;
}

#[tokio::test]
async fn only_what_is_chosen_by_category_or_name_is_published() {
    let world = World::start().await;
    for name in ["party/a.jpg", "party/b.jpg", "speech/c.jpg"] {
        photos::put(&world.path().join("card"), name, &photos::jpeg(600, 400, u32::from(name.as_bytes()[6])));
    }
    let folder = world.path().join("card");
    world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Chosen"]);
    let published = world.photographer.says(&["publish", "--event", "Chosen", "--category", "speech"]);
    assert_eq!(published["chosen"], 1);
    assert_eq!(published_photos(&world), 1);
    let published = world.photographer.says(&["publish", "--event", "Chosen", "--file", "B*"]);
    assert_eq!((&published["chosen"], &published["sent"]), (&1.into(), &1.into()));
    assert_eq!(published_photos(&world), 2);
}

fn import(world: &World, event: &str) {
    let card = world.path().join("card");
    for seed in 0..PHOTOS {
        let seed = u32::try_from(seed).unwrap();
        photos::put(&card, &format!("{seed}.jpg"), &photos::busy_jpeg(seed));
    }
    let imported = world.photographer.says(&["import", card.to_str().unwrap(), "--event", event]);
    assert_eq!(imported["imported"], PHOTOS);
}

/// Photos in the host's database, whether the host runs or not.
fn published_photos(world: &World) -> u64 {
    let events = world.host.says(&["events"]);
    events["events"].as_array().unwrap().iter().filter_map(|event| event["photos"].as_u64()).sum()
}
