//! Commands as people give them: to a node that runs, to one that was killed, and
//! with Ctrl-C in the middle.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::address::ControlAddress;
use super::line::Lines;
use super::*;
use crate::waiting::{PATIENCE, eventually};

/// A node that counts.
#[derive(Default)]
struct Counting {
    counted: AtomicU64,
    ended_early: AtomicBool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum CountTo {
    Number(u64),
    /// Goes on until it is cancelled.
    Forever,
    /// Can't be done.
    Nothing,
}

impl Commands for Counting {
    type Command = CountTo;
    type Answer = u64;

    async fn execute(&self, command: CountTo, progress: Progress) -> Result<u64, NodeError> {
        match command {
            CountTo::Number(number) => {
                for at in 1..=number {
                    progress.photos("Counting", at, number);
                    tokio::task::yield_now().await;
                }
                Ok(number)
            }
            CountTo::Forever => {
                self.counted.fetch_add(1, Ordering::SeqCst);
                progress.cancelled().await;
                self.ended_early.store(true, Ordering::SeqCst);
                Ok(0)
            }
            CountTo::Nothing => Err(NodeError::NotEnrolled),
        }
    }
}

/// A node that runs on a data folder.
struct Running {
    dir: TempDir,
    node: Arc<Counting>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), NodeError>>,
}

impl Running {
    async fn start() -> Self {
        let (dir, node) = (TempDir::new().unwrap(), Arc::new(Counting::default()));
        let shutdown = CancellationToken::new();
        let (served, path, stop) = (node.clone(), dir.path().to_owned(), shutdown.clone());
        let task = tokio::spawn(async move { serve(served, &path, stop).await });
        eventually("the node takes commands", || ControlAddress::read(dir.path()).is_some()).await;
        Self { dir, node, shutdown, task }
    }

    async fn stop(self) -> TempDir {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
        self.dir
    }
}

async fn count(data_dir: &Path, to: CountTo) -> Result<u64, NodeError> {
    ask::<Counting>(data_dir, to, |_| {}).await
}

#[tokio::test]
async fn a_running_node_reports_and_answers() {
    let node = Running::start().await;
    let mut reports = Vec::new();
    let answer = ask::<Counting>(node.dir.path(), CountTo::Number(1_000), |line| reports.push(line.clone())).await;
    assert_eq!(answer.unwrap(), 1_000);
    assert!(!reports.is_empty(), "no progress was heard");
    assert!(reports.iter().all(|line| line.total == Some(1_000) && line.unit == ProgressUnit::Photos));
}

#[tokio::test]
async fn an_error_of_the_node_is_its_own_sentence() {
    let node = Running::start().await;
    let error = count(node.dir.path(), CountTo::Nothing).await.unwrap_err();
    assert_eq!(error.to_string(), NodeError::NotEnrolled.to_string());
}

#[tokio::test]
async fn a_command_in_this_process_reports_and_answers_alike() {
    let mut reports = 0;
    let stop = CancellationToken::new();
    let node = Counting::default();
    let answer = run_here(&node, CountTo::Number(10), stop, |_| reports += 1).await;
    assert_eq!((answer.unwrap(), reports > 0), (10, true));
}

#[tokio::test]
async fn an_asker_who_goes_away_cancels_the_command_in_good_order() {
    let node = Running::start().await;
    let path = node.dir.path().to_owned();
    let asker = tokio::spawn(async move { count(&path, CountTo::Forever).await });
    eventually("the command runs", || node.node.counted.load(Ordering::SeqCst) == 1).await;
    asker.abort();
    eventually("it ended early", || node.node.ended_early.load(Ordering::SeqCst)).await;
    assert_eq!(count(node.dir.path(), CountTo::Number(3)).await.unwrap(), 3, "the node goes on");
}

#[tokio::test]
async fn a_stopping_node_ends_its_commands_and_takes_its_file_away() {
    let node = Running::start().await;
    let path = node.dir.path().to_owned();
    let asker = tokio::spawn(async move { count(&path, CountTo::Forever).await });
    eventually("the command runs", || node.node.counted.load(Ordering::SeqCst) == 1).await;
    let dir = node.stop().await;
    assert_eq!(asker.await.unwrap().unwrap(), 0, "the asker got its answer");
    assert!(!dir.path().join(CONTROL_FILE).exists());
    let error = count(dir.path(), CountTo::Number(1)).await.unwrap_err();
    assert!(matches!(error, NodeError::NotRunning { .. }), "{error}");
}

