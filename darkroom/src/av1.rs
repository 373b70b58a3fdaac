//! One frame of AV1 → planes → light: the bitstream's own matter, without its container.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions};
use image::{DynamicImage, ImageBuffer, RgbImage};
use re_rav1d::dav1d::pixel::YUVRange;
use re_rav1d::dav1d::{Decoder, Error, Picture, PixelLayout, PlanarImageComponent as Component, Settings};

use crate::error::DevelopError;
use crate::limits::AV1_PASSES_MAX;
use crate::workbench::with_resizer;

/// How light and colour differences are made of red, green and blue, in the numbers of
/// ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    /// 1 for BT.709, 9 for BT.2020, 0 for none …
    pub(crate) matrix: u16,
    /// Whether black is 0 rather than 16 of 255.
    pub(crate) is_full: bool,
}

/// A decoded frame, all planes at full size.
pub(crate) struct Planes {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 8, 10 or 12.
    pub(crate) bits: u32,
    pub(crate) light: Vec<u16>,
    colours: Option<[Vec<u16>; 2]>,
    /// As the bitstream says.
    coding: Coding,
    /// Red, green and blue, as the bitstream says, in the numbers of ITU-T H.273.
    pub(crate) primaries: u16,
    /// How light becomes numbers, likewise.
    pub(crate) curve: u16,
}

/// Decodes the first frame, which may have `pixels_max` pixels.
///
/// # Errors
/// Damage, or more pixels.
pub(crate) fn decode(data: Vec<u8>, pixels_max: u32) -> Result<Planes, DevelopError> {
    // The decoder takes this for a fault of the program, and ends it.
    if data.is_empty() {
        return Err(DevelopError::CutShort);
    }
    let mut settings = Settings::new();
    // One thread, and no frame waits for the next one.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(pixels_max);
    let mut decoder = Decoder::with_settings(&settings).map_err(in_words)?;
    let mut sent = decoder.send_data(data, None, None, None);
    for _ in 0..AV1_PASSES_MAX {
        match decoder.get_picture() {
            Ok(picture) => return planes(&picture),
            Err(Error::Again) if sent == Err(Error::Again) => sent = decoder.send_pending_data(),
            Err(Error::Again) => break,
            Err(problem) => return Err(in_words(problem)),
        }
    }
    sent.map_err(in_words)?;
    Err(DevelopError::CutShort)
}

fn in_words(error: Error) -> DevelopError {
    match error {
        Error::NotEnoughMemory => DevelopError::TooMuchMemory,
        Error::UnsupportedBitstream => DevelopError::Unsupported { what: "This variant of AVIF" },
        _ => DevelopError::damaged("its picture's data is not what AV1 asks for"),
    }
}

fn planes(picture: &Picture) -> Result<Planes, DevelopError> {
    let (width, height) = (picture.width(), picture.height());
    let bits = picture.bits_per_component().map_or(8, |bits| u32::try_from(bits.0).unwrap_or(8));
    let (across, down) = match picture.pixel_layout() {
        PixelLayout::I420 => (2, 2),
        PixelLayout::I422 => (2, 1),
        PixelLayout::I400 | PixelLayout::I444 => (1, 1),
    };
    let light = samples(picture, Component::Y, bits, (width, height))?;
    let colours = if picture.pixel_layout() == PixelLayout::I400 {
        None
    } else {
        let size = (width.div_ceil(across), height.div_ceil(down));
        let covered = (f64::from(width) / f64::from(across), f64::from(height) / f64::from(down));
        let colour = |component| {
            let stored = samples(picture, component, bits, size)?;
            if size == (width, height) { Ok(stored) } else { enlarged(stored, size, covered, (width, height)) }
        };
        Some([colour(Component::U)?, colour(Component::V)?])
    };
    let matrix = told(|| picture.matrix_coefficients() as u16);
    let coding = Coding { matrix, is_full: picture.color_range() == YUVRange::Full };
    let primaries = told(|| picture.color_primaries() as u16);
    let curve = told(|| picture.transfer_characteristic() as u16);
    Ok(Planes { width, height, bits, light, colours, coding, primaries, curve })
}

/// A number of the picture's headers. The decoder falls over those that nobody has given a
/// meaning to, which say as much as the one for "not said".
fn told(number: impl FnOnce() -> u16) -> u16 {
    const NOT_SAID: u16 = 2;
    catch_unwind(AssertUnwindSafe(number)).unwrap_or(NOT_SAID)
}

/// A plane's samples without what pads its rows.
fn samples(
    picture: &Picture,
    component: Component,
    bits: u32,
    (width, height): (u32, u32),
) -> Result<Vec<u16>, DevelopError> {
    let plane = picture.plane(component);
    let (stride, sample_bytes) = (picture.stride(component) as usize, if bits > 8 { 2 } else { 1 });
    let row_bytes = width as usize * sample_bytes;
    let mut samples = Vec::with_capacity(width as usize * height as usize);
    for row in plane.chunks(stride.max(1)).take(height as usize) {
        let row = row.get(..row_bytes).ok_or_else(fewer)?;
        if bits > 8 {
            samples.extend(row.as_chunks::<2>().0.iter().map(|two| u16::from_ne_bytes(*two)));
        } else {
            samples.extend(row.iter().map(|sample| u16::from(*sample)));
        }
    }
    if samples.len() == width as usize * height as usize { Ok(samples) } else { Err(fewer()) }
}

