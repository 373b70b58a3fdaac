//! People who use the program for the first time: what they mistype and what they leave
//! out is answered with what happened and what to do, and nothing is done that was not meant.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use world::{Process, World, cli, eventually, photos};

/// Runs the program as it is typed: whether it succeeded, and what it said.
fn typed(args: &[&str]) -> (bool, String) {
    let output = Command::new(cli::PROGRAM).args(args).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Whether a host or a lab has left anything there.
fn is_mixed(folder: &Path) -> bool {
    ["host.key", "host.db", "lab.db", "hot-folder"].iter().any(|name| folder.join(name).exists())
}

/// Imports photos of these names into an event, each another picture.
fn import(node: &Process, event: &str, names: &[&str]) -> Value {
    let card = node.data().with_file_name(event);
    for (seed, name) in (1..).zip(names) {
        photos::put(&card, name, &photos::jpeg(300, 200, seed));
    }
    node.says(&["import", card.to_str().unwrap(), "--event", event])
}

#[tokio::test]
async fn a_role_in_the_folder_of_another_is_refused_before_it_leaves_a_file_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Process::photographer(dir.path(), &[]).await;
    let there = node.data().to_str().unwrap().to_owned();
    let refuse = |role: &str, other: &str, verb: &[&str]| {
        let args = [&[role, "--listen", "/ip4/127.0.0.1/tcp/0", "--data", &there][..], verb].concat();
        let (succeeded, said) = typed(&args);
        assert!(!succeeded && said.contains(&format!("the data of a {other}")) && said.contains("--data"), "{said}");
    };
    refuse("host", "photographer", &["--web", "127.0.0.1:0"]);
    refuse("host", "photographer", &["invite", "--role", "lab"]);
    refuse("lab", "photographer", &[]);
    refuse("lab", "photographer", &["jobs"]);
    node.kill();
    refuse("host", "photographer", &["--web", "127.0.0.1:0"]);
    refuse("lab", "photographer", &[]);
    assert!(!is_mixed(node.data()), "something was written");
}

#[tokio::test]
async fn an_edit_without_photos_asks_which_and_one_that_fits_none_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    import(&node, "Wedding", &["party/a.jpg", "party/b.jpg"]);
    let turn = ["--turn", "right"];
    let edit = |rest: &[&str]| node.tries(&[&["edit", "--event", "Wedding"], rest].concat());
    let asked = edit(&turn).unwrap_err();
    assert!(asked.contains("--file") && asked.contains("--all"), "{asked}");
    let mistyped = edit(&["--file", "a.jpeg", "--file", "b.jpg", "--turn", "right"]).unwrap_err();
    assert!(mistyped.contains("“a.jpeg”") && mistyped.contains("“a.jpg”"), "{mistyped}");
    let contradictory = edit(&["--all", "--undo", "--turn", "right"]).unwrap_err();
    assert!(contradictory.contains("--undo") && contradictory.contains("--turn"), "{contradictory}");
    let category = node.refuses(&["photos", "--event", "Wedding", "--category", "Speech"]);
    assert!(category.contains("“party”"), "{category}");
    let listed = node.says(&["photos", "--event", "Wedding"]);
    let widths: Vec<_> = listed["photos"].as_array().unwrap().iter().map(|photo| photo["width_px"].clone()).collect();
    assert_eq!(widths, [300, 300], "something was turned");
    assert_eq!(edit(&[&["--all"], &turn[..]].concat()).unwrap()["edited"], 2);
}

#[tokio::test]
async fn an_address_of_web_pages_or_a_day_in_other_words_is_answered_with_an_example() {
    let enrol = |address: &str| typed(&["photographer", "enrol", address, "--code", "X", "--name", "Ana"]);
    let (succeeded, said) = enrol("http://127.0.0.1:8080");
    assert!(!succeeded && said.contains("web pages") && said.contains("/ip4/203.0.113.7/tcp/4040/p2p/"), "{said}");
    let (_, said) = enrol("photos.example");
    assert!(said.contains("/ip4/203.0.113.7/tcp/4040/p2p/"), "{said}");
    let (_, said) = typed(&["host", "--web", "8080"]);
    assert!(said.contains("such as 127.0.0.1:8080"), "{said}");
    let (succeeded, said) = typed(&["photographer", "event", "Wedding", "--date", "20 June 2026"]);
    assert!(!succeeded && said.contains("such as 2026-06-20"), "{said}");
}

