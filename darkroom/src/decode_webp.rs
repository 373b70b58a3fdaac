//! WebP that was cut short: how large it is, and what is left of it. Whole files are read
//! by `image`.

use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder};

use crate::decode::{Picture, check_dense, check_size, limits, opened, within_memory};
use crate::error::DevelopError;
use crate::limits::{
    COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX, ORIGINAL_BYTES_MAX, WEBP_BYTES_PER_PX, WEBP_MADE_UP_BYTES,
};
use crate::mending::{Filled, Filling, NOTHING, shown_alike};
use crate::sniff::FileKind;

/// Width and height as stored, from the headers.
///
/// # Errors
/// Damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    let whole = opened(bytes, FileKind::WebP).map(|decoder| decoder.dimensions());
    whole.or_else(|problem| Begun::of(bytes).and_then(|begun| begun.size()).ok_or(problem))
}

/// Whether the picture's data goes on behind the file's end.
pub fn is_cut_short(bytes: &[u8]) -> bool {
    chunks(bytes).any(|chunk| chunk.is_picture() && chunk.data.len() < chunk.claimed_bytes)
}

/// The rows that come before the end of a file that was cut short, and grey in place of
/// the others.
///
/// # Errors
/// `problem`, where there is none.
pub fn what_is_left(bytes: &[u8], problem: DevelopError) -> Result<Picture, DevelopError> {
    let begun = Begun::of(bytes).ok_or_else(|| problem.clone())?;
    let (width, height) = begun.size().ok_or_else(|| problem.clone())?;
    check_size(width, height)?;
    let pixels = u64::from(width) * u64::from(height);
    check_dense(bytes.len(), 4 * pixels)?;
    // Two pictures, and what the second one's decoder holds beside it, its data twice.
    within_memory((4 * 4 + 2 * WEBP_BYTES_PER_PX) * pixels + bytes.len() as u64, || {
        let pixels = shown_alike(&problem, |filling| begun.decoded(filling))?;
        Ok(Picture { pixels, is_cmyk: false, profile: begun.profile, damage: Some(problem) })
    })
}

/// The bits of an edge's length.
const EDGE: u32 = 0x3FFF;

/// A part of a file: a name, a length, and as much data.
struct Chunk<'a> {
    name: [u8; 4],
    claimed_bytes: usize,
    /// What of it is there.
    data: &'a [u8],
}

impl Chunk<'_> {
    fn is_picture(&self) -> bool {
        matches!(&self.name, b"VP8 " | b"VP8L")
    }

    /// Bytes that have to be made up for all of its pixels to be decoded; None for more than
    /// such a picture has.
    fn missing_bytes(&self) -> Option<u64> {
        let missing = (self.claimed_bytes - self.data.len()) as u64;
        if missing == 0 {
            return Some(0);
        }
        if &self.name == b"VP8L" {
            let edges = u32::from_le_bytes(*self.data.get(1..)?.first_chunk()?);
            let edge = |shift: u32| u64::from(edges >> shift & EDGE) + 1;
            // A pixel takes at most four words of 15 bits; what is made up may.
            return Some(missing + 8 * edge(0) * edge(14)).filter(|_| missing <= ORIGINAL_BYTES_MAX);
        }
        let [w0, w1, h0, h1] = *self.data.get(6..)?.first_chunk()?;
        let edge = |px: [u8; 2]| u64::from(u32::from(u16::from_le_bytes(px)) & EDGE);
        // Its decoder takes the memory for all that is claimed.
        let is_likely = missing <= WEBP_BYTES_PER_PX * edge([w0, w1]) * edge([h0, h1]);
        is_likely.then_some(missing + WEBP_MADE_UP_BYTES)
    }

    /// Its bytes, with the one that makes their number even.
    fn written(&self) -> Vec<u8> {
        let length = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        let padding = &[0][..self.data.len() % 2];
        [&self.name[..], &length.to_le_bytes(), self.data, padding].concat()
    }
}

/// The chunks that follow each other, up to the file's end.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    std::iter::from_fn(move || {
        let ([n0, n1, n2, n3, l0, l1, l2, l3], after) = rest.split_first_chunk::<8>()?;
        let claimed_bytes = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
        rest = after.get(claimed_bytes.saturating_add(claimed_bytes % 2)..).unwrap_or_default();
        let data = after.get(..claimed_bytes).unwrap_or(after);
        Some(Chunk { name: [*n0, *n1, *n2, *n3], claimed_bytes, data })
    })
}

/// A file that has a beginning alone, put together anew without what it lacks.
struct Begun {
    /// All that is there, up to the picture's last byte.
    own: Vec<u8>,
    /// Bytes that have to be made up.
    missing: u64,
    profile: Option<Vec<u8>>,
}

impl Begun {
    fn of(bytes: &[u8]) -> Option<Self> {
        const ALPHA: u8 = 0x10;
        const ANIMATION: u8 = 0x02;
        let mut own = b"RIFF\xFE\xFF\xFF\xFFWEBP".to_vec();
        let mut profile = None;
        for chunk in chunks(bytes) {
            let is_whole = chunk.data.len() == chunk.claimed_bytes;
            match &chunk.name {
                // Of what it announces, what stands behind the picture may be gone.
                b"VP8X" if is_whole && chunk.data.first()? & ANIMATION == 0 => {
                    let flags = [chunk.data.first()? & ALPHA];
                    let data = [&flags, chunk.data.get(1..)?].concat();
                    own.extend(Chunk { data: &data, ..chunk }.written());
                }
                b"ALPH" if is_whole => own.extend(chunk.written()),
                b"ICCP" if is_whole && chunk.data.len() <= COLOUR_PROFILE_BYTES_MAX => {
                    profile = Some(chunk.data.to_vec());
                }
                _ if chunk.is_picture() => {
                    let missing = chunk.missing_bytes()?;
                    let length = u32::try_from(chunk.data.len() as u64 + missing).ok()?;
                    own.extend([chunk.name, length.to_le_bytes()].concat());
                    own.extend(chunk.data);
                    return Some(Self { own, missing, profile });
                }
                b"ANIM" | b"ANMF" | b"VP8X" | b"ALPH" => return None,
                _ => {}
            }
        }
        None
    }

    fn size(&self) -> Option<(u32, u32)> {
        let file = Filled::new(&self.own, &NOTHING, self.own.len() as u64 + self.missing);
        WebPDecoder::new(file).ok().map(|decoder| decoder.dimensions())
    }

    fn decoded(&self, filling: &Filling) -> Result<DynamicImage, DevelopError> {
        let failed = |_| DevelopError::CutShort;
        let file = Filled::new(&self.own, filling, self.own.len() as u64 + self.missing);
        let mut decoder = WebPDecoder::new(file).map_err(failed)?;
        decoder.set_limits(limits(DECODE_BYTES_MAX)).map_err(failed)?;
        DynamicImage::from_decoder(decoder).map_err(failed)
    }
}
