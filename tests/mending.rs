//! A photographer whose disk has damaged a photo: what they are told, and how it becomes
//! whole again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use world::damage::flip;
use world::{Customer, PlacedOrder, Process, World, cli, eventually, photos, print_files};

const EVENT: &str = "John's Wedding";

/// No two have the same noise: that of an even number is its successor's.
fn original(number: u32) -> Vec<u8> {
    photos::heavy_jpeg(700_000, 2 * number + 1)
}

/// A node with three photos, which ends; the disk then damages the second.
async fn damaged_studio(dir: &Path) -> (Process, PathBuf) {
    let mut node = Process::photographer(dir, &[]).await;
    let card = dir.join("card");
    for seed in 1..=3 {
        photos::put(&card, &format!("Cake/DSC_{seed}.jpg"), &original(seed));
    }
    assert_eq!(import(&node, &card)["imported"], 3);
    node.kill();
    flip(node.data(), &original(2), 400_000);
    (node, card)
}

fn import(node: &Process, card: &Path) -> Value {
    node.says(&["import", card.to_str().unwrap(), "--event", EVENT])
}

/// A command as a person gives it, in words.
fn in_words(node: &Process, args: &[&str]) -> Output {
    let mut command = Command::new(world::cli::PROGRAM);
    command.args(["photographer", "--no-mdns", "--reserve-mb", "0", "--listen", "/ip4/127.0.0.1/tcp/0", "--data"]);
    command.arg(node.data()).args(args).output().unwrap()
}

fn files_below(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = entries
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path.file_name().unwrap().to_str().unwrap().to_owned()]
            }
        })
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_damaged_original_is_named_with_what_to_do_and_whole_after_it_is_imported_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut node, card) = damaged_studio(dir.path()).await;
    for running in [false, true] {
        if running {
            node.restart();
        }
        let verified = in_words(&node, &["verify", "--event", EVENT]);
        let (told, traced) = (String::from_utf8(verified.stdout).unwrap(), String::from_utf8(verified.stderr).unwrap());
        assert_eq!(verified.status.code(), Some(1), "{told}");
        for part in [EVENT, "DSC_2.jpg", "import FOLDER --event", "repairs"] {
            assert!(told.contains(part), "{part} is not in: {told}");
        }
        assert!(
            !told.contains("DSC_1.jpg") && !["WARN", "ERROR", "sled"].iter().any(|raw| traced.contains(raw)),
            "{told}{traced}"
        );
        assert!(traced.contains("1 photo of “John's Wedding” is damaged"), "{traced}");
    }
    let again = import(&node, &card);
    assert_eq!(again["repaired"], Value::from(vec!["Cake/DSC_2.jpg"]), "{again}");
    assert_eq!((&again["imported"], again["duplicates"].as_array().unwrap().len()), (&0.into(), 2), "{again}");
    let verified = node.says(&["verify", "--event", EVENT]);
    assert_eq!(verified["damaged"], Value::Array(Vec::new()), "{verified}");
    let once_more = import(&node, &card);
    assert_eq!(once_more["repaired"], Value::Array(Vec::new()), "{once_more}");
    assert_eq!(once_more["duplicates"].as_array().unwrap().len(), 3, "{once_more}");
}

