//! Enprint's job: a host, a photographer's node and a lab, each a process of the program
//! as it is; a customer's order of every photo. Two times are taken to the finished folder
//! in the lab's hot folder: that of the job, from the photographer's "paid" on, with
//! reading and hashing of every original before it is offered; and that of the fetch, from
//! the lab's first question on, with verification, sync and the finished folder. The lab's
//! file can be seen as it begins; the list of hashes comes before, in one round trip.
//! Peers have prepared what they send before their time begins, so the fetch is compared.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::line::{End, Line};

/// Names another build of the program.
const PROGRAM_SETTING: &str = "ENPRINT_BENCH_PROGRAM";
const LOOK_EVERY: Duration = Duration::from_millis(2);
const PATIENCE: Duration = Duration::from_secs(600);

/// What came of a transfer.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// From the first byte asked for to the last file whole.
    pub seconds: f64,
    /// With what comes before it, where that is known.
    pub job_seconds: Option<f64>,
    /// Bytes at the sender's interface.
    pub wire_bytes: u64,
}

/// One role, until it is dropped.
struct Role<'a> {
    line: &'a Line,
    end: End,
    name: &'static str,
    data: PathBuf,
    child: Child,
    ready: Value,
}

/// What peers are given to find each other by.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// Both, as usual.
    Either,
    Tcp,
    Quic,
}

impl By {
    fn listen(self, address: &str) -> String {
        let (tcp, quic) = (format!("/ip4/{address}/tcp/0"), format!("/ip4/{address}/udp/0/quic-v1"));
        match self {
            Self::Either => format!("{tcp},{quic}"),
            Self::Tcp => tcp,
            Self::Quic => quic,
        }
    }
}

/// Brings the files of `card` from a new photographer to a new lab.
pub fn transfer(line: &Line, by: By, dir: &Path, card: &Path) -> Outcome {
    let web = format!("{}:0", line.address(End::Receiver));
    let start = |end, name, flags: &[&str]| Role::start((line, by), end, name, dir, flags);
    let host = start(End::Receiver, "host", &["--name", "Host", "--web", &web]);
    let photographer = start(End::Sender, "photographer", &["--reserve-mb", "0"]);
    let hot = dir.join("hot");
    let lab = start(End::Receiver, "lab", &["--name", "Lab", "--hot-folder", hot.to_str().unwrap()]);
    introduce(&host, &photographer, &lab);
    photographer.says(&["import", card.to_str().unwrap(), "--event", "Wedding"]);
    let published = photographer.says(&["publish", "--event", "Wedding"]);
    let number = order(line, &host, published["access_code"].as_str().unwrap());
    until(|| photographer.says(&["orders"])["orders"].as_array().is_some_and(|orders| !orders.is_empty()));

    let before = line.sent_bytes();
    let paid = Instant::now();
    let says_paid =
        line.command(End::Sender, program()).args(photographer.words(&["paid", &number])).stdout(Stdio::null()).spawn();
    until(|| is_begun(&lab.data));
    let begun = Instant::now();
    until(|| is_placed(&hot));
    let seconds = begun.elapsed().as_secs_f64() + line.conditions().round_trip_seconds();
    let job_seconds = Some(paid.elapsed().as_secs_f64());
    assert!(says_paid.unwrap().wait().unwrap().success());
    let wire_bytes = line.sent_bytes() - before;
    assert_whole(&hot, card);
    Outcome { seconds, job_seconds, wire_bytes }
}

/// Publishes the photographs of `card`: bytes at the sender's interface, and of payload.
pub fn publish(line: &Line, dir: &Path, card: &Path) -> (u64, u64) {
    let web = format!("{}:0", line.address(End::Receiver));
    let start = |end, name, flags: &[&str]| Role::start((line, By::Either), end, name, dir, flags);
    let host = start(End::Receiver, "host", &["--name", "Host", "--web", &web]);
    let photographer = start(End::Sender, "photographer", &["--reserve-mb", "0"]);
    enrol(&host, &photographer);
    photographer.says(&["import", card.to_str().unwrap(), "--event", "Wedding"]);
    let before = line.sent_bytes();
    let published = photographer.says(&["publish", "--event", "Wedding"]);
    (line.sent_bytes() - before, published["sent_bytes"].as_u64().unwrap())
}

fn enrol(host: &Role<'_>, photographer: &Role<'_>) {
    let invitation = host.says(&["invite", "--role", "photographer"])["invitation"].as_str().unwrap().to_owned();
    let address = host.ready["addresses"][0].as_str().unwrap();
    photographer.says(&["enrol", address, "--code", &invitation, "--name", "Ana"]);
}

