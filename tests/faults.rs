//! Processes that are killed in the midst of a job, again and again: it is completed, and
//! no verified byte crosses a second time but those that had not been recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use world::waiting::eventually_async;
use world::{Customer, Gallery, PlacedOrder, World, eventually, photos, print_files};

const MIB: u64 = 1024 * 1024;
/// Two photos of 3 MiB cross in a few seconds, so that there is a midst.
const SLOW: &[&str] = &["--upload-limit", "16 Mbit/s"];
const KILLS: u64 = 10;

/// A wedding whose two photos are on their way to the lab.
async fn on_its_way(world: &World) -> (Customer, PlacedOrder, Vec<Vec<u8>>) {
    let originals: Vec<Vec<u8>> = (1..=2).map(|seed| photos::heavy_jpeg(5 * MIB as usize + 77, seed)).collect();
    let names = ["a.jpg", "b.jpg"];
    let files: Vec<_> = names.into_iter().zip(originals.clone()).collect();
    let gallery: Gallery = world.publish("Faults", &files);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&names, 1).await;
    world.is_paid(&order.number).await;
    (customer, order, originals)
}

/// The one job, as the lab tells it.
fn job(world: &World) -> Value {
    let jobs = world.lab.tries(&["jobs"]).unwrap_or_default();
    jobs["jobs"][0].clone()
}

/// Waits until at least `bytes` of the job are here.
async fn has_come(world: &World, bytes: u64) {
    eventually("more of the job is here", || job(world)["here_bytes"].as_u64().is_some_and(|here| here >= bytes)).await;
}

/// The lab has every byte; no more were verified than the job has.
async fn is_complete(world: &World, order: &PlacedOrder, mut originals: Vec<Vec<u8>>) {
    let mut found = print_files(&world.order_folder(order).await);
    found.sort();
    originals.sort();
    assert!(found == originals, "the print files are not the originals");
    let job = job(world);
    assert_eq!(job["verified_bytes"], job["file_bytes"], "a recorded range crossed again: {job}");
    assert_eq!(job["discarded_bytes"], 0, "{job}");
}

#[tokio::test]
async fn photographer_killed_again_and_again_in_one_job_and_it_completes() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    for kill in 1..=KILLS {
        has_come(&world, kill * MIB * 9 / 10).await;
        world.photographer.kill();
        world.photographer.restart();
    }
    is_complete(&world, &order, originals).await;
}

#[tokio::test]
async fn lab_killed_again_and_again_in_one_job_and_it_completes() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    for kill in 1..=KILLS {
        has_come(&world, kill * MIB * 9 / 10).await;
        world.lab.kill();
        world.lab.restart();
    }
    is_complete(&world, &order, originals).await;
}

#[tokio::test]
async fn host_killed_again_and_again_while_a_job_crosses_and_its_customer_hears_of_it() {
    let mut world = World::start_with(SLOW).await;
    let (customer, order, originals) = on_its_way(&world).await;
    for kill in 1..=KILLS / 2 {
        has_come(&world, kill * MIB).await;
        world.host.kill();
        world.host.restart();
    }
    is_complete(&world, &order, originals).await;
    eventually_async("the customer's page says that the lab has it", || async {
        (customer.follow(&order).await["state"] == "received").then_some(())
    })
    .await;
}

#[tokio::test]
async fn disk_of_the_lab_is_full_in_mid_transfer_and_the_job_goes_on_when_there_is_room() {
    let world = World::start_with(&[]).await;
    let Some(_disk) = SmallDisk::at(&world.lab.data().join("receiving"), "size=6m") else { return };
    let (_, order, originals) = on_its_way(&world).await;
    eventually("the lab says that its disk is full", || {
        job(&world)["hint"].as_str().is_some_and(|hint| !hint.is_empty())
    })
    .await;
    assert!(world.find_order_folder(&order).is_none());
    assert!(mount(&["-o", "remount,size=64m"], &world.lab.data().join("receiving")));
    is_complete(&world, &order, originals).await;
}

/// A disk in memory, as small as a test needs it; taken away when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn at(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        if mount(&["-t", "tmpfs", "-o", size, "tmpfs"], folder) {
            return Some(Self(folder.to_owned()));
        }
        eprintln!("LEFT OUT on a real full disk: a tmpfs may not be mounted");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

fn mount(words: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(words).arg(folder).status().is_ok_and(|status| status.success())
}
