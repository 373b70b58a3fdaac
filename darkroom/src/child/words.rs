//! What a child answers: a picture with all that belongs to it, or a sentence. Both
//! sides run on the same machine, so that samples go as they lie in memory.

use image::{DynamicImage, ImageBuffer, Pixel};

use crate::decode::{Picture, check_size};
use crate::error::DevelopError;

const PICTURE: u8 = 1;
const SENTENCE: u8 = 2;

/// An answer's bytes.
pub fn written(outcome: Result<Picture, DevelopError>) -> Vec<u8> {
    match outcome {
        Ok(picture) => picture_written(&picture),
        Err(error) => [&[SENTENCE][..], error.to_string().as_bytes()].concat(),
    }
}

/// Reads an answer.
///
/// # Errors
/// The child's sentence; [`DevelopError::ChildEnded`] for what is no whole answer.
pub fn read(answer: &[u8]) -> Result<Picture, DevelopError> {
    let broken = DevelopError::ChildEnded;
    match answer.split_first() {
        Some((&PICTURE, rest)) => picture_read(rest).ok_or(broken),
        Some((&SENTENCE, words)) => {
            let problem = String::from_utf8(words.to_vec()).map_err(|_| broken)?;
            Err(DevelopError::SaidByChild { problem })
        }
        _ => Err(broken),
    }
}

/// Layout, inks, width, height, profile, damage, samples; lengths go first.
fn picture_written(picture: &Picture) -> Vec<u8> {
    let (layout, samples): (u8, Vec<u8>) = match &picture.pixels {
        DynamicImage::ImageLuma8(pixels) => (1, pixels.to_vec()),
        DynamicImage::ImageLumaA8(pixels) => (2, pixels.to_vec()),
        DynamicImage::ImageRgb8(pixels) => (3, pixels.to_vec()),
        DynamicImage::ImageRgba8(pixels) => (4, pixels.to_vec()),
        DynamicImage::ImageLuma16(pixels) => (5, wide(pixels)),
        DynamicImage::ImageLumaA16(pixels) => (6, wide(pixels)),
        DynamicImage::ImageRgb16(pixels) => (7, wide(pixels)),
        DynamicImage::ImageRgba16(pixels) => (8, wide(pixels)),
        rare => (8, wide(&rare.to_rgba16())),
    };
    let mut answer = vec![PICTURE, layout, u8::from(picture.is_cmyk)];
    answer.extend(picture.pixels.width().to_le_bytes());
    answer.extend(picture.pixels.height().to_le_bytes());
    let damage = picture.damage.as_ref().map(ToString::to_string).unwrap_or_default();
    for part in [picture.profile.as_deref().unwrap_or_default(), damage.as_bytes()] {
        answer.extend(u32::try_from(part.len()).unwrap_or(0).to_le_bytes());
        answer.extend(part);
    }
    answer.extend(samples);
    answer
}

fn wide(samples: &[u16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect()
}

fn picture_read(rest: &[u8]) -> Option<Picture> {
    let ([layout, is_cmyk], rest) = rest.split_first_chunk::<2>()?;
    let (width, rest) = number(rest)?;
    let (height, rest) = number(rest)?;
    check_size(width, height).ok()?;
    let (profile, rest) = part(rest)?;
    let (damage, samples) = part(rest)?;
    let size = (width, height);
    let pixels = match layout {
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
    let problem = String::from_utf8(damage.to_vec()).ok()?;
    let damage = (!problem.is_empty()).then_some(DevelopError::SaidByChild { problem });
    let profile = (!profile.is_empty()).then(|| profile.to_vec());
    Some(Picture { pixels, is_cmyk: *is_cmyk == 1, profile, damage })
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
    bytes.chunks_exact(2).map(|two| u16::from_ne_bytes([two[0], two[1]])).collect()
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    bytes.split_first_chunk::<4>().map(|(number, rest)| (u32::from_le_bytes(*number), rest))
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let damage = Some(DevelopError::SaidByChild { problem: "Half of it is missing.".into() });
            let picture = Picture { pixels: pixels.clone(), is_cmyk: false, profile: Some(vec![1, 2]), damage };
            let answer = written(Ok(picture));
            let again = read(&answer).unwrap();
            assert_eq!((again.pixels, again.profile), (pixels, Some(vec![1, 2])));
            assert_eq!(again.damage.unwrap().to_string(), "Half of it is missing.");
            for end in 0..answer.len() {
                assert!(read(&answer[..end]).is_err(), "cut at {end}");
            }
        }
    }
}
