//! Scenes indoors: an aisle of arches towards the light.

use super::canvas::{Canvas, Place, at};
use super::details::rose;
use super::light::{Light, gradient, hex, mix, plus, smooth, times};
use super::noise::{Chance, clouds};

/// Where everything runs together, and how wide and high the aisle is at distance 1.
#[derive(Debug, Clone, Copy)]
struct Aisle {
    vanishing: Place,
    half_width: f32,
    spring: f32,
    floor: f32,
}

const BAYS: usize = 8;

/// How large a bay looks; those beyond the nearest lie behind the lens.
fn bay_scale(bay: usize) -> f32 {
    0.13 + 1.02 * ((bay + 1) as f32 / BAYS as f32).powf(2.1)
}

/// Arch behind arch, light at the end, petals along the carpet.
pub fn arches(canvas: &mut Canvas, chance: &mut Chance, colours: [u32; 3]) {
    let (stone, light, carpet) = (hex(colours[0]), hex(colours[1]), hex(colours[2]));
    let seed = (chance.unit() * 1e6) as u32;
    let aspect = canvas.aspect();
    let aisle =
        Aisle { vanishing: at(aspect / 2.0, 0.56), half_width: 0.42_f32.min(aspect * 0.33), spring: 0.22, floor: 0.4 };
    canvas.paint(|place| {
        let far = place.distance(at(aisle.vanishing.x, aisle.vanishing.y - 0.03));
        plus(times(light, 1.7 * (-far * 7.0).exp() + 0.3), times(stone, 0.25))
    });
    floor(canvas, &aisle, [stone, light, carpet], seed);
    for bay in 0..BAYS {
        let near = (bay + 1) as f32 / BAYS as f32;
        let scale = bay_scale(bay);
        // Nothing hides the nearest wall.
        let next = if bay + 1 < BAYS { bay_scale(bay + 1) } else { 100.0 };
        arch(canvas, &aisle, (scale, next), near, [stone, light], seed + bay as u32);
    }
    window(canvas, &aisle, light);
    for _ in 0..260 {
        let depth = chance.unit().powf(0.6);
        let scale = 0.2 + 0.95 * depth;
        let side = if chance.unit() < 0.5 { -1.0 } else { 1.0 };
        let x = aisle.vanishing.x + side * aisle.half_width * scale * chance.between(0.3, 0.5);
        let place = at(x, aisle.vanishing.y + aisle.floor * scale);
        let size = 0.0045 * scale * chance.between(0.6, 1.3);
        canvas.limb(
            place,
            at(place.x + size * 1.6, place.y - size * 0.3),
            size,
            size * 0.6,
            times(hex(0xF4D3D2), 0.45 + 0.45 * (1.0 - depth)),
            0.92,
        );
    }
    for (depth, side) in [(0.42, -1.0), (0.42, 1.0), (0.66, -1.0), (0.66, 1.0), (0.97, -1.0), (0.97, 1.0)] {
        let place = at(
            aisle.vanishing.x + side * aisle.half_width * depth * 0.72,
            aisle.vanishing.y + aisle.floor * depth * 0.72,
        );
        posy(canvas, chance, place, 0.085 * depth, 1.05 - 0.35 * depth);
    }
}

/// Flowers on a stand beside the aisle.
fn posy(canvas: &mut Canvas, chance: &mut Chance, place: Place, size: f32, lit: f32) {
    canvas.limb(place, at(place.x, place.y + size * 2.6), size * 0.1, size * 0.14, times([0.3, 0.24, 0.17], lit), 1.0);
    for _ in 0..22 {
        let spot = at(place.x + size * chance.between(-1.1, 1.1), place.y + size * chance.between(-0.9, 0.8));
        canvas.disc(
            spot,
            size * chance.between(0.2, 0.34),
            size * 0.1,
            times(hex(0x5C7653), lit * chance.between(0.45, 0.9)),
            0.95,
        );
    }
    for _ in 0..11 {
        let spot = at(place.x + size * chance.between(-0.85, 0.85), place.y + size * chance.between(-0.75, 0.55));
        let petals = times(mix(hex(0xFAF0E6), hex(0xE7A9AE), chance.unit()), lit);
        let wide = size * chance.between(0.3, 0.42);
        rose(canvas, chance, spot, wide, petals);
    }
}

/// How far outside the opening of the arch of this scale a place lies. The arch is
/// pointed: two circles, each about the other side's spring.
fn outside(aisle: &Aisle, scale: f32, place: Place) -> f32 {
    let (half, spring) = (aisle.half_width * scale, aisle.vanishing.y - aisle.spring * scale);
    let dx = (place.x - aisle.vanishing.x).abs();
    if place.y > spring { dx - half } else { (dx + half * 0.55).hypot(spring - place.y) - half * 1.55 }
}

