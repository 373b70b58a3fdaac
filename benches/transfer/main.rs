//! How fast a job crosses from a photographer to a lab, beside iroh-blobs, rsync and curl
//! over HTTPS, in one run: on loopback, and on a line of 100 Mbit/s and 50 ms without
//! and with loss, made of packets between two network namespaces (`line/`).
//!
//! `cargo bench --bench transfer -- [--rounds 3] [--files 20] [--megabytes 12] [--no-lines]
//! [--photographs 500] [--only enprint,rsync]`
//! needs Linux, root and `ip` for the lines; rsync, curl and openssl where they are to
//! be compared. A peer that can't be had is left out, and said so. Every file is new in
//! every round. Last line: JSON. `ENPRINT_BENCH_PROGRAM` names another build of Enprint.
//!
//! `-- --matrix [--mbit 10,100,1000] [--round-trip 50,200] [--loss 0,0.5,2] [--rounds 1]`
//! measures all of these lines instead: Enprint as it is, Enprint with nothing but TCP
//! (`tcp`) and with nothing but QUIC (`quic`), rsync and curl. `ENPRINT_USUAL_TCP=1` keeps BBR
//! away from Enprint, as on a system that has none: with `--only tcp` what several
//! connections then carry.
//!
//! | file | owns |
//! |---|---|
//! | `plan` | what one run does, and who carries how much |
//! | `conditions` | what a line is like |
//! | `line` | the two ends, and the line between them |
//! | `ours`, `peers` | a transfer by Enprint, and by others |
//! | `files` | what is carried |
//! | `report` | what came of it |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod conditions;
mod files;
mod line;
mod ours;
mod peers;
mod plan;
mod report;

use std::sync::Mutex;
use std::thread;

use conditions::Conditions;
use line::Line;
use ours::By;
use peers::Peers;
use plan::{Batch, Plan};
use report::Report;

/// What all lines of a run share.
struct Run {
    plan: Plan,
    peers: Peers,
    work: tempfile::TempDir,
    report: Mutex<Report>,
}

fn main() {
    let plan = Plan::said();
    let work = tempfile::tempdir().unwrap();
    let peers = Peers::built(work.path(), &plan.names);
    let run = Run { plan, peers, work, report: Mutex::default() };
    for batch in run.plan.batches() {
        run.batch(batch);
    }
    run.report.into_inner().unwrap().print();
}

impl Run {
    /// Some lines, several at once.
    fn batch(&self, batch: Batch) {
        let lines = Mutex::new(batch.lines.into_iter());
        thread::scope(|scope| {
            for number in 0..batch.at_once {
                let lines = &lines;
                scope.spawn(move || {
                    while let Some((conditions, rounds)) = next(lines) {
                        self.line(conditions, rounds, number);
                    }
                });
            }
        });
    }

    fn line(&self, conditions: Conditions, rounds: usize, number: usize) {
        let line = match Line::between(conditions, number) {
            Ok(line) => line,
            Err(reason) => {
                println!("{conditions} is left out: {reason:#}");
                return;
            }
        };
        if self.plan.is_matrix
            && let Some(given) = line.given().unwrap()
        {
            println!("{conditions} is {given:?}");
            self.report.lock().unwrap().add_given(conditions, given);
        }
        for round in 0..rounds {
            self.round(round, &line);
        }
        if self.plan.photographs > 0 && !conditions.is_lossy() {
            self.publish(&line);
        }
    }

    /// Every contestant once, forwards in one round and backwards in the next.
    fn round(&self, round: usize, line: &Line) {
        let (mut names, conditions) = (self.plan.names.clone(), line.conditions());
        if round % 2 == 1 {
            names.reverse();
        }
        for name in names {
            let dir = tempfile::tempdir_in(&self.work).unwrap();
            let card = dir.path().join("card");
            let (files, file_bytes) = self.plan.load(conditions, &name);
            files::make(&card, files, file_bytes);
            let payload_bytes = (files * file_bytes) as u64;
            let outcome = match name.as_str() {
                "enprint" => Some(ours::transfer(line, By::Either, dir.path(), &card)),
                "tcp" => Some(ours::transfer(line, By::Tcp, dir.path(), &card)),
                "quic" => Some(ours::transfer(line, By::Quic, dir.path(), &card)),
                other => self.peers.transfer(other, line, dir.path(), &card),
            };
            let Some(outcome) = outcome else { continue };
            println!("{conditions} {round} {name}: {payload_bytes} bytes in {:.3} s", outcome.seconds);
            self.report.lock().unwrap().add(conditions, &name, payload_bytes, outcome);
        }
    }

    fn publish(&self, line: &Line) {
        let (dir, conditions) = (tempfile::tempdir_in(&self.work).unwrap(), line.conditions());
        let card = dir.path().join("card");
        files::make_photographs(&card, self.plan.photographs);
        let (wire, payload) = ours::publish(line, dir.path(), &card);
        println!("{conditions} publish of {}: {payload} bytes, {wire} at the interface", self.plan.photographs);
        self.report.lock().unwrap().add_publish(conditions, (wire, payload));
    }
}

fn next<T>(from: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    from.lock().unwrap().next()
}
