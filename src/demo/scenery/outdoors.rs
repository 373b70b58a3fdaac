//! Scenes under the open sky: hills in mist, sunset at the water, forest, stars, balloons.

use super::canvas::{Canvas, Place, at};
use super::figures;
use super::light::{Light, gradient, hex, mix, plus, smooth, times};
use super::noise::{Chance, clouds, noise, speckle};

/// Colours of a sky from the zenith down, of its sun and of the land.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Zenith, middle, horizon.
    pub sky: [u32; 3],
    /// The sun's own colour.
    pub sun: u32,
    /// The nearest land.
    pub land: u32,
}

/// Ridge behind ridge, mist between them, trees on the nearest.
pub fn hills(canvas: &mut Canvas, chance: &mut Chance, weather: &Weather) {
    let sky = weather.sky.map(hex);
    let (sun, land) = (hex(weather.sun), hex(weather.land));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let sun_at = at(aspect * chance.between(0.25, 0.75), chance.between(0.3, 0.38));
    canvas.paint(|place| {
        let base = gradient(&sky, place.y / 0.55);
        let streaks = clouds(place.x * 1.3, place.y * 7.0, 4, seed);
        let base = mix(base, sky[2], 0.5 * smooth(0.5, 0.85, streaks) * smooth(0.5, 0.15, place.y));
        let far = place.distance(sun_at);
        let disc = smooth(0.043, 0.039, far) * 2.2;
        plus(base, times(sun, disc + 0.5 * (-far * far * 14.0).exp() + 0.35 * (-far * 6.0).exp()))
    });
    const RIDGES: usize = 7;
    let part = |ridge: usize| ridge as f32 / (RIDGES - 1) as f32;
    let lines = (0..RIDGES)
        .map(|ridge| ridge_line(canvas, part(ridge), ridge == RIDGES - 1, seed + ridge as u32 * 31))
        .collect::<Vec<_>>();
    for (ridge, line) in lines.iter().enumerate() {
        let near = part(ridge);
        let next = lines.get(ridge + 1);
        let (haze, tone) = (mix(sky[2], sun, 0.18), mix(mix(sky[2], sky[1], 0.45), land, near.powf(0.8)));
        let (height, depth) = (canvas.height as f32, 0.17 + 0.1 * near);
        let soft = canvas.pixel() * (1.5 - near);
        canvas.cover(at(0.0, 0.25), at(aspect, 1.0), |place| {
            let column = ((place.x * height) as usize).min(line.len() - 1);
            let below = place.y - line[column];
            let is_hidden = next.is_some_and(|next| place.y > next[column] + 0.004);
            if below < -soft || is_hidden {
                return ([0.0; 3], 0.0);
            }
            let mist = smooth(0.0, depth, below) * 0.95 * (1.0 - near);
            let side_light = 0.25 * (-(place.x - sun_at.x).abs() * 2.5).exp() * (1.0 - near);
            let slope = 0.85 + 0.3 * noise(place.x * 26.0, place.y * 40.0, seed) * near;
            (plus(times(mix(tone, haze, mist), slope), times(sun, side_light)), smooth(-soft, soft, below))
        });
    }
}

/// How high a ridge stands at each column, in heights from the top.
fn ridge_line(canvas: &Canvas, near: f32, has_trees: bool, seed: u32) -> Vec<f32> {
    let base = 0.42 + 0.46 * near.powf(1.25);
    let swing = 0.16 * (1.0 - 0.25 * near);
    let column = |x: usize| {
        let u = x as f32 / canvas.height as f32;
        let hill = clouds(u * (1.3 + 1.1 * near) + seed as f32 * 0.013, 0.5, 6, seed) - 0.5;
        let trees = if has_trees { fir(u * 34.0, seed) + 0.6 * fir(u * 61.0 + 9.0, seed) } else { 0.0 };
        base - hill * swing * 2.0 - 0.045 * trees * smooth(0.35, 0.6, noise(u * 3.0, 3.0, seed))
    };
    (0..canvas.width).map(column).collect()
}

