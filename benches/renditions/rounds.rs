//! Who runs when, and what was measured. A round gives each group of photos to each
//! contestant in turn, in a new process; every other round backwards, so that a
//! machine that grows hot or busy is nobody's advantage.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::contestants::{Contestant, Figures, Job, Said, Worker};
use crate::peers::Peers;
use crate::photos::{Group, Photo};

/// Starts the contestants' workers.
pub struct Runner<'a> {
    contestants: Vec<Contestant>,
    peers: Peers,
    folder: &'a Path,
    workers: usize,
}

/// What the first run, which counts for nothing else, left behind.
pub struct Trial {
    /// Where each contestant's renditions are.
    pub outs: Vec<(Contestant, PathBuf)>,
    /// The index that each photo had in it.
    pub indices: Vec<usize>,
}

/// One photo, once made.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// By whom.
    pub contestant: Contestant,
    /// In which round.
    pub round: usize,
    /// What it took; `photo` is its index among all that take part.
    pub figures: Figures,
}

/// A worker process's start.
#[derive(Debug, Clone)]
pub struct Start {
    /// Whose.
    pub contestant: Contestant,
    /// The library and its version.
    pub version: String,
    /// Processor seconds until it could begin.
    pub cpu_s: f64,
    /// Its memory then, in MB of 2²⁰ bytes.
    pub base_mb: f64,
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Runs {
    /// Each photo, each time.
    pub photos: Vec<Run>,
    /// Each process.
    pub starts: Vec<Start>,
}

impl<'a> Runner<'a> {
    /// For those `contestants` whose `peers` are there; `folder` is for what they write.
    pub fn new(contestants: Vec<Contestant>, peers: Peers, folder: &'a Path, workers: usize) -> Self {
        Self { contestants, peers, folder, workers }
    }

    /// Has everybody make each photo once, and takes those out of `photos` that
    /// anybody fails on, saying so.
    pub fn trial(&self, photos: &mut Vec<Photo>) -> anyhow::Result<Trial> {
        let all: Vec<usize> = (0..photos.len()).collect();
        let mut missing = BTreeSet::new();
        let mut outs = Vec::new();
        for &contestant in &self.contestants {
            let out = self.folder.join("trial").join(contestant.name());
            let said = self.worker(contestant, photos, &all, out.clone())?.map_or(Ok(Vec::new()), Worker::finish)?;
            let done: BTreeSet<_> = said.iter().filter_map(done).map(|figures| figures.photo).collect();
            for photo in all.iter().filter(|photo| !done.contains(photo)) {
                missing.insert(*photo);
                let name = photos.get(*photo).map(Photo::name).unwrap_or_default();
                println!("left out: {name} ({}: {})", contestant.name(), reason(&said, *photo));
            }
            outs.push((contestant, out));
        }
        let indices: Vec<usize> = all.into_iter().filter(|photo| !missing.contains(photo)).collect();
        *photos = indices.iter().filter_map(|photo| photos.get(*photo).cloned()).collect();
        Ok(Trial { outs, indices })
    }

    /// Has everybody make each photo `rounds` times.
    pub fn run(&self, photos: &[Photo], rounds: usize) -> anyhow::Result<Runs> {
        let mut runs = Runs::default();
        for round in 0..rounds {
            eprintln!("round {} of {rounds}", round + 1);
            let mut order = self.contestants.clone();
            if round % 2 == 1 {
                order.reverse();
            }
            for group in Group::ALL {
                let indices: Vec<usize> = members(photos, group);
                for &contestant in order.iter().filter(|_| !indices.is_empty()) {
                    self.turn(contestant, round, photos, &indices, &mut runs)?;
                }
            }
        }
        Ok(runs)
    }

    /// One contestant's turn at the photos at `indices`, by all its workers at once.
    fn turn(
        &self,
        contestant: Contestant,
        round: usize,
        photos: &[Photo],
        indices: &[usize],
        runs: &mut Runs,
    ) -> anyhow::Result<()> {
        let out = |worker: usize| self.folder.join(contestant.name()).join(worker.to_string());
        let workers = (0..self.workers).map(|worker| self.worker(contestant, photos, indices, out(worker)));
        let workers = workers.collect::<anyhow::Result<Vec<_>>>()?;
        for worker in workers.into_iter().flatten() {
            for said in worker.finish()? {
                match said {
                    Said::Started { version, cpu_s, base_mb } => {
                        runs.starts.push(Start { contestant, version, cpu_s, base_mb });
                    }
                    Said::Done(figures) => {
                        let photo = indices.get(figures.photo).copied().unwrap_or(figures.photo);
                        runs.photos.push(Run { contestant, round, figures: Figures { photo, ..figures } });
                    }
                    Said::Failed { reason, .. } => anyhow::bail!("{} failed now: {reason}", contestant.name()),
                }
            }
        }
        Ok(())
    }

    fn worker(
        &self,
        contestant: Contestant,
        photos: &[Photo],
        indices: &[usize],
        out: PathBuf,
    ) -> anyhow::Result<Option<Worker>> {
        let paths: Vec<PathBuf> =
            indices.iter().filter_map(|photo| photos.get(*photo)).map(|photo| photo.path.clone()).collect();
        let (Some(command), Some(warm_up)) = (contestant.command(&self.peers), paths.first().cloned()) else {
            return Ok(None);
        };
        Worker::start(command, &Job { warm_up, photos: paths, out }).map(Some)
    }
}

/// The indices of the photos of `group`.
fn members(photos: &[Photo], group: Group) -> Vec<usize> {
    photos.iter().enumerate().filter(|(_, photo)| Group::of(photo) == group).map(|(index, _)| index).collect()
}

fn done(said: &Said) -> Option<&Figures> {
    if let Said::Done(figures) = said { Some(figures) } else { None }
}

fn reason(said: &[Said], of: usize) -> String {
    let reason = said.iter().find_map(|said| match said {
        Said::Failed { photo, reason } if *photo == of => Some(reason.lines().next().unwrap_or_default().to_owned()),
        _ => None,
    });
    reason.unwrap_or_else(|| "its process broke".into())
}
