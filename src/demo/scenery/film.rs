//! From light to a photograph: bloom, vignette, a film's curve, grain.

use image::RgbImage;

use super::canvas::{Canvas, at};
use super::light::{mix, times};
use super::noise::speckle;

/// How a scene was shot.
#[derive(Debug, Clone, Copy)]
pub struct Film {
    /// How much light around bright places spreads.
    pub bloom: f32,
    /// How much darker the corners are.
    pub vignette: f32,
    /// How coarse it looks.
    pub grain: f32,
}

impl Default for Film {
    fn default() -> Self {
        Self { bloom: 0.12, vignette: 0.35, grain: 0.012 }
    }
}

const CURVE_STEPS: usize = 4096;
/// Light from which on everything is white.
const CURVE_END: f32 = 4.0;

impl Film {
    /// Develops `canvas` to `width` × `height` pixels. The canvas may be smaller: what
    /// a lens draws is softer than the grain.
    pub fn develop(self, canvas: &Canvas, width: usize, height: usize, seed: u32) -> RgbImage {
        let mut haze = canvas.reduced(8);
        haze.blur(0.03);
        let curve = curve();
        let middle = (width as f32 / 2.0, height as f32 / 2.0);
        let corner = middle.0.hypot(middle.1);
        let mut bytes = Vec::with_capacity(width * height * 3);
        for index in 0..width * height {
            let (x, y) = (index % width, index / width);
            let place = at(x as f32 / height as f32, y as f32 / height as f32);
            let seen = mix(canvas.sample(place), haze.sample(place), self.bloom);
            let (dx, dy) = ((x as f32 - middle.0) / corner, (y as f32 - middle.1) / corner);
            let far = dx * dx + dy * dy;
            let seen = times(seen, 1.0 - self.vignette * far * far);
            let (x, y) = (x as i32, y as i32);
            let grain = speckle(x, y, seed) + speckle(x / 2, y / 2, seed ^ 77) - 1.0;
            bytes.extend(seen.map(|level| {
                let step = (level / CURVE_END * CURVE_STEPS as f32).clamp(0.0, CURVE_STEPS as f32 - 1.0);
                let shown = curve[step as usize];
                // Grain is strongest in the middle tones.
                let shown = shown + grain * self.grain * (0.35 + 2.6 * shown * (1.0 - shown));
                (shown * 255.0).round().clamp(0.0, 255.0) as u8
            }));
        }
        RgbImage::from_raw(width as u32, height as u32, bytes).unwrap_or_default()
    }
}

/// Linear light → what is stored: a film's soft shoulder, then sRGB's curve.
fn curve() -> Vec<f32> {
    (0..CURVE_STEPS)
        .map(|step| {
            let light = step as f32 / CURVE_STEPS as f32 * CURVE_END;
            let toned = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);
            let toned = (light.min(1.0) * 0.3 + toned * 0.7).clamp(0.0, 1.0);
            if toned <= 0.003_130_8 { toned * 12.92 } else { 1.055 * toned.powf(1.0 / 2.4) - 0.055 }
        })
        .collect()
}
