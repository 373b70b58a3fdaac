//! The colour of a tile until its thumbnail is there.

/// The average colour of a ThumbHash, as `#a08060`; empty where there is none, or where
/// it is none.
pub fn tint(placeholder: Option<&[u8]>) -> String {
    let Some(Ok((red, green, blue, _))) = placeholder.map(thumbhash::thumb_hash_to_average_rgba) else {
        return String::new();
    };
    let level = |part: f32| (part.clamp(0.0, 1.0) * 255.0).round() as u8;
    format!("#{:02x}{:02x}{:02x}", level(red), level(green), level(blue))
}

#[cfg(test)]
mod tests {
    use super::tint;

    #[test]
    fn a_placeholder_gives_its_average_colour_and_nonsense_gives_none() {
        let orange = thumbhash::rgba_to_thumb_hash(2, 2, &[240, 130, 20, 255].repeat(4));
        let colour = u32::from_str_radix(&tint(Some(&orange))[1..], 16).unwrap();
        for (shift, level) in [(16, 240_u32), (8, 130), (0, 20)] {
            assert!((colour >> shift & 255).abs_diff(level) < 12, "{colour:06x}");
        }
        assert_eq!(tint(None), "");
        assert_eq!(tint(Some(&[])), "");
        for first in 0..=255 {
            assert!(matches!(tint(Some(&[first; 32])).len(), 0 | 7));
        }
    }
}
