//! People as the light behind them shows them: dark shapes.

use super::canvas::{Canvas, Place, at};
use super::light::{Light, mix};

/// Two people hand in hand, seen against the light. `feet` is between them.
pub fn couple(canvas: &mut Canvas, feet: Place, tall: f32, dark: Light) {
    let place = |x: f32, y: f32| at(feet.x + x * tall, feet.y - y * tall);
    let mut limb = |from: (f32, f32), to: (f32, f32), thick: f32, thin: f32| {
        canvas.limb(place(from.0, from.1), place(to.0, to.1), thick * tall, thin * tall, dark, 1.0);
    };
    // He: legs, jacket, neck, head, and the arm that reaches out.
    limb((0.13, 0.47), (0.115, 0.02), 0.05, 0.034);
    limb((0.21, 0.47), (0.225, 0.02), 0.05, 0.034);
    limb((0.17, 0.76), (0.17, 0.48), 0.082, 0.072);
    limb((0.105, 0.8), (0.235, 0.8), 0.04, 0.04);
    limb((0.17, 0.84), (0.17, 0.9), 0.03, 0.03);
    limb((0.17, 0.925), (0.17, 0.95), 0.052, 0.05);
    limb((0.245, 0.79), (0.275, 0.6), 0.033, 0.027);
    limb((0.275, 0.6), (0.265, 0.45), 0.027, 0.022);
    limb((0.1, 0.79), (0.055, 0.62), 0.031, 0.026);
    limb((0.055, 0.62), (0.005, 0.5), 0.026, 0.02);
    // She: the dress, narrow at the waist, shoulders, neck, head and knot of hair.
    limb((-0.17, 0.56), (-0.19, 0.06), 0.052, 0.175);
    limb((-0.19, 0.05), (-0.36, 0.015), 0.1, 0.03);
    limb((-0.165, 0.73), (-0.17, 0.56), 0.06, 0.047);
    limb((-0.215, 0.745), (-0.115, 0.745), 0.03, 0.03);
    limb((-0.165, 0.76), (-0.163, 0.83), 0.022, 0.022);
    limb((-0.162, 0.855), (-0.16, 0.875), 0.045, 0.045);
    limb((-0.198, 0.9), (-0.2, 0.9), 0.03, 0.028);
    limb((-0.11, 0.735), (-0.07, 0.6), 0.023, 0.018);
    limb((-0.07, 0.6), (0.005, 0.5), 0.018, 0.016);
    limb((-0.22, 0.735), (-0.255, 0.6), 0.022, 0.018);
    limb((-0.255, 0.6), (-0.235, 0.47), 0.018, 0.016);
    veil(canvas, feet, tall, dark);
}

fn veil(canvas: &mut Canvas, feet: Place, tall: f32, dark: Light) {
    let sheer = mix(dark, [0.6; 3], 0.12);
    for fold in 0_u8..3 {
        let lean = f32::from(fold) * 0.03;
        let from = at(feet.x - 0.19 * tall, feet.y - 0.9 * tall);
        let to = at(feet.x - (0.27 + lean) * tall, feet.y - 0.3 * tall);
        canvas.limb(from, to, 0.02 * tall, 0.06 * tall, sheer, 0.4);
    }
}

/// Heads and raised arms along the lower edge.
pub fn crowd(canvas: &mut Canvas, chance: &mut super::noise::Chance, dark: Light) {
    let aspect = canvas.aspect();
    for row in 0_u8..3 {
        let depth = f32::from(row) / 2.0;
        let mut x = chance.between(-0.05, 0.05);
        while x < aspect + 0.05 {
            let size = 0.028 + 0.022 * depth;
            let top = 0.78 + 0.1 * depth + chance.between(-0.03, 0.02);
            let shade = mix(dark, [0.0; 3], depth);
            canvas.disc(at(x, top), size, canvas.pixel() * 1.5, shade, 1.0);
            canvas.limb(at(x, top + size * 2.4), at(x, 1.05), size * 1.9, size * 2.3, shade, 1.0);
            for side in [-1.0, 1.0] {
                if chance.unit() < 0.4 {
                    let hand = at(x + side * size * chance.between(1.0, 2.6), top - size * chance.between(1.5, 3.6));
                    let elbow = at(x + side * size * 2.3, top + size * 0.4);
                    canvas.limb(
                        at(x + side * size * 1.4, top + size * 2.0),
                        elbow,
                        size * 0.5,
                        size * 0.42,
                        shade,
                        1.0,
                    );
                    canvas.limb(elbow, hand, size * 0.4, size * 0.3, shade, 1.0);
                }
            }
            x += size * chance.between(2.6, 4.6);
        }
    }
}
