//! Medians, tables, and the line of JSON. A photo's figure is its median over the
//! rounds; a group's is the mean of its photos', so that ratios of processor seconds
//! are ratios of photos per processor second. Ratios are theirs ÷ ours, but for bytes
//! and memory nothing is judged here.

use serde_json::json;

use crate::contestants::{Contestant, Figures};
use crate::photos::{Group, Photo};
use crate::quality::Proof;
use crate::rounds::Runs;

/// Prints everything; the last line is JSON.
pub fn print(photos: &[Photo], proofs: &[Proof], runs: &Runs, rounds: usize) -> anyhow::Result<()> {
    let report = Report { photos, proofs, runs, rounds };
    report.print_photos();
    report.print_starts();
    let all: Vec<usize> = (0..photos.len()).collect();
    report.print_group("20 MP and more", &report.members(Group::Large));
    report.print_group("under 16 MP", &report.members(Group::Small));
    report.print_group("all", &all);
    println!("{}", serde_json::to_string(&report.json())?);
    Ok(())
}

struct Report<'a> {
    photos: &'a [Photo],
    proofs: &'a [Proof],
    runs: &'a Runs,
    rounds: usize,
}

/// A contestant's figures for a group of photos: means of the photos' medians.
#[derive(Debug, Clone, Copy)]
struct Summary {
    cpu_s: f64,
    wall_s: f64,
    /// The most of any photo.
    peak_mb: f64,
    proof_bytes: f64,
    thumbnail_bytes: f64,
    psnr: f64,
    ssim: f64,
}