#[tokio::test]
async fn damage_that_verify_found_is_remembered_until_it_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let (mut node, card) = damaged_studio(dir.path()).await;
    node.restart();
    node.says(&["events"]);
    node.reports(&["verify", "--event", EVENT]);
    node.kill();
    node.restart();
    let events = node.reports(&["events"])["events"].clone();
    let trouble = events[0]["trouble"].as_str().unwrap();
    assert!(trouble.contains("DSC_2.jpg") && trouble.contains("mport its file again"), "{trouble}");
    let photos = node.reports(&["photos", "--event", EVENT]);
    assert_eq!((&photos["trouble"], &photos["damaged"]), (&trouble.into(), &vec!["DSC_2.jpg"].into()), "{photos}");
    let status = node.reports(&["status"]);
    assert_eq!(status["damaged"][0]["problem"], trouble);
    let names = (&status["damaged"][0]["damaged"], &status["damaged"][0]["lost"]);
    assert_eq!(names, (&vec!["DSC_2.jpg"].into(), &Value::Array(Vec::new())), "{status}");
    let other = dir.path().join("other");
    photos::put(&other, "Cake/DSC_9.jpg", &original(9));
    import(&node, &other);
    node.reports(&["events"]);
    import(&node, &card);
    assert_eq!(node.says(&["events"])["events"][0]["trouble"], Value::Null);
    assert!(node.says(&["status"])["damaged"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_proof_that_an_edit_made_anew_is_no_damage_any_more() {
    let mut world = World::start().await;
    let gallery = world.publish("Proofs", &[("a.jpg", photos::busy_jpeg(1)), ("b.jpg", photos::busy_jpeg(2))]);
    let customer = world.customer(&gallery).await;
    let proofs =
        [customer.proof(&customer.photo("a.jpg").await).await, customer.proof(&customer.photo("b.jpg").await).await];
    world.photographer.kill();
    proofs.iter().for_each(|proof| flip(world.photographer.data(), proof, proof.len() / 2));
    world.photographer.restart();
    world.photographer.reports(&["verify", "--event", "Proofs"]);
    let trouble = || world.photographer.reports(&["events"])["events"][0]["trouble"].clone();
    assert!(trouble().as_str().unwrap().contains("a.jpg, b.jpg"), "{}", trouble());
    world.photographer.says(&["edit", "--event", "Proofs", "--file", "a.jpg", "--turn", "right"]);
    assert!(trouble().as_str().is_some_and(|left| left.contains(": b.jpg.")), "{}", trouble());
    world.photographer.says(&["edit", "--event", "Proofs", "--file", "b.jpg", "--turn", "right"]);
    assert_eq!(world.photographer.says(&["events"])["events"][0]["trouble"], Value::Null);
}

#[tokio::test]
async fn an_export_goes_on_after_a_damaged_original_and_later_writes_only_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut node, card) = damaged_studio(dir.path()).await;
    node.restart();
    let out = dir.path().join("out");
    let args = ["export", "--event", EVENT, out.to_str().unwrap()];
    let exported = in_words(&node, &args);
    let told = String::from_utf8(exported.stdout).unwrap();
    assert_eq!(exported.status.code(), Some(1), "{told}");
    assert!(told.contains("2 originals written") && told.contains("Cake/DSC_2.jpg: It is damaged"), "{told}");
    assert!(told.contains("import FOLDER --event"), "{told}");
    assert_eq!(files_below(&out), ["DSC_1.jpg", "DSC_3.jpg"]);

    import(&node, &card);
    photos::put(&out, "Cake/DSC_2.jpg", b"something else");
    let rest = node.says(&args);
    assert_eq!((&rest["files"], &rest["there"]), (&1.into(), &2.into()), "{rest}");
    assert_eq!(rest["renamed"], Value::from(vec!["Cake/DSC_2 (1).jpg"]), "{rest}");
    assert_eq!(std::fs::read(out.join("Cake/DSC_2 (1).jpg")).unwrap(), original(2));
    let again = node.says(&args);
    assert_eq!((&again["files"], &again["there"]), (&0.into(), &3.into()), "{again}");
    assert_eq!(files_below(&out), ["DSC_1.jpg", "DSC_2 (1).jpg", "DSC_2.jpg", "DSC_3.jpg"]);
}

/// What the photographer reads of the one order.
fn order(world: &World) -> Value {
    world.photographer.tries(&["orders"]).unwrap_or_default()["orders"][0].clone()
}

async fn says_that_it_is_damaged(world: &World) {
    eventually("the photographer is told of the damage and what to do", || {
        let hint = order(world)["hint"].clone();
        let hint = hint.as_str().unwrap_or_default();
        hint.contains("b.jpg is damaged") && hint.contains("Import the file again")
    })
    .await;
    let status = world.photographer.reports(&["status"]);
    let halted = status["halted"][0]["why"].as_str().unwrap_or_default();
    assert!(halted.contains("b.jpg is damaged"), "{status}");
    let machine = ["status", "--json", "--data", world.path().to_str().unwrap()].map(str::to_owned);
    let (machine, code, said) = cli::reports(&machine);
    assert_eq!((code, machine["roles"].as_array().unwrap().len()), (1, 3), "{machine}");
    assert!(said.contains("1 order does not go on"), "{said}");
}

