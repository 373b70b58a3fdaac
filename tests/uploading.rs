//! When originals leave the house, and how fast, as a photographer sets it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

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