impl Report<'_> {
    fn members(&self, group: Group) -> Vec<usize> {
        let all = self.photos.iter().enumerate();
        all.filter(|(_, photo)| Group::of(photo) == group).map(|(index, _)| index).collect()
    }

    fn contestants(&self) -> Vec<Contestant> {
        Contestant::ALL.into_iter().filter(|one| self.proofs.iter().any(|proof| proof.contestant == *one)).collect()
    }

    /// The median of one figure of one photo over the rounds.
    fn typical(&self, contestant: Contestant, photo: usize, figure: fn(&Figures) -> f64) -> Option<f64> {
        let of_photo = |run: &&crate::rounds::Run| run.contestant == contestant && run.figures.photo == photo;
        median(self.runs.photos.iter().filter(of_photo).map(|run| figure(&run.figures)).collect())
    }

    fn summary(&self, contestant: Contestant, photos: &[usize]) -> Option<Summary> {
        let typical = |figure| photos.iter().filter_map(move |photo| self.typical(contestant, *photo, figure));
        let proofs = || self.proofs.iter().filter(|one| one.contestant == contestant && photos.contains(&one.photo));
        let quality = || proofs().filter_map(|proof| proof.quality);
        Some(Summary {
            cpu_s: mean(typical(|figures| figures.cpu_s))?,
            wall_s: mean(typical(|figures| figures.wall_s))?,
            peak_mb: typical(|figures| figures.peak_mb).fold(0.0, f64::max),
            proof_bytes: mean(proofs().map(|proof| proof.bytes as f64))?,
            thumbnail_bytes: mean(proofs().map(|proof| proof.thumbnail_bytes as f64))?,
            psnr: mean(quality().map(|(psnr, _)| psnr)).unwrap_or(f64::NAN),
            ssim: mean(quality().map(|(_, ssim)| ssim)).unwrap_or(f64::NAN),
        })
    }

    /// Their processor seconds ÷ ours.
    fn cpu_ratio(&self, of: Contestant, photos: &[usize]) -> Option<f64> {
        Some(self.summary(of, photos)?.cpu_s / self.summary(Contestant::Ours, photos)?.cpu_s)
    }

    /// The same ratio in each single round: the lowest and the highest.
    fn cpu_ratio_range(&self, of: Contestant, photos: &[usize]) -> (f64, f64) {
        let spent = |contestant: Contestant, round: usize| -> f64 {
            let runs = self.runs.photos.iter().filter(|run| run.contestant == contestant && run.round == round);
            runs.filter(|run| photos.contains(&run.figures.photo)).map(|run| run.figures.cpu_s).sum()
        };
        let ratios = (0..self.rounds).map(|round| spent(of, round) / spent(Contestant::Ours, round));
        ratios.fold((f64::INFINITY, 0.0), |(low, high), ratio| (ratio.min(low), ratio.max(high)))
    }

    fn print_photos(&self) {
        let contestants = self.contestants();
        let names: Vec<&str> = contestants.iter().map(|contestant| contestant.name()).collect();
        println!("\nCPU ms a photo, PSNR-Y of its proof, peak MB until then: {}\n", names.join(" / "));
        println!("| photo | MP | CPU ms | PSNR-Y dB | peak MB |\n|---|---|---|---|---|");
        for (index, photo) in self.photos.iter().enumerate() {
            let row = |show: &dyn Fn(Contestant) -> Option<String>| {
                let cells = contestants.iter().map(|one| show(*one).unwrap_or_else(|| "-".into()));
                cells.collect::<Vec<_>>().join(" / ")
            };
            let proof = |one| self.proofs.iter().find(move |proof| proof.contestant == one && proof.photo == index);
            let cpu = row(&|one| self.typical(one, index, |figures| figures.cpu_s).map(|s| format!("{:.0}", s * 1e3)));
            let psnr = row(&|one| proof(one)?.quality.map(|(psnr, _)| format!("{psnr:.2}")));
            let peak = row(&|one| self.typical(one, index, |figures| figures.peak_mb).map(|mb| format!("{mb:.0}")));
            let kind = if photo.is_progressive { ", progressive" } else { "" };
            println!("| {}{kind} | {:.1} | {cpu} | {psnr} | {peak} |", photo.name(), photo.megapixels);
        }
    }

    fn print_starts(&self) {
        println!("\nBefore the first photo, once a process, and in no other figure:\n");
        println!("| | version | CPU s | MB |\n|---|---|---|---|");
        for contestant in self.contestants() {
            let starts = || self.runs.starts.iter().filter(|start| start.contestant == contestant);
            let cpu_s = median(starts().map(|start| start.cpu_s).collect()).unwrap_or(f64::NAN);
            let base_mb = median(starts().map(|start| start.base_mb).collect()).unwrap_or(f64::NAN);
            let version = starts().next().map_or("", |start| &start.version);
            println!("| {} | {version} | {cpu_s:.3} | {base_mb:.0} |", contestant.name());
        }
    }

    fn print_group(&self, name: &str, photos: &[usize]) {
        if photos.is_empty() {
            return;
        }
        println!("\n**{name}**: {} photos, {} rounds\n", photos.len(), self.rounds);
        println!(
            "| | CPU s/photo | ÷ ours (lowest and highest round) | wall s/photo | peak MB | proof KB | thumbnail KB | PSNR-Y dB | SSIM |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
        for contestant in self.contestants() {
            let Some(of) = self.summary(contestant, photos) else { continue };
            let ratio = self.cpu_ratio(contestant, photos).unwrap_or(f64::NAN);
            let (low, high) = self.cpu_ratio_range(contestant, photos);
            let (proof_kb, thumbnail_kb) = (of.proof_bytes / 1e3, of.thumbnail_bytes / 1e3);
            println!(
                "| {} | {:.3} | {ratio:.2} ({low:.2} to {high:.2}) | {:.3} | {:.0} | {proof_kb:.1} | {thumbnail_kb:.1} | {:.2} | {:.4} |",
                contestant.name(),
                of.cpu_s,
                of.wall_s,
                of.peak_mb,
                of.psnr,
                of.ssim
            );
        }
    }

    /// Ratios are theirs ÷ ours. Quality, bytes and memory are of the large photos, or
    /// of all where there are none; the peak is that of baseline files up to 30 megapixels.
    fn json(&self) -> serde_json::Value {
        let (large, small) = (self.members(Group::Large), self.members(Group::Small));
        let judged = if large.is_empty() { (0..self.photos.len()).collect() } else { large.clone() };
        let (ours, sharp) = (self.summary(Contestant::Ours, &judged), self.summary(Contestant::SharpBest, &judged));
        let is_usual = |photo: &&usize| {
            self.photos.get(**photo).is_some_and(|photo| photo.megapixels < 30.0 && !photo.is_progressive)
        };
        let usual: Vec<usize> = judged.iter().filter(is_usual).copied().collect();
        let bytes = |of: Summary| of.proof_bytes + of.thumbnail_bytes;
        json!({
            "cpu_ratio_sharp_best": rounded(self.cpu_ratio(Contestant::SharpBest, &large), 3),
            "cpu_ratio_sharp_usual": rounded(self.cpu_ratio(Contestant::SharpUsual, &large), 3),
            "cpu_ratio_vips": rounded(self.cpu_ratio(Contestant::Vips, &large), 3),
            "cpu_ratio_small": rounded(self.cpu_ratio(Contestant::SharpBest, &small), 3),
            "psnr": rounded(ours.map(|of| of.psnr), 2),
            "psnr_sharp": rounded(sharp.map(|of| of.psnr), 2),
            "ssim": rounded(ours.map(|of| of.ssim), 4),
            "ssim_sharp": rounded(sharp.map(|of| of.ssim), 4),
            "peak_mb": rounded(self.summary(Contestant::Ours, &usual).map(|of| of.peak_mb), 1),
            "bytes_ratio_sharp": rounded(ours.zip(sharp).map(|(ours, sharp)| bytes(sharp) / bytes(ours)), 3),
            "photos": self.photos.len(),
            "rounds": self.rounds,
        })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some((lower + upper) / 2.0)
}

fn rounded(value: Option<f64>, digits: i32) -> Option<f64> {
    let scale = 10f64.powi(digits);
    value.map(|value| (value * scale).round() / scale)
}
