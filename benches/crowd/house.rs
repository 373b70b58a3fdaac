//! The host of a crowd: a process of the program as it is, whose photographers are
//! enrolled before it starts. It can be stopped and started again on the same port.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use enprint_host_index::index::Enrolment;
use enprint_host_index::{HostConfig, Index};
use enprint_protocol::enrol::Role;
use enprint_protocol::{Multiaddr, PeerId};
use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_enprint");

/// A host's process.
pub struct House {
    data: PathBuf,
    listen: String,
    child: Child,
    /// Who it is.
    pub peer: PeerId,
    /// Where it listens.
    pub at: Multiaddr,
}

/// Enrols the photographers of `keys` in a host's new database in `data`. They enrol in
/// memory, where no transaction waits for a disk; it is the host's own folder all the same.
pub async fn enrol(data: &Path, keys: impl Iterator<Item = PeerId>) {
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let index = Index::open(&HostConfig::new(memory.path())).await.unwrap();
    for (number, peer) in keys.enumerate() {
        let invitation = index.invite(Role::Photographer, Duration::from_secs(3_600)).await.unwrap();
        let name = format!("Photographer {number}");
        let enrolment = Enrolment { invitation, role: Role::Photographer, name, addresses: Vec::new() };
        index.enrol(peer, &enrolment).await.unwrap();
    }
    index.close().await;
    for file in std::fs::read_dir(memory.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), data.join(file.file_name())).unwrap();
    }
}

impl House {
    /// Starts the host of `data`.
    pub fn open(data: &Path) -> Self {
        Self::start(data.to_owned(), "/ip4/127.0.0.1/tcp/0".to_owned())
    }

    /// Stops the host and starts it again; how long it was away.
    pub fn restart(self) -> (Self, Duration) {
        let began = Instant::now();
        let (data, listen) = (self.data.clone(), self.listen.clone());
        drop(self);
        (Self::start(data, listen), began.elapsed())
    }

    /// What its process holds of memory, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    fn start(data: PathBuf, listen: String) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args([
            "host",
            "run",
            "--json",
            "--name",
            "Host",
            "--web",
            "127.0.0.1:0",
            "--no-mdns",
            "--listen",
            &listen,
        ]);
        let mut child = command.arg("--data").arg(&data).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let at: Multiaddr = ready["addresses"][0].as_str().unwrap().parse().unwrap();
        let at: Multiaddr = at.iter().take(2).collect();
        let peer = ready["peer_id"].as_str().unwrap().parse().unwrap();
        Self { data, listen: at.to_string(), child, peer, at }
    }
}

impl Drop for House {
    /// As an operator stops it: peers are told, the database is closed.
    fn drop(&mut self) {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}
