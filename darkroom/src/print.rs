//! Original and recipe → the file that a lab prints. An original without edits goes as
//! it is; turns alone are done without loss where the file allows; everything else is
//! rendered at full size, in the photo's own colours, with their profile embedded.

use enprint_jpeg_scaled::{Turn, turned};
use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder, PixelDensity, PixelDensityUnit, SamplingFactor};

use crate::colour::{self, Meaning};
use crate::container::Metadata;
use crate::decode::{self, Picture};
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::facts::Tags;
use crate::frame::followed;
use crate::limits::PICTURE_EDGE_PX_MAX;
use crate::recipe::Recipe;
use crate::sniff::FileKind;

/// JPEG's quality in print: above it files grow and prints do not change.
const QUALITY: u8 = 95;

/// A file that was made for printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintFile {
    /// A JPEG, upright, without metadata but for its colour profile.
    pub jpeg: Vec<u8>,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// Whether every pixel is the original's.
    pub is_lossless: bool,
}

/// Follows a recipe at full size; `None` where the original itself is the print file: it
/// has no edits and is of a kind that labs print.
///
/// # Errors
/// As [`crate::develop()`], and [`DevelopError::Recipe`].
pub fn print_file(original: &[u8], recipe: &Recipe) -> Result<Option<PrintFile>, DevelopError> {
    let recipe = recipe.checked()?;
    guarded(|| {
        let kind = decode::readable_kind(original)?;
        if recipe.is_untouched() && labs_print(kind) {
            return Ok(None);
        }
        let tags = Tags::of(&Metadata::of(original, kind));
        let (orientation, says_adobe_rgb) = (tags.orientation().to_exif(), tags.says_adobe_rgb());
        drop(tags);
        if let (FileKind::Jpeg, Some(turn)) = (kind, recipe.turn_alone())
            && let Some(file) = without_loss(original, Turn::from_exif(orientation).then(turn))?
        {
            return Ok(Some(file));
        }
        let mut picture = decode::decode(original, kind, PICTURE_EDGE_PX_MAX)?;
        if let Some(damage) = picture.damage {
            return Err(damage);
        }
        decode::turn_upright(&mut picture.pixels, orientation);
        let (pixels, profile) = own_colours(picture, says_adobe_rgb);
        encoded(&followed(pixels, &recipe), profile.as_deref()).map(Some)
    })
}

/// What printers' programs read, the oldest too.
fn labs_print(kind: FileKind) -> bool {
    matches!(kind, FileKind::Jpeg | FileKind::Tiff | FileKind::Png)
}

/// `None` where the file's kind or size needs it to be rendered.
fn without_loss(original: &[u8], turn: Turn) -> Result<Option<PrintFile>, DevelopError> {
    let Ok(jpeg) = turned(original, turn) else { return Ok(None) };
    let facts = crate::facts::read_facts(&jpeg)?;
    Ok(Some(PrintFile { jpeg, width_px: facts.width_px, height_px: facts.height_px, is_lossless: true }))
}

/// The pixels with the profile that they are in; sRGB where a JPEG of three colours
/// can't have it.
fn own_colours(picture: Picture, says_adobe_rgb: bool) -> (RgbImage, Option<Vec<u8>>) {
    let Picture { pixels, is_cmyk, profile, .. } = picture;
    let is_kept = !is_cmyk && !pixels.color().has_alpha() && profile.as_deref().is_some_and(colour::is_for_rgb);
    if is_kept {
        return (pixels.into_rgb8(), profile);
    }
    let meaning = Meaning { profile: profile.as_deref(), says_adobe_rgb, is_cmyk };
    (colour::to_srgb(pixels, &meaning), None)
}

fn encoded(pixels: &RgbImage, profile: Option<&[u8]>) -> Result<PrintFile, DevelopError> {
    let failed = |problem: String| DevelopError::NotEncoded { problem };
    let edge = |px: u32| u16::try_from(px).map_err(|error| failed(error.to_string()));
    let (width_px, height_px) = pixels.dimensions();
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.set_density(PixelDensity { density: (300, 300), unit: PixelDensityUnit::Inches });
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).map_err(|error| failed(error.to_string()))?;
    }
    let written = encoder.encode(pixels.as_raw(), edge(width_px)?, edge(height_px)?, ColorType::Rgb);
    written.map_err(|error| failed(error.to_string()))?;
    Ok(PrintFile { jpeg, width_px, height_px, is_lossless: false })
}
