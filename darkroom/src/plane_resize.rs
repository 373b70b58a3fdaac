//! One plane of a picture → the same at another size. Rows lie four abreast while they
//! become narrower: the resizer takes pixels of four samples three to twelve times as fast
//! as four pixels of one. What it needs on the way comes from the worker's bench.

use std::borrow::Cow;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions};

use crate::error::DevelopError;
use crate::workbench::{buffer, put_back, with_resizer};

/// Rows that lie abreast.
const ABREAST: usize = 4;

/// A plane's samples, and how much of its width and height the picture covers.
#[derive(Debug)]
pub struct Samples<'a> {
    pub levels: Cow<'a, [u8]>,
    pub size: (usize, usize),
    pub covered: (f64, f64),
}

/// The covered part of `plane` at `width` × `height`.
///
/// # Errors
/// Not for planes that are whole.
pub fn resized(plane: Samples<'_>, width: u32, height: u32) -> Result<Vec<u8>, DevelopError> {
    let ((wide, high), (across, down)) = (plane.size, plane.covered);
    // Colours that are spread over more pixels need no sharp filter: the proof's JPEG
    // averages them again.
    let filter = if across < f64::from(width) { FilterType::Bilinear } else { FilterType::Lanczos3 };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    let mut of_height = plane.levels;
    if (high, down) != (height as usize, f64::from(height)) {
        let options = options.crop(0.0, 0.0, side(wide).into(), down);
        let from = (side(wide), side(high), PixelType::U8);
        let levels = pass((&of_height, from), (side(wide), height), &options)?;
        let_go(std::mem::replace(&mut of_height, levels.into()));
    }
    if (wide, across) == (width as usize, f64::from(width)) {
        return Ok(of_height.into_owned());
    }
    let rows = (height as usize).div_ceil(ABREAST);
    let options = options.crop(0.0, 0.0, across, rows as f64);
    let from = (side(wide), side(rows), PixelType::U8x4);
    let wide_rows = abreast(&of_height, wide, rows);
    let_go(of_height);
    let narrow = pass((&wide_rows, from), (width, side(rows)), &options)?;
    put_back(wide_rows);
    let levels = below_each_other(&narrow, width as usize, height as usize);
    put_back(narrow);
    Ok(levels)
}

fn let_go(levels: Cow<'_, [u8]>) {
    if let Cow::Owned(levels) = levels {
        put_back(levels);
    }
}

type Shape = (u32, u32, PixelType);

fn pass(
    (samples, (width, height, pixel)): (&[u8], Shape),
    to: (u32, u32),
    options: &ResizeOptions,
) -> Result<Vec<u8>, DevelopError> {
    let source = ImageRef::new(width, height, samples, pixel).map_err(DevelopError::damaged)?;
    let small = buffer(to.0 as usize * to.1 as usize * pixel.size());
    let mut small = Image::from_vec_u8(to.0, to.1, small, pixel).map_err(DevelopError::damaged)?;
    with_resizer(|resizer| resizer.resize(&source, &mut small, options)).map_err(DevelopError::damaged)?;
    Ok(small.into_vec())
}

/// Each four rows as one of four times the samples; missing rows are black.
fn abreast(samples: &[u8], width: usize, rows: usize) -> Vec<u8> {
    let mut padded = buffer(rows * ABREAST * width);
    for (to, four) in padded.chunks_exact_mut(ABREAST * width).zip(samples.chunks(ABREAST * width)) {
        let mut row = four.chunks(width);
        let mut next = || row.next().unwrap_or_default();
        match [next(), next(), next(), next()] {
            [a, b, c, d] if d.len() == width => {
                let pixels = to.chunks_exact_mut(ABREAST).zip(a).zip(b).zip(c).zip(d);
                pixels.for_each(|((((to, a), b), c), d)| to.copy_from_slice(&[*a, *b, *c, *d]));
            }
            fewer => {
                to.fill(0);
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
    let mut plane = buffer(samples.len());
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
    fn plainly(plane: &Samples<'_>, width: u32, height: u32) -> Vec<u8> {
        let (across, down) = plane.covered;
        let options =
            ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3)).crop(0.0, 0.0, across, down);
        let from = (side(plane.size.0), side(plane.size.1), PixelType::U8);
        pass((&plane.levels, from), (width, height), &options).unwrap()
    }

    #[test]
    fn a_plane_becomes_what_the_resizer_makes_of_it() {
        let sizes =
            [((64, 48), (63, 47)), ((65, 50), (31, 50)), ((65, 51), (64, 13)), ((40, 3), (9, 1)), ((9, 9), (1, 2))];
        for (size, (width, height)) in sizes {
            for part in [0.0, 0.625] {
                let levels: Vec<u8> = (0..size.0 * size.1).map(|at| ((at * at * 31) >> 3) as u8).collect();
                let covered = (size.0 as f64 - part, size.1 as f64 - part);
                let plane = Samples { levels: levels.into(), size, covered };
                let wanted = plainly(&plane, width, height);
                let made = resized(plane, width, height).unwrap();
                let most = made.iter().zip(&wanted).map(|(a, b)| a.abs_diff(*b)).max();
                assert_eq!(made.len(), wanted.len());
                assert!(most <= Some(1), "{size:?} to {width}x{height}: {most:?} levels");
            }
        }
    }
}