/// The wall of one bay, open below its arch; what the next one hides is left out.
fn arch(canvas: &mut Canvas, aisle: &Aisle, scales: (f32, f32), near: f32, lights: [Light; 2], seed: u32) {
    let ((scale, next), [stone, light]) = (scales, lights);
    let (middle, soft) = (aisle.vanishing, canvas.pixel() * 1.2);
    let floor = middle.y + aisle.floor * scale;
    let next_floor = middle.y + aisle.floor * next;
    canvas.cover(at(0.0, 0.0), at(canvas.aspect(), floor.min(1.0)), |place| {
        let off = outside(aisle, scale, place);
        let is_hidden = place.y < next_floor && outside(aisle, next, place) > 2.0 * soft;
        if off < -soft || is_hidden {
            return ([0.0; 3], 0.0);
        }
        let relative = at((place.x - middle.x) / scale, (place.y - middle.y) / scale);
        let grain = 0.78 + 0.42 * clouds(relative.x * 9.0, relative.y * 9.0, 4, seed);
        let joints = joint(relative);
        let glow = 1.15 * (-off / (0.06 * scale)).exp() + 0.28 * (-place.distance(middle) * 2.2).exp();
        let moulding = 1.0 + 0.35 * (off / scale * 190.0).cos() * smooth(0.055 * scale, 0.0, off);
        let tone = times(stone, (0.62 - 0.42 * near) * grain * joints);
        (times(plus(tone, times(light, glow * (0.34 - 0.12 * near) * grain)), moulding), smooth(-soft, soft, off))
    });
}

/// Darker where two stones of a wall meet.
fn joint(place: Place) -> f32 {
    let row = (place.y * 11.0).floor();
    let (x, y) = ((place.x * 5.0 + row * 0.5).fract().abs(), (place.y * 11.0).fract().abs());
    1.0 - 0.16 * (smooth(0.05, 0.0, x.min(1.0 - x)) + smooth(0.08, 0.0, y.min(1.0 - y))).min(1.0)
}

/// Flagstones with a carpet, mirroring the light at the end. Drawn before the arches,
/// which stand on it.
fn floor(canvas: &mut Canvas, aisle: &Aisle, [stone, light, carpet]: [Light; 3], seed: u32) {
    let aspect = canvas.aspect();
    let middle = aisle.vanishing;
    let (top, end) = (middle.y + aisle.floor * 0.1, 1.0);
    canvas.cover(at(0.0, top), at(aspect, end), |place| {
        let depth = (place.y - middle.y) / aisle.floor;
        let (across, away) = ((place.x - middle.x) / depth / aisle.half_width, 1.0 / depth);
        let slab = ((across * 4.0).floor() + (away * 5.0).floor()) as i32 & 1;
        let polish = (-(place.x - middle.x).powi(2) * 10.0).exp() * (1.25 - 0.75 * depth).max(0.15);
        let flags = times(stone, (0.28 + 0.06 * slab as f32) * (0.8 + 0.4 * clouds(across * 7.0, away * 7.0, 3, seed)));
        let flags = plus(flags, times(light, 0.42 * polish));
        let weave = 0.8 + 0.25 * clouds(across * 60.0, away * 60.0, 2, seed);
        let cloth = plus(times(carpet, weave * (0.75 - 0.25 * depth)), times(light, 0.22 * polish));
        (mix(flags, cloth, smooth(0.27, 0.262, across.abs())), 1.0)
    });
}

/// The window at the far end.
fn window(canvas: &mut Canvas, aisle: &Aisle, light: Light) {
    let middle = aisle.vanishing;
    let (half, spring, foot) = (0.03, middle.y - 0.05, middle.y + 0.02);
    canvas.cover(at(middle.x - half, spring - 0.06), at(middle.x + half, foot), |place| {
        let dx = (place.x - middle.x).abs();
        let off = if place.y > spring { dx - half } else { (dx + half * 0.55).hypot(spring - place.y) - half * 1.55 };
        let bars = smooth(0.0008, 0.0022, (dx - half * 0.33).abs())
            * smooth(0.0006, 0.0018, ((place.y * 45.0).fract() - 0.5).abs() / 45.0);
        let glass = gradient(&[[1.5, 1.5, 1.7], plus(light, light), [2.4, 1.9, 1.3]], (place.y - spring + 0.06) / 0.13);
        (times(glass, 0.45 + 1.1 * bars), smooth(0.001, -0.001, off))
    });
    canvas.glow(at(middle.x, middle.y - 0.04), 0.14, times(light, 0.75));
}
