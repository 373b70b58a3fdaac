//! A JPEG in several scans, progressive or not → its planes. Of each block the lowest
//! N × N coefficients are kept until the last scan, and of the rest only which are not
//! zero, which is what it takes to follow the bits.

use fearless_simd::{Level, dispatch};

use crate::bits::Bits;
use crate::block::{Lane, ZIGZAG, read_lowest};
use crate::error::ScaledError;
use crate::headers::{Component, Headers};
use crate::huffman::Code;
use crate::limits::CHECKED_BLOCKS_MAX;
use crate::making::{Making, Plane};
use crate::scans::{Grid, Kept, Picture, refine_places};

/// A block's lowest coefficients, row by row and without their steps.
#[derive(Clone)]
struct Lowest<const N: usize> {
    /// For each position in zigzag order, whether it is not zero.
    places: u64,
    values: [[i16; N]; N],
}

/// What is held at once.
pub fn held_bytes(headers: &Headers<'_>, eighths: &[usize]) -> u64 {
    let mcus = headers.mcus().0 as u64 * headers.mcus().1 as u64;
    let in_mcu: usize = headers.components.iter().map(|component| component.across * component.down).sum();
    let n = largest(eighths) as u64;
    mcus * in_mcu as u64 * (8 + (2 * n * n).next_multiple_of(8))
}

/// Reads all scans and makes the planes, each at its number of eighths.
///
/// # Errors
/// As [`crate::Jpeg::decode`].
pub fn decode(bytes: &[u8], eighths: &[usize]) -> Result<Vec<Plane>, ScaledError> {
    let read = match largest(eighths) {
        1 => decode_at::<1>,
        2 => decode_at::<2>,
        3 => decode_at::<3>,
        4 => decode_at::<4>,
        5 => decode_at::<5>,
        6 => decode_at::<6>,
        7 => decode_at::<7>,
        _ => decode_at::<8>,
    };
    read(bytes, eighths)
}

fn largest(eighths: &[usize]) -> usize {
    eighths.iter().copied().max().unwrap_or(1).clamp(1, 8)
}

fn decode_at<const N: usize>(bytes: &[u8], eighths: &[usize]) -> Result<Vec<Plane>, ScaledError> {
    let picture = Picture::<Lowest<N>>::read(Headers::of_scans(bytes)?)?;
    let headers = &picture.headers;
    let components = headers.components.iter().zip(&picture.grids).zip(eighths);
    let plane = |((component, grid), n): ((&Component, &Grid<Lowest<N>>), &usize)| {
        let making = Making::new(headers, component, (*n).clamp(1, N))?;
        Ok(dispatch!(Level::new(), _ => made(making, component, grid, (*n).clamp(1, N)))?)
    };
    components.map(plane).collect()
}

#[inline(always)]
fn made<const N: usize>(
    mut making: Making,
    component: &Component,
    grid: &Grid<Lowest<N>>,
    n: usize,
) -> Result<Plane, ScaledError> {
    let steps = steps::<N>(grid.table.as_ref().ok_or(ScaledError::Headers("a table is missing"))?);
    let (across, down) = (component.across, component.down);
    for row in 0..grid.down / down {
        for column in 0..grid.across / across {
            making.take_mcu(column, |lane, (x, y), batch| {
                let block = grid.blocks.get((row * down + y) * grid.across + column * across + x);
                block.ok_or(ScaledError::Data)?.put_into(batch, lane, &steps, n);
                Ok(())
            })?;
        }
        making.finish_row();
    }
    Ok(making.finish())
}

/// The lowest steps of a table in zigzag order, row by row.
fn steps<const N: usize>(table: &[u16; 64]) -> [[i32; N]; N] {
    let mut steps = [[0; N]; N];
    for (natural, step) in ZIGZAG.iter().zip(table) {
        if let Some(place) = at(&mut steps, *natural) {
            *place = i32::from(*step);
        }
    }
    steps
}

/// The place of a coefficient that is kept.
#[inline(always)]
fn at<T, const N: usize>(rows: &mut [[T; N]; N], natural: u8) -> Option<&mut T> {
    rows.get_mut(usize::from(natural / 8)).and_then(|row| row.get_mut(usize::from(natural % 8)))
}

impl<const N: usize> Lowest<N> {
    /// The last position of which more is kept than whether it is zero.
    const LAST: usize = [0, 0, 4, 12, 24, 40, 51, 59, 63][N];

    #[inline(always)]
    fn put_into(&self, batch: &mut [Lane; 65], lane: usize, steps: &[[i32; N]; N], n: usize) {
        for (row, (values, steps)) in self.values.iter().zip(steps).enumerate().take(n) {
            for (column, (value, step)) in values.iter().zip(steps).enumerate().take(n) {
                batch[(row * n + column) & 63][lane & 7] = i32::from(*value) * step;
            }
        }
    }
}

impl<const N: usize> Kept for Lowest<N> {
    const ZERO: Self = Self { places: 0, values: [[0; N]; N] };
    const HELD: u64 = CHECKED_BLOCKS_MAX;

    fn put(&mut self, position: usize, value: i32) {
        self.places |= 1 << (position & 63);
        if position <= Self::LAST
            && let Some(place) = at(&mut self.values, ZIGZAG[position & 63])
        {
            *place = value as i16;
        }
    }

    fn refine_light(&mut self, bit: i32) {
        self.values[0][0] |= bit as i16;
    }

    fn refine(&mut self, bits: &mut Bits<'_>, bit: i32, band: (usize, usize), run: Option<u32>) -> usize {
        let values = &mut self.values;
        refine_places(self.places, bits, band, Self::LAST, run, |position| {
            if let Some(value) = at(values, ZIGZAG[position & 63]) {
                *value = value.wrapping_add(if *value < 0 { -bit as i16 } else { bit as i16 });
            }
        })
    }

    fn read(&mut self, bits: &mut Bits<'_>, codes: (&Code, &Code), level: &mut i32) -> Result<(), ScaledError> {
        read_lowest(bits, codes, level, Self::LAST, |position, value| self.put(position, value))
    }
}
