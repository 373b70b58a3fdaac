//! A line of packets that delays, loses and reorders, between two devices: the program in
//! `benches/transfer/line`, which is a package apart and built when it is first wanted.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// What a line is like, in both directions.
#[derive(Clone, Copy)]
pub struct Conditions {
    pub mbit: u32,
    /// One way.
    pub delay_ms: u32,
    pub loss_percent: f64,
    /// Packets are up to so much later, in order.
    pub jitter_ms: u32,
    /// Of 100 packets so many overtake the others.
    pub reorder_percent: f64,
}

impl Conditions {
    /// A line without loss or jitter.
    pub fn clean(mbit: u32, delay_ms: u32) -> Self {
        Self { mbit, delay_ms, loss_percent: 0.0, jitter_ms: 0, reorder_percent: 0.0 }
    }
}

/// A line, until it is dropped.
pub struct Line {
    process: Child,
    says: Lines<BufReader<ChildStdout>>,
    /// How many times of other conditions have ended.
    over: u32,
}

impl Line {
    /// A line whose both devices are in a namespace as yet; `None` where the machine
    /// makes no such devices.
    pub fn within(space: &str, (one, other): (&str, &str), how: Conditions) -> Option<Self> {
        if !Path::new("/dev/net/tun").exists() {
            return None;
        }
        let Conditions { mbit, delay_ms, loss_percent, jitter_ms, reorder_percent } = how;
        let numbers = format!("{mbit} {delay_ms} {loss_percent} 7 {jitter_ms} {reorder_percent} steered");
        let mut process = Command::new("ip")
            .args(["netns", "exec", space])
            .arg(program())
            .args([one, other])
            .args(numbers.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = Self { process, says, over: 0 };
        assert_eq!(line.hears(), "ready");
        Some(line)
    }

    /// So many percent are lost for so many seconds.
    pub fn loses_for(&mut self, percent: u32, seconds: u32) {
        assert_eq!(self.asks(&format!("loss {percent} for {seconds}")), "ok");
    }

    /// Waits for the end of such a time.
    pub fn is_over(&mut self) {
        while self.over == 0 {
            assert_eq!(self.hears_all(), "over");
            self.over += 1;
        }
        self.over -= 1;
    }

    /// Packets carried, and packets lost.
    pub fn counts(&mut self) -> (u64, u64) {
        let counts = self.asks("counts");
        let (carried, lost) = counts.split_once(' ').unwrap();
        (carried.parse().unwrap(), lost.parse().unwrap())
    }

    fn asks(&mut self, what: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{what}").unwrap();
        self.hears()
    }

    /// The answer to what was asked.
    fn hears(&mut self) -> String {
        loop {
            match self.hears_all() {
                said if said == "over" => self.over += 1,
                said => return said,
            }
        }
    }

    fn hears_all(&mut self) -> String {
        self.says.next().expect("the line runs").unwrap()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        drop((self.process.kill(), self.process.wait()));
    }
}

fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/transfer/line/Cargo.toml");
        let target = Path::new(env!("CARGO_BIN_EXE_enprint")).parent().unwrap().join("line");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--quiet", "--locked", "--manifest-path"]).arg(package);
        assert!(cargo.env("CARGO_TARGET_DIR", &target).status().unwrap().success(), "the line is built");
        target.join("release/transfer-line")
    })
}
