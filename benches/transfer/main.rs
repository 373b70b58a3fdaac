//! How fast a job crosses from a photographer to a lab, beside iroh-blobs, rsync and curl
//! over HTTPS, in one run: on loopback, and on a line of 100 Mbit/s and 50 ms without
//! and with loss, made of packets between two network namespaces (`line/`).
//!
//! `cargo bench --bench transfer -- [--rounds 3] [--files 20] [--megabytes 12] [--no-lines]
//! [--photographs 500] [--only enprint,rsync]`
//! needs Linux, root and `ip` for the lines; rsync, curl and openssl where they are to
//! be compared. A peer that can't be had is left out, and said so. Every file is new in
//! every round. Last line: JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod files;
mod line;
mod ours;
mod peers;
mod report;

use line::{Conditions, Line};
use peers::Peers;
use report::Report;

/// What one run does.
#[derive(Debug, Clone)]
pub struct Plan {
    rounds: usize,
    files: usize,
    file_bytes: usize,
    lines: bool,
    /// How many the publish has; none, no publish.
    photographs: usize,
    names: Vec<String>,
}

fn main() {
    let plan = plan();
    let work = tempfile::tempdir().unwrap();
    let peers = Peers::built(work.path(), &plan.names);
    let mut report = Report::default();
    let mut conditions = vec![(Conditions::Loopback, plan.rounds)];
    if plan.lines {
        conditions.extend([(Conditions::Clean, plan.rounds.div_ceil(2)), (Conditions::Lossy, plan.rounds.div_ceil(2))]);
    }
    for (conditions, rounds) in conditions {
        let line = match Line::between(conditions) {
            Ok(line) => line,
            Err(reason) => {
                println!("{conditions:?} is left out: {reason:#}");
                continue;
            }
        };
        for round in 0..rounds {
            one_round(&plan, round, &line, &peers, &mut report, work.path());
        }
        if plan.photographs > 0 && line.conditions() != Conditions::Lossy {
            one_publish(&plan, &line, &mut report, work.path());
        }
    }
    report.print();
}

/// Every contestant once, forwards in one round and backwards in the next.
fn one_round(plan: &Plan, round: usize, line: &Line, peers: &Peers, report: &mut Report, work: &std::path::Path) {
    let mut names = plan.names.clone();
    if round % 2 == 1 {
        names.reverse();
    }
    for name in names {
        let dir = tempfile::tempdir_in(work).unwrap();
        let card = dir.path().join("card");
        // What loss slows down 20 times shows it with one file, too.
        let is_slow = line.conditions() == Conditions::Lossy && name != "enprint";
        let files = if is_slow { 1 } else { plan.files };
        files::make(&card, files, plan.file_bytes);
        let payload_bytes = (files * plan.file_bytes) as u64;
        let outcome = match name.as_str() {
            "enprint" => Some(ours::transfer(line, dir.path(), &card)),
            other => peers.transfer(other, line, dir.path(), &card),
        };
        let Some(outcome) = outcome else { continue };
        println!("{:?} {round} {name}: {payload_bytes} bytes in {:.3} s", line.conditions(), outcome.seconds);
        report.add(line.conditions(), &name, payload_bytes, outcome);
    }
}

fn one_publish(plan: &Plan, line: &Line, report: &mut Report, work: &std::path::Path) {
    let dir = tempfile::tempdir_in(work).unwrap();
    let card = dir.path().join("card");
    files::make_photographs(&card, plan.photographs);
    let (wire, payload) = ours::publish(line, dir.path(), &card);
    println!("{:?} publish of {}: {payload} bytes, {wire} at the interface", line.conditions(), plan.photographs);
    report.add_publish(line.conditions(), (wire, payload));
}

fn plan() -> Plan {
    let words: Vec<String> = std::env::args().collect();
    let number = |name: &str, usual: usize| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1)).map_or(usual, |value| value.parse().expect("a number"))
    };
    let only = words.iter().position(|word| word == "--only").and_then(|at| words.get(at + 1));
    let names = only.map_or("enprint,iroh,rsync,curl", String::as_str);
    Plan {
        rounds: number("--rounds", 3),
        files: number("--files", 20),
        file_bytes: number("--megabytes", 12) * 1_000_000,
        names: names.split(',').map(str::to_owned).collect(),
        photographs: number("--photographs", 500),
        lines: !words.iter().any(|word| word == "--no-lines"),
    }
}