fn introduce(host: &Role<'_>, photographer: &Role<'_>, lab: &Role<'_>) {
    let address = host.ready["addresses"][0].as_str().unwrap();
    let invitation = host.says(&["invite", "--role", "lab"])["invitation"].as_str().unwrap().to_owned();
    enrol(host, photographer);
    lab.says(&["enrol", address, "--code", &invitation]);
    lab.says(&["approve", photographer.ready["peer_id"].as_str().unwrap()]);
    until(|| photographer.says(&["labs"])["labs"].as_array().is_some_and(|labs| !labs.is_empty()));
    photographer.says(&["use-lab", "Lab"]);
}

/// A customer orders one print of each photo; the order's number.
fn order(line: &Line, host: &Role<'_>, access_code: &str) -> String {
    let site = host.ready["web"].as_str().unwrap();
    let opened = http(line, &format!("{site}/api/v1/open"), None, Some(&json!({ "access_code": access_code })));
    let (event, token) = (opened["event_id"].as_str().unwrap(), opened["token"].as_str().unwrap());
    let photos = http(line, &format!("{site}/api/v1/galleries/{event}/photos"), Some(token), None);
    let photos = photos["photos"].as_array().unwrap();
    let lines: Vec<Value> = photos
        .iter()
        .map(|photo| {
            json!({ "photo_id": photo["photo_id"], "size": "10x15", "finish": "matte", "crop": "fill", "quantity": 1 })
        })
        .collect();
    let order = json!({ "idempotency_key": "bench-key-1", "name": "Kim", "email": "kim@example.org", "delivery": "Post",
        "address": "1 Example Street", "note": "", "lines": lines });
    let placed = http(line, &format!("{site}/api/v1/galleries/{event}/orders"), Some(token), Some(&order));
    placed["number"].as_str().unwrap_or_else(|| panic!("{placed}")).to_owned()
}

/// The customer's browser, at the host's end of the line.
fn http(line: &Line, url: &str, token: Option<&str>, body: Option<&Value>) -> Value {
    let mut curl = line.command(End::Receiver, "curl");
    curl.args(["--silent", "--show-error", url]);
    if let Some(token) = token {
        curl.args(["--header", &format!("Authorization: Bearer {token}")]);
    }
    if let Some(body) = body {
        curl.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
    }
    serde_json::from_slice(&curl.output().unwrap().stdout).unwrap_or_else(|error| panic!("{url}: {error}"))
}

impl<'a> Role<'a> {
    fn start((line, by): (&'a Line, By), end: End, name: &'static str, dir: &Path, flags: &[&str]) -> Self {
        let data = dir.join(name);
        let listen = by.listen(line.address(end));
        let mut child = line
            .command(end, program())
            .args([name, "--json", "--data", data.to_str().unwrap(), "--listen", &listen])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let ready = serde_json::from_str(&ready).unwrap_or_else(|error| panic!("the {name} did not start: {error}"));
        Self { line, end, name, data, child, ready }
    }

    /// The words of a command for the running process.
    fn words<'w>(&'w self, words: &[&'w str]) -> Vec<&'w str> {
        [&[self.name, "--json", "--data", self.data.to_str().unwrap()], words].concat()
    }

    /// A command for the running process, and its answer.
    fn says(&self, words: &[&str]) -> Value {
        let mut command = self.line.command(self.end, program());
        let output = command.args(self.words(words)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {words:?}: {said}", self.name);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Role<'_> {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

fn program() -> PathBuf {
    std::env::var_os(PROGRAM_SETTING).map_or_else(|| env!("CARGO_BIN_EXE_enprint").into(), PathBuf::from)
}

/// Whether the lab has begun with a file.
fn is_begun(lab: &Path) -> bool {
    let photographers = fs::read_dir(lab.join("receiving")).into_iter().flatten().flatten();
    photographers.into_iter().any(|folder| fs::read_dir(folder.path()).is_ok_and(|mut files| files.next().is_some()))
}

/// Whether the order's folder is in the hot folder, under its own name.
fn is_placed(hot: &Path) -> bool {
    let folders = fs::read_dir(hot).into_iter().flatten().flatten();
    folders.into_iter().any(|folder| {
        !folder.file_name().to_string_lossy().starts_with('.') && folder.path().join("ticket.json").is_file()
    })
}

fn assert_whole(hot: &Path, card: &Path) {
    let folder = fs::read_dir(hot).unwrap().flatten().find(|entry| entry.path().is_dir()).unwrap();
    let mut sent = hashes(card);
    let mut came = hashes(&folder.path());
    sent.sort();
    came.sort();
    assert_eq!(sent, came, "the files are not those that were sent");
}

fn hashes(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let photos = files.filter(|path| !path.file_name().unwrap().to_string_lossy().starts_with("ticket."));
    photos.map(|path| blake3::hash(&fs::read(path).unwrap()).to_string()).collect()
}

fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "it takes too long");
        thread::sleep(LOOK_EVERY);
    }
}
