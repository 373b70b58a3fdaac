//! Somebody stops the program before it is under way: with Ctrl-C, or as a service manager
//! does.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;

use rustix::process::{Pid, Signal, kill_process};
use world::{cli, eventually_some, photos};

/// A file that says nothing to whoever reads it, as on a disk that does not answer.
fn silent(path: PathBuf) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    drop(std::fs::remove_file(&path));
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

/// Waits until somebody reads the file; the end by which it could be answered.
async fn is_read(path: &Path) -> File {
    let (opened, hears) = mpsc::sync_channel(1);
    let path = path.to_owned();
    // Waits for a reader.
    std::thread::spawn(move || opened.send(File::options().write(true).open(path).unwrap()));
    eventually_some("it reads the silent file", || hears.try_recv().ok()).await
}

fn start(args: &[&str]) -> Child {
    let mut command = Command::new(cli::PROGRAM);
    command.args(args).env("RUST_LOG", "error");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn tell(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// What it said, once it has ended by itself.
async fn ended(mut child: Child) -> Output {
    let is_over = || child.try_wait().unwrap().map(drop);
    eventually_some("it ends", is_over).await;
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_role_whose_disk_does_not_answer_ends_when_it_is_asked_to() {
    for role in ["host", "photographer", "lab"] {
        let dir = tempfile::tempdir().unwrap();
        let key = silent(dir.path().join("peer.key"));
        let at = dir.path().to_str().unwrap();
        let child = start(&[role, "run", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0", "--data", at]);
        let _answer = is_read(&key).await;
        tell(&child, Signal::TERM);
        let output = ended(child).await;
        assert!(output.status.success(), "{role}: {output:?}");
        assert!(said(&output).contains("was stopped before it was open"), "{role}: {output:?}");
    }
}

#[tokio::test]
async fn a_node_whose_archive_does_not_answer_ends_when_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().to_str().unwrap();
    let node = ["photographer", "--no-mdns", "--reserve-mb", "0", "--listen", "/ip4/127.0.0.1/tcp/0", "--data", at];
    let made = ended(start(&[&node[..], &["event", "The wedding"]].concat())).await;
    assert!(made.status.success(), "{made:?}");
    let volumes = std::fs::read_dir(dir.path().join("archive")).unwrap().map(|entry| entry.unwrap().path());
    let volume = volumes.into_iter().find(|path| path.is_dir()).expect("the event has a volume");
    let part = silent(volume.join("metadata/acknowledged"));
    let child = start(&[&node[..], &["run"]].concat());
    let _answer = is_read(&part).await;
    tell(&child, Signal::INT);
    let output = ended(child).await;
    assert!(output.status.success(), "{output:?}");
    assert!(said(&output).contains("was stopped before it was open"), "{output:?}");
}

#[tokio::test]
async fn a_command_whose_disk_does_not_answer_is_stopped_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (data, card) = (dir.path().join("photographer"), dir.path().join("card"));
    photos::put(&card, "a.jpg", &photos::jpeg(300, 200, 1));
    let key = silent(data.join("peer.key"));
    let (data, card) = (data.to_str().unwrap(), card.to_str().unwrap());
    let child = start(&["photographer", "--no-mdns", "--data", data, "import", card, "--event", "The card"]);
    let _answer = is_read(&key).await;
    tell(&child, Signal::INT);
    let output = ended(child).await;
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(said(&output).contains("Stopped as asked"), "{output:?}");
}

#[tokio::test]
async fn who_stops_a_command_in_its_first_moment_is_heard() {
    let dir = tempfile::tempdir().unwrap();
    let config = silent(dir.path().join("enprint.toml"));
    let (data, at) = (dir.path().join("photographer"), config.to_str().unwrap());
    let args = ["photographer", "--no-mdns", "--data", data.to_str().unwrap(), "--config", at, "event", "The wedding"];
    let child = start(&args);
    let mut answer = is_read(&config).await;
    tell(&child, Signal::INT);
    answer.write_all(b"# nothing\n").unwrap();
    drop(answer);
    let output = ended(child).await;
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(said(&output).contains("Stopped as asked"), "{output:?}");
    assert!(!data.join("catalogue.db").exists(), "the command was done all the same");
}
