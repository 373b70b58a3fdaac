//! What goes through the pipes: a wish and a file one way, what was seen or a sentence
//! the other. Both sides run on the same machine, so that samples go as they lie in
//! memory. A child may have fallen to its file: what it answers is believed within the
//! bounds that hold for files.

use std::io::Read;

use image::{DynamicImage, ImageBuffer, Pixel};
use serde::{Deserialize, Serialize};

use crate::decode::{Picture, check_size};
use crate::error::DevelopError;
use crate::facts::Facts;
use crate::limits::{CHILD_WORDS_BYTES_MAX, COLOUR_PROFILE_BYTES_MAX};
use crate::look::{Looked, Wish};

const SEEN: u8 = 1;
const SENTENCE: u8 = 2;

/// What stands before the file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Request {
    pub(crate) wish: Wish,
    /// Of the file that follows.
    pub(crate) file_bytes: u64,
}

impl Request {
    /// Its bytes, their number first.
    pub fn written(&self) -> Vec<u8> {
        let words = serde_json::to_vec(self).unwrap_or_default();
        [&length_of(&words).to_le_bytes()[..], &words].concat()
    }

    /// Reads a request; None for what is none.
    pub fn read(input: &mut impl Read) -> Option<Self> {
        let mut length = [0; 4];
        input.read_exact(&mut length).ok()?;
        let length = u64::from(u32::from_le_bytes(length)).min(CHILD_WORDS_BYTES_MAX as u64);
        let mut words = Vec::new();
        input.take(length).read_to_end(&mut words).ok()?;
        serde_json::from_slice(&words).ok()
    }
}

/// All of an answer but for bytes without words.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    facts: Facts,
    says_adobe_rgb: bool,
    picture: Option<PictureHead>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PictureHead {
    layout: u8,
    is_cmyk: bool,
    width_px: u32,
    height_px: u32,
    profile_bytes: u32,
    damage: Option<String>,
}

