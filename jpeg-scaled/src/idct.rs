//! Coefficients → samples, for eight blocks side by side: an N-point inverse cosine
//! transform of the lowest N × N coefficients gives a block at N eighths of its size.
//! Plain loops over fixed arrays, which compilers turn into vector instructions.

use std::sync::LazyLock;

use crate::block::{LANES, Lane};

type Reals = [f32; LANES];

/// For each N, how much frequency u adds at place x of N: `[n][x][u]`.
static WAVES: LazyLock<[[[f32; 8]; 8]; 9]> = LazyLock::new(|| {
    let mut waves = [[[0.0; 8]; 8]; 9];
    for (n, wave) in waves.iter_mut().enumerate().skip(1) {
        for (x, row) in wave.iter_mut().enumerate().take(n) {
            for (u, amplitude) in row.iter_mut().enumerate().take(n) {
                *amplitude = amplitude_of(n, x, u);
            }
        }
    }
    waves
});

fn amplitude_of(n: usize, x: usize, u: usize) -> f32 {
    let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * n) as f64;
    let scale = if u == 0 { 8f64.sqrt().recip() } else { 0.5 };
    (scale * angle.cos()) as f32
}

/// Writes the samples of `blocks` blocks, at most [`LANES`], into `strip`: N rows,
/// `stride` apart, from `left` on. The batch is zero afterwards.
#[inline(always)]
pub fn transform(n: usize, batch: &mut [Lane; 65], strip: &mut [u8], stride: usize, left: usize, blocks: usize) {
    let waves = &WAVES[n.min(8)];
    match n {
        1 => transform_at::<1>(waves, batch, strip, stride, left, blocks),
        2 => transform_at::<2>(waves, batch, strip, stride, left, blocks),
        3 => transform_at::<3>(waves, batch, strip, stride, left, blocks),
        4 => transform_at::<4>(waves, batch, strip, stride, left, blocks),
        5 => transform_at::<5>(waves, batch, strip, stride, left, blocks),
        6 => transform_at::<6>(waves, batch, strip, stride, left, blocks),
        7 => transform_at::<7>(waves, batch, strip, stride, left, blocks),
        _ => transform_at::<8>(waves, batch, strip, stride, left, blocks),
    }
}

#[inline(always)]
fn transform_at<const N: usize>(
    waves: &[[f32; 8]; 8],
    batch: &mut [Lane; 65],
    strip: &mut [u8],
    stride: usize,
    left: usize,
    blocks: usize,
) {
    // Down the columns: half[y][u] = Σ waves[y][v] · coefficient[v][u]
    let mut half = [[[0.0; LANES]; N]; N];
    for u in 0..N {
        let column: [Reals; N] = std::array::from_fn(|v| batch[v * N + u].map(|value| value as f32));
        let samples = one_way(waves, &column);
        for y in 0..N {
            half[y][u] = samples[y];
        }
    }
    batch[..=N * N].fill([0; LANES]);
    for (y, row) in half.iter().enumerate() {
        let samples = one_way(waves, row);
        let bytes: [[u8; LANES]; N] = std::array::from_fn(|x| samples[x].map(to_byte));
        let start = y * stride + left;
        if let Some(line) = strip.get_mut(start..start + blocks * N) {
            for (lane, place) in line.chunks_exact_mut(N).enumerate() {
                for x in 0..N {
                    place[x] = bytes[x][lane & 7];
                }
            }
        }
    }
}

/// N frequencies → N samples, in all lanes. The even waves are mirrored at the middle
/// and the odd ones turned over, so that half the products do.
#[inline(always)]
fn one_way<const N: usize>(waves: &[[f32; 8]; 8], from: &[Reals; N]) -> [Reals; N] {
    let mut to = [[0.0; LANES]; N];
    for x in 0..N.div_ceil(2) {
        let (mut even, mut odd) = ([0.0; LANES], [0.0; LANES]);
        for u in 0..N {
            let sum = if u % 2 == 0 { &mut even } else { &mut odd };
            for lane in 0..LANES {
                sum[lane] += waves[x][u] * from[u][lane];
            }
        }
        for lane in 0..LANES {
            to[x][lane] = even[lane] + odd[lane];
            to[N - 1 - x][lane] = even[lane] - odd[lane];
        }
    }
    to
}

/// The nearest level, 0 to 255; samples are stored around 128.
#[inline(always)]
fn to_byte(sample: f32) -> u8 {
    // Adding 1.5 · 2²³ leaves the rounded number in a float's lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let level = (sample + 128.0).clamp(0.0, 255.0);
    (level + ROUND).to_bits() as u8
}
