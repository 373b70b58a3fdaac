//! Two places and the line between them: this machine's loopback, or two network
//! namespaces with a line of packets (`line/`) between. In the namespaces the kernel's
//! choice of congestion control is set to cubic, so that peers get what most machines
//! have; who chooses another for itself has it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use crate::conditions::{Conditions, Way};
use crate::peers;

/// How long what a line gives is looked at.
const LOOK_SECONDS: &str = "2";
/// Where it is looked at.
const LOOK_PORT: u16 = 4_475;

/// A line that is there until this is dropped.
#[derive(Debug)]
pub struct Line {
    conditions: Conditions,
    /// Of the lines of this run, which there may be several of at a time.
    number: usize,
    router: Option<Router>,
}

/// What makes the line.
#[derive(Debug)]
struct Router {
    program: PathBuf,
    process: Child,
}

/// What a line really gives.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    pub mbit: f64,
    /// One way, the median and what one of a hundred packets passes.
    pub delay_ms: f64,
    pub latest_ms: f64,
    pub lost_percent: f64,
}

/// The two ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Sender,
    Receiver,
}

impl End {
    fn namespace(self, number: usize) -> String {
        match self {
            Self::Sender => format!("enprint-send-{number}"),
            Self::Receiver => format!("enprint-recv-{number}"),
        }
    }

    fn device(self, number: usize) -> String {
        match self {
            Self::Sender => format!("enp-tun-s{number}"),
            Self::Receiver => format!("enp-tun-r{number}"),
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
            Self::Sender => "198.51.100.1",
            Self::Receiver => "198.51.100.2",
        }
    }
}

impl Line {
    /// A line under these conditions. No two of one number at a time.
    pub fn between(conditions: Conditions, number: usize) -> anyhow::Result<Self> {
        let Conditions::Of(way) = conditions else { return Ok(Self { conditions, number, router: None }) };
        let program = peers::built("line", "transfer-line")?;
        take_down(number);
        for end in [End::Sender, End::Receiver] {
            run(&["ip", "netns", "add", &end.namespace(number)])?;
        }
        let process = router(&program, way, number)?;
        let line = Self { conditions, number, router: Some(Router { program, process }) };
        [End::Sender, End::Receiver].into_iter().try_for_each(|end| connect(end, number))?;
        Ok(line)
    }

    /// What it really gives: rate and the queue's delay are of more than it can carry, delay
    /// and loss of half of that.
    pub fn given(&self) -> anyhow::Result<Option<Given>> {
        let (Conditions::Of(way), Some(router)) = (self.conditions, &self.router) else { return Ok(None) };
        let [_, delay_ms, latest_ms, lost_percent] = self.look(&router.program, f64::from(way.mbit) / 2.0)?;
        let [mbit, ..] = self.look(&router.program, f64::from(way.mbit) * 1.25)?;
        Ok(Some(Given { mbit, delay_ms, latest_ms, lost_percent }))
    }

    fn look(&self, program: &Path, mbit: f64) -> anyhow::Result<[f64; 4]> {
        let address = format!("{}:{LOOK_PORT}", self.address(End::Receiver));
        let mut receiver = self.command(End::Receiver, program);
        let mut receiver = receiver.args(["look", "receive", &address]).stdout(Stdio::piped()).spawn()?;
        let mut said = BufReader::new(receiver.stdout.take().context("no output")?).lines();
        ensure!(said.next().transpose()?.as_deref() == Some("ready"), "nothing receives");
        let mut sender = self.command(End::Sender, program);
        let status = sender.args(["look", "send", &address, &mbit.to_string(), LOOK_SECONDS]).status()?;
        ensure!(status.success() && receiver.wait()?.success(), "the line can't be looked at");
        let said = said.next().transpose()?.context("no figures")?;
        let figures: Vec<f64> = said.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        figures.try_into().map_err(|_| anyhow::anyhow!("other figures: {said}"))
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
        command.args(["netns", "exec", &end.namespace(self.number)]).arg(program);
        command
    }

    /// Bytes of packets that the sender's interface has sent, headers included.
    pub fn sent_bytes(&self) -> u64 {
        let device = if self.router.is_none() { "lo".to_owned() } else { End::Sender.device(self.number) };
        let output = self.command(End::Sender, "cat").arg("/proc/net/dev").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let row = text.lines().find_map(|row| row.trim().strip_prefix(&format!("{device}:"))).expect("the device");
        row.split_whitespace().nth(8).unwrap().parse().unwrap()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(Router { mut process, .. }) = self.router.take() {
            drop((process.kill(), process.wait()));
            take_down(self.number);
        }
    }
}

fn router(program: &Path, way: Way, number: usize) -> anyhow::Result<Child> {
    let delay_ms = f64::from(way.round_trip_ms) / 2.0;
    let mut router = Command::new(program)
        .args([End::Sender.device(number), End::Receiver.device(number)])
        .args([f64::from(way.mbit), delay_ms, f64::from(way.lost_of_1000) / 10.0].map(|figure| figure.to_string()))
        .arg("7")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ready = String::new();
    BufReader::new(router.stdout.take().context("no output")?).read_line(&mut ready)?;
    ensure!(ready.trim() == "ready", "the line can't be made; is this root?");
    Ok(router)
}

/// Puts the device of an end into its namespace, and the way to the other end on it.
fn connect(end: End, number: usize) -> anyhow::Result<()> {
    let (namespace, device) = (&end.namespace(number), &end.device(number));
    let (own, other) = (format!("{}/32", end.address()), format!("{}/32", end.other().address()));
    run(&["ip", "link", "set", device, "netns", namespace])?;
    run(&["ip", "-n", namespace, "addr", "add", &own, "dev", device])?;
    run(&["ip", "-n", namespace, "link", "set", device, "up", "mtu", "1500"])?;
    run(&["ip", "-n", namespace, "link", "set", "lo", "up"])?;
    let way = ["ip", "-n", namespace, "route", "add", &other, "dev", device, "src", end.address()];
    run(&[way.as_slice(), &["congctl", "cubic"]].concat())
}

fn take_down(number: usize) {
    for end in [End::Sender, End::Receiver] {
        drop(Command::new("ip").args(["netns", "del", &end.namespace(number)]).stderr(Stdio::null()).status());
    }
}

fn run(words: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(words[0]).args(&words[1..]).status().with_context(|| format!("no {}", words[0]))?;
    ensure!(status.success(), "{} failed", words.join(" "));
    Ok(())
}
