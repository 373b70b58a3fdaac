//! Things of the day, from close by: the bouquet, the rings, the cake, confetti.

use super::canvas::{Canvas, Place, at};
use super::light::{Light, gradient, hex, mix, plus, smooth, times};
use super::noise::{Chance, clouds, noise};

/// A patch of soft shadow or light out of focus, for backgrounds.
fn soft_ground(canvas: &mut Canvas, chance: &mut Chance, colours: &[Light], blobs: usize) {
    let aspect = canvas.aspect();
    let first = colours.first().copied().unwrap_or([0.5; 3]);
    canvas.paint(|_| first);
    for _ in 0..blobs {
        let centre = at(chance.between(-0.1, aspect + 0.1), chance.between(-0.1, 1.1));
        let colour = chance.pick(colours).unwrap_or(first);
        let radius = chance.between(0.05, 0.2);
        canvas.disc(centre, radius, radius * 0.9, colour, 0.55);
    }
}

/// Roses, leaves and small white blossom, seen from above.
pub fn bouquet(canvas: &mut Canvas, chance: &mut Chance, petals: [u32; 3]) {
    let petals = petals.map(hex);
    let greens = [0x3E5A3C, 0x587A52, 0x2C4431, 0x7C9A72].map(hex);
    soft_ground(canvas, chance, &[0x6B7F6A, 0x9DAA93, 0xC9CBB9, 0x55695A].map(hex), 46);
    let middle = at(canvas.aspect() / 2.0, 0.52);
    let spread = canvas.aspect().min(1.25) * 0.44;
    let around = |chance: &mut Chance, from: f32, to: f32| {
        let (turn, reach) = (chance.between(0.0, std::f32::consts::TAU), spread * chance.between(from, to).sqrt());
        (at(middle.x + turn.cos() * reach, middle.y + turn.sin() * reach * 0.86), turn)
    };
    for _ in 0..120 {
        let (place, turn) = around(chance, 0.25, 1.25);
        let long = chance.between(0.08, 0.17);
        let colour = chance.pick(&greens).unwrap_or(greens[0]);
        leaf(canvas, place, turn + chance.between(-0.6, 0.6), long, colour);
    }
    for _ in 0..260 {
        let (place, _) = around(chance, 0.3, 1.2);
        let size = chance.between(0.003, 0.0075);
        canvas.disc(at(place.x + size * 0.5, place.y + size * 0.8), size * 1.2, size, [0.05, 0.07, 0.05], 0.4);
        canvas.disc(place, size, size * 0.4, times([1.0, 0.98, 0.92], chance.between(0.7, 1.0)), 0.95);
    }
    // Outer roses first, so that the middle one lies on top.
    for (ring, count) in [(0.88_f32, 11_u8), (0.5, 6), (0.0, 1)] {
        let start = chance.between(0.0, 1.0);
        for number in 0..count {
            let turn = (f32::from(number) + start) / f32::from(count) * std::f32::consts::TAU;
            let reach = spread * ring * chance.between(0.92, 1.06);
            let place = at(middle.x + turn.cos() * reach, middle.y + turn.sin() * reach * 0.86);
            let colour = chance.pick(&petals).unwrap_or(petals[0]);
            let wide = spread * chance.between(0.24, 0.31);
            rose(canvas, chance, place, wide, colour);
        }
    }
}

fn leaf(canvas: &mut Canvas, foot: Place, turn: f32, long: f32, colour: Light) {
    let (sin, cos) = turn.sin_cos();
    canvas.cover(at(foot.x - long, foot.y - long), at(foot.x + long, foot.y + long), |place| {
        let (dx, dy) = (place.x - foot.x, place.y - foot.y);
        let (along, across) = ((dx * cos + dy * sin) / long, (dy * cos - dx * sin) / long);
        if !(0.0..1.0).contains(&along) {
            return ([0.0; 3], 0.0);
        }
        let wide = 0.3 * (along * std::f32::consts::PI).sin() * (1.1 - 0.5 * along);
        let vein = smooth(0.012, 0.0, across.abs()) * 0.25 + 0.05 * ((along - across.abs()) * 60.0).sin();
        let side = if across < 0.0 { 1.15 } else { 0.8 };
        (times(colour, side * (0.55 + 0.6 * along) + vein), smooth(wide + 0.012, wide - 0.012, across.abs()))
    });
}

