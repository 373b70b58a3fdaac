//! An order that goes to another lab is printed there, and there alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use world::figures::Figures;
use world::waiting::eventually_async;
use world::{Customer, PlacedOrder, World, eventually, eventually_some, photos, print_files, ticket};

/// In that time a node with the limit below reads ten ranges.
const STANDS_STILL: Duration = Duration::from_secs(1);

/// Waits for the print files in the second lab's hot folder.
async fn prints_at_second(world: &World) -> Vec<Vec<u8>> {
    let hot_folder = world.path().join("second").join("hot");
    let folder = eventually_some("the order is at the second lab", || {
        let mut folders = std::fs::read_dir(&hot_folder).ok()?.map(|folder| folder.unwrap().path());
        let is_shown = |folder: &PathBuf| !folder.file_name().unwrap().to_string_lossy().starts_with('.');
        folders.find(|folder| is_shown(folder) && ticket(folder).is_some())
    })
    .await;
    print_files(&folder)
}

/// Waits until the photographer's node has nothing to say to anybody.
async fn all_is_said(world: &World) {
    eventually("nothing waits", || world.photographer.says(&["status"])["waiting"] == json!([])).await;
}

async fn hears_that_it_is_at_a_lab(customer: &Customer, order: &PlacedOrder) {
    eventually_async("the order's page says that it is at the lab", || async {
        (customer.follow(order).await["state"] == "received").then_some(())
    })
    .await;
}

fn first_job(world: &World) -> Value {
    world.lab.tries(&["jobs"]).unwrap_or_default()["jobs"][0].clone()
}

#[tokio::test]
async fn lab_that_was_off_when_its_order_went_to_another_prints_nothing_on_its_return() {
    let mut world = World::start().await;
    let second = world.second_lab().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Two labs", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.lab.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    world.photographer.says(&["send", &order.number, "--lab", "Second lab"]);
    assert_eq!(prints_at_second(&world).await, [original]);
    hears_that_it_is_at_a_lab(&customer, &order).await;

    world.lab.restart();
    all_is_said(&world).await;
    assert_eq!(world.lab.says(&["jobs"])["jobs"], json!([]), "the first lab was offered what is printed already");
    assert!(world.find_order_folder(&order).is_none());
    assert_eq!(second.says(&["jobs"])["jobs"][0]["state"], "received");
}

#[tokio::test]
async fn lab_that_has_all_bytes_of_an_order_that_went_to_another_does_not_print_it() {
    let world = World::start().await;
    let _second = world.second_lab().await;
    let original = photos::jpeg(800, 600, 2);
    let gallery = world.publish("All bytes", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    // Every name of its folder is taken, so that the job stands just before its end.
    let taken = (1..=1_000).map(|number| match number {
        1 => format!("{}_All_bytes", order.number),
        _ => format!("{}_All_bytes-{number}", order.number),
    });
    let taken: Vec<_> = taken.map(|name| world.hot_folder().join(name)).collect();
    taken.iter().for_each(|folder| std::fs::create_dir_all(folder).unwrap());
    world.is_paid(&order.number).await;
    eventually("the first lab has all bytes", || {
        let job = first_job(&world);
        job["here_bytes"] == job["file_bytes"] && job["hint"].is_string()
    })
    .await;

    world.photographer.says(&["send", &order.number, "--lab", "Second lab"]);
    assert_eq!(prints_at_second(&world).await, [original]);
    all_is_said(&world).await;
    assert_eq!(first_job(&world)["state"], "withdrawn");
    taken.iter().for_each(|folder| std::fs::remove_dir(folder).unwrap());
    let refused = world.lab.refuses(&["printing", &order.number]);
    assert!(refused.contains("took this job back"), "{refused}");
    hears_that_it_is_at_a_lab(&customer, &order).await;
    assert!(world.find_order_folder(&order).is_none());
    let custody = world.photographer.says(&["custody", "--event", "All bytes", "--file", "a.jpg"]);
    let transfers = custody["photos"][0]["transfers"].as_array().unwrap();
    let told: Vec<_> = transfers.iter().map(|one| (one["lab"].clone(), one["withdrawn"].clone())).collect();
    assert!(
        told.contains(&(json!("The lab"), json!(true))) && told.contains(&(json!("Second lab"), json!(false))),
        "{told:?}"
    );
}

/// Ranges of print files that the photographer's node has read for labs.
async fn ranges_served(world: &World) -> f64 {
    Figures::at(&world.photographer.metrics()).await.of("enprint_ranges_served_total")
}

/// Waits until the node reads no more; how many it has read.
async fn reads_no_more(world: &World) -> f64 {
    let seen = Cell::new((f64::NAN, Instant::now()));
    eventually_async("nothing more is read", || async {
        let served = ranges_served(world).await;
        let (before, since) = seen.get();
        if served != before {
            seen.set((served, Instant::now()));
        }
        (served == before && since.elapsed() > STANDS_STILL).then_some(served)
    })
    .await
}

#[tokio::test]
async fn for_a_lab_that_stops_reading_nothing_more_is_read_and_another_lab_gets_its_files() {
    let world = World::start_with(&["--upload-limit", "80 Mbit/s", "--metrics", "127.0.0.1:0"]).await;
    let _second = world.second_lab().await;
    let (big, small) = (photos::heavy_jpeg(48 << 20, 7), photos::jpeg(800, 600, 8));
    let gallery = world.publish("Stalled", &[("big.jpg", big.clone()), ("small.jpg", small.clone())]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["big.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually("some of it is here", || first_job(&world)["here_bytes"].as_u64() >= Some(1 << 20)).await;

    world.lab.falls_asleep();
    let served = reads_no_more(&world).await;
    assert!(served < 40.0, "{served} of 49 ranges were read for a lab that reads none");
    world.photographer.says(&["use-lab", "Second lab"]);
    let another = customer.order(&["small.jpg"], 1).await;
    world.is_paid(&another.number).await;
    assert_eq!(prints_at_second(&world).await, [small]);
    assert_eq!(ranges_served(&world).await, served + 1.0, "more was read than the other lab's one range");

    world.lab.wakes();
    assert_eq!(print_files(&world.order_folder(&order).await), [big]);
}