#[test]
fn an_option_without_a_value_is_set_in_the_environment_as_people_set_it() {
    let dir = tempfile::tempdir().unwrap();
    let said = |value: &str| {
        let mut status = Command::new(cli::PROGRAM);
        let options = ["photographer", "--listen", "/ip4/127.0.0.1/tcp/0", "--data", dir.path().to_str().unwrap()];
        let status = status.args(options).arg("labs").env("ENPRINT_PHOTOGRAPHER_NO_MDNS", value).output().unwrap();
        String::from_utf8_lossy(&status.stderr).into_owned()
    };
    for value in ["1", "true", "yes", "0", "false", "no"] {
        assert!(said(value).contains("There is no photographer"), "{value}: {}", said(value));
    }
    assert!(said("perhaps").contains("perhaps"), "{}", said("perhaps"));
}

#[tokio::test]
async fn a_mark_that_the_running_node_does_not_have_is_not_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Process::photographer(dir.path(), &[]).await;
    import(&node, "Wedding", &["a.jpg"]);
    let marked = ["--watermark", "PROOF"];
    let anew = ["edit", "--event", "Wedding", "--all", "--anew"];
    for verb in [&anew[..], &["publish", "--event", "Wedding"]] {
        let said = node.refuses(&[&marked, verb].concat());
        assert!(said.contains("does not mark proofs") && said.contains("start it with --watermark"), "{said}");
    }
    assert_eq!(node.says(&[&marked[..], &["events"]].concat())["events"][0]["photos"], 1);
    node.kill();
    assert_eq!(node.says(&[&marked[..], &anew].concat())["edited"], 1, "no node runs: the command makes the proofs");
    let said = node.refuses(&[&marked[..], &["publish", "--event", "Wedding"]].concat());
    assert!(said.contains("makes no proofs") && said.contains("--all --anew"), "{said}");
    let mut node = Process::photographer(dir.path(), &marked).await;
    assert_eq!(node.says(&anew)["edited"], 1, "the command has the very mark that the node has");
    assert!(node.says(&["status"])["mark"].as_str().unwrap().contains("“PROOF”"));
    node.kill();
}

#[tokio::test]
async fn a_mistyped_data_folder_is_said_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("photogapher");
    let there = missing.to_str().unwrap();
    for verb in [&["events"][..], &["orders"], &["status"], &["hosts"], &["labs"], &["second-home", "list"]] {
        let (succeeded, said) = typed(&[&["photographer", "--data", there][..], verb].concat());
        assert!(!succeeded && said.contains("There is no photographer") && said.contains("--data"), "{said}");
    }
    for verb in [["verify", "--event", "W"], ["photos", "--event", "W"], ["publish", "--event", "W"]] {
        let (succeeded, said) = typed(&[&["photographer", "--data", there][..], &verb].concat());
        assert!(!succeeded && said.contains("There is no photographer"), "{said}");
    }
    let (succeeded, said) = typed(&["lab", "--data", there, "jobs"]);
    assert!(!succeeded && said.contains("There is no lab"), "{said}");
    let (succeeded, said) = typed(&["host", "--data", there, "orders"]);
    assert!(!succeeded && said.contains("There is no host"), "{said}");
    assert!(!missing.exists(), "a folder was made");
}

#[tokio::test]
async fn a_node_that_begins_in_a_mistyped_folder_is_said_and_one_that_is_there_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("photogapher");
    let data = data.to_str().unwrap();
    let event = || {
        let args = ["photographer", "--no-mdns", "--no-port-mapping", "--listen", "/ip4/127.0.0.1/tcp/0", "--json"];
        Command::new(cli::PROGRAM).args(args).args(["--data", data, "event", "W"]).output().unwrap()
    };
    let first = event();
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(said.contains("begins") && said.contains(data) && said.contains("--data"), "{said}");
    assert_eq!(serde_json::from_slice::<Value>(&first.stdout).unwrap()["name"], "W", "scripts read the answer alone");
    assert!(!String::from_utf8_lossy(&event().stderr).contains("begins"), "it is there by now");
}

