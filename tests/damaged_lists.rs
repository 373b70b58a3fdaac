//! A photographer whose disk has damaged more than one photo's bytes: where an event lists
//! its photos, in slots of two sizes at once, a file that was cut short, a whole volume. What
//! they read then, and how everything becomes whole by importing it again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use world::damage::{flip_slots, lose_volumes, slabs};
use world::{Process, World, cli, photos};

const EVENT: &str = "John's Wedding";
const OTHER: &str = "The other wedding";
/// What no person should read.
const RAW: [&str; 7] = ["sled", "registry", ".rs", "panicked", "crc", "Backtrace", "failed to read"];

/// A node that does not run, with two events; the first has `count` photos of `bytes`.
struct Studio {
    dir: tempfile::TempDir,
    node: Process,
    card: PathBuf,
    event_id: String,
}

impl Studio {
    async fn of(count: u32, bytes: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut node = Process::photographer(dir.path(), &[]).await;
        let (card, other) = (dir.path().join("card"), dir.path().join("other"));
        for number in 0..count {
            photos::put(&card, &name_of(number), &photos::heavy_jpeg(bytes, 2 * number + 1));
        }
        photos::put(&other, "DSC_1.jpg", &photos::jpeg(300, 200, 500));
        assert_eq!(node.says(&["import", card.to_str().unwrap(), "--event", EVENT])["imported"], count);
        assert_eq!(node.says(&["import", other.to_str().unwrap(), "--event", OTHER])["imported"], 1);
        let events = node.says(&["events"])["events"].clone();
        let event = events.as_array().unwrap().iter().find(|event| event["name"] == EVENT).unwrap();
        let event_id = event["event_id"].as_str().unwrap().to_owned();
        node.kill();
        listens_anywhere(&mut node);
        Self { dir, node, card, event_id }
    }

    /// What a command says that finds damage; nobody reads what the database said of it.
    fn complains(&self, args: &[&str]) -> Value {
        let (answer, code, said) = cli::reports(&self.node.command_line(args));
        assert_eq!(code, 1, "{args:?}: {answer} {said}");
        let all = format!("{answer}{said}");
        RAW.iter().for_each(|raw| assert!(!all.contains(raw), "{raw} is in what {args:?} said: {all}"));
        answer
    }

    fn imports_again(&self) -> Value {
        self.node.says(&["import", self.card.to_str().unwrap(), "--event", EVENT])
    }

    /// Whether every command finds every photo whole, and no other word of damage.
    fn is_whole(&self, count: u32) {
        let verified = self.node.says(&["verify", "--event", EVENT]);
        assert_eq!((&verified["damaged"], &verified["trouble"]), (&Value::Array(Vec::new()), &Value::Null));
        assert!(self.node.says(&["status"])["damaged"].as_array().unwrap().is_empty());
        let events = self.node.says(&["events"])["events"].clone();
        let event = events.as_array().unwrap().iter().find(|event| event["name"] == EVENT).unwrap();
        assert_eq!(event["photos"], count, "{event}");
        let out = self.dir.path().join("out");
        let exported = self.node.says(&["export", "--event", EVENT, out.to_str().unwrap()]);
        assert_eq!(exported["files"], count, "{exported}");
        for number in 0..count {
            let name = name_of(number);
            assert!(std::fs::read(out.join(&name)).unwrap() == std::fs::read(self.card.join(&name)).unwrap(), "{name}");
        }
    }
}

/// Commands at a node that does not run are peers themselves, several at a time here.
fn listens_anywhere(node: &mut Process) {
    ["--listen", "/ip4/127.0.0.1/tcp/0"].iter().for_each(|flag| node.add_flag(flag));
}

fn name_of(number: u32) -> String {
    format!("Party/DSC_{number:04}.jpg")
}

