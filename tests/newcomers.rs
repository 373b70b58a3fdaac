//! People who use the program for the first time: what they mistype and what they leave
//! out is answered with what happened and what to do, and nothing is done that was not meant.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use world::{Process, cli, photos};

/// Runs the program as it is typed: whether it succeeded, and what it said.
fn typed(args: &[&str]) -> (bool, String) {
    let output = Command::new(cli::PROGRAM).args(args).stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
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
    let before = names_in(node.data());
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
    assert_eq!(names_in(node.data()), before);
    node.kill();
    refuse("host", "photographer", &["--web", "127.0.0.1:0"]);
    refuse("lab", "photographer", &[]);
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
    let (succeeded, said) = typed(&["photographer", "event", "Wedding", "--date", "20 June 2026"]);
    assert!(!succeeded && said.contains("such as 2026-06-20"), "{said}");
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
    let mut node = Process::photographer(dir.path(), &marked).await;
    assert_eq!(node.says(&[&marked[..], &anew].concat())["edited"], 1, "the node has that very mark");
    assert!(node.says(&["status"])["mark"].as_str().unwrap().contains("“PROOF”"));
    node.kill();
}