/// The outline of a row of firs: steep, ragged triangles of all heights.
fn fir(u: f32, seed: u32) -> f32 {
    let cell = u.floor();
    let tall = speckle(cell as i32, 5, seed);
    let slope = 1.0 - ((u - cell) - 0.5).abs() * 2.0;
    (slope * (0.35 + 0.65 * tall) + 0.09 * (slope * 31.0).sin() * slope).max(0.0)
}

/// The sun low over water, its path of glitter, two people on the shore.
pub fn sunset(canvas: &mut Canvas, chance: &mut Chance, weather: &Weather, has_couple: bool) {
    let sky = weather.sky.map(hex);
    let sun = hex(weather.sun);
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let horizon = 0.6;
    let sun_at = at(aspect * chance.between(0.52, 0.68), horizon - chance.between(0.035, 0.09));
    let sky_at = |place: Place| {
        let base = gradient(&sky, place.y / horizon);
        let billow = clouds(place.x * 1.7 + 3.0, place.y * 6.5, 5, seed);
        let lit = smooth(0.48, 0.72, billow) * smooth(0.02, 0.3, place.y);
        let far = place.distance(sun_at);
        let cloud = mix(times(sky[1], 0.55), plus(sky[2], times(sun, 0.35)), (1.0 - far * 1.2).max(0.0));
        let base = mix(base, cloud, 0.75 * lit);
        let glow = 0.9 * (-far * far * 30.0).exp() + 0.4 * (-far * 4.0).exp();
        plus(base, times(sun, glow + 3.0 * smooth(0.05, 0.045, far)))
    };
    canvas.paint(|place| {
        if place.y < horizon {
            return sky_at(place);
        }
        let depth = (place.y - horizon) / (1.0 - horizon);
        let waves = 7.0 / (depth + 0.03);
        let (across, away) = ((place.x - aspect / 2.0) * waves, 1.0 / (depth + 0.12));
        let ripple = noise(across * 0.9 + 70.0, away * 15.0, seed) - 0.5;
        let fine = noise(across * 3.1 + 90.0, away * 41.0, seed + 1) - 0.5;
        let tilt = (ripple + 0.6 * fine) * (0.05 + 0.22 * depth);
        let mirrored = at(place.x + tilt * 0.4, (horizon - (place.y - horizon) * 0.9 + tilt).min(horizon));
        let path = (-((place.x - sun_at.x) / (0.045 + 0.16 * depth)).powi(2)).exp();
        let glitter = path * smooth(0.08, 0.42, ripple + 0.7 * fine) * (1.6 - depth) * smooth(0.0, 0.06, depth);
        plus(times(sky_at(mirrored), 0.62 - 0.22 * depth), times(sun, glitter))
    });
    shore(canvas, seed, hex(weather.land));
    if has_couple {
        let feet = at(aspect * 0.36, 0.925);
        figures::couple(canvas, feet, 0.44, times(hex(weather.land), 0.25));
    }
}

/// A dark strip of shore along the lower edge.
fn shore(canvas: &mut Canvas, seed: u32, land: Light) {
    let aspect = canvas.aspect();
    canvas.cover(at(0.0, 0.84), at(aspect, 1.0), |place| {
        let line = 0.915 + 0.022 * (clouds(place.x * 2.0, 1.0, 4, seed) - 0.5) + 0.02 * (place.x - 0.7);
        let grain = 0.3 + 0.25 * clouds(place.x * 70.0, place.y * 160.0, 2, seed);
        let wet = 0.9 * smooth(0.014, 0.0, (place.y - line).abs());
        (times(land, grain + wet), smooth(-0.004, 0.006, place.y - line))
    });
}