/// A rose: petals laid from the outside in, each a little smaller, deeper and more curled.
pub fn rose(canvas: &mut Canvas, chance: &mut Chance, centre: Place, radius: f32, colour: Light) {
    canvas.disc(
        at(centre.x + radius * 0.05, centre.y + radius * 0.14),
        radius * 0.98,
        radius * 0.3,
        [0.02, 0.03, 0.02],
        0.55,
    );
    let start = chance.between(0.0, 6.0);
    let count = 30_u8;
    for number in 0..count {
        let inward = f32::from(number) / f32::from(count - 1);
        let turn = start + f32::from(number) * 2.399_963;
        let out = radius * 0.56 * (1.0 - inward).powf(0.85);
        let size = radius * (0.56 - 0.37 * inward) * chance.between(0.92, 1.08);
        let middle = at(centre.x + turn.cos() * out, centre.y + turn.sin() * out);
        petal(canvas, middle, size, turn, inward, colour);
    }
}

fn petal(canvas: &mut Canvas, middle: Place, size: f32, turn: f32, inward: f32, colour: Light) {
    let (sin, cos) = turn.sin_cos();
    let deep = [colour[0] * 0.62, colour[1] * 0.42, colour[2] * 0.4];
    let edge = canvas.pixel() / size * 1.2;
    let reach = size * 1.35;
    canvas.cover(at(middle.x - reach, middle.y - reach), at(middle.x + reach, middle.y + reach), |place| {
        let (dx, dy) = ((place.x - middle.x) / size, (place.y - middle.y) / size);
        if dx * dx + dy * dy > 1.8 {
            return ([0.0; 3], 0.0);
        }
        let (outward, across) = (dx * cos + dy * sin, dy * cos - dx * sin);
        let far = outward.hypot(across * 0.86 + 0.05 * (outward * 4.0).sin());
        if far > 1.3 {
            return ([0.0; 3], 0.0);
        }
        // A petal is dark where it goes down to the heart, and catches light along its rim.
        let bowl = smooth(-1.0, 0.75, outward);
        let rim = smooth(0.7, 0.97, far) * smooth(-0.3, 0.5, outward);
        let lit = 0.34 + 0.56 * bowl + 0.34 * rim - 0.1 * inward + 0.08 * (-dx - dy);
        let light = times(mix(deep, colour, 0.25 + 0.75 * bowl), lit * (1.0 - 0.06 * (across * 17.0).sin() * bowl));
        let shadow = 0.5 * smooth(1.28, 1.0, far);
        if far > 1.0 + edge { (times(deep, 0.22), shadow * 0.7) } else { (light, smooth(1.0 + edge, 1.0 - edge, far)) }
    });
}

/// Two gold rings on linen, very near.
pub fn rings(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let (cloth, warm, gold) = (hex(colours[0]), hex(colours[1]), hex(colours[2]));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let middle = at(aspect / 2.0, 0.56);
    canvas.paint(|place| {
        let folds = clouds(place.x * 1.6 + place.y, place.y * 2.6 - place.x * 0.7, 3, seed);
        let focus = (-(place.y - 0.62).powi(2) * 30.0).exp();
        let weave = (place.x * 900.0).sin() * 0.5 + (place.y * 760.0 + place.x * 40.0).sin() * 0.5;
        let glow = (-place.distance(at(aspect * 0.8, 0.05)) * 2.0).exp();
        let cloth = times(cloth, 0.5 + 0.7 * folds + 0.045 * weave * focus);
        plus(cloth, times(warm, 0.5 * glow))
    });
    for _ in 0..26 {
        let centre = at(chance.between(0.0, aspect), chance.between(-0.03, 0.26));
        canvas.bokeh(centre, chance.between(0.02, 0.06), times(warm, chance.between(0.05, 0.3)));
    }
    let left =
        Ring { centre: at(middle.x - 0.13, middle.y + 0.02), across: 0.235, tilt: -0.16, flat: 0.62, thick: 0.03 };
    let right =
        Ring { centre: at(middle.x + 0.125, middle.y + 0.06), across: 0.195, tilt: 0.34, flat: 0.66, thick: 0.024 };
    left.shadow(canvas);
    right.shadow(canvas);
    // Interlaced: the far half of each goes below the near half of the other.
    left.draw(canvas, gold, warm, seed, |_| true);
    right.draw(canvas, gold, warm, seed, |_| true);
    let crossing = middle.y + 0.04;
    left.draw(canvas, gold, warm, seed, |place| place.y > crossing && place.x > middle.x - 0.05);
}

/// A ring lying tilted before the lens.
struct Ring {
    centre: Place,
    across: f32,
    tilt: f32,
    flat: f32,
    thick: f32,
}

