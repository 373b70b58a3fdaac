//! What goes through the pipes: a wish and a file one way, what was seen or a sentence
//! the other. Before that the child says how much memory it needs, and waits for a byte
//! that lets it have it. Both sides run on the same machine, so that samples go as they
//! lie in memory. A child may have fallen to its file: what it answers is believed within
//! the bounds that hold for files.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use image::{DynamicImage, ImageBuffer, Pixel};
use serde::{Deserialize, Serialize};

use crate::decode::{Picture, check_size};
use crate::error::DevelopError;
use crate::facts::Facts;
use crate::limits::{
    CHILD_NEEDS_MAX, CHILD_PIECE_BYTES, CHILD_WORDS_BYTES_MAX, COLOUR_PROFILE_BYTES_MAX, DECODE_BYTES_MAX,
};
use crate::look::{Looked, Wish};

const SEEN: u8 = 1;
const SENTENCE: u8 = 2;
const NEEDS: u8 = 3;
/// What lets a child go on that needs memory.
pub(super) const GO: u8 = 1;

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

/// Says how much memory the child is about to take.
pub(super) fn write_need(bytes: u64, output: &mut impl Write) -> io::Result<()> {
    output.write_all(&[NEEDS])?;
    output.write_all(&bytes.to_le_bytes())?;
    output.flush()
}

/// Writes an answer: the words and their length, the profile, the samples.
pub(super) fn write(outcome: Result<Looked, DevelopError>, output: &mut impl Write) -> io::Result<()> {
    let looked = match outcome {
        Ok(looked) => looked,
        Err(error) => {
            output.write_all(&[SENTENCE])?;
            return output.write_all(error.to_string().as_bytes());
        }
    };
    let profile = looked.picture.as_ref().and_then(|picture| picture.profile.clone()).unwrap_or_default();
    let pixels = looked.picture.as_ref().map(|picture| in_layout(&picture.pixels));
    let picture = looked.picture.as_ref().map(|picture| PictureHead {
        layout: pixels.as_ref().map_or(0, |pixels| layout(pixels)),
        is_cmyk: picture.is_cmyk,
        width_px: picture.pixels.width(),
        height_px: picture.pixels.height(),
        profile_bytes: length_of(&profile),
        damage: picture.damage.as_ref().map(DevelopError::to_string),
    });
    let head = Head { facts: looked.facts, says_adobe_rgb: looked.says_adobe_rgb, picture };
    let words = serde_json::to_vec(&head).unwrap_or_default();
    output.write_all(&[SEEN])?;
    output.write_all(&length_of(&words).to_le_bytes())?;
    output.write_all(&words)?;
    output.write_all(&profile)?;
    pixels.map_or(Ok(()), |pixels| write_samples(&pixels, output))
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(0)
}

/// What a child that is answered can get.
pub(super) trait Room {
    /// The child waits until it has so much memory, or this process until it has it for
    /// the answer.
    ///
    /// # Errors
    /// When the child is gone.
    fn for_child(&mut self, bytes: u64) -> Result<(), DevelopError>;

    /// This process is about to take so much for the answer.
    ///
    /// # Errors
    /// As [`Self::for_child`].
    fn for_answer(&mut self, bytes: u64) -> Result<(), DevelopError>;
}

/// Reads an answer to its end, and gives the child `room` where it asks for it.
///
/// # Errors
/// The child's sentence; [`DevelopError::ChildEnded`] for what is no whole answer.
pub(super) fn read(answer: &mut impl Read, room: &mut impl Room) -> Result<Looked, DevelopError> {
    for _ in 0..CHILD_NEEDS_MAX {
        match number(answer)? {
            [NEEDS] => room.for_child(u64::from_le_bytes(number(answer)?))?,
            [SEEN] => return seen(answer, room),
            [SENTENCE] => return Err(said(answer).unwrap_or(DevelopError::ChildEnded)),
            _ => break,
        }
    }
    Err(DevelopError::ChildEnded)
}

fn number<const BYTES: usize>(answer: &mut impl Read) -> Result<[u8; BYTES], DevelopError> {
    let mut number = [0; BYTES];
    answer.read_exact(&mut number).map_err(|_| DevelopError::ChildEnded)?;
    Ok(number)
}

