//! A photographer whose archive has lost a whole event, and whose second home has it; and a
//! second home that has lost what it copied.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use world::damage::{flip, flip_slots, lose_volumes};
use world::waiting::eventually_async;
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

#[tokio::test]
async fn verify_fetches_what_this_home_has_lost_from_the_other_as_that_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut studio = Process::photographer(&dir.path().join("studio"), &[]).await;
    let mut nas = Process::photographer(&dir.path().join("nas"), &[]).await;
    let card = dir.path().join("card");
    for number in 1..=2 {
        photos::put(&card, &format!("Cake/DSC_{number}.jpg"), &original(number));
    }
    studio.says(&["import", card.to_str().unwrap(), "--event", EVENT]);
    studio.says(&["edit", "--event", EVENT, "--file", "DSC_2.jpg", "--turn", "right"]);
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

/// A studio with so many photos, and a second home that has them.
struct Homes {
    dir: TempDir,
    studio: Process,
    nas: Process,
}

impl Homes {
    async fn with(photos: u32, bytes: usize) -> Self {
        let dir = TempDir::new().unwrap();
        let studio = Process::photographer(&dir.path().join("studio"), &[]).await;
        let nas = Process::photographer(&dir.path().join("nas"), &[]).await;
        let homes = Self { dir, studio, nas };
        (1..=photos).for_each(|number| homes.imports(number, &photos::heavy_jpeg(bytes, 2 * number + 1)));
        homes.nas.follows(&homes.studio);
        homes.are_equal().await;
        homes
    }

    fn imports(&self, number: u32, original: &[u8]) {
        let card = self.dir.path().join("card");
        photos::put(&card, &format!("DSC_{number}.jpg"), original);
        self.studio.says(&["import", card.to_str().unwrap(), "--event", EVENT]);
    }

    fn edits(&self, number: u32, how: &[&str]) {
        let file = format!("DSC_{number}.jpg");
        let edited = self.studio.says(&[&["edit", "--event", EVENT, "--file", &file], how].concat());
        assert_eq!(edited["edited"], 1, "{edited}");
    }

    /// The second home knows the same of each photo, and of no trouble.
    async fn are_equal(&self) {
        let at_studio = photos_of(&self.studio);
        let count = at_studio.as_array().unwrap().len() as u64;
        let is_equal = || copied(&self.nas) == Some(count) && photos_of(&self.nas) == at_studio;
        eventually("the second home has everything", is_equal).await;
        let events = self.nas.tries(&["events"]).unwrap_or_default();
        assert_eq!(events["events"][0]["trouble"], Value::Null, "{events}");
    }

    /// Every original of the second home is that of the first, byte for byte.
    fn originals_are_equal(&self) {
        let [at_studio, at_nas] = [&self.studio, &self.nas].map(|node| {
            let out = self.dir.path().join(format!("out of {}", node.peer_id()));
            node.says(&["export", "--event", EVENT, out.to_str().unwrap()]);
            originals_in(&out)
        });
        assert!(at_studio == at_nas && !at_nas.is_empty());
    }

    /// The second home, which does not run, loses or damages something, and starts while the first
    /// sleeps: no other mark tells it that it has to copy anything.
    async fn starts_hurt(&mut self, hurts: impl Fn(&Path)) {
        self.nas.kill();
        hurts(self.nas.data());
        self.studio.falls_asleep();
        self.nas.restart();
    }
}

fn originals_in(out: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    let of_one = |path: PathBuf| match path.is_dir() {
        true => originals_in(&path),
        false => vec![(path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap())],
    };
    let mut originals: Vec<_> = entries.flat_map(of_one).collect();
    originals.sort();
    originals
}

#[tokio::test]
async fn a_second_home_that_has_lost_everything_copies_it_again_though_nothing_is_other_at_the_first() {
    let mut homes = Homes::with(2, 1_500_000).await;
    homes.edits(2, &["--turn", "right"]);
    homes.are_equal().await;
    homes.starts_hurt(|data| lose_volumes(data, "")).await;
    let missed = homes.nas.reports(&["events"]);
    assert!(missed["events"][0]["trouble"].as_str().unwrap().contains("DSC_1.jpg"), "{missed}");
    homes.studio.wakes();
    homes.are_equal().await;
    homes.originals_are_equal();
    // The volumes say what their event is.
    homes.nas.kill();
    std::fs::remove_file(homes.nas.data().join("catalogue.db")).unwrap();
    homes.nas.restart();
    assert_eq!(homes.nas.says(&["events"])["events"][0]["name"], EVENT);
}