impl Ring {
    /// Distance from the middle of the band, and the angle around it.
    fn around(&self, place: Place) -> (f32, f32) {
        let (dx, dy) = (place.x - self.centre.x, place.y - self.centre.y);
        let (sin, cos) = self.tilt.sin_cos();
        let (along, down) = (dx * cos + dy * sin, (dy * cos - dx * sin) / self.flat);
        let reach = along.hypot(down);
        let slope = (along * along + down * down / (self.flat * self.flat)).sqrt() / reach.max(1e-4);
        ((reach - self.across) / slope.max(0.4), down.atan2(along))
    }

    fn bounds(&self, margin: f32) -> (Place, Place) {
        let reach = self.across + margin;
        (at(self.centre.x - reach, self.centre.y - reach), at(self.centre.x + reach, self.centre.y + reach))
    }

    fn shadow(&self, canvas: &mut Canvas) {
        let (from, to) = self.bounds(0.16);
        canvas.cover(from, to, |place| {
            let (off, _) = self.around(at(place.x - 0.028, place.y - 0.036));
            ([0.035, 0.022, 0.014], 0.62 * smooth(self.thick * 2.4, 0.0, off.abs()))
        });
    }

    fn draw(&self, canvas: &mut Canvas, gold: Light, warm: Light, seed: u32, shows: impl Fn(Place) -> bool) {
        let (from, to) = self.bounds(0.06);
        let edge = canvas.pixel() * 1.2;
        canvas.cover(from, to, |place| {
            let (off, turn) = self.around(place);
            // The near side of the band is a little broader.
            let thick = self.thick * (1.0 + 0.22 * turn.sin());
            if off.abs() > thick + edge || !shows(place) {
                return ([0.0; 3], 0.0);
            }
            let across = (off / thick).clamp(-1.0, 1.0);
            let round = (1.0 - across * across).sqrt();
            // What the gold mirrors: bright window above, dark room, warm cloth below.
            let facing =
                across * (turn + 0.5).sin() + 0.32 * (turn * 2.0 + 0.9).sin() + 0.05 * noise(turn * 6.0, across, seed);
            let room = gradient(
                &[[0.08, 0.045, 0.02], [0.5, 0.32, 0.13], [1.25, 1.0, 0.62], [0.3, 0.17, 0.07], [0.7, 0.5, 0.26]],
                0.5 + 0.48 * facing,
            );
            let glint =
                smooth(0.22, 0.0, (across + 0.38).abs()) * (0.3 + 0.9 * smooth(0.5, 1.0, (turn - 4.0 + 5.9).cos()));
            let light = plus(
                [room[0] * gold[0], room[1] * gold[1], room[2] * gold[2]],
                times(plus(warm, [0.5; 3]), glint * 0.9),
            );
            (times(light, 0.35 + 0.75 * round), smooth(thick + edge, thick - edge, off.abs()))
        });
    }
}

/// A cake of three tiers with roses, before the lights of the hall.
pub fn cake(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let (dark, warm, icing) = (hex(colours[0]), hex(colours[1]), hex(colours[2]));
    let aspect = canvas.aspect();
    let middle = aspect / 2.0;
    soft_ground(canvas, chance, &[dark, times(dark, 0.6), times(warm, 0.22), dark], 30);
    canvas.blur(0.03);
    for _ in 0..70 {
        let centre = at(chance.between(0.0, aspect), chance.between(0.0, 0.7));
        canvas.bokeh(centre, chance.between(0.018, 0.05), times(warm, chance.between(0.05, 0.33)));
    }
    canvas.cover(at(0.0, 0.87), at(aspect, 1.0), |place| {
        let fall = 0.55 + 0.3 * (-(place.x - middle).powi(2) * 5.0).exp();
        (times([0.95, 0.9, 0.84], fall * (0.75 + 0.25 * (place.x * 34.0).sin().powi(2))), smooth(0.872, 0.884, place.y))
    });
    canvas.disc(at(middle, 0.915), 0.31, 0.12, [0.12, 0.08, 0.06], 0.5);
    let tiers = [(0.27_f32, 0.9_f32, 0.24_f32), (0.195, 0.66, 0.2), (0.125, 0.46, 0.17)];
    for (wide, base, tall) in tiers {
        tier(canvas, at(middle, base), wide, tall, icing);
    }
    let petals = [0xF3C6C0, 0xF8E6D8, 0xDE9AA0, 0xFBF3EA].map(hex);
    for (x, y, size) in [
        (-0.2, 0.68, 0.07),
        (-0.11, 0.7, 0.058),
        (0.13, 0.48, 0.06),
        (0.06, 0.5, 0.046),
        (-0.03, 0.265, 0.066),
        (0.05, 0.275, 0.055),
        (0.2, 0.87, 0.075),
        (0.115, 0.895, 0.056),
        (-0.255, 0.9, 0.06),
    ] {
        for side in [-0.7_f32, 0.4, 1.9] {
            leaf(canvas, at(middle + x, y), side + chance.between(-0.5, 0.5), size * 1.4, hex(0x5E7B58));
        }
        let colour = chance.pick(&petals).unwrap_or(icing);
        rose(canvas, chance, at(middle + x, y), size, colour);
    }
}