/// Trunks in rows that fade into the light, and the light falling through them.
pub fn forest(canvas: &mut Canvas, chance: &mut Chance, weather: &Weather) {
    let sky = weather.sky.map(hex);
    let (sun, land) = (hex(weather.sun), hex(weather.land));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let sun_at = at(aspect * chance.between(0.42, 0.62), 0.34);
    canvas.paint(|place| {
        let leaves = clouds(place.x * 8.0, place.y * 8.0, 4, seed);
        let base = mix(gradient(&sky, place.y / 0.8), times(land, 1.5), 0.45 * smooth(0.4, 0.75, leaves));
        let far = place.distance(sun_at);
        plus(base, times(sun, 1.1 * (-far * far * 9.0).exp() + 0.25 * (-far * 2.5).exp()))
    });
    for row in 0_u8..5 {
        let near = f32::from(row) / 4.0;
        let ground = 0.7 + 0.2 * near;
        let tone = mix(mix(sky[2], sun, 0.25), times(land, 0.35), 0.25 + 0.75 * near);
        let mut x = chance.between(-0.1, 0.1);
        while x < aspect + 0.1 {
            let thick = (0.006 + 0.03 * near * near) * chance.between(0.7, 1.3);
            let lean = chance.between(-0.03, 0.03);
            canvas.limb(at(x, ground + 0.03), at(x + lean, -0.05), thick, thick * 0.72, tone, 0.96);
            x += (0.07 + 0.19 * near) * chance.between(0.55, 1.6);
        }
        let fog = mix(mix(sky[2], sun, 0.35), times(land, 0.8), near * 0.8);
        canvas.cover(at(0.0, ground - 0.1), at(aspect, 1.0), |place| {
            let line = ground + 0.03 * (clouds(place.x * 3.0, near * 9.0, 4, seed) - 0.5);
            let blades = 0.8 + 0.5 * clouds(place.x * (30.0 + 50.0 * near), place.y * 60.0, 3, seed);
            (times(fog, blades), 0.9 * smooth(-0.05 + 0.04 * near, 0.012, place.y - line))
        });
    }
    shafts(canvas, sun_at, sun, seed);
}

/// Beams of light that fan out from the sun.
fn shafts(canvas: &mut Canvas, sun_at: Place, sun: Light, seed: u32) {
    let aspect = canvas.aspect();
    canvas.cover(at(0.0, 0.0), at(aspect, 1.0), |place| {
        let (dx, dy) = (place.x - sun_at.x, place.y - sun_at.y + 0.5);
        let beam = smooth(0.35, 0.95, noise((dx / dy.max(0.05)) * 9.0, 2.0, seed));
        let fade = (-dx.hypot(dy - 0.5) * 1.9).exp() * smooth(-0.1, 0.2, dy - 0.4);
        (plus(times(sun, 1.1), [0.08; 3]), 0.3 * beam * fade)
    });
}

/// The Milky Way over a lit house between dark firs.
pub fn stars(canvas: &mut Canvas, chance: &mut Chance, weather: &Weather) {
    let sky = weather.sky.map(hex);
    let sun = hex(weather.sun);
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    canvas.paint(|place| {
        let across = (place.x - aspect * 0.5) * 0.75 + (place.y - 0.38) * 0.66;
        let wisps = clouds(place.x * 3.2, place.y * 3.2, 5, seed);
        let lanes = smooth(0.45, 0.68, clouds(place.x * 5.0 + 9.0, place.y * 5.0, 4, seed + 3));
        let band =
            (-across * across * 26.0).exp() * (0.35 + wisps) * (1.0 - 0.72 * lanes * (-across * across * 160.0).exp());
        let dust = mix([0.16, 0.2, 0.36], [0.34, 0.24, 0.26], wisps);
        plus(gradient(&sky, place.y / 0.9), times(dust, band * 0.75))
    });
    for _ in 0..2600 {
        let place = at(chance.between(0.0, aspect), chance.between(0.0, 0.88));
        let bright = chance.unit().powi(9) * 3.0 + 0.12;
        let tint = mix([0.7, 0.8, 1.0], [1.0, 0.85, 0.65], chance.unit());
        canvas.glow(place, 0.0009 + 0.0011 * bright.min(1.2), times(tint, bright * 1.6));
    }
    let house = at(aspect * 0.5, 0.86);
    canvas.glow(at(house.x, house.y - 0.01), 0.2, times(sun, 0.5));
    let line = ridge_line(canvas, 0.9, true, seed + 5);
    let height = canvas.height as f32;
    canvas.cover(at(0.0, 0.5), at(aspect, 1.0), |place| {
        let top = line[((place.x * height) as usize).min(line.len() - 1)].max(0.74) + 0.015;
        let lit = (-place.distance(house) * 9.0).exp();
        (plus([0.004, 0.006, 0.012], times(sun, 0.2 * lit)), smooth(-0.001, 0.002, place.y - top))
    });
    for (dx, wide) in [(-0.05, 0.016), (-0.005, 0.016), (0.04, 0.016)] {
        let corner = at(house.x + dx, house.y - 0.012);
        canvas.cover(corner, at(corner.x + wide, corner.y + 0.026), |_| (times(sun, 2.6), 1.0));
        canvas.glow(at(corner.x + wide / 2.0, corner.y + 0.012), 0.02, times(sun, 0.8));
    }
    let roof = at(house.x, house.y - 0.055);
    canvas.cover(at(house.x - 0.1, house.y - 0.07), at(house.x + 0.1, house.y), |place| {
        let slope = (place.x - roof.x).abs() * 0.5 + roof.y;
        ([0.01, 0.009, 0.012], smooth(-0.001, 0.001, place.y - slope) * smooth(0.0, -0.002, place.y - house.y + 0.016))
    });
}