#[tokio::test]
async fn damage_where_photos_are_listed_hides_no_other_and_is_gone_after_an_import() {
    const COUNT: u32 = 40;
    let studio = Studio::of(COUNT, 5_000).await;
    flip_slots(studio.node.data(), &studio.event_id, |bytes| bytes <= 4_096, 150, 6_000);
    let events = studio.complains(&["events"])["events"].clone();
    for event in events.as_array().unwrap() {
        assert_eq!(event["trouble"].is_string(), event["name"] == EVENT, "{event}");
    }
    let status = studio.complains(&["status"]);
    assert_eq!((&status["events"], &status["damaged"][0]["event"]), (&2.into(), &EVENT.into()), "{status}");
    let problem = status["damaged"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("damaged on this disk") && problem.contains("Import its files again"), "{problem}");
    let photos = studio.complains(&["photos", "--event", EVENT]);
    assert_eq!(photos["trouble"], problem, "{photos}");
    let custody = studio.complains(&["custody", "--event", EVENT]);
    assert_eq!((&custody["trouble"], &custody["photos"][0]["transfers"][0]), (&problem.into(), &Value::Null));
    assert_eq!(studio.node.says(&["photos", "--event", OTHER])["trouble"], Value::Null);
    let listed = photos["photos"].as_array().unwrap().len();
    assert!((1..COUNT as usize).contains(&listed), "{listed} photos are listed");
    let verified = studio.complains(&["verify", "--event", EVENT]);
    assert!(verified["trouble"].as_str().unwrap().contains("damaged on this disk"), "{verified}");
    assert_eq!(studio.node.says(&["verify", "--event", OTHER])["blobs"], 3);
    let part = studio.dir.path().join("part");
    let exported = studio.complains(&["export", "--event", EVENT, part.to_str().unwrap()]);
    assert!(exported["files"].as_u64().unwrap() > 0 && exported["trouble"].is_string(), "{exported}");

    let again = studio.imports_again();
    assert_eq!(again["trouble_mended"], true, "{again}");
    let stored_anew = again["imported"].as_u64().unwrap();
    assert!(stored_anew >= u64::from(COUNT) - listed as u64, "{again}");
    studio.is_whole(COUNT);
    assert_eq!(studio.imports_again()["trouble"], Value::Null, "once is enough");
}

#[tokio::test]
async fn damage_in_slots_of_two_sizes_at_once_is_mended_by_one_import() {
    const COUNT: u32 = 6;
    let studio = Studio::of(COUNT, 2_500_000).await;
    let sizes = slabs(studio.node.data(), &studio.event_id, |bytes| bytes > 60_000);
    assert!(sizes.len() > 1, "all photos are in slots of one size: {sizes:?}");
    flip_slots(studio.node.data(), &studio.event_id, |bytes| bytes > 60_000, 10_000, 20_000);
    let damaged = studio.complains(&["verify", "--event", EVENT]);
    assert_eq!(damaged["damaged"].as_array().unwrap().len(), COUNT as usize, "{damaged}");
    assert!(damaged["damaged_files"][0]["files"].as_array().unwrap().contains(&"original".into()), "{damaged}");
    let again = studio.imports_again();
    assert_eq!(again["repaired"].as_array().unwrap().len(), COUNT as usize, "{again}");
    studio.is_whole(COUNT);
}

#[tokio::test]
async fn a_volume_that_can_not_be_opened_is_said_and_its_photos_are_stored_anew() {
    const COUNT: u32 = 6;
    let harms: [fn(&Path); 2] = [break_journal, |volume: &Path| std::fs::remove_dir_all(volume.join("slabs")).unwrap()];
    for harm in harms {
        let studio = Studio::of(COUNT, 5_000).await;
        let volume = |number: u32| studio.node.data().join("archive").join(format!("{}-{number:03}", studio.event_id));
        let names: Vec<String> = (0..COUNT).map(|number| format!("DSC_{number:04}.jpg")).collect();
        for number in [1, 2] {
            harm(&volume(number));
            let events = studio.complains(&["events"])["events"].clone();
            assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
            let event = events.as_array().unwrap().iter().find(|event| event["name"] == EVENT).unwrap();
            assert_eq!((&event["photos"], &event["lost"]), (&0.into(), &names.clone().into()), "{event}");
            let trouble = event["trouble"].as_str().unwrap();
            assert!(trouble.contains("DSC_0004.jpg and 1 more") && !trouble.contains("DSC_0005.jpg"), "{trouble}");
            let folders = (1..=2).filter(|at| trouble.contains(volume(*at).file_name().unwrap().to_str().unwrap()));
            assert_eq!(folders.count() as u32, number, "not each folder is named: {trouble}");
            let status = studio.complains(&["status"]);
            assert_eq!(
                (&status["damaged"][0]["lost"], &status["damaged"][0]["problem"]),
                (&event["lost"], &trouble.into())
            );
            let verified = studio.complains(&["verify", "--event", EVENT]);
            assert!(verified["trouble"].as_str().unwrap().contains("mport its files again"), "{verified}");
            assert_eq!((&verified["lost"], &verified["damaged"]), (&event["lost"], &Value::Array(Vec::new())));
            let again = studio.imports_again();
            assert_eq!((&again["imported"], &again["trouble_mended"]), (&COUNT.into(), &true.into()), "{again}");
        }
        studio.is_whole(COUNT);
    }
}