#[tokio::test]
async fn a_port_that_another_program_has_is_said_with_the_option_that_chooses_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    for role in ["host", "photographer", "lab"] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join(role);
        let args = [role, "--no-mdns", "--listen", &listen, "--data", data.to_str().unwrap()];
        let (succeeded, said) = typed(&args);
        assert!(!succeeded && said.contains(&listen) && said.contains("--listen /ip4/"), "{said}");
    }
}

#[tokio::test]
async fn a_misspelt_event_is_pointed_out_and_goes_again_without_a_photo_being_lost() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    assert_eq!(import(&node, "John's Wedding", &["a.jpg"])["alike"], Value::Array(Vec::new()));
    let made = node.says(&["event", "Johns Wedding", "--date", "2026-06-20"]);
    assert_eq!(made["alike"][0], "John's Wedding", "{made}");
    assert_eq!(node.says(&["remove-event", "Johns Wedding"])["photos"], 0);
    let slip = import(&node, "Jons Weding", &["a.jpg", "b.jpg"]);
    assert_eq!(slip["alike"][0], "John's Wedding", "{slip}");
    let unknown = node.refuses(&["photos", "--event", "Johns Wedding"]);
    assert!(unknown.contains("“John's Wedding”"), "{unknown}");

    let only = node.refuses(&["remove-event", "Jons Weding"]);
    assert!(only.contains("1 original that no other event") && only.contains("--with-originals"), "{only}");
    let card = node.data().with_file_name("Jons Weding");
    node.says(&["import", card.to_str().unwrap(), "--event", "John's Wedding"]);
    let removed = node.says(&["remove-event", "Jons Weding"]);
    assert_eq!((&removed["photos"], &removed["lost"]), (&2.into(), &0.into()), "{removed}");
    let events = node.says(&["events"]);
    assert_eq!((events["events"].as_array().unwrap().len(), &events["events"][0]["photos"]), (1, &2.into()));
    assert_eq!(node.says(&["verify", "--event", "John's Wedding"])["damaged"], Value::Array(Vec::new()));
    let lost = node.says(&["remove-event", "John's Wedding", "--with-originals"]);
    assert_eq!(lost["lost"], 2, "{lost}");
}

