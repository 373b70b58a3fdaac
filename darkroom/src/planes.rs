//! JPEGs → RGB at the size that is wanted: light and colours are decoded each
//! at the smallest useful scale, shrunk as planes, and put together at the end, when
//! few pixels are left. Leaves to others what [`enprint_jpeg_scaled`] does not take.

use enprint_jpeg_scaled::{Component, Jpeg, Plane, ScaledError, check_whole};
use image::{DynamicImage, GrayImage, RgbImage};

use crate::decode::within_memory;
use crate::error::DevelopError;
use crate::plane_resize::{Samples, resized};
use crate::workbench::{buffer, put_back};

/// How much of a picture's colour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// All that the file has.
    Full,
    /// Half the light's resolution, which is what a proof stores.
    Half,
}

/// What came of a JPEG.
#[derive(Debug)]
pub enum Outcome<T> {
    /// All of it.
    Made(T),
    /// It is for another decoder, and whole as far as it could be read.
    NotForThis,
    /// A part of its picture is missing or can't be right.
    Broken(DevelopError),
}

/// Decodes a JPEG to exactly `size`.
///
/// # Errors
/// [`DevelopError::TooMuchMemory`].
pub fn decode(bytes: &[u8], size: (u32, u32), colour: Colour) -> Result<Outcome<DynamicImage>, DevelopError> {
    let Some(jpeg) = for_this(bytes) else { return Ok(checked(bytes)) };
    let scales = scales(&jpeg, size, colour);
    within_memory(decoded_bytes(&jpeg, &scales, size), || match jpeg.decode_into(&scales, buffer) {
        Ok(planes) => assembled(planes, size).map(Outcome::Made),
        Err(problem) => said(problem),
    })
}

/// A JPEG whose planes are light and colours.
fn for_this(bytes: &[u8]) -> Option<Jpeg<'_>> {
    Jpeg::read(bytes).ok().filter(Jpeg::is_ycbcr_or_grey)
}

/// Other decoders fill in grey where a file lacks something, and say nothing of it: they
/// are given what was read to its last bit before.
fn checked<T>(bytes: &[u8]) -> Outcome<T> {
    check_whole(bytes).map_or_else(|problem| said(problem).unwrap_or(Outcome::NotForThis), |()| Outcome::NotForThis)
}

fn said<T>(problem: ScaledError) -> Result<Outcome<T>, DevelopError> {
    match problem {
        ScaledError::TooLarge => Err(DevelopError::TooMuchMemory),
        ScaledError::CutShort => Ok(Outcome::Broken(DevelopError::CutShort)),
        ScaledError::Data => {
            Ok(Outcome::Broken(DevelopError::damaged("the picture's data is not what a camera writes")))
        }
        _ => Ok(Outcome::NotForThis),
    }
}

/// Whether every bit of a JPEG's picture is there.
///
/// # Errors
/// [`DevelopError::CutShort`], [`DevelopError::Damaged`].
pub fn check(bytes: &[u8]) -> Result<(), DevelopError> {
    let Some(jpeg) = for_this(bytes) else {
        return if let Outcome::Broken(problem) = checked::<()>(bytes) { Err(problem) } else { Ok(()) };
    };
    // At the smallest scale most of it is stepped over.
    let scales = vec![1; jpeg.components().len()];
    let read =
        within_memory(jpeg.held_bytes(&scales), || jpeg.decode(&scales).map_or_else(said, |_| Ok(Outcome::Made(()))));
    match read {
        Ok(Outcome::Broken(problem)) => Err(problem),
        _ => Ok(()),
    }
}

/// What it takes to decode at these scales and to put together what has `size`.
fn decoded_bytes(jpeg: &Jpeg<'_>, scales: &[usize], (width, height): (u32, u32)) -> u64 {
    let pixels = u64::from(width) * u64::from(height);
    let blocks = |component: &Component| component.across * component.down;
    let most = jpeg.components().iter().map(blocks).max().unwrap_or(1) as u64;
    let stored = jpeg.size().0 as u64 * jpeg.size().1 as u64;
    let samples = jpeg
        .components()
        .iter()
        .zip(scales)
        .map(|(component, eighths)| stored * blocks(component) as u64 / most * (eighths * eighths) as u64 / 64);
    let samples = samples.sum::<u64>();
    // The first plane is resized beside the others; three at the end beside the pixels.
    let at_the_end = (samples + 2 * pixels).max(2 * jpeg.components().len() as u64 * pixels);
    at_the_end.max(samples + jpeg.held_bytes(scales))
}

/// A picture as light and two colours, these at half its size each way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planes {
    /// Of the light.
    pub width: u32,
    /// Of the light.
    pub height: u32,
    /// Levels, row by row.
    pub light: Vec<u8>,
    /// Blue and red differences; none for a grey picture.
    pub colours: Option<[Vec<u8>; 2]>,
}

impl Planes {
    /// Width and height of the colours.
    pub fn half(&self) -> (u32, u32) {
        (self.width.div_ceil(2), self.height.div_ceil(2))
    }

    /// A row of the light.
    pub fn light_row(&self, y: usize) -> &[u8] {
        row(&self.light, y, self.width)
    }

    /// The rows of both colours that belong to a row of the light.
    pub fn colour_rows(&self, y: usize) -> Option<(&[u8], &[u8])> {
        let [blue, red] = self.colours.as_ref()?;
        let width = self.half().0;
        Some((row(blue, y / 2, width), row(red, y / 2, width)))
    }

    /// Puts its levels back on the worker's bench.
    pub fn put_back(self) {
        put_back(self.light);
        self.colours.into_iter().flatten().for_each(put_back);
    }

