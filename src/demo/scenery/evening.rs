//! Scenes by the light of lamps: fairy lights, candles, lanterns, the dance floor, fireworks.

use super::canvas::{Canvas, Place, at};
use super::figures;
use super::light::{Light, gradient, hex, mix, plus, smooth, times};
use super::noise::{Chance, clouds, noise};

/// Points of light far out of focus, large and small.
fn lights_behind(canvas: &mut Canvas, chance: &mut Chance, count: usize, size: f32, colours: &[Light], upto: f32) {
    let aspect = canvas.aspect();
    for _ in 0..count {
        let centre = at(chance.between(-0.05, aspect + 0.05), upto * chance.unit().powf(0.8));
        let radius = size * chance.between(0.45, 1.15);
        let colour = chance.pick(colours).unwrap_or([1.0; 3]);
        canvas.bokeh(centre, radius, times(colour, chance.between(0.06, 0.42)));
    }
}

/// Strings of bulbs, sharp in front, and the evening's lights behind.
pub fn fairy_lights(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let dark = hex(colours[0]);
    let warm = [hex(colours[1]), hex(colours[2]), hex(0xFFC37A)];
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    canvas.paint(|place| {
        let leaves = clouds(place.x * 4.0, place.y * 4.0, 3, seed);
        times(mix(dark, times(warm[0], 0.3), 0.6 * place.y * leaves), 0.5 + leaves)
    });
    canvas.blur(0.02);
    lights_behind(canvas, chance, 95, 0.062, &warm, 0.95);
    for string in 0_u8..4 {
        let (from, to) = (chance.between(-0.02, 0.5), chance.between(-0.02, 0.5));
        let sag = chance.between(0.1, 0.3);
        let hang = |x: f32| {
            let along = x / aspect;
            from + (to - from) * along + sag * 4.0 * along * (1.0 - along)
        };
        let steps = 60;
        for step in 0..steps {
            let (x, next) = (aspect * step as f32 / steps as f32, aspect * (step + 1) as f32 / steps as f32);
            let wire = canvas.pixel() * 1.4;
            canvas.limb(at(x, hang(x)), at(next, hang(next)), wire, wire, [0.01, 0.008, 0.006], 0.9);
        }
        let gap = 0.09 + 0.02 * f32::from(string);
        let mut x = chance.between(0.0, gap);
        while x < aspect {
            bulb(canvas, at(x, hang(x)), chance.between(0.85, 1.15));
            x += gap;
        }
    }
}

fn bulb(canvas: &mut Canvas, hung: Place, bright: f32) {
    let middle = at(hung.x, hung.y + 0.021);
    canvas.limb(hung, at(hung.x, hung.y + 0.009), 0.0035, 0.0042, [0.02, 0.015, 0.01], 1.0);
    canvas.limb(at(hung.x, hung.y + 0.012), middle, 0.0045, 0.0095, [1.3, 0.72, 0.3], 0.75);
    canvas.limb(at(hung.x, hung.y + 0.014), middle, 0.0012, 0.002, [4.0, 3.0, 1.8], 1.0);
    canvas.glow(middle, 0.026, times([1.0, 0.6, 0.25], 0.85 * bright));
    canvas.glow(middle, 0.1, times([1.0, 0.55, 0.2], 0.10 * bright));
}

