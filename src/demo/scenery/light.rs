//! Colours as linear light, so that mixing and glowing behave as they do before a lens.

/// Red, green and blue in linear light; 1 is white, more is brighter than white.
pub type Light = [f32; 3];

/// From how one writes a colour for the web.
pub fn hex(colour: u32) -> Light {
    [16, 8, 0].map(|shift| {
        let level = ((colour >> shift) & 0xFF) as f32 / 255.0;
        if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    })
}

/// `from` at 0, `to` at 1, straight between, and no further.
pub fn mix(from: Light, to: Light, part: f32) -> Light {
    let part = part.clamp(0.0, 1.0);
    [0, 1, 2].map(|at| from[at] + (to[at] - from[at]) * part)
}

/// Brighter or darker.
pub fn times(light: Light, factor: f32) -> Light {
    light.map(|level| level * factor)
}

/// One light and another.
pub fn plus(one: Light, other: Light) -> Light {
    [0, 1, 2].map(|at| one[at] + other[at])
}

/// Between several colours, evenly spaced from 0 to 1.
pub fn gradient(stops: &[Light], at: f32) -> Light {
    let last = stops.len().saturating_sub(1);
    let place = at.clamp(0.0, 1.0) * last as f32;
    let index = (place as usize).min(last.saturating_sub(1));
    match (stops.get(index), stops.get(index + 1)) {
        (Some(from), Some(to)) => mix(*from, *to, place - index as f32),
        (Some(only), None) => *only,
        _ => [0.0; 3],
    }
}

/// 0 below `from`, 1 above `to`, smooth between; `from` may be the larger one.
pub fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let part = ((value - from) / (to - from)).clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}
