//! The demo is the first thing that a newcomer runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::process::{Command, Stdio};

use serde_json::Value;
use world::photos;

#[test]
fn the_demo_takes_a_folder_to_the_hot_folder_and_reports_each_crossing_once() {
    let dir = tempfile::TempDir::new().unwrap();
    let (card, report) = (dir.path().join("card"), dir.path().join("report.json"));
    for (name, seed) in [("a.jpg", 1), ("b.jpg", 2), ("c.jpg", 3)] {
        photos::put(&card, name, &photos::jpeg(900, 600, seed));
    }
    photos::put(&card, "broken.jpg", b"no photo at all");
    let output = Command::new(world::cli::PROGRAM)
        .args(["demo", "--exit", "--photos", card.to_str().unwrap(), "--report", report.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(report["photos_imported"], 3);
    assert_eq!(report["photos_failed"][0]["name"], "broken.jpg");
    assert_eq!(report["photos_published"], 3);
    assert_eq!(report["lab_files_verified"], true);
    let crossings = report["crossings"].as_object().unwrap();
    assert_eq!(crossings.len() as u64, report["photos_ordered"].as_u64().unwrap());
    assert!(crossings.values().all(|times| times == 1), "{crossings:?}");
    let number = |name: &str| report[name].as_u64().unwrap();
    assert!(number("wire_bytes_to_lab") >= number("lab_bytes"));
    assert!(number("wire_bytes_published") >= number("published_bytes"));
    assert!(number("host_bytes_at_rest") >= number("published_bytes"));
}

#[test]
fn a_port_that_is_taken_is_said_at_once_with_the_option_that_chooses_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let web = taken.local_addr().unwrap().to_string();
    let output =
        Command::new(world::cli::PROGRAM).args(["demo", "--web", &web, "--photos", "/nowhere"]).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && words.contains(&web) && words.contains("--web 127.0.0.1:0"), "{words}");
}

#[test]
fn a_second_demo_in_the_folder_of_the_first_says_why_it_does_not_begin() {
    let dir = tempfile::TempDir::new().unwrap();
    let card = dir.path().join("card");
    photos::put(&card, "a.jpg", &photos::jpeg(900, 600, 1));
    let data = dir.path().join("data");
    let run = || {
        let args = ["demo", "--exit", "--photos", card.to_str().unwrap(), "--data", data.to_str().unwrap()];
        Command::new(world::cli::PROGRAM).args(args).output().unwrap()
    };
    let first = run();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let second = run();
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && words.contains("ran before") && words.contains("--data"), "{words}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_demo_that_is_ended_while_it_makes_photos_leaves_no_folder() {
    let temporary = tempfile::TempDir::new().unwrap();
    let mut demo = Command::new(world::cli::PROGRAM)
        .args(["demo", "--web", "127.0.0.1:0"])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    let photos = || {
        let demo = std::fs::read_dir(temporary.path()).unwrap().next();
        demo.is_some_and(|demo| demo.unwrap().path().join("photos").is_dir())
    };
    world::eventually("it makes photos", photos).await;
    let asked = Command::new("kill").args(["-TERM", &demo.id().to_string()]).status().unwrap();
    assert!(asked.success() && !demo.wait().unwrap().success());
    assert_eq!(left(), 0, "its folder is still there");
}

#[test]
fn the_demo_says_in_words_that_a_folder_has_no_photos() {
    let dir = tempfile::TempDir::new().unwrap();
    photos::put(dir.path(), "notes.txt", b"nothing to see");
    let output = Command::new(world::cli::PROGRAM)
        .args(["demo", "--exit", "--photos", dir.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("No photo could be imported"), "{words}");
}