#[tokio::test]
async fn an_order_of_a_photo_that_is_damaged_waits_with_words_and_is_done_after_the_repair() {
    let mut world = World::start().await;
    let gallery = world.publish("Damaged", &[("a.jpg", original(1)), ("b.jpg", original(2))]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    flip(world.photographer.data(), &original(2), 400_000);
    world.photographer.restart();
    let order = customer.order(&["a.jpg", "b.jpg"], 1).await;
    world.is_paid(&order.number).await;
    says_that_it_is_damaged(&world).await;
    assert!(world.lab.says(&["jobs"])["jobs"].as_array().unwrap().is_empty(), "the lab has a job that can't be done");
    customer.waits_for_state(&order, "accepted").await;
    world.photographer.kill();
    // The command is the node meanwhile, and tries what it can't do.
    let verified = in_words(&world.photographer, &["verify", "--event", "Damaged"]);
    let traced = String::from_utf8(verified.stderr).unwrap();
    assert!(verified.status.code() == Some(1) && !traced.contains("WARN"), "{traced}");
    world.photographer.restart();

    let card = world.path().join("card");
    let again = world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Damaged"]);
    assert_eq!(again["repaired"], Value::from(vec!["b.jpg"]), "{again}");
    let mut printed = print_files(&world.order_folder(&order).await);
    printed.sort();
    let mut expected = vec![original(1), original(2)];
    expected.sort();
    assert!(printed == expected, "the print files are not the originals");
    customer.waits_for_state(&order, "received").await;
    eventually("nothing halts", || world.photographer.says(&["status"])["halted"].as_array().unwrap().is_empty()).await;
}

#[tokio::test]
async fn an_order_goes_on_after_the_second_of_two_imports_that_make_its_event_whole() {
    let mut world = World::start().await;
    let gallery = world.publish("Lost", &[("a.jpg", original(1)), ("b.jpg", original(2))]);
    let customer = world.customer(&gallery).await;
    let placed = customer.order(&["a.jpg", "b.jpg"], 1).await;
    customer.waits_for_state(&placed, "accepted").await;
    world.photographer.kill();
    world::damage::lose_volumes(world.photographer.data(), "slabs");
    world.photographer.restart();
    world.is_paid(&placed.number).await;
    let before = order(&world)["hint"].clone();
    let imports = |number: u32, name: &str| {
        let card = world.path().join(format!("card of {name}"));
        photos::put(&card, name, &original(number));
        cli::reports(&world.photographer.command_line(&["import", card.to_str().unwrap(), "--event", "Lost"]))
    };
    let (first, code, _) = imports(1, "a.jpg");
    assert_eq!((code, &first["imported"]), (1, &1.into()), "{first}");
    eventually("the order waits for the other photo", || order(&world)["hint"] != before).await;
    let (second, code, _) = imports(2, "b.jpg");
    assert_eq!((code, &second["imported"]), (0, &1.into()), "{second}");
    assert_eq!(print_files(&world.order_folder(&placed).await).len(), 2);
    assert!(world.photographer.says(&["status"])["halted"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_photo_that_is_damaged_while_its_lab_is_away_is_repaired_and_the_job_goes_on() {
    let mut world = World::start().await;
    let gallery = world.publish("Damaged", &[("b.jpg", original(2))]);
    let customer = world.customer(&gallery).await;
    let placed = is_damaged_while_the_lab_is_away(&mut world, &customer).await;
    says_that_it_is_damaged(&world).await;
    eventually("the lab is told something", || world.lab.says(&["jobs"])["jobs"][0]["hint"].is_string()).await;

    let card = world.path().join("card");
    let again = world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Damaged"]);
    assert_eq!(again["repaired"], Value::from(vec!["b.jpg"]), "{again}");
    assert_eq!(print_files(&world.order_folder(&placed).await), [original(2)]);
    customer.waits_for_state(&placed, "received").await;
    eventually("nothing halts", || world.photographer.tries(&["status"]).is_ok()).await;
    assert!(world.photographer.says(&["status"])["halted"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_proof_is_made_again_and_shown_as_it_was_and_with_another_mark_anew() {
    let mut world = World::start().await;
    let gallery = world.publish("Proofs", &[("a.jpg", photos::busy_jpeg(1))]);
    let customer = world.customer(&gallery).await;
    let card = world.path().join("card");
    for mark in [&[][..], &["--watermark", "PROOF"]] {
        let photo = customer.photo("a.jpg").await;
        let proof = customer.proof(&photo).await;
        world.photographer.kill();
        flip(world.photographer.data(), &proof, proof.len() / 2);
        mark.iter().for_each(|flag| world.photographer.add_flag(flag));
        world.photographer.restart();
        assert!(world.photographer.refuses(&["verify", "--event", "Proofs"]).contains("is damaged"));
        let again = world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Proofs"]);
        assert_eq!(again["repaired"], Value::from(vec!["a.jpg"]), "{again}");
        let verified = world.photographer.says(&["verify", "--event", "Proofs"]);
        assert_eq!(verified["damaged"], Value::Array(Vec::new()), "{verified}");
        let now = customer.proof(&customer.photo("a.jpg").await).await;
        assert_eq!(now == proof, mark.is_empty(), "the gallery shows another proof than the archive has");
    }
}

#[tokio::test]
async fn an_order_of_a_photo_that_is_damaged_is_done_without_a_hand_when_a_second_home_comes() {
    let mut world = World::start().await;
    let mut nas = Process::photographer(&world.path().join("nas"), &[]).await;
    nas.follows(&world.photographer);
    let gallery = world.publish("Damaged", &[("b.jpg", original(2))]);
    let customer = world.customer(&gallery).await;
    eventually("the second home has everything", || copied(&nas) == Some(1)).await;
    nas.kill();
    world.photographer.kill();
    flip(world.photographer.data(), &original(2), 400_000);
    world.photographer.restart();
    let placed = customer.order(&["b.jpg"], 1).await;
    world.is_paid(&placed.number).await;
    says_that_it_is_damaged(&world).await;
    nas.restart();
    assert_eq!(print_files(&world.order_folder(&placed).await), [original(2)]);
    customer.waits_for_state(&placed, "received").await;
}

#[tokio::test]
async fn a_photo_that_is_damaged_while_its_lab_is_away_comes_from_the_second_home() {
    let mut world = World::start().await;
    let nas = Process::photographer(&world.path().join("nas"), &[]).await;
    nas.follows(&world.photographer);
    let gallery = world.publish("Damaged", &[("b.jpg", original(2))]);
    let customer = world.customer(&gallery).await;
    eventually("the second home has everything", || copied(&nas) == Some(1)).await;
    let placed = is_damaged_while_the_lab_is_away(&mut world, &customer).await;
    assert_eq!(print_files(&world.order_folder(&placed).await), [original(2)]);
    let verified = world.photographer.says(&["verify", "--event", "Damaged"]);
    assert_eq!(
        (&verified["damaged"], &verified["repaired"]),
        (&Value::Array(Vec::new()), &Value::Array(Vec::new())),
        "{verified}"
    );
}

/// An order of `b.jpg` that is paid, and whose original is damaged before the lab is back.
async fn is_damaged_while_the_lab_is_away(world: &mut World, customer: &Customer) -> PlacedOrder {
    world.lab.kill();
    let placed = customer.order(&["b.jpg"], 1).await;
    world.is_paid(&placed.number).await;
    eventually("the job is made", || order(world)["lab"] == "The lab").await;
    world.photographer.kill();
    flip(world.photographer.data(), &original(2), 400_000);
    world.photographer.restart();
    world.lab.restart();
    placed
}

/// How many originals a second home has, if that is all that there are.
fn copied(nas: &Process) -> Option<u64> {
    let home = nas.tries(&["second-home", "list"]).unwrap_or_default()["homes"][0].clone();
    let is_all = home["photos"] == home["copied"] && home["trouble"].is_null();
    home["copied"].as_u64().filter(|_| is_all)
}

#[tokio::test]
async fn what_one_home_has_damaged_is_fetched_from_the_other_whichever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let studio = Process::photographer(&dir.path().join("studio"), &[]).await;
    let nas = Process::photographer(&dir.path().join("nas"), &[]).await;
    let card = dir.path().join("card");
    for seed in 1..=2 {
        photos::put(&card, &format!("DSC_{seed}.jpg"), &photos::heavy_jpeg(2_500_000, seed));
    }
    import(&studio, &card);
    nas.follows(&studio);
    eventually("the second home has everything", || copied(&nas) == Some(2)).await;
    let mut homes = [studio, nas];
    for hurt in &mut homes {
        hurt.kill();
        flip(hurt.data(), &photos::heavy_jpeg(2_500_000, 2), 2_000_000);
        hurt.restart();
        eventually("the damaged original is fetched", || {
            hurt.tries(&["verify", "--event", EVENT])
                .is_ok_and(|verified| verified["repaired"] == Value::from(vec!["DSC_2.jpg"]))
        })
        .await;
        let out = dir.path().join("out");
        assert_eq!(hurt.says(&["export", "--event", EVENT, out.to_str().unwrap()])["files"], 2);
        assert_eq!(std::fs::read(out.join("Photos/DSC_2.jpg")).unwrap(), photos::heavy_jpeg(2_500_000, 2));
        std::fs::remove_dir_all(out).unwrap();
    }
}
