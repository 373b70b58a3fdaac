//! Any colours → sRGB with 8 bits: profiles converted at proof size, where it costs
//! milliseconds, 16 bits kept until the last step, alpha laid on white. A profile
//! that can't be read or does not fit its picture counts as sRGB.

use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};
use moxcms::{CmsError, ColorDateTime, ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Which colours the samples mean.
pub struct Meaning<'a> {
    /// The embedded profile.
    pub profile: Option<&'a [u8]>,
    /// Without a profile: what EXIF says.
    pub says_adobe_rgb: bool,
    /// Whether the four channels are inks.
    pub is_cmyk: bool,
}

/// Whether a profile is sRGB's, whatever it is called: no colour changes by more than two
/// levels. One that can't be read counts as sRGB.
pub fn is_srgb(profile: &[u8]) -> bool {
    const COLOURS: [u8; 24] =
        [0, 0, 0, 20, 20, 20, 128, 128, 128, 250, 250, 250, 255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 120, 60];
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return true };
    if profile.color_space != DataColorSpace::Rgb {
        return false;
    }
    let srgb = ColorProfile::new_srgb();
    let transform = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default());
    let mut out = [0; COLOURS.len()];
    transform.is_ok_and(|transform| transform.transform(&COLOURS, &mut out).is_ok())
        && COLOURS.iter().zip(out).all(|(before, after)| before.abs_diff(after) <= 2)
}

/// A profile's bytes, the same on every day: the same recipe makes the same file.
pub fn written(mut profile: ColorProfile) -> Option<Vec<u8>> {
    let first_day = [2026_u16, 1, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
    profile.creation_date_time = ColorDateTime::new_from_slice(&first_day).ok()?;
    profile.encode().ok()
}

/// Converts `pixels` to sRGB on white.
pub fn to_srgb(pixels: DynamicImage, meaning: &Meaning<'_>) -> RgbImage {
    let profile = meaning.profile.and_then(|bytes| ColorProfile::new_from_slice(bytes).ok());
    if meaning.is_cmyk {
        return from_inks(&pixels.into_rgba8(), profile.as_ref());
    }
    let profile = profile.or_else(|| meaning.says_adobe_rgb.then(ColorProfile::new_adobe_rgb));
    let light = without_rare_layouts(pixels, profile.as_ref());
    let light = match profile {
        // Samples that can't be converted stay as they are, which is seldom far off.
        Some(profile) => converted(&light, &profile).ok().flatten().unwrap_or(light),
        None => light,
    };
    on_white(light)
}

/// Leaves four layouts with 8 or 16 bits: grey (only with a profile for grey), RGB, RGBA.
fn without_rare_layouts(pixels: DynamicImage, profile: Option<&ColorProfile>) -> DynamicImage {
    let for_grey = profile.is_some_and(|profile| profile.color_space == DataColorSpace::Gray);
    match pixels {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) if for_grey => pixels,
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_) => pixels,
        DynamicImage::ImageRgb16(_) | DynamicImage::ImageRgba16(_) => pixels,
        DynamicImage::ImageLumaA8(_) => pixels.into_rgba8().into(),
        DynamicImage::ImageLumaA16(_) | DynamicImage::ImageRgba32F(_) => pixels.into_rgba16().into(),
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageRgb32F(_) => pixels.into_rgb16().into(),
        _ => pixels.into_rgb8().into(),
    }
}

/// `pixels` in sRGB; None when the profile is for other samples.
fn converted(pixels: &DynamicImage, profile: &ColorProfile) -> Result<Option<DynamicImage>, CmsError> {
    let (width, height) = (pixels.width(), pixels.height());
    let srgb = ColorProfile::new_srgb();
    let to_8 = |from, samples: &[u8], to, channels: usize| {
        let transform = profile.create_transform_8bit(from, &srgb, to, TransformOptions::default())?;
        let mut out = vec![0; width as usize * height as usize * channels];
        transform.transform(samples, &mut out).map(|()| out)
    };
    let to_16 = |from, samples: &[u16], to, channels: usize| {
        let transform = profile.create_transform_16bit(from, &srgb, to, TransformOptions::default())?;
        let mut out = vec![0; width as usize * height as usize * channels];
        transform.transform(samples, &mut out).map(|()| out)
    };
    let rgb8 = |out| RgbImage::from_raw(width, height, out).map(DynamicImage::from);
    let rgb16 = |out| ImageBuffer::<Rgb<u16>, _>::from_raw(width, height, out).map(DynamicImage::from);
    let rgba16 = |out| ImageBuffer::<Rgba<u16>, _>::from_raw(width, height, out).map(DynamicImage::from);
    use DataColorSpace as Space;
    Ok(match (profile.color_space, pixels) {
        (Space::Gray, DynamicImage::ImageLuma8(grey)) => rgb8(to_8(Layout::Gray, grey, Layout::Rgb, 3)?),
        (Space::Gray, DynamicImage::ImageLuma16(grey)) => rgb16(to_16(Layout::Gray, grey, Layout::Rgb, 3)?),
        (Space::Rgb, DynamicImage::ImageRgb8(rgb)) => rgb8(to_8(Layout::Rgb, rgb, Layout::Rgb, 3)?),
        (Space::Rgb, DynamicImage::ImageRgb16(rgb)) => rgb16(to_16(Layout::Rgb, rgb, Layout::Rgb, 3)?),
        (Space::Rgb, DynamicImage::ImageRgba8(rgba)) => {
            RgbaImage::from_raw(width, height, to_8(Layout::Rgba, rgba, Layout::Rgba, 4)?).map(DynamicImage::from)
        }
        (Space::Rgb, DynamicImage::ImageRgba16(rgba)) => rgba16(to_16(Layout::Rgba, rgba, Layout::Rgba, 4)?),
        _ => None,
    })
}