#[tokio::test]
async fn the_file_of_a_killed_node_is_told_from_that_of_a_running_one() {
    let dir = TempDir::new().unwrap();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    ControlAddress::new(gone, "secret").write(dir.path()).unwrap();
    let error = count(dir.path(), CountTo::Number(1)).await.unwrap_err();
    assert!(matches!(error, NodeError::NotRunning { .. }), "{error}");

    // Another program has the port by now: it does not know the secret.
    let other = Running::start().await;
    let port = ControlAddress::read(other.dir.path()).unwrap().address;
    ControlAddress::new(port, "secret").write(dir.path()).unwrap();
    let error = count(dir.path(), CountTo::Number(1)).await.unwrap_err();
    assert!(matches!(error, NodeError::NotRunning { .. }), "{error}");
}

#[tokio::test]
async fn nobody_commands_without_the_secret_or_from_another_site() {
    let node = Running::start().await;
    let control = ControlAddress::read(node.dir.path()).unwrap();
    let url = format!("http://{}/command", control.address);
    let post = || reqwest::Client::new().post(&url).json(&CountTo::Number(1));
    assert_eq!(post().send().await.unwrap().status(), 401);
    assert_eq!(post().bearer_auth("secret").send().await.unwrap().status(), 401);
    let foreign = post().bearer_auth(&control.token).header("origin", "http://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let renamed = post().bearer_auth(&control.token).header("host", "evil.example");
    assert_eq!(renamed.send().await.unwrap().status(), 403);
    let unknown = reqwest::Client::new().post(&url).bearer_auth(&control.token).json("nonsense");
    assert_eq!(unknown.send().await.unwrap().status(), 400);
    assert_eq!(post().bearer_auth(&control.token).send().await.unwrap().status(), 200);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_secret() {
    use std::os::unix::fs::PermissionsExt;
    let node = Running::start().await;
    let mode = std::fs::metadata(node.dir.path().join(CONTROL_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_is_no_address_or_leads_off_this_machine_counts_as_none() {
    let dir = TempDir::new().unwrap();
    let away = r#"{"address":"192.0.2.1:80","token":"t","pid":1}"#;
    for content in ["", "{}", away, &"x".repeat(100_000)] {
        std::fs::write(dir.path().join(CONTROL_FILE), content).unwrap();
        assert!(ControlAddress::read(dir.path()).is_none());
    }
}

#[test]
fn lines_are_put_together_from_any_pieces_and_bounded() {
    let text = b"one\n\ntwo\nthree\n";
    for piece_bytes in 1..text.len() {
        let mut lines = Lines::default();
        let pieces = text.chunks(piece_bytes);
        let whole: Vec<_> = pieces.flat_map(|piece| lines.take(piece, 100).unwrap()).collect();
        assert_eq!(whole, [&b"one"[..], b"two", b"three"]);
    }
    assert!(Lines::default().take(&[b'x'; 101], 100).is_none());
}

#[tokio::test]
async fn a_node_of_an_earlier_version_is_given_no_command_that_it_could_do_in_part() {
    let running = Running::start().await;
    let control = ControlAddress::read(running.dir.path()).unwrap();
    ControlAddress { version: String::new(), ..control.clone() }.write(running.dir.path()).unwrap();
    let asked = ask::<Counting>(running.dir.path(), CountTo::Number(3), |_| {}).await;
    assert!(matches!(asked, Err(NodeError::OtherVersion)), "{asked:?}");
    control.write(running.dir.path()).unwrap();
    assert_eq!(ask::<Counting>(running.dir.path(), CountTo::Number(3), |_| {}).await.unwrap(), 3);
    let dir = running.stop().await;
    // What one that was killed has left behind is in nobody's way.
    ControlAddress { version: String::new(), ..control }.write(dir.path()).unwrap();
    let asked = ask::<Counting>(dir.path(), CountTo::Number(3), |_| {}).await;
    assert!(matches!(asked, Err(NodeError::NotRunning { .. })), "{asked:?}");
}