/// Candles on a dark table that mirrors them.
pub fn candles(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let (dark, warm, wax) = (hex(colours[0]), hex(colours[1]), hex(colours[2]));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let table = 0.72;
    canvas.paint(|place| times(dark, 0.6 + 0.7 * clouds(place.x * 2.0, place.y * 2.0, 3, seed)));
    lights_behind(canvas, chance, 60, 0.07, &[warm, times(warm, 0.6), [1.0, 0.85, 0.7]], table - 0.05);
    let above = canvas.clone();
    let count = 5_u8 + u8::from(aspect > 1.2) * 2;
    let mut stands = (0..count)
        .map(|number| {
            let part = (f32::from(number) + chance.between(0.25, 0.75)) / f32::from(count);
            (
                at(aspect * part, table + chance.between(0.03, 0.17)),
                chance.between(0.16, 0.42),
                chance.between(0.028, 0.042),
            )
        })
        .collect::<Vec<_>>();
    stands.sort_by(|one, other| one.0.y.total_cmp(&other.0.y));
    canvas.cover(at(0.0, table), at(aspect, 1.0), |place| {
        let grain = 0.7 + 0.5 * clouds(place.x * 3.0, place.y * 60.0, 4, seed);
        let mirrored = above.sample(at(place.x, (2.0 * table - place.y).max(0.0)));
        let lit = stands.iter().fold(0.0, |sum, (foot, ..)| {
            sum + 0.16 * (-((place.x - foot.x).powi(2) * 9.0 + (place.y - foot.y).powi(2) * 60.0)).exp()
        });
        (plus(times(mirrored, 0.3), times(warm, lit * grain)), smooth(table, table + 0.015, place.y))
    });
    for (foot, tall, thick) in &stands {
        candle(canvas, *foot, *tall, *thick, wax, true);
    }
    for (foot, tall, thick) in &stands {
        candle(canvas, *foot, *tall, *thick, wax, false);
    }
}

/// A candle standing at `foot`, or its reflection below.
fn candle(canvas: &mut Canvas, foot: Place, tall: f32, thick: f32, wax: Light, mirrored: bool) {
    let (up, part) = if mirrored { (-1.0, 0.22) } else { (1.0, 1.0) };
    let top = foot.y - up * tall;
    let (low, high) = (foot.y.min(top), foot.y.max(top));
    let soft = if mirrored { 0.006 } else { canvas.pixel() };
    canvas.cover(at(foot.x - thick - soft, low - soft), at(foot.x + thick + soft, high + thick), |place| {
        let across = (place.x - foot.x) / thick;
        let round = (1.0 - across * across).max(0.0).sqrt();
        let from_top = ((place.y - top) * up / tall).clamp(0.0, 1.0);
        let through = 1.5 * (-from_top * 5.5).exp() + 0.16;
        let light =
            plus(times(wax, through * (0.45 + 0.55 * round)), times([1.0, 0.45, 0.12], 0.55 * (-from_top * 9.0).exp()));
        let bulge = up * thick * 0.22 * (round - 1.0);
        let within = smooth(-soft, soft, (place.y - top) * up - bulge.abs() * 0.4)
            * smooth(soft, -soft, (place.y - foot.y) * up + thick * 0.2 * (1.0 - round));
        (light, part * within * smooth(thick + soft, thick - soft, (place.x - foot.x).abs()))
    });
    if mirrored {
        canvas.glow(at(foot.x, top + 0.04), 0.05, [0.22, 0.11, 0.04]);
        return;
    }
    let wick = at(foot.x, top - 0.012);
    canvas.limb(at(foot.x, top + 0.004), wick, 0.0016, 0.0013, [0.02, 0.01, 0.01], 1.0);
    canvas.glow(at(foot.x, top - 0.035), 0.16, [0.32, 0.16, 0.05]);
    canvas.glow(at(foot.x, top - 0.035), 0.035, [1.0, 0.55, 0.2]);
    flame(canvas, at(foot.x, top - 0.008));
}

fn flame(canvas: &mut Canvas, base: Place) {
    canvas.cover(at(base.x - 0.02, base.y - 0.085), at(base.x + 0.02, base.y + 0.004), |place| {
        let up = (base.y - place.y) / 0.08;
        if !(0.0..1.0).contains(&up) {
            return ([0.0; 3], 0.0);
        }
        let wide = 0.0125 * (up.powf(0.45) * (1.0 - up).powf(0.75)) * 2.0;
        let inside = smooth(wide, wide * 0.45, (place.x - base.x).abs());
        let colour =
            gradient(&[[0.25, 0.3, 1.0], [2.2, 1.3, 0.5], [4.0, 3.3, 2.0], [4.0, 2.8, 1.2], [2.4, 1.1, 0.3]], up);
        (colour, inside)
    });
}

