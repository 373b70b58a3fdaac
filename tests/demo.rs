//! The demo is the first thing that a newcomer runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::process::Command;

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
