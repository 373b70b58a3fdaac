//! One plane of a picture → the same at another size. Rows lie four abreast while they
//! become narrower: the resizer takes pixels of four samples three to twelve times as fast
//! as four pixels of one.

use enprint_jpeg_scaled::Plane;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::DevelopError;

/// Rows that lie abreast.
const ABREAST: usize = 4;

/// The covered part of `plane` at `width` × `height`.
///
/// # Errors
/// Not for planes that are whole.
pub fn resized(resizer: &mut Resizer, plane: Plane, width: u32, height: u32) -> Result<Vec<u8>, DevelopError> {
    let (across, down) = plane.covered;
    // Colours that are spread over more pixels need no sharp filter: the proof's JPEG
    // averages them again.
    let filter = if across < f64::from(width) { FilterType::Bilinear } else { FilterType::Lanczos3 };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    let mut of_height = plane.samples;
    if (plane.height, down) != (height as usize, f64::from(height)) {
        let options = options.crop(0.0, 0.0, side(plane.width).into(), down);
        let from = (side(plane.width), side(plane.height), PixelType::U8);
        of_height = pass(resizer, (&of_height, from), (side(plane.width), height), &options)?;
    }
    if (plane.width, across) == (width as usize, f64::from(width)) {
        return Ok(of_height);
    }
    let rows = (height as usize).div_ceil(ABREAST);
    let options = options.crop(0.0, 0.0, across, rows as f64);
    let from = (side(plane.width), side(rows), PixelType::U8x4);
    let narrow = pass(resizer, (&abreast(&of_height, plane.width, rows), from), (width, side(rows)), &options)?;
    Ok(below_each_other(&narrow, width as usize, height as usize))
}

type Shape = (u32, u32, PixelType);

fn pass(
    resizer: &mut Resizer,
    (samples, (width, height, pixel)): (&[u8], Shape),
    to: (u32, u32),
    options: &ResizeOptions,
) -> Result<Vec<u8>, DevelopError> {
    let source = ImageRef::new(width, height, samples, pixel).map_err(DevelopError::damaged)?;
    let mut small = Image::new(to.0, to.1, pixel);
    resizer.resize(&source, &mut small, options).map_err(DevelopError::damaged)?;
    Ok(small.into_vec())
}

/// Each four rows as one of four times the samples; missing rows are black.
fn abreast(samples: &[u8], width: usize, rows: usize) -> Vec<u8> {
    let mut padded = vec![0; rows * ABREAST * width];
    for (to, four) in padded.chunks_exact_mut(ABREAST * width).zip(samples.chunks(ABREAST * width)) {
        let mut row = four.chunks(width);
        let mut next = || row.next().unwrap_or_default();
        match [next(), next(), next(), next()] {
            [a, b, c, d] if d.len() == width => {
                let pixels = to.chunks_exact_mut(ABREAST).zip(a).zip(b).zip(c).zip(d);
                pixels.for_each(|((((to, a), b), c), d)| to.copy_from_slice(&[*a, *b, *c, *d]));
            }
            fewer => {
                for (at, row) in fewer.iter().enumerate() {
                    to.iter_mut().skip(at).step_by(ABREAST).zip(*row).for_each(|(to, sample)| *to = *sample);
                }
            }
        }
    }
    padded
}

/// The rows as they were, without what [`abreast`] added.
fn below_each_other(samples: &[u8], width: usize, height: usize) -> Vec<u8> {
    let mut plane = vec![0; samples.len()];
    for (four, from) in plane.chunks_exact_mut(ABREAST * width).zip(samples.chunks_exact(ABREAST * width)) {
        let (a, rest) = four.split_at_mut(width);
        let (b, rest) = rest.split_at_mut(width);
        let (c, d) = rest.split_at_mut(width);
        let pixels = a.iter_mut().zip(b).zip(c).zip(d).zip(from.chunks_exact(ABREAST));
        pixels.for_each(|((((a, b), c), d), from)| (*a, *b, *c, *d) = (from[0], from[1], from[2], from[3]));
    }
    plane.truncate(width * height);
    plane
}

fn side(samples: usize) -> u32 {
    u32::try_from(samples).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the resizer makes of the plane as it is.
    fn plainly(plane: &Plane, width: u32, height: u32) -> Vec<u8> {
        let (across, down) = plane.covered;
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).crop(0.0, 0.0, across, down);
        let from = (side(plane.width), side(plane.height), PixelType::U8);
        pass(&mut Resizer::new(), (&plane.samples, from), (width, height), &options).unwrap()
    }

    #[test]
    fn a_plane_becomes_what_the_resizer_makes_of_it() {
        let sizes =
            [((64, 48), (63, 47)), ((65, 50), (31, 50)), ((65, 51), (64, 13)), ((40, 3), (9, 1)), ((9, 9), (1, 2))];
        for ((from_width, from_height), (width, height)) in sizes {
            for part in [0.0, 0.625] {
                let samples = (0..from_width * from_height).map(|at| ((at * at * 31) >> 3) as u8).collect();
                let covered = (from_width as f64 - part, from_height as f64 - part);
                let plane = Plane { width: from_width, height: from_height, covered, samples };
                let wanted = plainly(&plane, width, height);
                let made = resized(&mut Resizer::new(), plane, width, height).unwrap();
                let most = made.iter().zip(&wanted).map(|(a, b)| a.abs_diff(*b)).max();
                assert_eq!(made.len(), wanted.len());
                assert!(most <= Some(1), "{from_width}x{from_height} to {width}x{height}: {most:?} levels");
            }
        }
    }
}
