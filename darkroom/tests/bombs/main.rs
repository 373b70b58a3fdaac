//! Files that are small and claim to be huge, and those that never end: each is refused
//! in words or shown, in a process of its own whose memory and time are measured: 256 MB,
//! and 2 s of processor time, so that a machine that does other things besides fails none;
//! a minute by the clock, so that none that waits for nothing goes unseen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod files;
#[path = "../kit/mod.rs"]
mod kit;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use enprint_darkroom::{DevelopSettings, develop, read_facts};

const MEMORY_KB_MAX: u64 = 256 * 1000;
const MILLISECONDS_MAX: u64 = 2_000;
/// A process that says nothing for so long hangs, whatever else the machine does.
const PATIENCE: Duration = Duration::from_secs(60);
/// Names the file that the process is for.
const FILE: &str = "ENPRINT_TEST_BOMB";

#[test]
#[ignore = "the others run it, in a process for each file"]
fn one_file_is_read_and_developed() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let bytes = std::fs::read(path).unwrap();
    let began = kit::busy(kit::Busy::Process);
    let facts = read_facts(&bytes);
    let said = match develop(&bytes, &DevelopSettings::default()) {
        Ok(renditions) => format!("shown, damage {:?}", renditions.damage),
        Err(error) => kit::in_words(&error),
    };
    let took = (kit::busy(kit::Busy::Process) - began).as_millis();
    drop(facts);
    println!("\nSAID {took} {} {said}", memory_peak_kb());
}

/// The most memory that this process ever had; 0 where the system does not say it.
fn memory_peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What the process said; it fails where that was nothing.
fn measured(name: &str, path: &Path) -> (u64, u64, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "one_file_is_read_and_developed", "--ignored", "--nocapture"]).env(FILE, path);
    let text = said_within(&mut command, PATIENCE).unwrap_or_else(|| panic!("{name}: the process hangs"));
    let said = text.lines().find_map(|line| line.strip_prefix("SAID "));
    let said = said.unwrap_or_else(|| panic!("{name}: the process fell over: {text}"));
    let mut words = said.splitn(3, ' ');
    let mut number = || words.next().unwrap().parse::<u64>().unwrap();
    let (took, memory) = (number(), number());
    (took, memory, words.next().unwrap().to_owned())
}

/// All that a process says; None where it does not end, and is ended.
fn said_within(command: &mut Command, patience: Duration) -> Option<String> {
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = process.stdout.take().unwrap();
    let (said, hears) = sync_channel(1);
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.read_to_end(&mut text);
        let _ = said.send(String::from_utf8_lossy(&text).into_owned());
    });
    let text = hears.recv_timeout(patience).ok();
    let _ = process.kill();
    process.wait().unwrap();
    text
}

/// Gives each file to a process, and asserts what it says.
fn assert_harmless(files: Vec<(&str, Vec<u8>, &str)>) {
    let folder = tempfile::tempdir().unwrap();
    let mut too_much = Vec::new();
    for (name, bytes, expected) in files {
        let path = folder.path().join("bomb");
        std::fs::write(&path, &bytes).unwrap();
        let (took, memory, said) = measured(name, &path);
        let line = format!("{name}: {} bytes, {took} ms, {} MB: {said}", bytes.len(), memory / 1000);
        println!("{line}");
        if memory > MEMORY_KB_MAX || took > MILLISECONDS_MAX || !said.contains(expected) {
            too_much.push(line);
        }
    }
    assert!(too_much.is_empty(), "\n{}", too_much.join("\n"));
}

#[test]
fn jpegs_that_claim_to_be_huge_or_endless_are_refused() {
    assert_harmless(files::jpegs());
}

#[test]
fn pngs_and_webps_that_claim_to_be_huge_or_unpack_without_end_are_refused() {
    assert_harmless(files::pngs_and_webps());
}

#[test]
fn tiffs_that_claim_to_be_huge_or_unpack_without_end_or_loop_are_refused() {
    assert_harmless(files::tiffs());
}

#[test]
fn heics_and_avifs_of_giant_sizes_and_thousands_of_tiles_are_refused() {
    assert_harmless(files::boxes());
}

#[test]
fn jpeg_xls_of_giant_sizes_are_refused() {
    assert_harmless(files::jpeg_xls());
}

#[test]
fn a_process_that_waits_for_ever_is_found() {
    let mut waits = Command::new("sleep");
    let began = std::time::Instant::now();
    assert!(said_within(waits.arg("600"), Duration::from_millis(200)).is_none());
    assert!(began.elapsed() < PATIENCE);
}