/// An answer's bytes: the words and their length, the profile, the samples.
pub(crate) fn written(outcome: Result<Looked, DevelopError>) -> Vec<u8> {
    let looked = match outcome {
        Ok(looked) => looked,
        Err(error) => return [&[SENTENCE][..], error.to_string().as_bytes()].concat(),
    };
    let samples = looked.picture.as_ref().map(|picture| samples(&picture.pixels));
    let (layout, samples) = samples.unwrap_or_default();
    let profile = looked.picture.as_ref().and_then(|picture| picture.profile.clone()).unwrap_or_default();
    let picture = looked.picture.map(|picture| PictureHead {
        layout,
        is_cmyk: picture.is_cmyk,
        width_px: picture.pixels.width(),
        height_px: picture.pixels.height(),
        profile_bytes: length_of(&profile),
        damage: picture.damage.map(|damage| damage.to_string()),
    });
    let head = Head { facts: looked.facts, says_adobe_rgb: looked.says_adobe_rgb, picture };
    let words = serde_json::to_vec(&head).unwrap_or_default();
    [&[SEEN][..], &length_of(&words).to_le_bytes(), &words, &profile, &samples].concat()
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

/// Reads an answer.
///
/// # Errors
/// The child's sentence; [`DevelopError::ChildEnded`] for what is no whole answer.
pub(crate) fn read(answer: &[u8]) -> Result<Looked, DevelopError> {
    let broken = DevelopError::ChildEnded;
    match answer.split_first() {
        Some((&SEEN, rest)) => seen(rest).ok_or(broken),
        Some((&SENTENCE, words)) => sentence(words).map_or(Err(broken), Err),
        _ => Err(broken),
    }
}

fn sentence(words: &[u8]) -> Option<DevelopError> {
    let problem = String::from_utf8(words.get(..words.len().min(CHILD_WORDS_BYTES_MAX))?.to_vec()).ok()?;
    let is_shown = !problem.is_empty() && !problem.contains(char::is_control);
    is_shown.then_some(DevelopError::SaidByChild { problem })
}

fn seen(rest: &[u8]) -> Option<Looked> {
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (words, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let head: Head = serde_json::from_slice(words.get(..words.len().min(CHILD_WORDS_BYTES_MAX))?).ok()?;
    check_size(head.facts.width_px, head.facts.height_px).ok()?;
    let picture = match head.picture {
        Some(picture) => Some(picture_read(&picture, rest)?),
        None => None,
    };
    Some(Looked { facts: head.facts.believed(), says_adobe_rgb: head.says_adobe_rgb, picture })
}

fn samples(pixels: &DynamicImage) -> (u8, Vec<u8>) {
    match pixels {
        DynamicImage::ImageLuma8(pixels) => (1, pixels.to_vec()),
        DynamicImage::ImageLumaA8(pixels) => (2, pixels.to_vec()),
        DynamicImage::ImageRgb8(pixels) => (3, pixels.to_vec()),
        DynamicImage::ImageRgba8(pixels) => (4, pixels.to_vec()),
        DynamicImage::ImageLuma16(pixels) => (5, wide(pixels)),
        DynamicImage::ImageLumaA16(pixels) => (6, wide(pixels)),
        DynamicImage::ImageRgb16(pixels) => (7, wide(pixels)),
        DynamicImage::ImageRgba16(pixels) => (8, wide(pixels)),
        rare => (8, wide(&rare.to_rgba16())),
    }
}

fn wide(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
}

fn picture_read(head: &PictureHead, rest: &[u8]) -> Option<Picture> {
    let size = (head.width_px, head.height_px);
    check_size(size.0, size.1).ok()?;
    let (profile, samples) = rest.split_at_checked(head.profile_bytes as usize)?;
    let pixels = match head.layout {
        1 => DynamicImage::ImageLuma8(filled(size, samples.to_vec())?),
        2 => DynamicImage::ImageLumaA8(filled(size, samples.to_vec())?),
        3 => DynamicImage::ImageRgb8(filled(size, samples.to_vec())?),
        4 => DynamicImage::ImageRgba8(filled(size, samples.to_vec())?),
        5 => DynamicImage::ImageLuma16(filled(size, narrow(samples))?),
        6 => DynamicImage::ImageLumaA16(filled(size, narrow(samples))?),
        7 => DynamicImage::ImageRgb16(filled(size, narrow(samples))?),
        8 => DynamicImage::ImageRgba16(filled(size, narrow(samples))?),
        _ => return None,
    };
    let damage = match &head.damage {
        Some(words) => Some(sentence(words.as_bytes())?),
        None => None,
    };
    let profile = (1..=COLOUR_PROFILE_BYTES_MAX).contains(&profile.len()).then(|| profile.to_vec());
    Some(Picture { pixels, is_cmyk: head.is_cmyk && head.layout == 4, profile, damage })
}

/// A picture of exactly these samples.
fn filled<P: Pixel>(
    (width, height): (u32, u32),
    samples: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    let wanted = width as usize * height as usize * usize::from(P::CHANNEL_COUNT);
    (samples.len() == wanted).then(|| ImageBuffer::from_raw(width, height, samples)).flatten()
}

fn narrow(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|two| u16::from_ne_bytes(*two)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        let mut png = std::io::Cursor::new(Vec::new());
        DynamicImage::new_rgb8(5, 3).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let mut facts = crate::read_facts(&png.into_inner()).unwrap();
        facts.captured = crate::Captured::from_xmp("2025-06-21T14:03:59.25+02:00");
        facts.exposure.f_number = Some(2.8);
        (facts.lens, facts.keywords) = (Some("35 mm".into()), vec!["café".into()]);
        facts
    }

    fn answer(pixels: DynamicImage) -> Vec<u8> {
        let damage = Some(DevelopError::SaidByChild { problem: "Half of it is missing.".into() });
        let picture = Picture { pixels, is_cmyk: false, profile: Some(vec![1, 2]), damage };
        written(Ok(Looked { facts: facts(), says_adobe_rgb: true, picture: Some(picture) }))
    }

    #[test]
    fn every_layout_comes_through_and_a_cut_answer_does_not() {
        let rgb = DynamicImage::from(image::RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 9])));
        let layouts = [
            rgb.to_luma8().into(),
            DynamicImage::ImageLumaA8(rgb.to_luma_alpha8()),
            rgb.to_rgba8().into(),
            DynamicImage::ImageLuma16(rgb.to_luma16()),
            DynamicImage::ImageLumaA16(rgb.to_luma_alpha16()),
            DynamicImage::ImageRgb16(rgb.to_rgb16()),
            DynamicImage::ImageRgba16(rgb.to_rgba16()),
            rgb,
        ];
        for pixels in layouts {
            let answer = answer(pixels.clone());
            let again = read(&answer).unwrap();
            assert_eq!((again.facts, again.says_adobe_rgb), (facts(), true));
            let picture = again.picture.unwrap();
            assert_eq!((picture.pixels, picture.profile), (pixels, Some(vec![1, 2])));
            assert_eq!(picture.damage.unwrap().to_string(), "Half of it is missing.");
            for end in 0..answer.len() {
                assert!(read(&answer[..end]).is_err(), "cut at {end}");
            }
        }
    }

    #[test]
    fn answers_of_a_child_that_fell_to_its_file_are_bounded() {
        let whole = answer(DynamicImage::new_rgb8(5, 3));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut spoiled = whole.clone();
                spoiled[at] ^= 1 << bit;
                if let Ok(looked) = read(&spoiled) {
                    assert!(check_size(looked.facts.width_px, looked.facts.height_px).is_ok());
                    assert!(looked.facts.rating.is_none_or(|stars| stars <= 5));
                }
            }
        }
        let said = |words: &str| read(&[&[SENTENCE], words.as_bytes()].concat()).unwrap_err();
        assert_eq!(said("The file is damaged.").to_string(), "The file is damaged.");
        assert_eq!(said("\u{1b}[2J"), DevelopError::ChildEnded);
        assert_eq!(said(""), DevelopError::ChildEnded);
    }

    #[test]
    fn a_request_comes_through() {
        let wish = Wish { recipe: crate::Recipe { straighten: -120, ..Default::default() }, edge_px: 1600 };
        let bytes = Request { wish, file_bytes: 77 }.written();
        let again = Request::read(&mut bytes.as_slice()).unwrap();
        assert_eq!((again.wish, again.file_bytes), (wish, 77));
        for end in 0..bytes.len() {
            assert!(Request::read(&mut &bytes[..end]).is_none());
        }
    }
}