/// So many small photos that damage of their list hides some.
async fn homes_with_a_list() -> (Homes, String) {
    let homes = Homes::with(1, 5_000).await;
    (2..=30)
        .for_each(|number| photos::put(&homes.dir.path().join("card"), &format!("DSC_{number}.jpg"), &small(number)));
    homes.imports(31, &small(31));
    homes.are_equal().await;
    let event_id = homes.nas.says(&["events"])["events"][0]["event_id"].as_str().unwrap().to_owned();
    (homes, event_id)
}

#[tokio::test]
async fn verify_fetches_what_damaged_lists_hide_and_the_event_is_whole() {
    let (mut homes, event_id) = homes_with_a_list().await;
    let before = photos_of(&homes.studio);
    homes.studio.kill();
    flip_slots(homes.studio.data(), &event_id, |bytes| bytes <= 4_096, 150, 6_000);
    homes.studio.restart();
    let hidden = homes.studio.reports(&["events"]);
    assert!(hidden["events"][0]["trouble"].as_str().unwrap().contains("damaged on this disk"), "{hidden}");
    eventually("it is fetched", || homes.studio.tries(&["verify", "--event", EVENT]).is_ok()).await;
    assert_eq!(photos_of(&homes.studio), before, "it is not as it was");
    homes.originals_are_equal();
}

#[tokio::test]
async fn a_second_home_whose_lists_are_damaged_copies_what_they_hide_and_is_whole() {
    let (mut homes, event_id) = homes_with_a_list().await;
    homes.starts_hurt(|data| flip_slots(data, &event_id, |bytes| bytes <= 4_096, 150, 6_000)).await;
    let hidden = homes.nas.reports(&["events"]);
    assert!(hidden["events"][0]["trouble"].as_str().unwrap().contains("damaged on this disk"), "{hidden}");
    homes.studio.wakes();
    homes.are_equal().await;
    // What no list says is seen by who reads it.
    eventually("every byte is whole", || homes.nas.tries(&["verify", "--event", EVENT]).is_ok()).await;
    homes.originals_are_equal();
}

fn small(number: u32) -> Vec<u8> {
    photos::heavy_jpeg(5_000, 2 * number + 1)
}

#[tokio::test]
async fn what_verify_finds_damaged_at_a_second_home_is_fetched_as_soon_as_the_first_is_there() {
    let mut homes = Homes::with(2, 1_500_000).await;
    homes.starts_hurt(|data| flip(data, &original(2), 700_000)).await;
    let verified = homes.nas.reports(&["verify", "--event", EVENT]);
    assert_eq!(verified["damaged"], Value::from(vec!["DSC_2.jpg"]), "{verified}");
    homes.studio.wakes();
    eventually("it is repaired", || homes.nas.tries(&["events"]).is_ok()).await;
    homes.originals_are_equal();
}

#[tokio::test]
async fn verify_at_a_second_home_fetches_what_that_has_lost() {
    let mut homes = Homes::with(1, 1_500_000).await;
    let before = photos_of(&homes.studio);
    homes.nas.kill();
    lose_volumes(homes.nas.data(), "");
    homes.nas.restart();
    // By itself or by this.
    eventually("it is here", || homes.nas.tries(&["verify", "--event", EVENT]).is_ok()).await;
    assert_eq!(photos_of(&homes.nas), before);
    homes.originals_are_equal();
}

#[tokio::test]
async fn a_second_home_that_was_told_to_do_without_a_photo_has_it_when_the_first_is_there() {
    let mut homes = Homes::with(2, 1_500_000).await;
    homes.starts_hurt(|data| lose_volumes(data, "")).await;
    let forgotten = homes.nas.says(&["forget-lost", EVENT]);
    assert_eq!(forgotten["photos"].as_array().unwrap().len(), 2, "{forgotten}");
    homes.studio.wakes();
    homes.are_equal().await;
}

