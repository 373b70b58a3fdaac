//! Samples of 8 bits → the bytes of a print file: JPEG at its best, or TIFF. Writes the
//! resolution and the colour profile, and no other metadata.

use std::borrow::Cow;
use std::io::Cursor;

use jpeg_encoder::{ColorType, Encoder, PixelDensity, SamplingFactor};
use tiff::encoder::colortype::{CMYK8, ColorType as TiffColour, RGB8};
use tiff::encoder::{Compression, Predictor, Rational, TiffEncoder, TiffValue};
use tiff::tags::{ResolutionUnit, Tag, Type};

use crate::error::DevelopError;
use crate::print::PrintFormat;
use crate::print_colour::{Printed, Samples};

/// JPEG's quality in print: above it files grow and prints do not change.
const QUALITY: u8 = 95;

/// Writes a print file of `ppi` pixels per inch.
///
/// # Errors
/// [`DevelopError::NotPrintable`], which says what the encoder said.
pub(crate) fn written(printed: &Printed, format: PrintFormat, ppi: u16) -> Result<Vec<u8>, DevelopError> {
    let profile = printed.profile.as_deref();
    match (&printed.samples, format) {
        (Samples::Light(light), PrintFormat::Jpeg) => jpeg(light, light.dimensions(), profile, ppi),
        (Samples::Light(light), PrintFormat::Tiff8) => tiff::<RGB8>(light, light.dimensions(), profile, ppi),
        (Samples::Inks(inks), PrintFormat::Tiff8) => tiff::<CMYK8>(inks, inks.dimensions(), profile, ppi),
        (Samples::Inks(_), PrintFormat::Jpeg) => Err(failed("inks are printed from TIFF")),
    }
}

fn jpeg(
    samples: &[u8],
    (width, height): (u32, u32),
    profile: Option<&[u8]>,
    ppi: u16,
) -> Result<Vec<u8>, DevelopError> {
    let edge = |px: u32| u16::try_from(px).map_err(failed);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.set_density(PixelDensity::dpi(ppi));
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).map_err(failed)?;
    }
    encoder.encode(samples, edge(width)?, edge(height)?, ColorType::Rgb).map_err(failed)?;
    Ok(bytes)
}

/// Compressed without loss, by what every reader of TIFF has known since 1988.
fn tiff<C: TiffColour<Inner = u8>>(
    samples: &[u8],
    (width, height): (u32, u32),
    profile: Option<&[u8]>,
    ppi: u16,
) -> Result<Vec<u8>, DevelopError> {
    let mut bytes = Cursor::new(Vec::new());
    let encoder = TiffEncoder::new(&mut bytes).map_err(failed)?;
    let mut encoder = encoder.with_compression(Compression::Lzw).with_predictor(Predictor::Horizontal);
    let mut image = encoder.new_image::<C>(width, height).map_err(failed)?;
    image.resolution(ResolutionUnit::Inch, Rational { n: ppi.into(), d: 1 });
    if let Some(profile) = profile {
        image.encoder().write_tag(Tag::IccProfile, Undefined(profile)).map_err(failed)?;
    }
    image.write_data(samples).map_err(failed)?;
    Ok(bytes.into_inner())
}

/// Bytes of the type that TIFF calls undefined, which a profile has to be of.
struct Undefined<'a>(&'a [u8]);

impl TiffValue for Undefined<'_> {
    const BYTE_LEN: u8 = 1;
    const FIELD_TYPE: Type = Type::UNDEFINED;

    fn count(&self) -> usize {
        self.0.len()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.0)
    }
}

fn failed(problem: impl std::fmt::Display) -> DevelopError {
    DevelopError::NotPrintable { problem: problem.to_string() }
}