    /// As red, green and blue, each colour for four pixels.
    pub fn rgb(&self) -> Vec<u8> {
        let mut rgb = Vec::with_capacity(self.light.len() * 3);
        for y in 0..self.height as usize {
            let light = self.light_row(y);
            let doubled = |row: &[u8]| row.iter().flat_map(|level| [*level; 2]).take(light.len()).collect::<Vec<u8>>();
            match self.colour_rows(y) {
                Some((blue, red)) => rgb.extend(to_rgb(light, &doubled(blue), &doubled(red))),
                None => rgb.extend(light.iter().flat_map(|level| [*level; 3])),
            }
        }
        rgb
    }
}

fn row(plane: &[u8], y: usize, width: u32) -> &[u8] {
    let width = width as usize;
    plane.get(y * width..(y + 1) * width).unwrap_or_default()
}

/// Decodes a JPEG to planes of `size`; `None` where it is for another decoder,
/// or damaged.
///
/// # Errors
/// [`DevelopError::TooMuchMemory`].
pub fn decode_halved(bytes: &[u8], size: (u32, u32)) -> Result<Option<Planes>, DevelopError> {
    let Some(jpeg) = for_this(bytes) else { return Ok(None) };
    let scales = scales(&jpeg, size, Colour::Half);
    match within_memory(jpeg.held_bytes(&scales), || Ok(jpeg.decode_into(&scales, buffer)))? {
        Ok(planes) => halved(planes.into_iter().map(samples), size).map(Some),
        Err(_) => Ok(None),
    }
}

fn samples(plane: Plane) -> Samples<'static> {
    Samples { levels: plane.samples.into(), size: (plane.width, plane.height), covered: plane.covered }
}

fn halved<'a>(
    mut planes: impl Iterator<Item = Samples<'a>>,
    (width, height): (u32, u32),
) -> Result<Planes, DevelopError> {
    let fewer = || DevelopError::damaged("it has fewer pixels than it claims");
    let light = resized(planes.next().ok_or_else(fewer)?, width, height)?;
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    let colour = |plane| resized(plane, half_width, half_height);
    let colours = match (planes.next(), planes.next()) {
        (Some(blue), Some(red)) => Some([colour(blue)?, colour(red)?]),
        _ => None,
    };
    Ok(Planes { width, height, light, colours })
}

/// The same picture at a smaller size.
///
/// # Errors
/// Not for planes that are whole.
pub fn shrunk(planes: &Planes, size: (u32, u32)) -> Result<Planes, DevelopError> {
    fn samples(levels: &[u8], (width, height): (u32, u32)) -> Samples<'_> {
        let covered = (f64::from(width), f64::from(height));
        Samples { levels: levels.into(), size: (width as usize, height as usize), covered }
    }
    let light = std::iter::once(samples(&planes.light, (planes.width, planes.height)));
    let colours = planes.colours.iter().flatten().map(|colour| samples(colour, planes.half()));
    halved(light.chain(colours), size)
}

/// For each component, the eighths that give at least the samples that are wanted.
fn scales(jpeg: &Jpeg<'_>, size: (u32, u32), colour: Colour) -> Vec<usize> {
    let most = |blocks: fn(&Component) -> usize| jpeg.components().iter().map(blocks).max().unwrap_or(1);
    let (across, down) = (most(|component| component.across), most(|component| component.down));
    let eighths = |(at, component): (usize, &Component)| {
        let share = if at > 0 && colour == Colour::Half { 2 } else { 1 };
        let enough = |pixels: usize, blocks: usize, blocks_max: usize, wanted: u32| {
            let wanted = (wanted as usize).div_ceil(share);
            (1..=8).find(|eighths| pixels * blocks * eighths >= wanted * blocks_max * 8).unwrap_or(8)
        };
        let wide = enough(jpeg.size().0, component.across, across, size.0);
        wide.max(enough(jpeg.size().1, component.down, down, size.1))
    };
    jpeg.components().iter().enumerate().map(eighths).collect()
}

fn assembled(planes: Vec<Plane>, (width, height): (u32, u32)) -> Result<DynamicImage, DevelopError> {
    let planes = planes.into_iter().map(|plane| resized(samples(plane), width, height));
    let mut planes = planes.collect::<Result<Vec<_>, _>>()?.into_iter();
    let fewer = || DevelopError::damaged("it has fewer pixels than it claims");
    match (planes.next(), planes.next(), planes.next()) {
        (Some(light), Some(blue), Some(red)) => {
            let rgb = RgbImage::from_raw(width, height, to_rgb(&light, &blue, &red));
            [light, blue, red].into_iter().for_each(put_back);
            rgb.map(DynamicImage::from).ok_or_else(fewer)
        }
        (Some(light), ..) => GrayImage::from_raw(width, height, light).map(DynamicImage::from).ok_or_else(fewer),
        _ => Err(fewer()),
    }
}

/// JFIF's light and colour differences → red, green, blue.
pub fn to_rgb(light: &[u8], blue: &[u8], red: &[u8]) -> Vec<u8> {
    let mut rgb = buffer(light.len() * 3);
    for ((pixel, light), (blue, red)) in rgb.chunks_exact_mut(3).zip(light).zip(blue.iter().zip(red)) {
        let (light, blue, red) = (i32::from(*light) << 16, i32::from(*blue) - 128, i32::from(*red) - 128);
        let level = |sum: i32| ((sum + (1 << 15)) >> 16).clamp(0, 255) as u8;
        pixel[0] = level(light + 91_881 * red);
        pixel[1] = level(light - 22_554 * blue - 46_802 * red);
        pixel[2] = level(light + 116_130 * blue);
    }
    rgb
}
