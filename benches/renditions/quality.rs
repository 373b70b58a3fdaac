//! How near a proof is to what it should be: PSNR and SSIM of its luma (BT.601), the
//! latter with the usual Gaussian window of 11 × 11 pixels and σ 1.5, where it lies
//! wholly in the picture.

use std::path::Path;

use anyhow::ensure;
use image::{ImageReader, RgbImage};

use crate::contestants::{Contestant, proof_path, thumbnail_path};
use crate::photos::Photo;
use crate::reference;
use crate::rounds::Trial;

/// What came out of one photo.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    /// By whom.
    pub contestant: Contestant,
    /// Which photo.
    pub photo: usize,
    /// Bytes of the proof.
    pub bytes: u64,
    /// Bytes of the thumbnail.
    pub thumbnail_bytes: u64,
    /// dB and index; None where there is no reference.
    pub quality: Option<(f64, f64)>,
}

/// Window of SSIM: pixels to each side of the middle one.
const REACH: usize = 5;
const SIGMA: f64 = 1.5;
/// (0.01 × 255)² and (0.03 × 255)², of SSIM's definition.
const STABLE: (f64, f64) = (6.5025, 58.5225);

/// Each contestant's renditions of each photo, weighed and judged.
pub fn judged(photos: &[Photo], trial: &Trial) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (photo, (one, index)) in photos.iter().zip(&trial.indices).enumerate() {
        let whole = reference::whole(&one.path);
        let whole = whole.inspect_err(|error| println!("not judged: {} ({error:#})", one.name())).ok();
        for (contestant, out) in &trial.outs {
            let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
            let (proof, thumbnail) = (proof_path(out, *index), thumbnail_path(out, *index));
            let quality = whole.as_ref().map(|whole| judge(whole, &proof)).transpose();
            let name = contestant.name();
            let quality = quality.inspect_err(|error| println!("not judged: {name}, {} ({error:#})", one.name()));
            let (bytes, thumbnail_bytes) = (size(&proof), size(&thumbnail));
            let quality = quality.ok().flatten();
            proofs.push(Proof { contestant: *contestant, photo, bytes, thumbnail_bytes, quality });
        }
    }
    proofs
}

fn judge(whole: &RgbImage, proof: &Path) -> anyhow::Result<(f64, f64)> {
    let proof = ImageReader::open(proof)?.decode()?.into_rgb8();
    let ((width, height), (whole_width, whole_height)) = (proof.dimensions(), whole.dimensions());
    ensure!(width.min(height) as usize > 2 * REACH, "it is smaller than the window");
    // Half a pixel of rounding each way is anybody's choice; lying on the side is not.
    let slant = f64::from(width) * f64::from(whole_height) - f64::from(height) * f64::from(whole_width);
    ensure!(slant.abs() <= f64::from(whole_width.max(whole_height)), "it is not upright or not in proportion");
    let shrunk = reference::shrunk(whole, proof.dimensions())?;
    let (wanted, got) = (luma(&shrunk), luma(&proof));
    Ok((psnr(&wanted, &got), ssim(&wanted, &got, width as usize)))
}

fn luma(pixels: &RgbImage) -> Vec<f64> {
    let weigh = |[r, g, b]: [u8; 3]| 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    pixels.pixels().map(|pixel| weigh(pixel.0)).collect()
}

fn psnr(wanted: &[f64], got: &[f64]) -> f64 {
    let error: f64 = wanted.iter().zip(got).map(|(a, b)| (a - b).powi(2)).sum();
    // Equal pictures are infinitely near; 100 dB keep the mean readable.
    (10.0 * (255.0f64.powi(2) * wanted.len() as f64 / error).log10()).min(100.0)
}

fn ssim(wanted: &[f64], got: &[f64], width: usize) -> f64 {
    let of_both = |combine: fn(f64, f64) -> f64| {
        let combined: Vec<f64> = wanted.iter().zip(got).map(|(a, b)| combine(*a, *b)).collect();
        blurred(&combined, width)
    };
    let (mean_a, mean_b) = (of_both(|a, _| a), of_both(|_, b| b));
    let (aa, bb, ab) = (of_both(|a, _| a * a), of_both(|_, b| b * b), of_both(|a, b| a * b));
    let means = mean_a.iter().zip(&mean_b);
    let squares = aa.iter().zip(&bb).zip(&ab);
    let indices = means.zip(squares).map(|((a, b), ((aa, bb), ab))| {
        let (spread, shared) = (aa - a * a + bb - b * b, ab - a * b);
        (2.0 * a * b + STABLE.0) * (2.0 * shared + STABLE.1) / ((a * a + b * b + STABLE.0) * (spread + STABLE.1))
    });
    let count = mean_a.len().max(1) as f64;
    indices.sum::<f64>() / count
}

/// `plane` under the Gaussian window: `REACH` pixels less on each side.
fn blurred(plane: &[f64], width: usize) -> Vec<f64> {
    let weights = window();
    let taps = weights.len();
    let across: Vec<f64> = plane
        .chunks_exact(width.max(1))
        .flat_map(|row| row.windows(taps).map(|near| weighed(near, &weights)))
        .collect();
    let narrow = (width + 1).saturating_sub(taps).max(1);
    let rows: Vec<&[f64]> = across.chunks_exact(narrow).collect();
    let mut out = Vec::with_capacity(across.len());
    for near in rows.windows(taps) {
        let mut sums = vec![0.0; narrow];
        for (row, weight) in near.iter().zip(&weights) {
            sums.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value * weight);
        }
        out.append(&mut sums);
    }
    out
}

fn weighed(near: &[f64], weights: &[f64]) -> f64 {
    near.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

fn window() -> Vec<f64> {
    let bell = |step: usize| (-(step as f64 - REACH as f64).powi(2) / (2.0 * SIGMA * SIGMA)).exp();
    let weights: Vec<f64> = (0..=2 * REACH).map(bell).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
