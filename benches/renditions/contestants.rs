//! Who takes part, and one worker process of theirs: it gets a job in a file, and
//! says by one line of JSON each when it has started and what each photo took.
//! Start-up and a warm-up photo are no part of a photo's figures.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::peers::Peers;

/// One way of making a proof and a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contestant {
    /// `enprint_darkroom::develop`.
    Ours,
    /// sharp, as fast as it goes: one decode, the thumbnail from the proof.
    SharpBest,
    /// sharp, as it is used: a pipeline from the file for each rendition.
    SharpUsual,
    /// libvips through pyvips: `thumbnail` from the file for each rendition.
    Vips,
}

impl Contestant {
    /// All, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Ours, Self::SharpBest, Self::SharpUsual, Self::Vips];

    /// Its name, in tables and for folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::SharpBest => "sharp-best",
            Self::SharpUsual => "sharp-usual",
            Self::Vips => "libvips",
        }
    }

    /// What runs its worker, but for the job's file; None when it is not to be had.
    pub fn command(self, peers: &Peers) -> Option<Command> {
        let mut command = match self {
            Self::Ours => Command::new(std::env::current_exe().ok()?),
            Self::SharpBest | Self::SharpUsual => Command::new("node"),
            Self::Vips => Command::new(&peers.vips.as_ref()?.0),
        };
        match self {
            Self::Ours => command.arg("--worker"),
            Self::SharpBest => command.arg(peers.sharp.as_ref()?).arg("best"),
            Self::SharpUsual => command.arg(peers.sharp.as_ref()?).arg("usual"),
            Self::Vips => command.arg(&peers.vips.as_ref()?.1),
        };
        Some(command)
    }
}

/// What a worker has to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Made before anything is measured, into the same folder.
    pub warm_up: PathBuf,
    /// Made one after the other.
    pub photos: Vec<PathBuf>,
    /// The photo at index 7 becomes `7-proof.jpg` and `7-thumbnail.jpg` in here.
    pub out: PathBuf,
}

/// What a worker says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    /// It is there, and has warmed up.
    Started {
        /// The library and its version.
        version: String,
        /// Processor seconds so far, without the warm-up.
        cpu_s: f64,
        /// Its memory before the first photo, in MB of 2²⁰ bytes.
        base_mb: f64,
    },
    /// A photo's renditions are written.
    Done(Figures),
    /// A photo's renditions can't be made.
    Failed {
        /// Which photo.
        photo: usize,
        /// The library's words.
        reason: String,
    },
}

/// What one photo took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Figures {
    /// Which photo of the job.
    pub photo: usize,
    /// Processor seconds of all threads, user and system.
    pub cpu_s: f64,
    /// Seconds on the clock.
    pub wall_s: f64,
    /// The most memory of the process until now, in MB of 2²⁰ bytes.
    pub peak_mb: f64,
}

/// A worker process at work.
pub struct Worker(Child);

impl Worker {
    /// Starts `command` on `job`, which is left in a file beside its results.
    pub fn start(mut command: Command, job: &Job) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&job.out)?;
        let file = job.out.join("job.json");
        std::fs::write(&file, serde_json::to_vec(job)?)?;
        let command = command.arg(&file).stdin(Stdio::null()).stdout(Stdio::piped());
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self(command.spawn().with_context(|| format!("{name} cannot be started"))?))
    }

    /// Waits for its end, and returns what it said; less than all, if it broke.
    pub fn finish(self) -> anyhow::Result<Vec<Said>> {
        let output = self.0.wait_with_output()?;
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

/// Where a photo's proof is, in the folder of its job.
pub fn proof_path(out: &Path, photo: usize) -> PathBuf {
    out.join(format!("{photo}-proof.jpg"))
}

/// Where a photo's thumbnail is, in the folder of its job.
pub fn thumbnail_path(out: &Path, photo: usize) -> PathBuf {
    out.join(format!("{photo}-thumbnail.jpg"))
}
