//! The colours of a print file: the photo's own with their profile, or a lab's. Depth is
//! kept until here, so that gradients of 16 bits come out without bands.

use image::{DynamicImage, RgbImage, RgbaImage};
use moxcms::{CmsError, ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::colour::{self, Meaning};
use crate::error::DevelopError;
use crate::limits::COLOUR_PROFILE_BYTES_MAX;
use crate::print::{PrintColour, PrintFormat, PrintSettings};

/// Samples as they are written, and what they mean.
pub(crate) struct Printed {
    pub(crate) samples: Samples,
    pub(crate) profile: Option<Vec<u8>>,
}

/// Samples of 8 bits.
pub(crate) enum Samples {
    /// Red, green, blue.
    Light(RgbImage),
    /// Cyan, magenta, yellow, black; 255 is all of an ink.
    Inks(RgbaImage),
}

/// A lab's profile, read.
pub(crate) struct LabProfile<'a> {
    bytes: &'a [u8],
    profile: ColorProfile,
}

impl<'a> LabProfile<'a> {
    /// The profile that `settings` ask for, if they do.
    ///
    /// # Errors
    /// [`DevelopError::PrintProfile`] where it can't be followed.
    pub(crate) fn of(settings: &'a PrintSettings) -> Result<Option<Self>, DevelopError> {
        let PrintColour::Convert(bytes) = &settings.colour else { return Ok(None) };
        let refused = |problem| DevelopError::PrintProfile { problem };
        if bytes.len() > COLOUR_PROFILE_BYTES_MAX {
            return Err(refused("it is larger than 8 MiB"));
        }
        let profile = ColorProfile::new_from_slice(bytes).map_err(|_| refused("it can't be read"))?;
        match (profile.color_space, settings.format) {
            (DataColorSpace::Rgb, _) | (DataColorSpace::Cmyk, PrintFormat::Tiff8) => Ok(Some(Self { bytes, profile })),
            (DataColorSpace::Cmyk, PrintFormat::Jpeg) => Err(refused("it is for inks, which are printed from TIFF")),
            _ => Err(refused("it is neither for red, green and blue nor for four inks")),
        }
    }
}

/// Brings a photo into the colours that are printed. It has no transparency.
///
/// # Errors
/// [`DevelopError::PrintProfile`] where the lab's profile leads nowhere.
pub(crate) fn printed(
    pixels: DynamicImage,
    meaning: &Meaning<'_>,
    settings: &PrintSettings,
    lab: Option<&LabProfile<'_>>,
) -> Result<Printed, DevelopError> {
    let own = meaning.profile.and_then(|bytes| Some((bytes, ColorProfile::new_from_slice(bytes).ok()?)));
    // Grey with a profile for colours is a colour whose three levels are one.
    let is_for_colours = own.as_ref().is_some_and(|(_, profile)| profile.color_space == DataColorSpace::Rgb);
    let pixels = if is_for_colours && is_grey(&pixels) { in_colour(pixels) } else { pixels };
    let own = own.filter(|(_, profile)| profile.color_space == space_of(&pixels, meaning.is_cmyk));
    let Some(lab) = lab else {
        return Ok(kept(pixels, own, meaning, settings.format));
    };
    if let (Some((bytes, _)), false) = (&own, is_grey(&pixels))
        && *bytes == lab.bytes
    {
        return Ok(kept(pixels, own, meaning, settings.format));
    }
    let (pixels, from) = match own {
        Some((_, profile)) => (pixels, profile),
        None if meaning.is_cmyk => (colour::to_srgb(pixels, meaning).into(), ColorProfile::new_srgb()),
        None => (pixels.into_rgb16().into(), untold(meaning)),
    };
    let failed = |_| DevelopError::PrintProfile { problem: "photos can't be converted to it" };
    let samples = match lab.profile.color_space {
        DataColorSpace::Cmyk => converted(&pixels, &from, (&lab.profile, Layout::Rgba))
            .map(|(size, samples)| RgbaImage::from_raw(size.0, size.1, samples).map(Samples::Inks)),
        _ => converted(&pixels, &from, (&lab.profile, Layout::Rgb))
            .map(|(size, samples)| RgbImage::from_raw(size.0, size.1, samples).map(Samples::Light)),
    };
    let samples = samples.map_err(failed)?.ok_or_else(|| failed(CmsError::InvalidProfile))?;
    Ok(Printed { samples, profile: Some(lab.bytes.to_vec()) })
}

