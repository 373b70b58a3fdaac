//! Camera JPEGs → RGB at the size that is wanted: light and colours are decoded each
//! at the smallest useful scale, shrunk as planes, and put together at the end, when
//! few pixels are left. Leaves to others what [`enprint_jpeg_scaled`] does not take.

use enprint_jpeg_scaled::{Component, Jpeg, Plane, ScaledError};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, GrayImage, RgbImage};

use crate::error::DevelopError;

/// How much of a picture's colour is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// All that the file has.
    Full,
    /// Half the light's resolution, which is what a proof stores.
    Half,
}

/// Decodes a baseline JPEG to exactly `size`; `None` where it is for another decoder,
/// which also finds the words for what is wrong with it.
pub fn decode(bytes: &[u8], size: (u32, u32), colour: Colour) -> Result<Option<DynamicImage>, DevelopError> {
    let Ok(jpeg) = Jpeg::read(bytes) else { return Ok(None) };
    if !jpeg.is_ycbcr_or_grey() {
        return Ok(None);
    }
    match jpeg.decode(&scales(&jpeg, size, colour)) {
        Ok(planes) => assembled(planes, size).map(Some),
        Err(ScaledError::TooLarge) => Err(DevelopError::TooMuchMemory),
        Err(_) => Ok(None),
    }
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
    let mut resizer = Resizer::new();
    let planes = planes.into_iter().map(|plane| resized(&mut resizer, plane, width, height));
    let mut planes = planes.collect::<Result<Vec<_>, _>>()?.into_iter();
    let fewer = || DevelopError::damaged("it has fewer pixels than it claims");
    match (planes.next(), planes.next(), planes.next()) {
        (Some(light), Some(blue), Some(red)) => {
            let rgb = RgbImage::from_raw(width, height, to_rgb(&light, &blue, &red));
            rgb.map(DynamicImage::from).ok_or_else(fewer)
        }
        (Some(light), ..) => GrayImage::from_raw(width, height, light).map(DynamicImage::from).ok_or_else(fewer),
        _ => Err(fewer()),
    }
}

fn resized(resizer: &mut Resizer, plane: Plane, width: u32, height: u32) -> Result<Vec<u8>, DevelopError> {
    if (plane.width, plane.height) == (width as usize, height as usize) && plane.covered.0.fract() == 0.0 {
        return Ok(plane.samples);
    }
    let side = |samples: usize| u32::try_from(samples).unwrap_or(u32::MAX);
    let source = ImageRef::new(side(plane.width), side(plane.height), &plane.samples, PixelType::U8)
        .map_err(DevelopError::damaged)?;
    let mut small = Image::new(width, height, PixelType::U8);
    // Colours that are spread over more pixels need no sharp filter: the proof's JPEG
    // averages them again.
    let (across, down) = plane.covered;
    let filter = if across < f64::from(width) { FilterType::Bilinear } else { FilterType::Lanczos3 };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).crop(0.0, 0.0, across, down);
    resizer.resize(&source, &mut small, &options).map_err(DevelopError::damaged)?;
    Ok(small.into_vec())
}

/// JFIF's light and colour differences → red, green, blue.
fn to_rgb(light: &[u8], blue: &[u8], red: &[u8]) -> Vec<u8> {
    let mut rgb = vec![0; light.len() * 3];
    for ((pixel, light), (blue, red)) in rgb.chunks_exact_mut(3).zip(light).zip(blue.iter().zip(red)) {
        let (light, blue, red) = (i32::from(*light) << 16, i32::from(*blue) - 128, i32::from(*red) - 128);
        let level = |sum: i32| ((sum + (1 << 15)) >> 16).clamp(0, 255) as u8;
        pixel[0] = level(light + 91_881 * red);
        pixel[1] = level(light - 22_554 * blue - 46_802 * red);
        pixel[2] = level(light + 116_130 * blue);
    }
    rgb
}