#[tokio::test]
async fn a_photo_that_was_edited_since_a_second_home_copied_it_comes_back_with_its_edits() {
    let mut homes = Homes::with(2, 1_500_000).await;
    homes.nas.kill();
    homes.edits(2, &["--turn", "right"]);
    let before = photos_of(&homes.studio);
    loses_all(&mut homes.studio);
    homes.nas.restart();
    let verify = ["verify", "--event", EVENT];
    eventually("both photos are fetched", || homes.studio.tries(&verify).is_ok()).await;
    assert_eq!(photos_of(&homes.studio), before, "it is not as it was");
    homes.are_equal().await;
    homes.originals_are_equal();
    homes.edits(2, &["--undo"]);
    assert_eq!(photos_of(&homes.studio)[1]["edited"], false, "what was before the last edit is lost");
}

/// What the catalogue is at some time: the node does not run.
fn saved_catalogue(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path());
    let is_its = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("catalogue.db");
    files.filter(is_its).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// The disk loses all events, and the catalogue is one from before.
fn loses_all_but(node: &mut Process, catalogue: &[(PathBuf, Vec<u8>)]) {
    node.kill();
    lose_volumes(node.data(), "");
    saved_catalogue(node.data()).iter().for_each(|(path, _)| std::fs::remove_file(path).unwrap());
    catalogue.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    node.restart();
}

#[tokio::test]
async fn photos_that_the_catalogue_never_heard_of_come_back_with_those_that_it_misses() {
    let mut homes = Homes::with(1, 1_500_000).await;
    homes.studio.kill();
    let backup = saved_catalogue(homes.studio.data());
    homes.studio.restart();
    homes.imports(2, &original(2));
    homes.studio.says(&["event", EVENT, "--watermark", "PROOF"]);
    let mark_at = |node: &Process| node.tries(&["events"]).unwrap_or_default()["events"][0]["mark"]["mark"].clone();
    let mark = mark_at(&homes.studio);
    homes.are_equal().await;
    eventually("the second home knows the mark", || mark_at(&homes.nas) == mark).await;
    let before = photos_of(&homes.studio);
    loses_all_but(&mut homes.studio, &backup);
    let verify = ["verify", "--event", EVENT];
    eventually("both are fetched", || homes.studio.tries(&verify).is_ok() && photos_of(&homes.studio) == before).await;
    assert_eq!(mark_at(&homes.studio), mark, "its proofs would be shown without it");
}

#[tokio::test]
async fn an_undone_edit_does_not_come_back_where_a_kill_kept_its_copy() {
    let mut homes = Homes::with(1, 1_500_000).await;
    homes.edits(1, &["--turn", "right"]);
    homes.studio.kill();
    let before_the_undo = saved_catalogue(homes.studio.data());
    homes.studio.restart();
    homes.edits(1, &["--undo"]);
    homes.are_equal().await;
    loses_all_but(&mut homes.studio, &before_the_undo);
    eventually("it is fetched", || homes.studio.tries(&["verify", "--event", EVENT]).is_ok()).await;
    assert_eq!(photos_of(&homes.studio)[0]["edited"], false, "the edit is back");
    // Nor with the next loss, after which its file is imported.
    homes.nas.kill();
    loses_all(&mut homes.studio);
    homes.imports(1, &original(1));
    assert_eq!(photos_of(&homes.studio)[0]["edited"], false, "the edit is back");
}

#[tokio::test]
async fn photos_that_are_given_up_are_not_for_sale_and_a_second_home_is_asked_for_them_first() {
    let mut world = World::start().await;
    let gallery = world.publish(EVENT, &[("b.jpg", original(2)), ("c.jpg", original(3))]);
    let mut nas = Process::photographer(&world.path().join("nas"), &[]).await;
    nas.follows(&world.photographer);
    eventually("the second home has everything", || copied(&nas) == Some(2)).await;
    nas.kill();
    let customer = world.customer(&gallery).await;
    loses_all(&mut world.photographer);
    let refused = world.photographer.refuses(&["forget-lost", EVENT]);
    assert!(refused.contains("“NAS” may have these photos"), "{refused}");
    let forgotten = world.photographer.says(&["forget-lost", EVENT, "--anyway"]);
    assert_eq!((forgotten["photos"].as_array().unwrap().len(), &forgotten["withdrawn"]), (2, &Value::from(2)));
    let customer = &customer;
    eventually_async("the gallery shows none of them", async || customer.photos().await.is_empty().then_some(())).await;
}