/// Exactly so many bytes, of which a child may have promised too many.
fn bytes(answer: &mut impl Read, length: u64) -> Result<Vec<u8>, DevelopError> {
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let read = answer.take(length).read_to_end(&mut bytes);
    if read.is_ok_and(|read| read as u64 == length) { Ok(bytes) } else { Err(DevelopError::ChildEnded) }
}

fn said(answer: &mut impl Read) -> Option<DevelopError> {
    let mut words = Vec::new();
    answer.take(CHILD_WORDS_BYTES_MAX as u64).read_to_end(&mut words).ok()?;
    sentence(words)
}

fn sentence(words: Vec<u8>) -> Option<DevelopError> {
    let problem = String::from_utf8(words).ok()?;
    let is_shown = !problem.is_empty() && !problem.contains(char::is_control);
    is_shown.then_some(DevelopError::SaidByChild { problem })
}

fn seen(answer: &mut impl Read, room: &mut impl Room) -> Result<Looked, DevelopError> {
    let length = u32::from_le_bytes(number(answer)?);
    let words = bytes(answer, u64::from(length).min(CHILD_WORDS_BYTES_MAX as u64))?;
    let head: Head = serde_json::from_slice(&words).map_err(|_| DevelopError::ChildEnded)?;
    check_size(head.facts.width_px, head.facts.height_px).map_err(|_| DevelopError::ChildEnded)?;
    let picture = head.picture.map(|picture| picture_read(&picture, answer, room)).transpose()?;
    // An answer that goes on is no answer.
    if !answer.read(&mut [0]).is_ok_and(|read| read == 0) {
        return Err(DevelopError::ChildEnded);
    }
    Ok(Looked { facts: head.facts.believed(), says_adobe_rgb: head.says_adobe_rgb, picture })
}

/// The picture in a layout that has a number.
fn in_layout(pixels: &DynamicImage) -> Cow<'_, DynamicImage> {
    if layout(pixels) > 0 { Cow::Borrowed(pixels) } else { Cow::Owned(pixels.to_rgba16().into()) }
}

/// The number of a layout; 0 for rare ones.
fn layout(pixels: &DynamicImage) -> u8 {
    match pixels {
        DynamicImage::ImageLuma8(_) => 1,
        DynamicImage::ImageLumaA8(_) => 2,
        DynamicImage::ImageRgb8(_) => 3,
        DynamicImage::ImageRgba8(_) => 4,
        DynamicImage::ImageLuma16(_) => 5,
        DynamicImage::ImageLumaA16(_) => 6,
        DynamicImage::ImageRgb16(_) => 7,
        DynamicImage::ImageRgba16(_) => 8,
        _ => 0,
    }
}

fn write_samples(pixels: &DynamicImage, output: &mut impl Write) -> io::Result<()> {
    match pixels {
        DynamicImage::ImageLuma16(pixels) => write_wide(pixels, output),
        DynamicImage::ImageLumaA16(pixels) => write_wide(pixels, output),
        DynamicImage::ImageRgb16(pixels) => write_wide(pixels, output),
        DynamicImage::ImageRgba16(pixels) => write_wide(pixels, output),
        narrow => output.write_all(narrow.as_bytes()),
    }
}

fn write_wide(samples: &[u16], output: &mut impl Write) -> io::Result<()> {
    samples.chunks(CHILD_PIECE_BYTES / 2).try_for_each(|piece| {
        output.write_all(&piece.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<u8>>())
    })
}

