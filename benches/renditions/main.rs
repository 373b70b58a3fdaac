//! Proofs and thumbnails, ours beside sharp and libvips: processor time, memory,
//! bytes and quality for the same job on the same files, interleaved.
//! `cargo bench --bench renditions -- FOLDER [--rounds N] [--quick]` prints a table,
//! and as its last line one line of JSON. What came out so far: `benches/RESULTS.md`.
//!
//! | file | what it owns |
//! |---|---|
//! | `photos` | which files, in which groups of size |
//! | `peers` | installing sharp and pyvips, outside of this repository |
//! | `contestants` | who takes part, and one worker process of theirs |
//! | `ours` | our own worker process |
//! | `rounds` | who runs when, and what was measured |
//! | `reference` | the picture that a proof should be |
//! | `quality` | PSNR and SSIM |
//! | `report` | medians, tables, JSON |

mod contestants;
mod ours;
mod peers;
mod photos;
mod quality;
mod reference;
mod report;
mod rounds;

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Parser;

use contestants::Contestant;

/// Measures how fast and how well renditions are made, beside the peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// A folder of photos; all JPEG files in it and below are taken.
    #[arg(env = "ENPRINT_PHOTOS")]
    folder: Option<PathBuf>,
    /// How often each contestant makes each photo; the medians are of these.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Worker processes of one contestant at a time.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Only so many photos of each group of size, spread over all of it.
    #[arg(long)]
    photos_per_round: Option<usize>,
    /// One round with three photos of each group.
    #[arg(long)]
    quick: bool,
    /// Where the peers are installed and kept; a cache folder unless told.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Given by `cargo bench`, and without meaning here.
    #[arg(long, hide = true)]
    bench: bool,
    /// Be our worker process for the job in this file.
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(job) = &arguments.worker {
        return ours::work(job);
    }
    let (rounds, per_round) =
        if arguments.quick { (1, Some(3)) } else { (arguments.rounds.max(1), arguments.photos_per_round) };
    let folder = arguments.folder.context("say which folder of photos to measure on, or set ENPRINT_PHOTOS")?;
    let mut photos = photos::found_in(&folder, per_round)?;
    let peers = peers::installed(arguments.peers)?;
    let contestants: Vec<Contestant> =
        Contestant::ALL.into_iter().filter(|one| one.command(&peers).is_some()).collect();

    let workspace = tempfile::tempdir()?;
    let runner = rounds::Runner::new(contestants, peers, workspace.path(), arguments.workers.max(1));
    let trial = runner.trial(&mut photos)?;
    ensure!(!photos.is_empty(), "there is no JPEG file in that folder that all contestants can read");
    let proofs = quality::judged(&photos, &trial);
    let runs = runner.run(&photos, rounds)?;
    report::print(&photos, &proofs, &runs, rounds)
}