/// The photo's own colours, where the format can say them; else sRGB. Light always has
/// its profile with it, also where the original left it to be guessed.
fn kept(
    pixels: DynamicImage,
    own: Option<(&[u8], ColorProfile)>,
    meaning: &Meaning<'_>,
    format: PrintFormat,
) -> Printed {
    if meaning.is_cmyk && format == PrintFormat::Tiff8 {
        let profile = own.map(|(bytes, _)| bytes.to_vec());
        return Printed { samples: Samples::Inks(pixels.into_rgba8()), profile };
    }
    match own {
        Some((bytes, _)) if !meaning.is_cmyk && !is_grey(&pixels) => {
            Printed { samples: Samples::Light(pixels.into_rgb8()), profile: Some(bytes.to_vec()) }
        }
        None if !meaning.is_cmyk => {
            Printed { samples: Samples::Light(pixels.into_rgb8()), profile: colour::written(untold(meaning)) }
        }
        _ => {
            let samples = Samples::Light(colour::to_srgb(pixels, meaning));
            Printed { samples, profile: colour::written(ColorProfile::new_srgb()) }
        }
    }
}

fn in_colour(grey: DynamicImage) -> DynamicImage {
    if matches!(grey, DynamicImage::ImageLuma16(_)) { grey.into_rgb16().into() } else { grey.into_rgb8().into() }
}

fn is_grey(pixels: &DynamicImage) -> bool {
    matches!(pixels, DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_))
}

fn space_of(pixels: &DynamicImage, is_cmyk: bool) -> DataColorSpace {
    match pixels {
        _ if is_cmyk => DataColorSpace::Cmyk,
        pixels if is_grey(pixels) => DataColorSpace::Gray,
        _ => DataColorSpace::Rgb,
    }
}

/// What colours without a profile are.
fn untold(meaning: &Meaning<'_>) -> ColorProfile {
    if meaning.says_adobe_rgb { ColorProfile::new_adobe_rgb() } else { ColorProfile::new_srgb() }
}

/// Rows that are converted together: with 16 bits, all at once would take twice the
/// print's memory again.
const ROWS: usize = 64;

/// Converts with 16 bits, whatever the photo has, and rounds once, at the end.
fn converted(
    pixels: &DynamicImage,
    from: &ColorProfile,
    (to, layout): (&ColorProfile, Layout),
) -> Result<((u32, u32), Vec<u8>), CmsError> {
    let source = match pixels.color().channel_count() {
        1 => Layout::Gray,
        4 => Layout::Rgba,
        _ => Layout::Rgb,
    };
    let options = TransformOptions { prefer_fixed_point: false, ..TransformOptions::default() };
    let transform = from.create_transform_16bit(source, to, layout, options)?;
    let (width, height) = (pixels.width(), pixels.height());
    let row = width as usize * source.channels();
    let mut samples = Vec::with_capacity(width as usize * height as usize * layout.channels());
    for start in (0..height as usize).step_by(ROWS) {
        let rows = ROWS.min(height as usize - start);
        let wide = wide(pixels, start * row..(start + rows) * row);
        let mut there = vec![0; width as usize * rows * layout.channels()];
        transform.transform(&wide, &mut there)?;
        samples.extend(there.into_iter().map(|level| ((u32::from(level) + 128) / 257) as u8));
    }
    Ok(((width, height), samples))
}

/// Samples of a range, with 16 bits.
fn wide(pixels: &DynamicImage, range: std::ops::Range<usize>) -> Vec<u16> {
    let narrow = |samples: &[u8]| {
        let samples = samples.get(range.clone()).unwrap_or_default();
        samples.iter().map(|sample| u16::from(*sample) * 257).collect()
    };
    let as_is = |samples: &[u16]| samples.get(range.clone()).unwrap_or_default().to_vec();
    match pixels {
        DynamicImage::ImageLuma8(pixels) => narrow(pixels),
        DynamicImage::ImageRgb8(pixels) => narrow(pixels),
        DynamicImage::ImageRgba8(pixels) => narrow(pixels),
        DynamicImage::ImageLuma16(pixels) => as_is(pixels),
        DynamicImage::ImageRgb16(pixels) => as_is(pixels),
        _ => Vec::new(),
    }
}
