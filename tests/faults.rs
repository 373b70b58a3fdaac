//! Processes that are killed in the midst of a job, again and again: it is completed, and
//! no verified byte crosses a second time but those that had not been recorded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use world::waiting::PATIENCE;
use world::{Customer, Gallery, PlacedOrder, World, eventually, eventually_some, photos, print_files};

const MIB: u64 = 1024 * 1024;
/// Two photos cross in little more than a minute, so that there is a midst: each life of the
/// photographer's node brings a MiB at once.
const SLOW: &[&str] = &["--upload-limit", "8 Mbit/s"];
const PHOTO_BYTES: u64 = 40 * MIB + 77;
const FILE_BYTES: u64 = 2 * PHOTO_BYTES;
/// So often is each role killed in the midst of one job.
const KILLS: usize = 50;
/// At a cut: what the node had in hand, what the lab had written and not yet recorded on
/// so slow a line, and what the kernel held between them. Mostly one or two.
const LOST_AT_A_CUT_MAX: u64 = (3 + 2 + 3) * MIB;

/// A wedding whose two photos are on their way to the lab.
async fn on_its_way(world: &World) -> (Customer, PlacedOrder, Vec<Vec<u8>>) {
    let originals: Vec<Vec<u8>> = (1..=2).map(|seed| photos::heavy_jpeg(PHOTO_BYTES as usize, seed)).collect();
    let names = ["a.jpg", "b.jpg"];
    let files: Vec<_> = names.into_iter().zip(originals.clone()).collect();
    let gallery: Gallery = world.publish("Faults", &files);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&names, 1).await;
    world.is_paid(&order.number).await;
    (customer, order, originals)
}

/// Moments of a job, as bytes that have come by then: random, the same for the same
/// seed, and early enough to be seen before all is here.
fn moments(seed: u64) -> Vec<u64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut moments: Vec<u64> = (0..KILLS).map(|_| random.random_range(0..FILE_BYTES - 10 * MIB)).collect();
    moments.sort_unstable();
    moments
}

/// What was seen at the cuts so far.
#[derive(Default)]
struct Cuts {
    kills: usize,
    /// Kills before which something came that was not here at the kill before.
    in_midst: usize,
    /// Bytes that the lab had recorded.
    here: u64,
    /// Bytes that left and were not recorded, at all cuts together; too low where the kill
    /// was the photographer's, whose book lacks its last second.
    lost: i64,
    /// The most at one cut.
    most_at_once: i64,
}

impl Cuts {
    /// Waits until at least `bytes` of the job are here, and none is forgotten.
    async fn has_come(&mut self, world: &World, bytes: u64) {
        let before = self.here;
        self.here = eventually_some("more of the job is here", || {
            let here = job(world)["here_bytes"].as_u64()?;
            assert!(here >= before, "{before} bytes were recorded, and {here} are left");
            (here >= bytes).then_some(here)
        })
        .await;
        self.kills += 1;
        self.in_midst += usize::from(self.here > before);
    }

    /// As [`Self::has_come`], in the midst of the job.
    async fn is_in_midst(&mut self, world: &World, bytes: u64) {
        self.has_come(world, bytes).await;
        assert!(self.here < FILE_BYTES, "all was here before kill {}", self.kills);
    }

    /// Notes what has left, as it was at the cut.
    fn note(&mut self, world: &World) {
        let lost = sent_bytes(world).cast_signed() - self.here.cast_signed();
        let now = lost - self.lost;
        assert!(now <= LOST_AT_A_CUT_MAX.cast_signed(), "{now} bytes were lost by kill {}", self.kills);
        (self.lost, self.most_at_once) = (lost, self.most_at_once.max(now));
    }

    /// All have it, and after the last cut little left that was not missing.
    fn are_over(&self, world: &World) {
        let twice = sent_bytes(world).cast_signed() - FILE_BYTES.cast_signed();
        let (kills, in_midst, most) = (self.kills, self.in_midst, self.most_at_once);
        eprintln!("{kills} kills, {in_midst} after more had come; {twice} bytes left again, at most {most} for a kill");
        // Whoever comes back is dialled by both ends: of two connections one is given up,
        // with what was asked on it.
        let most = self.lost + LOST_AT_A_CUT_MAX.cast_signed();
        assert!(twice <= most, "{twice} bytes left again, and {} were in flight at the cuts", self.lost);
        assert!(in_midst * 3 > kills, "before most kills nothing had come: {in_midst} of {kills}");
    }
}