fn enlarged(
    samples: Vec<u16>,
    size: (u32, u32),
    covered: (f64, f64),
    to: (u32, u32),
) -> Result<Vec<u16>, DevelopError> {
    let bytes = samples.iter().flat_map(|sample| sample.to_ne_bytes()).collect::<Vec<_>>();
    let source = Image::from_vec_u8(size.0, size.1, bytes, PixelType::U16).map_err(DevelopError::damaged)?;
    let mut large = Image::new(to.0, to.1, PixelType::U16);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    let options = options.crop(0.0, 0.0, covered.0, covered.1);
    with_resizer(|resizer| resizer.resize(&source, &mut large, &options)).map_err(DevelopError::damaged)?;
    Ok(large.buffer().as_chunks::<2>().0.iter().map(|two| u16::from_ne_bytes(*two)).collect())
}

fn fewer() -> DevelopError {
    DevelopError::damaged("it has fewer pixels than it claims")
}

impl Planes {
    /// As grey, or as red, green and blue: with 8 bits where that is all there is, else
    /// with 16.
    ///
    /// # Errors
    /// [`DevelopError::Unsupported`] for rare ways to code colours.
    pub(crate) fn light(&self, said: Option<Coding>) -> Result<DynamicImage, DevelopError> {
        let coding = said.unwrap_or(self.coding);
        let Some([blue, red]) = &self.colours else {
            let (black, white) = light_range(coding.is_full, self.bits);
            return self.whole(self.light.iter().map(|level| [(f32::from(*level) - black) / (white - black)]));
        };
        let to_rgb = Matrix::of(coding, self.bits)?;
        let pixels = self.light.iter().zip(blue.iter().zip(red));
        self.whole(pixels.map(|(light, (blue, red))| to_rgb.pixel([*light, *blue, *red])))
    }

    /// The light alone with 16 bits, whatever the depth: a transparency's.
    pub(crate) fn levels(&self) -> Vec<u16> {
        let (black, white) = light_range(self.coding.is_full, self.bits);
        let level = |level: &u16| (f32::from(*level) - black) / (white - black);
        self.light.iter().map(|stored| (level(stored).clamp(0.0, 1.0) * 65_535.0).round() as u16).collect()
    }

    /// Levels from 0 to 1 as samples: with 8 bits where that is all there is, else with 16.
    fn whole<const N: usize>(&self, pixels: impl Iterator<Item = [f32; N]>) -> Result<DynamicImage, DevelopError> {
        let (width, height) = (self.width, self.height);
        let whole = if self.bits == 8 {
            let samples = self.gathered(pixels, |level| (level.clamp(0.0, 1.0) * 255.0).round() as u8);
            if N == 1 {
                image::GrayImage::from_raw(width, height, samples).map(DynamicImage::from)
            } else {
                RgbImage::from_raw(width, height, samples).map(DynamicImage::from)
            }
        } else {
            let samples = self.gathered(pixels, |level| (level.clamp(0.0, 1.0) * 65_535.0).round() as u16);
            if N == 1 {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma16)
            } else {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb16)
            }
        };
        whole.ok_or_else(fewer)
    }

    /// Each level as it is stored, without a copy of them all in between.
    fn gathered<S, const N: usize>(&self, pixels: impl Iterator<Item = [f32; N]>, stored: impl Fn(f32) -> S) -> Vec<S> {
        let mut samples = Vec::with_capacity(self.light.len() * N);
        pixels.for_each(|pixel| samples.extend(pixel.map(&stored)));
        samples
    }
}

fn light_range(is_full: bool, bits: u32) -> (f32, f32) {
    let unit = (1_u32 << (bits - 8)) as f32;
    if is_full { (0.0, ((1_u32 << bits) - 1) as f32) } else { (16.0 * unit, 235.0 * unit) }
}

/// Numbers that make red, green and blue of light and colour differences.
struct Matrix {
    black: f32,
    white: f32,
    middle: f32,
    colour_range: f32,
    way: Way,
}

enum Way {
    /// The shares of red and of blue in the light.
    Shares(f32, f32),
    /// Green, blue and red as they are.
    Identity,
    YCgCo,
}

impl Matrix {
    fn of(coding: Coding, bits: u32) -> Result<Self, DevelopError> {
        let way = match coding.matrix {
            0 => Way::Identity,
            1 => Way::Shares(0.2126, 0.0722),
            4 => Way::Shares(0.30, 0.11),
            // What nobody says is what JPEG does, as other decoders take it.
            2 | 3 | 5 | 6 => Way::Shares(0.299, 0.114),
            7 => Way::Shares(0.212, 0.087),
            8 => Way::YCgCo,
            9 => Way::Shares(0.2627, 0.0593),
            _ => return Err(DevelopError::Unsupported { what: "AVIF with colours coded in this way" }),
        };
        let (black, white) = light_range(coding.is_full, bits);
        let unit = (1_u32 << (bits - 8)) as f32;
        let colour_range = if coding.is_full { white } else { 224.0 * unit };
        Ok(Self { black, white, middle: 128.0 * unit, colour_range, way })
    }

    fn pixel(&self, stored: [u16; 3]) -> [f32; 3] {
        let light = |level: u16| (f32::from(level) - self.black) / (self.white - self.black);
        let colour = |level: u16| (f32::from(level) - self.middle) / self.colour_range;
        let [y, u, v] = stored;
        match self.way {
            Way::Identity => [light(v), light(y), light(u)],
            Way::YCgCo => {
                let (y, green, orange) = (light(y), colour(u), colour(v));
                [y - green + orange, y + green, y - green - orange]
            }
            Way::Shares(red_share, blue_share) => {
                let (y, blue, red) = (light(y), colour(u), colour(v));
                let (r, b) = (y + 2.0 * (1.0 - red_share) * red, y + 2.0 * (1.0 - blue_share) * blue);
                [r, (y - red_share * r - blue_share * b) / (1.0 - red_share - blue_share), b]
            }
        }
    }
}