/// Paper lanterns strung over a garden at dusk.
pub fn lanterns(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let (zenith, horizon, warm) = (hex(colours[0]), hex(colours[1]), hex(colours[2]));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    canvas.paint(|place| {
        let sky = mix(zenith, horizon, smooth(0.0, 0.75, place.y));
        let crown = 0.62 + 0.16 * (clouds(place.x * 2.6, 1.0, 3, seed) - 0.5) + 0.03 * noise(place.x * 40.0, 2.0, seed);
        let trees = times(zenith, 0.12 + 0.25 * clouds(place.x * 14.0, place.y * 14.0, 3, seed));
        mix(sky, trees, smooth(-0.02, 0.05, place.y - crown))
    });
    canvas.blur(0.006);
    lights_behind(canvas, chance, 26, 0.03, &[warm, times(warm, 0.7)], 1.0);
    let mut hung = Vec::new();
    for string in 0_u8..3 {
        let near = f32::from(string) / 2.0;
        let (from, sag) = (0.04 + 0.03 * f32::from(string), 0.16 + 0.1 * near);
        let slant = chance.between(-0.1, 0.1);
        let hang = |along: f32| from + slant * along + sag * 4.0 * along * (1.0 - along);
        for step in 0_u8..48 {
            let (a, b) = (f32::from(step) / 48.0, f32::from(step + 1) / 48.0);
            let wire = 0.0008 + 0.0008 * near;
            canvas.limb(at(a * aspect, hang(a)), at(b * aspect, hang(b)), wire, wire, [0.01; 3], 0.9);
        }
        let count = 8 - string * 2;
        for number in 0..count {
            let along = (f32::from(number) + chance.between(0.3, 0.7)) / f32::from(count);
            let radius = (0.03 + 0.045 * near) * chance.between(0.85, 1.2);
            hung.push((at(along * aspect, hang(along) + radius * 1.15), radius));
        }
    }
    for (centre, radius) in hung {
        let tint = mix(warm, [1.0, 0.86, 0.62], chance.unit());
        lantern(canvas, centre, radius, tint);
    }
}

fn lantern(canvas: &mut Canvas, centre: Place, radius: f32, warm: Light) {
    canvas.glow(centre, radius * 1.9, times(warm, 0.3));
    let soft = canvas.pixel() / radius;
    canvas.cover(
        at(centre.x - radius * 1.1, centre.y - radius),
        at(centre.x + radius * 1.1, centre.y + radius),
        |place| {
            let (dx, dy) = ((place.x - centre.x) / radius / 1.08, (place.y - centre.y) / radius / 0.94);
            let far = dx.hypot(dy);
            let ribs = 0.9 + 0.1 * (dy.clamp(-1.0, 1.0).asin() * 19.0).cos();
            let core = (1.0 - far * far).max(0.0).sqrt();
            let lower = 1.0 + 0.45 * dy;
            (
                times(plus(warm, times([0.5, 0.4, 0.25], core)), (0.45 + 0.85 * core) * ribs * lower),
                smooth(1.0 + soft, 1.0 - soft, far),
            )
        },
    );
    let cap = radius * 0.3;
    for side in [-0.93, 0.93] {
        let y = centre.y + radius * side;
        canvas.limb(at(centre.x - cap, y), at(centre.x + cap, y), radius * 0.05, radius * 0.05, times(warm, 0.18), 1.0);
    }
}

/// Beams through haze over a crowd that dances.
pub fn dance_floor(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let beams = colours.map(hex);
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    canvas.paint(|place| {
        let haze = clouds(place.x * 2.4, place.y * 2.4, 4, seed);
        let stage = (-(place.y - 0.72).powi(2) * 26.0).exp();
        plus([0.006, 0.005, 0.014], times(mix(beams[0], beams[1], place.x / aspect), 0.22 * stage * (0.5 + haze)))
    });
    let mut haze = Canvas::new(canvas.width.div_ceil(4), canvas.height.div_ceil(4));
    for number in 0_u8..9 {
        let part = (f32::from(number) + 0.5) / 9.0;
        let lamp = at(aspect * part, 0.05);
        let colour = beams[usize::from(number) % 3];
        let slant = (0.5 - part) * 1.3 + chance.between(-0.35, 0.35);
        beam(&mut haze, lamp, slant, colour, seed + u32::from(number));
        canvas.glow(lamp, 0.022, times(plus(colour, [0.4; 3]), 2.2));
        canvas.disc(lamp, 0.008, 0.004, [4.0; 3], 1.0);
    }
    canvas.add(|place| haze.sample(place));
    lights_behind(canvas, chance, 14, 0.02, &beams, 0.7);
    figures::crowd(canvas, chance, times(mix(beams[0], beams[2], 0.5), 0.03));
}