fn picture_read(head: &PictureHead, answer: &mut impl Read, room: &mut impl Room) -> Result<Picture, DevelopError> {
    let size = (head.width_px, head.height_px);
    check_size(size.0, size.1).map_err(|_| DevelopError::ChildEnded)?;
    let profile = bytes(answer, u64::from(head.profile_bytes).min(COLOUR_PROFILE_BYTES_MAX as u64 + 1))?;
    let pixels = match head.layout {
        1 => DynamicImage::ImageLuma8(filled(size, answer, room, bytes)?),
        2 => DynamicImage::ImageLumaA8(filled(size, answer, room, bytes)?),
        3 => DynamicImage::ImageRgb8(filled(size, answer, room, bytes)?),
        4 => DynamicImage::ImageRgba8(filled(size, answer, room, bytes)?),
        5 => DynamicImage::ImageLuma16(filled(size, answer, room, wide)?),
        6 => DynamicImage::ImageLumaA16(filled(size, answer, room, wide)?),
        7 => DynamicImage::ImageRgb16(filled(size, answer, room, wide)?),
        8 => DynamicImage::ImageRgba16(filled(size, answer, room, wide)?),
        _ => return Err(DevelopError::ChildEnded),
    };
    let damage = head.damage.clone().map(|words| sentence(words.into_bytes()).ok_or(DevelopError::ChildEnded));
    let profile = (1..=COLOUR_PROFILE_BYTES_MAX).contains(&profile.len()).then_some(profile);
    Ok(Picture { pixels, is_cmyk: head.is_cmyk && head.layout == 4, profile, damage: damage.transpose()? })
}

/// A picture of the samples that come next, so many as `size` needs.
fn filled<P: Pixel, R: Read>(
    (width, height): (u32, u32),
    answer: &mut R,
    room: &mut impl Room,
    samples: impl Fn(&mut R, u64) -> Result<Vec<P::Subpixel>, DevelopError>,
) -> Result<ImageBuffer<P, Vec<P::Subpixel>>, DevelopError> {
    let pixels = u64::from(width) * u64::from(height) * u64::from(P::CHANNEL_COUNT);
    let length = pixels * size_of::<P::Subpixel>() as u64;
    if length > DECODE_BYTES_MAX {
        return Err(DevelopError::ChildEnded);
    }
    room.for_answer(length)?;
    ImageBuffer::from_raw(width, height, samples(answer, length)?).ok_or(DevelopError::ChildEnded)
}

fn wide(answer: &mut impl Read, length: u64) -> Result<Vec<u16>, DevelopError> {
    let mut samples = Vec::with_capacity(usize::try_from(length / 2).unwrap_or(0));
    let mut left = length;
    while left > 0 {
        let piece = bytes(answer, left.min(CHILD_PIECE_BYTES as u64))?;
        samples.extend(piece.as_chunks::<2>().0.iter().map(|two| u16::from_ne_bytes(*two)));
        left -= piece.len() as u64;
    }
    Ok(samples)
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
        let mut answer = Vec::new();
        write(Ok(Looked { facts: facts(), says_adobe_rgb: true, picture: Some(picture) }), &mut answer).unwrap();
        answer
    }

    /// What the child was given and what the answer took.
    #[derive(Default)]
    struct Counted(Vec<u64>, Vec<u64>);

    impl Room for Counted {
        fn for_child(&mut self, bytes: u64) -> Result<(), DevelopError> {
            self.0.push(bytes);
            Ok(())
        }

        fn for_answer(&mut self, bytes: u64) -> Result<(), DevelopError> {
            self.1.push(bytes);
            Ok(())
        }
    }

    fn read(mut answer: &[u8]) -> Result<Looked, DevelopError> {
        super::read(&mut answer, &mut Counted::default())
    }

    #[test]
    fn what_a_child_needs_is_asked_for_before_and_a_greedy_one_is_ended() {
        let answer = answer(DynamicImage::new_rgb16(5, 3));
        let need = |bytes: u64| {
            let mut need = Vec::new();
            write_need(bytes, &mut need).unwrap();
            need
        };
        let (asked, mut counted) = ([need(77), need(1 << 40), answer].concat(), Counted::default());
        assert!(super::read(&mut asked.as_slice(), &mut counted).is_ok());
        assert_eq!((counted.0, counted.1), (vec![77, 1 << 40], vec![90]));
        assert_eq!(read(&need(1).repeat(CHILD_NEEDS_MAX + 1)).unwrap_err(), DevelopError::ChildEnded);
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
            assert!(read(&[&answer[..], &[0]].concat()).is_err(), "an answer that goes on");
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