#[tokio::test]
async fn an_event_that_is_renamed_or_has_other_prices_is_so_at_its_host_at_once() {
    let world = World::start().await;
    let node = &world.photographer;
    let gallery = world.publish("Jons Weding", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    let renamed = node.says(&["event", "Jons Weding", "--rename", "John's Wedding", "--print", "10x15 matte 7.77"]);
    assert_eq!((&renamed["name"], &renamed["told"][0]["host"]), (&"John's Wedding".into(), &"The host".into()));
    assert_eq!(world.host.says(&["events"])["events"][0]["name"], "John's Wedding");
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let total = node.says(&["orders"])["orders"][0]["total"].to_string();
    assert!(total.contains("1267"), "7.77 and the post were to be paid: {total}");
    let needed = node.refuses(&["remove-event", "John's Wedding"]);
    assert!(needed.contains("There are orders"), "{needed}");

    assert!(node.says(&["event", "John's Wedding"])["told"].as_array().unwrap().is_empty(), "nothing was changed");
    node.says(&["event", "Another"]);
    let taken = node.refuses(&["event", "Another", "--rename", "john's wedding"]);
    assert!(taken.contains("already"), "{taken}");
    let missing = node.refuses(&["event", "Anothr", "--rename", "Third"]);
    assert!(missing.contains("“Another”"), "{missing}");
    assert_eq!(node.says(&["events"])["events"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn prices_that_an_import_replaces_are_said_and_an_order_that_was_placed_keeps_its_own() {
    let world = World::start().await;
    let node = &world.photographer;
    let gallery = world.publish("Paid", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let total = || node.says(&["orders"])["orders"][0]["total"].clone();
    let before = total();
    let card = world.path().join("card");
    let import = ["import", card.to_str().unwrap(), "--event", "Paid"];
    let replaced = node.says(&[&import[..], &["--print", "10x15 matte 2.50"]].concat())["replaced_prices"].to_string();
    assert!(replaced.contains("10x15 matte: EUR 1.50 → EUR 2.50"), "{replaced}");
    assert!(replaced.contains("20x30 matte: EUR 12.00 → no longer on the list"), "{replaced}");
    assert_eq!(total(), before, "an order that was placed has another price");
    assert!(node.says(&import)["replaced_prices"].is_null(), "nothing was replaced");
    let other = node.says(&["event", "Paid", "--currency", "CHF"])["replaced_prices"].to_string();
    assert!(other.contains("10x15 matte: EUR 2.50 → CHF 1.50"), "{other}");
}

#[tokio::test]
async fn a_host_that_is_away_hears_of_new_prices_when_it_is_back() {
    let mut world = World::start().await;
    world.publish("Away", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    world.host.kill();
    let told = world.photographer.says(&["event", "Away", "--rename", "Back"]);
    assert_eq!(told["told"][0]["queued"], true, "{told}");
    world.host.restart();
    eventually("the host calls it by its new name", || world.host.says(&["events"])["events"][0]["name"] == "Back")
        .await;
}

#[tokio::test]
async fn an_event_that_a_host_still_shows_since_it_is_away_is_not_removed_before_that_host_knows() {
    let mut world = World::start().await;
    world.publish("Away", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    world.host.kill();
    assert_eq!(world.photographer.says(&["withdraw", "--event", "Away"])["queued"], true);
    let remove = ["remove-event", "Away", "--with-originals"];
    let shown = world.photographer.refuses(&remove);
    assert!(shown.contains("The host") && shown.contains("Nothing was removed"), "{shown}");
    world.host.restart();
    eventually("the host shows it no more, and it may go", || world.photographer.tries(&remove).is_ok()).await;
    let shown = world.host.says(&["events"]);
    assert!(shown["events"].as_array().unwrap().iter().all(|event| event["photos"] == 0), "guests see it: {shown}");
}

#[tokio::test]
async fn a_withdrawn_photo_stays_withdrawn_until_it_is_named_and_an_event_comes_back_without_it() {
    let world = World::start().await;
    let node = &world.photographer;
    world.publish("Shy", &[("a.jpg", photos::jpeg(300, 200, 1)), ("b.jpg", photos::jpeg(300, 200, 2))]);
    let shown = || world.host.says(&["events"])["events"][0]["photos"].clone();
    node.says(&["withdraw", "--event", "Shy", "--file", "a.jpg"]);
    let again = node.says(&["publish", "--event", "Shy"]);
    assert_eq!((&again["chosen"], &again["kept_off"], shown()), (&1.into(), &1.into(), 1.into()), "{again}");
    node.says(&["withdraw", "--event", "Shy"]);
    node.says(&["publish", "--event", "Shy"]);
    assert_eq!(shown(), 1, "the whole event was withdrawn and is back, but for the photo");
    node.says(&["publish", "--event", "Shy", "--file", "a.jpg"]);
    assert_eq!(shown(), 2);
    node.says(&["withdraw", "--event", "Shy", "--file", "a.jpg"]);
    node.says(&["publish", "--event", "Shy", "--withdrawn"]);
    assert_eq!(shown(), 2);
}

#[tokio::test]
async fn prices_that_nobody_set_are_said_when_guests_come_to_see_them() {
    let world = World::start().await;
    world.publish("Usual", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    let usual = world.photographer.says(&["publish", "--event", "Usual"]);
    let prices = usual["usual_prices"].to_string();
    assert!(prices.contains("10x15 matte EUR 1.50") && prices.contains("Post EUR 4.90"), "{usual}");
    world.photographer.says(&["event", "Usual", "--delivery", "Courier 9.90 address"]);
    let event = world.photographer.says(&["event", "Usual", "--print", "10x15 matte 2.00"]);
    assert_eq!(event["prices"], serde_json::json!(["10x15 matte EUR 2.00", "Courier EUR 9.90"]), "{event}");
    let own = world.photographer.says(&["publish", "--event", "Usual"]);
    assert_eq!(own["usual_prices"], Value::Array(Vec::new()), "{own}");
}
