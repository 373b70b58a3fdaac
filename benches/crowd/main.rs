//! What a crowd of idle photographers costs a host: memory for each connection, at 1,000
//! and at 10,000, and how they come back after the host has been restarted. The host is a
//! process of its own, of which the memory is taken; the photographers are real peers in
//! another.
//!
//! `cargo bench --bench crowd [-- --small 1000 --large 10000]` needs Linux, and for 10,000
//! a hard limit of 12,000 open files and some 5 GB of memory. Last line: JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;
mod photographers;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use house::House;
use photographers::Crowd;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(900);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Memory is taken when it has not risen by more than a hundredth for so long. It falls and
/// rises again for each look at ten thousand rows.
const SETTLED: Duration = Duration::from_secs(10);

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let number = |flag: &str| {
        let at = words.iter().position(|word| word == flag)?;
        words.get(at + 1)?.parse::<usize>().ok()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(count) = number("--photographers") {
        return runtime.block_on(be_photographers(count, &words));
    }
    let (small, large) = (number("--small").unwrap_or(1_000), number("--large").unwrap_or(10_000));
    let dir = tempfile::tempdir().unwrap();
    println!("enrolling {large} photographers");
    let peers = (0..large).map(|number| photographers::key(number).public().to_peer_id());
    runtime.block_on(house::enrol(dir.path(), peers));
    let few = measure(dir.path(), small);
    let many = measure(dir.path(), large);
    println!(
        "{}",
        json!({
            "small": small, "large": large,
            "bytes_small": few.bytes_each, "bytes_large": many.bytes_each,
            "growth": many.bytes_each as f64 / few.bytes_each as f64,
            "join_s": many.join_s, "away_s": many.away_s, "back_s": many.back_s,
            "busiest_second": many.busiest_second, "refused": many.refused,
            "bytes_after": many.bytes_each_after,
        })
    );
}

/// What one crowd has come to.
struct Measured {
    bytes_each: u64,
    bytes_each_after: u64,
    join_s: f64,
    away_s: f64,
    back_s: f64,
    busiest_second: u64,
    refused: u64,
}

fn measure(data: &std::path::Path, count: usize) -> Measured {
    let house = House::open(data);
    let alone = settled(&house);
    let began = Instant::now();
    let crowd = Photographers::start(count, &house);
    crowd.until(|crowd| crowd.announced >= count as u64);
    let join_s = began.elapsed().as_secs_f64();
    let each = |memory: u64| memory.saturating_sub(alone) / count as u64;
    let bytes_each = each(settled(&house));
    println!("{count} photographers: {bytes_each} bytes each beside {alone}, all there after {join_s:.1} s");

    let announced = crowd.now().announced;
    let (house, away) = house.restart();
    let began = Instant::now();
    let busiest_second = crowd.busiest_second_until(|crowd| crowd.announced >= announced + count as u64);
    let back_s = began.elapsed().as_secs_f64();
    let bytes_each_after = each(settled(&house));
    let (away_s, refused) = (away.as_secs_f64(), crowd.now().refused);
    println!(
        "away for {away_s:.1} s; all back after {back_s:.1} s, {busiest_second} in the busiest second, {refused} refused, \
         {bytes_each_after} bytes each"
    );
    Measured { bytes_each, bytes_each_after, join_s, away_s, back_s, busiest_second, refused }
}

/// The most memory that the host holds, once that does not rise any more.
fn settled(house: &House) -> u64 {
    let (mut most, mut settled_at, mut since) = (house.memory(), house.memory(), Instant::now());
    let deadline = Instant::now() + PATIENCE;
    while since.elapsed() < SETTLED && Instant::now() < deadline {
        std::thread::sleep(LOOK_EVERY);
        most = most.max(house.memory());
        if most > settled_at + settled_at / 100 {
            (settled_at, since) = (most, Instant::now());
        }
    }
    most
}

/// The other process, and how its crowd is.
struct Photographers {
    child: Child,
    crowd: Arc<Mutex<Crowd>>,
}

impl Photographers {
    fn start(count: usize, house: &House) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--photographers", &count.to_string(), &house.peer.to_string(), &house.at.to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let crowd = Arc::new(Mutex::new(Crowd::default()));
        let (lines, shared) = (BufReader::new(child.stdout.take().unwrap()).lines(), Arc::clone(&crowd));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *shared.lock().unwrap() = serde_json::from_str(&line).unwrap();
            }
        });
        Self { child, crowd }
    }

    fn now(&self) -> Crowd {
        *self.crowd.lock().unwrap()
    }

    fn until(&self, reached: impl Fn(&Crowd) -> bool) {
        self.busiest_second_until(reached);
    }

    /// The most answers that came within a second, until `reached`.
    fn busiest_second_until(&self, reached: impl Fn(&Crowd) -> bool) -> u64 {
        let (mut busiest, mut before) = (0, self.now().announced);
        let (mut second, deadline) = (Instant::now(), Instant::now() + PATIENCE);
        while !reached(&self.now()) {
            assert!(Instant::now() < deadline, "the crowd never got there: {:?}", self.now());
            std::thread::sleep(LOOK_EVERY);
            if second.elapsed() >= Duration::from_secs(1) {
                let now = self.now().announced;
                busiest = busiest.max(now - before);
                (before, second) = (now, Instant::now());
            }
        }
        busiest.max(self.now().announced - before)
    }
}

impl Drop for Photographers {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// This process as the other one.
async fn be_photographers(count: usize, words: &[String]) {
    let after = words.iter().position(|word| word == "--photographers").unwrap();
    let (host, at) = (words[after + 2].parse().unwrap(), words[after + 3].parse().unwrap());
    let tell = |crowd| println!("{}", serde_json::to_string(&crowd).unwrap());
    photographers::run(0..count, host, at, CancellationToken::new(), tell).await;
}
