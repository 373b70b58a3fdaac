//! Two places and the line between them: this machine's loopback, or two network
//! namespaces with a line of packets (`line/`) between. In the namespaces the kernel's
//! choice of congestion control is set to cubic, so that peers get what most machines
//! have; who chooses another for itself has it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::peers;

/// What the line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conditions {
    /// One machine.
    Loopback,
    /// 100 Mbit/s, 50 ms there and back.
    Clean,
    /// The same, and of 200 packets one is lost, in each direction.
    Lossy,
}

/// Bits of payload a second that TCP can carry on the line: of 1,500 bytes of a packet
/// 52 are headers.
pub const LINE_PAYLOAD_BITS_PER_SECOND: f64 = 100e6 * 1448.0 / 1500.0;

/// A line that is there until this is dropped.
#[derive(Debug)]
pub struct Line {
    conditions: Conditions,
    router: Option<Child>,
}

/// The two ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Sender,
    Receiver,
}

impl End {
    fn namespace(self) -> &'static str {
        match self {
            Self::Sender => "enprint-send",
            Self::Receiver => "enprint-recv",
        }
    }

    fn device(self) -> &'static str {
        match self {
            Self::Sender => "enprint-tun-s",
            Self::Receiver => "enprint-tun-r",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Sender => Self::Receiver,
            Self::Receiver => Self::Sender,
        }
    }

    fn address(self) -> &'static str {
        match self {
            Self::Sender => "10.77.0.1",
            Self::Receiver => "10.77.0.2",
        }
    }
}

impl Line {
    /// A line under these conditions.
    pub fn between(conditions: Conditions) -> anyhow::Result<Self> {
        let loss_percent = match conditions {
            Conditions::Loopback => return Ok(Self { conditions, router: None }),
            Conditions::Clean => "0",
            Conditions::Lossy => "0.5",
        };
        let program = peers::built("line", "transfer-line")?;
        take_down();
        for end in [End::Sender, End::Receiver] {
            run(&["ip", "netns", "add", end.namespace()])?;
        }
        let router = router(&program, loss_percent)?;
        let line = Self { conditions, router: Some(router) };
        [End::Sender, End::Receiver].into_iter().try_for_each(connect)?;
        Ok(line)
    }

    pub fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// Where an end is reached.
    pub fn address(&self, end: End) -> &'static str {
        if self.router.is_none() { "127.0.0.1" } else { end.address() }
    }

    /// A program that runs at one end.
    pub fn command(&self, end: End, program: impl AsRef<std::ffi::OsStr>) -> Command {
        if self.router.is_none() {
            return Command::new(program);
        }
        let mut command = Command::new("ip");
        command.args(["netns", "exec", end.namespace()]).arg(program);
        command
    }

    /// Bytes of packets that the sender's interface has sent, headers included.
    pub fn sent_bytes(&self) -> u64 {
        let device = if self.router.is_none() { "lo" } else { End::Sender.device() };
        let output = self.command(End::Sender, "cat").arg("/proc/net/dev").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let row = text.lines().find_map(|row| row.trim().strip_prefix(&format!("{device}:"))).expect("the device");
        row.split_whitespace().nth(8).unwrap().parse().unwrap()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(mut router) = self.router.take() {
            drop((router.kill(), router.wait()));
            take_down();
        }
    }
}

fn router(program: &Path, loss_percent: &str) -> anyhow::Result<Child> {
    let (sender, receiver) = (End::Sender.device(), End::Receiver.device());
    let mut router = Command::new(program)
        .args([sender, receiver, "100", "25", loss_percent, "7"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ready = String::new();
    BufReader::new(router.stdout.take().context("no output")?).read_line(&mut ready)?;
    ensure!(ready.trim() == "ready", "the line can't be made; is this root?");
    Ok(router)
}

/// Puts the device of an end into its namespace, and the way to the other end on it.
fn connect(end: End) -> anyhow::Result<()> {
    let (namespace, device) = (end.namespace(), end.device());
    let (own, other) = (format!("{}/32", end.address()), format!("{}/32", end.other().address()));
    run(&["ip", "link", "set", device, "netns", namespace])?;
    run(&["ip", "-n", namespace, "addr", "add", &own, "dev", device])?;
    run(&["ip", "-n", namespace, "link", "set", device, "up", "mtu", "1500"])?;
    run(&["ip", "-n", namespace, "link", "set", "lo", "up"])?;
    let way = ["ip", "-n", namespace, "route", "add", &other, "dev", device, "src", end.address()];
    run(&[way.as_slice(), &["congctl", "cubic"]].concat())
}

fn take_down() {
    for end in [End::Sender, End::Receiver] {
        drop(Command::new("ip").args(["netns", "del", end.namespace()]).stderr(Stdio::null()).status());
    }
}

fn run(words: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(words[0]).args(&words[1..]).status().with_context(|| format!("no {}", words[0]))?;
    ensure!(status.success(), "{} failed", words.join(" "));
    Ok(())
}
