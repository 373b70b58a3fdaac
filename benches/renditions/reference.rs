//! The picture that a proof should be: every pixel decoded, converted to sRGB,
//! turned upright, then shrunk by Lanczos3 to the proof's own size. Slow on purpose.

use std::path::Path;

use anyhow::Context;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// The whole photo at `path`, upright and in sRGB. An error for inks, which every
/// library turns into light in its own way, so that none is the reference.
pub fn whole(path: &Path) -> anyhow::Result<RgbImage> {
    let mut decoder = ImageReader::open(path)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let profile = profile.and_then(|bytes| ColorProfile::new_from_slice(&bytes).ok());
    let is_inks = profile.as_ref().is_some_and(|profile| profile.color_space == DataColorSpace::Cmyk)
        || decoder.original_color_type() == image::ExtendedColorType::Cmyk8;
    anyhow::ensure!(!is_inks, "inks are not judged");
    let mut pixels = DynamicImage::from_decoder(decoder)?;
    pixels.apply_orientation(orientation);
    let profile = profile.filter(|profile| profile.color_space == DataColorSpace::Rgb);
    match profile {
        Some(profile) => to_srgb(&pixels.into_rgb8(), &profile),
        None => Ok(pixels.into_rgb8()),
    }
}

/// `whole` shrunk to `size`.
pub fn shrunk(whole: &RgbImage, size: (u32, u32)) -> anyhow::Result<RgbImage> {
    let mut small = RgbImage::new(size.0, size.1);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize(whole, &mut small, &options)?;
    Ok(small)
}

fn to_srgb(pixels: &RgbImage, profile: &ColorProfile) -> anyhow::Result<RgbImage> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let transform = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options)?;
    let mut converted = RgbImage::new(pixels.width(), pixels.height());
    transform.transform(pixels.as_raw(), &mut converted).context("the profile does not fit the picture")?;
    Ok(converted)
}
