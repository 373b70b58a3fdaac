//! What the container of a HEIC or AVIF file says of its colours.

use crate::av1::Coding;
use crate::heif::{Heif, Numbers};
use crate::limits::COLOUR_PROFILE_BYTES_MAX;

/// What ITU-T H.273 calls "unspecified".
pub(crate) const NOT_SAID: u16 = 2;

/// What the container says of the colours.
pub(crate) struct Colour {
    pub(crate) coding: Option<Coding>,
    pub(crate) primaries: u16,
    pub(crate) curve: u16,
    pub(crate) profile: Option<Vec<u8>>,
}

impl Colour {
    pub(crate) fn of(heif: &Heif<'_>) -> Self {
        let mut colour = Self { coding: None, primaries: NOT_SAID, curve: NOT_SAID, profile: None };
        let first_tile = heif.referred(b"dimg", heif.primary).first().copied();
        let of_tile = first_tile.into_iter().flat_map(|tile| heif.properties(tile));
        for (_, body) in heif.properties(heif.primary).chain(of_tile).filter(|(name, _)| name == b"colr") {
            match body.split_first_chunk::<4>() {
                Some((b"nclx", rest)) if colour.coding.is_none() => {
                    let mut numbers = Numbers(rest);
                    let all = (numbers.short(), numbers.short(), numbers.short(), numbers.byte());
                    let (Some(primaries), Some(curve), Some(matrix), Some(range)) = all else { continue };
                    (colour.primaries, colour.curve) = (primaries, curve);
                    colour.coding = Some(Coding { matrix, is_full: range & 0x80 != 0 });
                }
                Some((b"prof" | b"rICC", profile)) if profile.len() <= COLOUR_PROFILE_BYTES_MAX => {
                    colour.profile.get_or_insert_with(|| profile.to_vec());
                }
                _ => {}
            }
        }
        colour
    }
}