/// Kills while the last bytes come, and then as the order's folder is built and put in its
/// place and its receipt is written: after the first change that is seen in the hot folder,
/// in the next life after the second, and so on.
async fn is_placed_under_kills(world: &mut World, cuts: &mut Cuts, kill: impl Fn(&mut World)) {
    cuts.has_come(world, FILE_BYTES - MIB).await;
    kill(world);
    cuts.note(world);
    for changes in 1..=6 {
        wait_for_changes(&world.hot_folder(), changes).await;
        kill(world);
    }
}

/// Waits for so many changes of the hot folder, or until the order's folder stands in it.
async fn wait_for_changes(hot_folder: &Path, changes: usize) {
    let hot_folder = hot_folder.to_owned();
    let look = move || {
        let deadline = Instant::now() + PATIENCE;
        let (mut seen, mut rest) = (shape(&hot_folder), changes);
        while rest > 0 && !is_placed(&hot_folder) {
            assert!(Instant::now() < deadline, "the order's folder is not built");
            let now = shape(&hot_folder);
            rest -= usize::from(now != seen);
            seen = now;
        }
    };
    tokio::task::spawn_blocking(look).await.unwrap();
}

/// Folders in the hot folder and what is in them, as paths below it.
fn shape(hot_folder: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders: Vec<PathBuf> = below(hot_folder).collect();
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| below(folder)).collect();
    let mut all = [folders, files].concat();
    all.sort();
    all
}

/// Whether a folder stands in the hot folder that is not being built.
fn is_placed(hot_folder: &Path) -> bool {
    let names = std::fs::read_dir(hot_folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| !name.to_string_lossy().starts_with('.'))
}

/// The one job, as the lab tells it.
fn job(world: &World) -> Value {
    let jobs = world.lab.tries(&["jobs"]).unwrap_or_default();
    jobs["jobs"][0].clone()
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
async fn photographer_killed_fifty_times_at_random_moments_of_one_job_and_it_completes() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    let mut cuts = Cuts::default();
    let kill = |world: &mut World| {
        world.photographer.kill();
        world.photographer.restart();
    };
    for moment in moments(11) {
        cuts.is_in_midst(&world, moment).await;
        kill(&mut world);
        cuts.note(&world);
    }
    is_placed_under_kills(&mut world, &mut cuts, kill).await;
    is_complete(&world, &order, originals).await;
    cuts.are_over(&world);
}

#[tokio::test]
async fn lab_killed_fifty_times_at_random_moments_of_one_job_and_only_what_was_in_flight_crosses_twice() {
    let mut world = World::start_with(SLOW).await;
    let (_, order, originals) = on_its_way(&world).await;
    let mut cuts = Cuts::default();
    for moment in moments(12) {
        cuts.is_in_midst(&world, moment).await;
        world.lab.kill();
        eventually("the node notices", || world.photographer.says(&["labs"])["labs"][0]["connected"] == false).await;
        cuts.note(&world);
        world.lab.restart();
    }
    let kill = |world: &mut World| {
        world.lab.kill();
        world.lab.restart();
    };
    is_placed_under_kills(&mut world, &mut cuts, kill).await;
    is_complete(&world, &order, originals).await;
    cuts.are_over(&world);
}

#[tokio::test]
async fn host_killed_fifty_times_at_random_moments_while_a_job_crosses_and_its_customer_hears_of_it() {
    let mut world = World::start_with(SLOW).await;
    let (customer, order, originals) = on_its_way(&world).await;
    let mut cuts = Cuts::default();
    let kill = |world: &mut World| {
        world.host.kill();
        world.host.restart();
    };
    for moment in moments(13) {
        cuts.is_in_midst(&world, moment).await;
        kill(&mut world);
        let state = customer.follow(&order).await["state"].clone();
        assert_eq!(state, "offered", "the host forgot that a lab has the job");
    }
    is_placed_under_kills(&mut world, &mut cuts, kill).await;
    is_complete(&world, &order, originals).await;
    assert_eq!(sent_bytes(&world), FILE_BYTES, "a host that is away makes nothing cross twice");
    cuts.are_over(&world);
    customer.waits_for_state(&order, "received").await;
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
    assert!(mount(&["-o", "remount,size=128m"], &world.lab.data().join("receiving")));
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
