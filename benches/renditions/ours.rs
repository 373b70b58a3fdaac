//! Our own worker process: this same program, started with `--worker`. Measures
//! itself as the peers' scripts do, by the process's own clock of processor time.

use std::fs;
use std::path::Path;
use std::time::Instant;

use enprint_darkroom::{DevelopSettings, develop};
use rustix::time::{ClockId, clock_gettime};

use crate::contestants::{Figures, Job, Said, proof_path, thumbnail_path};

/// Does the job in the file `job`.
pub fn work(job: &Path) -> anyhow::Result<()> {
    let job: Job = serde_json::from_slice(&fs::read(job)?)?;
    let settings = DevelopSettings::default();
    let started = cpu_s();
    let base_mb = peak_mb();
    // What can't be warmed up with is said when its turn comes.
    let _ = make(&job.warm_up, &job.out, 0, &settings);
    let version = concat!("enprint ", env!("CARGO_PKG_VERSION")).to_owned();
    say(&Said::Started { version, cpu_s: started, base_mb })?;
    for (photo, path) in job.photos.iter().enumerate() {
        let (cpu, wall) = (cpu_s(), Instant::now());
        let made = make(path, &job.out, photo, &settings);
        let (cpu_s, wall_s) = (cpu_s() - cpu, wall.elapsed().as_secs_f64());
        say(&match made {
            Ok(()) => Said::Done(Figures { photo, cpu_s, wall_s, peak_mb: peak_mb() }),
            Err(error) => Said::Failed { photo, reason: error.to_string() },
        })?;
    }
    Ok(())
}

fn make(path: &Path, out: &Path, photo: usize, settings: &DevelopSettings) -> anyhow::Result<()> {
    let renditions = develop(&fs::read(path)?, settings)?;
    fs::write(proof_path(out, photo), renditions.proof.jpeg)?;
    fs::write(thumbnail_path(out, photo), renditions.thumbnail.jpeg)?;
    Ok(())
}

fn say(said: &Said) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(said)?);
    Ok(())
}

/// Processor seconds of this process until now, of all its threads.
fn cpu_s() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// The most memory that this process has had; 0 where the system does not say.
/// Not `ru_maxrss`, which counts what the parent had before this program began.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|rest| rest.split_whitespace().next()).and_then(|kb| kb.parse::<f64>().ok());
    kb.unwrap_or(0.0) / 1024.0
}