fn tier(canvas: &mut Canvas, foot: Place, wide: f32, tall: f32, icing: Light) {
    let (top, squash, edge) = (foot.y - tall, 0.16, canvas.pixel());
    canvas.cover(
        at(foot.x - wide - 0.01, top - wide * squash - 0.01),
        at(foot.x + wide + 0.01, foot.y + wide * squash),
        |place| {
            let across = ((place.x - foot.x) / wide).clamp(-1.0, 1.0);
            let round = (1.0 - across * across).sqrt();
            let bow = wide * squash * round;
            let lid = ((place.x - foot.x) / wide).hypot((place.y - top) / (wide * squash));
            let side =
                smooth(-edge, edge, place.y - top) * smooth(edge, -edge, place.y - foot.y - bow + wide * squash * 0.35);
            let inside = side * smooth(wide + edge, wide - edge, (place.x - foot.x).abs());
            let turned = 0.36 + 0.5 * round + 0.22 * -across;
            let strokes = 1.0 + 0.035 * ((place.y - bow * 0.9) * 420.0).sin() * round;
            if lid < 1.0 {
                return (times(icing, 0.98 - 0.12 * lid), smooth(1.0, 0.985, lid).max(inside));
            }
            let pearls = smooth(0.012, 0.004, (place.y - foot.y - bow + wide * squash * 0.35 + 0.008).abs());
            let beads = 0.75 + 0.35 * (across.asin() * 46.0 * wide / 0.2).cos().abs();
            (times(icing, turned * mix([strokes; 3], [beads * 1.1; 3], pearls)[0]), inside)
        },
    );
}

/// Confetti in the air before a sunlit square.
pub fn confetti(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let ground = colours.map(hex);
    soft_ground(canvas, chance, &[ground[0], ground[1], ground[2], mix(ground[0], [1.0; 3], 0.4)], 60);
    canvas.blur(0.05);
    let aspect = canvas.aspect();
    canvas.glow(at(aspect * 0.72, 0.05), 0.45, [0.75, 0.62, 0.42]);
    for _ in 0..36 {
        let centre = at(chance.between(0.0, aspect), chance.between(0.0, 1.0));
        canvas.bokeh(centre, chance.between(0.03, 0.08), times([1.0, 0.9, 0.75], chance.between(0.03, 0.13)));
    }
    let papers = [0xF2A7B5, 0xF9D56E, 0xFFFFFF, 0x9CC5DB, 0xE58A7B, 0xBFD8B8, 0xD8B4E2, 0xF4C97B].map(hex);
    let mut nearness = (0..340).map(|_| chance.unit()).collect::<Vec<f32>>();
    nearness.sort_by(f32::total_cmp);
    for near in nearness {
        let paper = chance.pick(&papers).unwrap_or([1.0; 3]);
        let soft = 0.0012 + 0.03 * (near - 0.42).powi(2) + 0.05 * (near - 0.75).max(0.0).powi(2) * 4.0;
        scrap(canvas, chance, 0.006 + 0.02 * near * near, soft, paper);
    }
}

fn scrap(canvas: &mut Canvas, chance: &mut Chance, size: f32, soft: f32, paper: Light) {
    let centre = at(chance.between(-0.02, canvas.aspect() + 0.02), chance.between(-0.02, 1.02));
    let (sin, cos) = chance.between(0.0, std::f32::consts::PI).sin_cos();
    let (long, narrow) = (size * chance.between(0.8, 1.4), size * chance.between(0.15, 1.0));
    let lit = chance.between(0.55, 1.35);
    let reach = long.hypot(narrow) + soft;
    let part = (size / (size + soft)).powf(0.7);
    canvas.cover(at(centre.x - reach, centre.y - reach), at(centre.x + reach, centre.y + reach), |place| {
        let (dx, dy) = (place.x - centre.x, place.y - centre.y);
        let (along, across) = ((dx * cos + dy * sin).abs(), (dy * cos - dx * sin).abs());
        let inside = smooth(long + soft, long - soft, along) * smooth(narrow + soft, narrow - soft, across);
        (times(paper, lit * (0.85 + 0.3 * along / long)), part * inside)
    });
}