/// Balloons let go on a summer's day.
pub fn balloons(canvas: &mut Canvas, chance: &mut Chance, weather: &Weather) {
    let sky = weather.sky.map(hex);
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    canvas.paint(|place| {
        let billow = clouds(place.x * 1.6, place.y * 2.6, 6, seed);
        let cloud = smooth(0.46, 0.74, billow + 0.12 * (place.y - 0.4));
        let shade = 0.75 + 0.4 * clouds(place.x * 1.6 + 0.06, place.y * 2.6 + 0.1, 5, seed);
        mix(gradient(&sky, place.y), times([1.0, 0.98, 0.96], shade), 0.9 * cloud)
    });
    let colours = [0xE8B4BC, 0xF7E3D4, 0xD9A5B3, 0xF2D1A0, 0xFFFFFF, 0xB8C9D9, 0xCF8A94].map(hex);
    let mut sizes = (0..26).map(|_| chance.unit().powi(2)).collect::<Vec<f32>>();
    sizes.sort_by(f32::total_cmp);
    for size in sizes {
        let radius = 0.018 + 0.085 * size;
        let centre = at(chance.between(0.06, aspect - 0.06), chance.between(0.06, 0.86));
        let colour = chance.pick(&colours).unwrap_or([1.0; 3]);
        balloon(canvas, centre, radius, colour, chance.between(-0.4, 0.4));
    }
}

fn balloon(canvas: &mut Canvas, centre: Place, radius: f32, colour: Light, sway: f32) {
    let knot = at(centre.x, centre.y + radius * 1.22);
    let mut from = knot;
    for step in 1_u8..=14 {
        let down = f32::from(step) / 14.0;
        let to = at(knot.x + radius * 0.5 * sway * (down * 5.0).sin(), knot.y + radius * 2.6 * down);
        canvas.limb(from, to, canvas.pixel() * 0.7, canvas.pixel() * 0.7, [0.85, 0.84, 0.82], 0.7);
        from = to;
    }
    canvas.limb(at(knot.x, knot.y - radius * 0.1), knot, radius * 0.05, radius * 0.1, times(colour, 0.7), 1.0);
    let edge = canvas.pixel() / radius * 1.5;
    canvas.cover(
        at(centre.x - radius, centre.y - radius * 1.1),
        at(centre.x + radius, centre.y + radius * 1.25),
        |place| {
            let (dx, dy) = ((place.x - centre.x) / radius, (place.y - centre.y) / radius);
            // Narrower towards the knot.
            let taper = if dy > 0.0 { 1.0 / (1.0 - 0.16 * dy * dy) } else { 1.08 };
            let far = (dx * taper).hypot(dy * if dy > 0.0 { 0.83 } else { 0.97 });
            let thick = (1.0 - far * far).max(0.0).sqrt();
            let lit = 0.42 + 0.55 * thick + 0.22 * (-dx - dy).max(-0.6);
            let shine = smooth(0.3, 0.05, (dx + 0.36).hypot((dy + 0.42) * 1.5)) * 0.85;
            let through = 0.25 * (1.0 - thick) * (1.0 - thick);
            (plus(times(colour, lit + through), [shine; 3]), 0.97 * smooth(1.0 + edge, 1.0 - edge, far))
        },
    );
}