/// A beam through smoke, added to what is there.
fn beam(haze: &mut Canvas, lamp: Place, slant: f32, colour: Light, seed: u32) {
    haze.add(|place| {
        let down = place.y - lamp.y;
        let across = (place.x - lamp.x - slant * down) / (0.006 + 0.085 * down.max(0.0));
        if down <= 0.0 || across.abs() > 2.5 {
            return [0.0; 3];
        }
        let smoke = 0.45 + 0.9 * clouds(place.x * 5.0, place.y * 5.0 + 3.0, 4, seed);
        times(colour, (-across * across * 1.4).exp() * smoke * 0.95 / (1.0 + 2.4 * down))
    });
}

/// Fireworks and their reflection in the lake.
pub fn fireworks(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let palette = colours.map(hex);
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let shore = 0.7;
    canvas.paint(|place| {
        let smoke = clouds(place.x * 2.2, place.y * 3.0, 4, seed);
        gradient(
            &[[0.004, 0.006, 0.02], [0.012, 0.012, 0.045], [0.06, 0.03, 0.07]],
            place.y / shore * (0.7 + 0.5 * smoke),
        )
    });
    for burst in 0_u8..5 {
        let centre = at(aspect * (f32::from(burst) + chance.between(0.3, 0.7)) / 5.0, chance.between(0.12, 0.42));
        let colour = palette[usize::from(burst) % 3];
        let wide = chance.between(0.12, 0.27);
        shell(canvas, chance, centre, wide, colour);
    }
    for _ in 0..60 {
        let lamp = at(chance.between(0.0, aspect), shore - chance.between(0.0, 0.012));
        canvas.glow(lamp, 0.003, times([1.0, 0.7, 0.35], chance.between(0.3, 1.4)));
    }
    canvas.cover(at(0.0, shore - 0.09), at(aspect, shore), |place| {
        let line = shore - 0.012 - 0.06 * clouds(place.x * 3.0, 4.0, 4, seed);
        ([0.006, 0.006, 0.012], 0.9 * smooth(-0.002, 0.003, place.y - line))
    });
    let above = canvas.clone();
    canvas.cover(at(0.0, shore), at(aspect, 1.0), |place| {
        let depth = place.y - shore;
        let waves = noise(place.x * 14.0, place.y * 150.0, seed) - 0.5
            + 0.5 * (noise(place.x * 50.0, place.y * 340.0, seed) - 0.5);
        let mirrored = at(place.x + waves * 0.03 * (0.3 + depth * 3.0), shore - depth * 1.5 + waves * 0.05);
        (plus(times(above.sample(mirrored), 0.55), [0.003, 0.003, 0.008]), 1.0)
    });
}

fn shell(canvas: &mut Canvas, chance: &mut Chance, centre: Place, radius: f32, colour: Light) {
    canvas.glow(centre, radius * 0.9, times(colour, 0.16));
    for _ in 0..110 {
        let turn = chance.between(0.0, std::f32::consts::TAU);
        let reach = radius * chance.between(0.55, 1.0);
        let mut from = at(centre.x + turn.cos() * reach * 0.25, centre.y + turn.sin() * reach * 0.25);
        for step in 1_u8..=8 {
            let out = 0.25 + 0.75 * f32::from(step) / 8.0;
            let to = at(
                centre.x + turn.cos() * reach * out,
                centre.y + turn.sin() * reach * out + radius * 0.22 * out * out,
            );
            let heat = mix(times(colour, 0.5), plus(times(colour, 2.2), [0.5; 3]), out);
            let thick = 0.0007 + 0.0007 * out;
            canvas.limb(from, to, thick, thick, heat, 0.85);
            from = to;
        }
        canvas.glow(from, 0.0042, plus(times(colour, 1.6), [0.5; 3]));
    }
}
