//! When originals leave the house, and how fast, as a photographer sets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::time::{Duration, Instant};

use world::{World, eventually, photos, print_files};

/// Hours that begin so many hours from now, and last for two.
fn hours_from_now(begin: i64) -> String {
    let at = |hours: i64| (jiff::Zoned::now().time().wrapping_add(jiff::Span::new().hours(hours))).strftime("%H:%M");
    format!("{}-{}", at(begin), at(begin + 2))
}

#[tokio::test]
async fn outside_of_the_upload_hours_the_lab_waits_and_says_why() {
    let later = hours_from_now(6);
    let mut world = World::start_with(&["--upload-hours", &later]).await;
    let original = photos::jpeg(800, 600, 3);
    let gallery = world.publish("Night", &[("a.jpg", original.clone())]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually("the lab says when the files come", || {
        let jobs = world.lab.says(&["jobs"]);
        jobs["jobs"][0]["hint"].as_str().is_some_and(|hint| hint.contains("sends files only from"))
    })
    .await;
    assert!(world.find_order_folder(&order).is_none());
    let begin = later.split_once('-').unwrap().0;
    let until = format!("wait until {begin}");
    // The lab may ask for the files before its answer to the offer is noted by the photographer.
    eventually("the photographer is told", || {
        let hint = world.photographer.says(&["orders"])["orders"][0]["hint"].clone();
        hint.as_str().is_some_and(|hint| hint.contains(&until))
    })
    .await;
    let status = world.photographer.says(&["status"])["files_wait"].clone();
    assert!(status.as_str().is_some_and(|wait| wait.contains(&until)), "the status does not say it: {status}");

    world.photographer.kill();
    world.photographer.set_flag("--upload-hours", &hours_from_now(-1));
    world.photographer.restart();
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
}

#[tokio::test]
async fn an_upload_limit_that_no_file_crosses_in_time_is_refused_in_words() {
    let world = World::start().await;
    let said = world.photographer.refuses(&["--upload-limit", "1 kbit/s", "status"]);
    assert!(said.contains("a speed of 256 kbit/s or more"), "{said}");
}

/// Slower is no fault: a busy machine can't make this fail.
#[tokio::test]
async fn print_files_and_proofs_take_the_time_that_the_upload_limit_gives_them() {
    let world = World::start_with(&["--upload-limit", "8 Mbit/s"]).await;
    let original = photos::heavy_jpeg(5 << 20, 5);
    let gallery = world.publish("Slow", &[("a.jpg", original.clone())]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    let begun = Instant::now();
    world.is_paid(&order.number).await;
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
    // A MiB a second, and the first at once.
    assert!(begun.elapsed() >= Duration::from_secs(4), "5 MiB crossed in {:?}", begun.elapsed());
}

#[tokio::test]
async fn a_publish_waits_until_the_one_before_has_had_its_time_by_the_upload_limit() {
    let world = World::start_with(&["--upload-limit", "256 kbit/s"]).await;
    let card = |event: &str, seed| {
        let card = world.path().join(event);
        photos::put(&card, "a.jpg", &photos::jpeg(2_000, 1_500, seed));
        world.photographer.says(&["import", card.to_str().unwrap(), "--event", event]);
    };
    card("First", 6);
    card("Second", 7);
    let begun = Instant::now();
    let sent = world.photographer.says(&["publish", "--event", "First"])["sent_bytes"].as_u64().unwrap();
    world.photographer.says(&["publish", "--event", "Second"]);
    let its_time = Duration::from_millis(sent * 8 / 256);
    assert!(its_time > Duration::from_millis(500), "too little to tell: {sent} bytes");
    assert!(begun.elapsed() >= its_time, "{sent} bytes left in {:?}", begun.elapsed());
}