fn break_journal(volume: &Path) {
    for file in std::fs::read_dir(volume.join("metadata")).unwrap().map(|file| file.unwrap().path()) {
        let (mut bytes, name) = (std::fs::read(&file).unwrap(), file.file_name().unwrap().to_str().unwrap().to_owned());
        let at = bytes.len() / 2;
        if bytes.len() > 40 && (name.starts_with("log_") || name.starts_with("snapshot_")) {
            bytes[at] ^= 1;
            std::fs::write(file, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_of_the_archive_that_was_cut_short_or_is_gone_leaves_json_alone() {
    for is_gone in [false, true] {
        let studio = Studio::of(12, 5_000).await;
        for file in slabs(studio.node.data(), &studio.event_id, |bytes| bytes <= 4_096) {
            let bytes = std::fs::read(&file).unwrap();
            let done =
                if is_gone { std::fs::remove_file(&file) } else { std::fs::write(&file, &bytes[..bytes.len() / 2]) };
            done.unwrap();
        }
        for args in [&["events"][..], &["status"], &["verify", "--event", EVENT]] {
            studio.complains(args);
        }
        studio.imports_again();
        studio.is_whole(12);
    }
}

#[tokio::test]
async fn a_reader_that_has_enough_breaks_no_volume() {
    let studio = Studio::of(12, 5_000).await;
    for file in slabs(studio.node.data(), &studio.event_id, |bytes| bytes <= 4_096) {
        std::fs::write(&file, b"").unwrap();
    }
    // Without it the database prints, as under an earlier program.
    let volume = studio.node.data().join("archive").join(format!("{}-001", studio.event_id));
    std::fs::remove_file(volume.join("lengths")).unwrap();
    let mut command = Command::new(cli::PROGRAM);
    command.args(studio.node.command_line(&["verify", "--event", EVENT]));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked at") && !said.contains("can't be used until"), "{said}");
}

#[tokio::test]
async fn another_file_with_a_damaged_photos_name_is_no_repair_and_said_to_be_none() {
    let studio = Studio::of(2, 400_000).await;
    let (hurt, path) = (photos::heavy_jpeg(400_000, 3), studio.card.join(name_of(1)));
    world::damage::flip(studio.node.data(), &hurt, 200_000);
    std::fs::write(&path, photos::heavy_jpeg(400_000, 77)).unwrap();
    std::fs::remove_file(studio.card.join(name_of(0))).unwrap();
    let other = studio.complains(&["import", studio.card.to_str().unwrap(), "--event", EVENT]);
    assert_eq!((&other["imported"], &other["others_than_damaged"]), (&1.into(), &vec![name_of(1)].into()), "{other}");
    let verified = studio.complains(&["verify", "--event", EVENT]);
    let hurt = &verified["damaged_files"][0];
    assert_eq!((&hurt["name"], &hurt["files"]), (&"DSC_0001.jpg".into(), &vec!["original"].into()), "{verified}");
}

#[tokio::test]
async fn what_was_not_done_does_not_end_as_if_it_were() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    photos::put(&card, "a.jpg", &photos::jpeg(300, 200, 1));
    photos::put(&card, "page.jpg", b"<html>not found</html>");
    let import = ["import", card.to_str().unwrap(), "--event", EVENT];
    let (report, code, said) = cli::reports(&node.command_line(&import));
    assert_eq!((code, &report["imported"], report["failed"].as_array().unwrap().len()), (1, &1.into(), 1), "{report}");
    assert!(said.contains("1 file was not imported"), "{said}");
    let (report, code, said) = cli::reports(&node.command_line(&["edit", "--event", EVENT, "--all", "--reset"]));
    assert_eq!((code, &report["edited"]), (1, &0.into()), "{report}");
    assert!(said.contains("no photo was edited"), "{said}");
}

/// Names of what a folder has, or nothing while it is not there.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(unix)]
#[tokio::test]
async fn an_import_that_somebody_stops_reports_what_it_did_and_ends_with_130() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Process::photographer(dir.path(), &["--workers", "1"]).await;
    node.kill();
    listens_anywhere(&mut node);
    let card = dir.path().join("card");
    // So many that they are not all in before somebody can stop it.
    const COUNT: u64 = 60;
    let photo = photos::jpeg(1_200, 900, 1);
    for number in 0..COUNT {
        photos::put(&card, &format!("{number}.jpg"), &[&photo[..], &number.to_le_bytes()].concat());
    }
    let mut command = Command::new(cli::PROGRAM);
    command.args(node.command_line(&["import", card.to_str().unwrap(), "--event", EVENT]));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let archive = node.data().join("archive");
    world::eventually("the import has begun", || names_in(&archive).iter().any(|name| name.ends_with("-001"))).await;
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let ended = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{report}");
    assert!(report["stopped"].is_string() && report["imported"].as_u64().unwrap() < COUNT, "{report}");
}

#[tokio::test]
async fn photos_of_a_volume_that_is_gone_are_missed_until_all_of_them_are_here_again() {
    let studio = Studio::of(3, 5_000).await;
    studio.node.says(&["event", EVENT, "--watermark", "PROOF"]);
    std::fs::remove_dir_all(studio.node.data().join(format!("archive/{}-001", studio.event_id))).unwrap();
    let events = studio.complains(&["events"])["events"].clone();
    let event = events.as_array().unwrap().iter().find(|event| event["name"] == EVENT).unwrap();
    let trouble = event["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("3 photos that this event had are not in the archive"), "{trouble}");
    let names = |from: u32| Value::from((from..3).map(|number| format!("DSC_{number:04}.jpg")).collect::<Vec<_>>());
    assert_eq!((&event["lost"], &event["damaged"]), (&names(0), &Value::Array(Vec::new())), "{event}");
    assert_eq!(studio.complains(&["photos", "--event", EVENT])["lost"], names(0));
    assert_eq!(studio.complains(&["status"])["damaged"][0]["event"], EVENT);
    for verb in ["verify", "export"] {
        let out = studio.dir.path().join("none");
        let out = if verb == "export" { vec![out.to_str().unwrap()] } else { Vec::new() };
        let said = studio.complains(&[&[verb, "--event", EVENT], &out[..]].concat());
        assert!(said["trouble"].as_str().unwrap().starts_with("3 photos"), "{verb}: {said}");
    }

    let one = studio.dir.path().join("one");
    photos::put(&one, &name_of(0), &std::fs::read(studio.card.join(name_of(0))).unwrap());
    let some = studio.complains(&["import", one.to_str().unwrap(), "--event", EVENT]);
    assert!(some["imported"] == 1 && some["trouble"].as_str().unwrap().starts_with("2 photos"), "{some}");
    assert_eq!(some["lost"], names(1), "{some}");
    let all = studio.imports_again();
    assert_eq!((&all["imported"], &all["trouble"]), (&2.into(), &Value::Null), "{all}");
    assert!(all["mark"]["mark"].as_str().unwrap().contains("PROOF"), "the mark went with the volume: {all}");
    studio.is_whole(3);
}

#[tokio::test]
async fn photos_that_are_lost_for_good_are_missed_no_more_once_their_photographer_says_so() {
    for lost in ["", "slabs"] {
        let studio = Studio::of(3, 5_000).await;
        let volume = studio.node.data().join(format!("archive/{}-001", studio.event_id));
        std::fs::remove_dir_all(volume.join(lost)).unwrap();
        let event = studio.complains(&["events"])["events"].clone();
        assert!(event.to_string().contains("forget-lost"), "{event}");
        let names: Vec<String> = (0..3).map(|number| format!("DSC_{number:04}.jpg")).collect();
        let forgotten = studio.node.says(&["forget-lost", EVENT]);
        assert_eq!((&forgotten["event"], &forgotten["photos"]), (&EVENT.into(), &names.into()), "{forgotten}");
        for args in [&["events"][..], &["status"], &["verify", "--event", EVENT]] {
            studio.node.says(args);
        }
        assert_eq!(studio.node.says(&["forget-lost", EVENT])["photos"], Value::Array(Vec::new()));
        assert_eq!(studio.imports_again()["imported"], 3);
        studio.is_whole(3);
        lose_volumes(studio.node.data(), "");
        assert_eq!(studio.complains(&["verify", "--event", EVENT])["lost"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn an_import_of_one_photo_does_not_settle_the_loss_of_a_whole_volume() {
    let studio = Studio::of(3, 5_000).await;
    let cookie = studio.node.data().join(format!("archive/{}-001/durability_cookie", studio.event_id));
    let mut bytes = std::fs::read(&cookie).unwrap();
    bytes[5] ^= 0xff;
    std::fs::write(&cookie, bytes).unwrap();
    studio.complains(&["events"]);
    let one = studio.dir.path().join("one");
    photos::put(&one, "DSC_9.jpg", &photos::jpeg(300, 200, 900));
    let some = studio.complains(&["import", one.to_str().unwrap(), "--event", EVENT]);
    assert!(some["trouble"].as_str().unwrap().starts_with("3 photos that this event had"), "{some}");
    studio.complains(&["verify", "--event", EVENT]);
    assert_eq!(studio.imports_again()["trouble_mended"], Value::Bool(false));
    studio.node.says(&["verify", "--event", EVENT]);
}

#[tokio::test]
async fn a_publish_of_an_event_that_lost_photos_says_so_and_shows_the_others() {
    let mut world = World::start().await;
    world.publish("Lost", &[("a.jpg", photos::jpeg(300, 200, 1)), ("b.jpg", photos::jpeg(300, 200, 2))]);
    world.photographer.kill();
    let archive = world.photographer.data().join("archive");
    names_in(&archive).iter().for_each(|name| drop(std::fs::remove_dir_all(archive.join(name))));
    world.photographer.restart();
    let one = world.path().join("one");
    photos::put(&one, "c.jpg", &photos::jpeg(300, 200, 3));
    world.photographer.reports(&["import", one.to_str().unwrap(), "--event", "Lost"]);
    let (report, code, said) = cli::reports(&world.photographer.command_line(&["publish", "--event", "Lost"]));
    assert_eq!((code, &report["chosen"], &report["sent"]), (1, &1.into(), &1.into()), "{report}");
    let trouble = report["trouble"].as_str().unwrap();
    assert!(trouble.starts_with("2 photos that this event had are not in the archive"), "{trouble}");
    assert!(said.contains("damaged or missing") && !said.contains(trouble), "it is said twice: {said}");
}

#[tokio::test]
async fn other_photos_in_the_place_of_lost_ones_hide_no_loss() {
    for lost in ["", "slabs"] {
        let studio = Studio::of(3, 5_000).await;
        let volume = studio.node.data().join(format!("archive/{}-001", studio.event_id));
        std::fs::remove_dir_all(volume.join(lost)).unwrap();
        let other = studio.dir.path().join("another card");
        photos::put(&other, &name_of(0), &std::fs::read(studio.card.join(name_of(0))).unwrap());
        for number in [8, 9] {
            photos::put(&other, &name_of(number), &photos::heavy_jpeg(5_000, 2 * number + 1));
        }
        let some = studio.complains(&["import", other.to_str().unwrap(), "--event", EVENT]);
        let trouble = some["trouble"].as_str().unwrap();
        assert!(trouble.starts_with("2 photos that this event had are not in the archive any more"), "{some}");
        assert!(["DSC_0001.jpg", "DSC_0002.jpg"].iter().all(|name| trouble.contains(name)), "{trouble}");
        assert!(!trouble.contains("DSC_0000.jpg") && !trouble.contains("DSC_0008.jpg"), "{trouble}");
        let events = studio.complains(&["events"])["events"].clone();
        let event = events.as_array().unwrap().iter().find(|event| event["name"] == EVENT).unwrap();
        assert_eq!((&event["photos"], event["trouble"].as_str()), (&3.into(), Some(trouble)), "{event}");
        let all = studio.imports_again();
        assert_eq!((&all["imported"], &all["trouble"]), (&2.into(), &Value::Null), "{all}");
        studio.node.says(&["verify", "--event", EVENT]);
    }
}