/// Inks by their profile, or without one as if each ink took away its third of white.
fn from_inks(inks: &RgbaImage, profile: Option<&ColorProfile>) -> RgbImage {
    let by_profile = profile.filter(|profile| profile.color_space == DataColorSpace::Cmyk).and_then(|profile| {
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let transform = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()?;
        let mut out = vec![0; inks.as_raw().len() / 4 * 3];
        transform.transform(inks, &mut out).ok()?;
        RgbImage::from_raw(inks.width(), inks.height(), out)
    });
    by_profile.unwrap_or_else(|| {
        RgbImage::from_fn(inks.width(), inks.height(), |x, y| {
            let [cyan, magenta, yellow, black] = inks.get_pixel(x, y).0;
            let light = |ink: u8| ((255 - u32::from(ink)) * (255 - u32::from(black)) + 127) / 255;
            Rgb([light(cyan), light(magenta), light(yellow)].map(|level| u8::try_from(level).unwrap_or(u8::MAX)))
        })
    })
}

/// Lays what is transparent on white, in its own colours and depth.
pub fn laid_on_white(light: DynamicImage) -> DynamicImage {
    let mixed = |level: u16, alpha: u16| {
        let (level, alpha) = (u64::from(level), u64::from(alpha));
        u16::try_from((level * alpha + 65_535 * (65_535 - alpha) + 32_767) / 65_535).unwrap_or(u16::MAX)
    };
    match light {
        DynamicImage::ImageLumaA8(_) => DynamicImage::from(on_white(light.into_rgba8().into())).into_luma8().into(),
        DynamicImage::ImageRgba8(_) => on_white(light).into(),
        DynamicImage::ImageLumaA16(grey) => ImageBuffer::from_fn(grey.width(), grey.height(), |x, y| {
            let LumaA([level, alpha]) = *grey.get_pixel(x, y);
            Luma([mixed(level, alpha)])
        })
        .into(),
        DynamicImage::ImageRgba16(_) | DynamicImage::ImageRgba32F(_) => {
            let rgba = light.into_rgba16();
            ImageBuffer::from_fn(rgba.width(), rgba.height(), |x, y| {
                let Rgba([r, g, b, a]) = *rgba.get_pixel(x, y);
                Rgb([mixed(r, a), mixed(g, a), mixed(b, a)])
            })
            .into()
        }
        opaque => opaque,
    }
}

fn on_white(light: DynamicImage) -> RgbImage {
    match light {
        DynamicImage::ImageRgba8(rgba) => {
            let mixed = |level: u8, alpha: u8| {
                let (level, alpha) = (u32::from(level), u32::from(alpha));
                u8::try_from((level * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
            };
            map_rgba(&rgba, |[r, g, b, a]| [mixed(r, a), mixed(g, a), mixed(b, a)])
        }
        DynamicImage::ImageRgba16(rgba) => {
            let mixed = |level: u16, alpha: u16| {
                let (level, alpha) = (u64::from(level), u64::from(alpha));
                let on_white = (level * alpha + 65_535 * (65_535 - alpha)) / 65_535;
                u8::try_from((on_white + 128) / 257).unwrap_or(u8::MAX)
            };
            map_rgba(&rgba, |[r, g, b, a]| [mixed(r, a), mixed(g, a), mixed(b, a)])
        }
        opaque => opaque.into_rgb8(),
    }
}

fn map_rgba<S: image::Primitive>(rgba: &ImageBuffer<Rgba<S>, Vec<S>>, mixed: impl Fn([S; 4]) -> [u8; 3]) -> RgbImage
where
    Rgba<S>: image::Pixel<Subpixel = S>,
{
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| Rgb(mixed(rgba.get_pixel(x, y).0)))
}
