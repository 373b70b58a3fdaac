//! Processes that are killed in the midst of a job, again and again: it is completed, and
//! no verified byte crosses a second time but those that had not been recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};
use std::process::Command;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use world::waiting::eventually_async;
use world::{Customer, Gallery, PlacedOrder, World, eventually, eventually_some, photos, print_files};

const MIB: u64 = 1024 * 1024;
/// Two photos of 5 MiB cross in a few seconds, so that there is a midst.
const SLOW: &[&str] = &["--upload-limit", "16 Mbit/s"];
const KILLS: usize = 10;
/// At a cut: what the node had in hand, what the lab had written and not yet recorded,
/// and what the kernel held between them.
const LOST_AT_A_CUT_MAX: u64 = (3 + 8 + 6) * MIB;

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

/// Moments of a job, as bytes that have come by then: random, the same for the same
/// seed, none in the job's last megabyte.
fn moments(kills: usize, seed: u64) -> Vec<u64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut moments: Vec<u64> = (0..kills).map(|_| random.random_range(0..9 * MIB)).collect();
    moments.sort_unstable();
    moments
}

/// The one job, as the lab tells it.
fn job(world: &World) -> Value {
    let jobs = world.lab.tries(&["jobs"]).unwrap_or_default();
    jobs["jobs"][0].clone()
}

/// Waits until at least `bytes` of the job are here; how many are.
async fn has_come(world: &World, bytes: u64) -> u64 {
    eventually_some("more of the job is here", || job(world)["here_bytes"].as_u64().filter(|here| *here >= bytes)).await
}

/// Bytes of the job's files that the photographer's node has handed out, by its own book.
fn sent_bytes(world: &World) -> u64 {
    transfers(world).iter().map(|transfer| transfer["sent_bytes"].as_u64().unwrap()).sum()
}

fn transfers(world: &World) -> Vec<Value> {
    let custody = world.photographer.says(&["custody", "--event", "Faults"]);
    let photos = custody["photos"].as_array().unwrap().clone();
    photos.iter().flat_map(|photo| photo["transfers"].as_array().unwrap().clone()).collect()
}

/// The lab has every byte; no more were verified than the job has, and the
/// photographer's book says so of each original.
async fn is_complete(world: &World, order: &PlacedOrder, mut originals: Vec<Vec<u8>>) {
    let mut found = print_files(&world.order_folder(order).await);
    found.sort();
    originals.sort();
    assert!(found == originals, "the print files are not the originals");
    let job = job(world);
    assert_eq!(job["verified_bytes"], job["file_bytes"], "a recorded range crossed again: {job}");
    assert_eq!(job["discarded_bytes"], 0, "{job}");
    eventually("the receipts are there", || transfers(world).iter().all(|one| one["verified"] == true)).await;
    let transfers = transfers(world);
    assert_eq!(transfers.len(), 2);
    for transfer in transfers {
        let told = (&transfer["crossed"], &transfer["lab"], &transfer["order"]);
        assert_eq!(told, (&"once".into(), &"The lab".into(), &order.number.as_str().into()), "{transfer}");
        assert!(transfer["left_at"].is_number() && transfer["received_at"].is_number(), "{transfer}");
        assert!(transfer["receipt"].is_string() && transfer["is_original"] == true, "{transfer}");
    }
}

#[tokio::test]
async fn photographer_killed_at_random_moments_of_one_job_and_it_completes() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    for moment in moments(KILLS, 11) {
        has_come(&world, moment).await;
        world.photographer.kill();
        world.photographer.restart();
    }
    is_complete(&world, &order, originals).await;
    // A kill loses the count of a second at most, so that this may be too low, never too high.
    let bound = 10 * MIB + 2 * 77 + KILLS as u64 * LOST_AT_A_CUT_MAX;
    assert!(sent_bytes(&world) <= bound, "{} bytes left", sent_bytes(&world));
}

#[tokio::test]
async fn lab_killed_at_random_moments_of_one_job_and_only_what_was_in_flight_crosses_twice() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    // Bytes that left and are not recorded, at this cut and all before it.
    let mut lost = 0;
    for moment in moments(KILLS, 12) {
        let here = has_come(&world, moment).await;
        world.lab.kill();
        eventually("the node notices", || world.photographer.says(&["labs"])["labs"][0]["connected"] == false).await;
        let lost_so_far = sent_bytes(&world).saturating_sub(here);
        assert!(lost_so_far <= lost + LOST_AT_A_CUT_MAX, "{lost_so_far} bytes, {lost} of them before this cut");
        lost = lost_so_far;
        world.lab.restart();
    }
    is_complete(&world, &order, originals).await;
    let twice = sent_bytes(&world) - (10 * MIB + 2 * 77);
    assert!(twice <= lost, "{twice} bytes crossed twice, and {lost} were in flight at the cuts");
}

#[tokio::test]
async fn host_killed_at_random_moments_while_a_job_crosses_and_its_customer_hears_of_it() {
    let mut world = World::start_with(SLOW).await;
    let (customer, order, originals) = on_its_way(&world).await;
    for moment in moments(KILLS, 13) {
        has_come(&world, moment).await;
        world.host.kill();
        world.host.restart();
    }
    is_complete(&world, &order, originals).await;
    assert_eq!(sent_bytes(&world), 10 * MIB + 2 * 77, "a host that is away makes nothing cross twice");
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
