//! Original and recipe → the file that a lab prints. An original without edits goes as
//! it is; turns alone are done without loss where the file allows; everything else is
//! rendered, at full size or for a paper. A watermark belongs to proofs: no print file
//! has one.

use enprint_jpeg_scaled::{Turn, turned};
use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage, imageops};
use serde::{Deserialize, Serialize};

use crate::colour::{self, Meaning};
use crate::container::Metadata;
use crate::cutting::cut;
use crate::decode::{self, Picture, within_memory};
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::facts::{Facts, Tags, read_facts};
use crate::frame::Frame;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::RENDERED_PPI_MIN;
use crate::look::{Wish, look};
use crate::paper::{Layout, Paper};
use crate::planes;
use crate::print_colour::{LabProfile, Printed, Samples, printed};
use crate::print_write::written;
use crate::recipe::Recipe;
use crate::sniff::FileKind;

/// A file that was made for printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintFile {
    /// Upright, without metadata but for its colour profile and its resolution.
    pub bytes: Vec<u8>,
    /// What kind of file it is.
    pub format: PrintFormat,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
    /// Whether every pixel is the original's.
    pub is_lossless: bool,
}

/// What a lab takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintFormat {
    /// Of quality 95, with the full resolution of its colours.
    #[default]
    Jpeg,
    /// Of 8 bits, compressed without loss.
    Tiff8,
}

/// Which colours a print file is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintColour {
    /// The photo's own, with its profile. Inks stay inks in TIFF alone, grey becomes RGB.
    #[default]
    Keep,
    /// The lab's, by its profile for RGB, or in TIFF for CMYK, which is embedded.
    Convert(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// What a lab asks of its print files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintSettings {
    /// The paper; without one, all pixels that the recipe leaves.
    #[serde(default)]
    pub paper: Option<Paper>,
    /// The kind of file.
    #[serde(default)]
    pub format: PrintFormat,
    /// Its colours.
    #[serde(default)]
    pub colour: PrintColour,
    /// Whether it prints from an original without edits, whatever that measures.
    #[serde(default)]
    pub takes_originals: bool,
}

impl PrintSettings {
    /// Whether files can be made so.
    ///
    /// # Errors
    /// [`DevelopError::PrintSettings`] and [`DevelopError::PrintProfile`], which say what
    /// can't be followed.
    pub fn checked(&self) -> Result<(), DevelopError> {
        self.paper.map_or(Ok(()), |paper| paper.checked().map(drop))?;
        LabProfile::of(self).map(drop)
    }
}

/// Photos at their full size, and originals as they are.
pub const FULL_SIZE: PrintSettings =
    PrintSettings { paper: None, format: PrintFormat::Jpeg, colour: PrintColour::Keep, takes_originals: true };

/// As large as a picture is made that is decoded only to see whether it can be.
const CHECKED_EDGE_PX: u32 = 64;

/// The resolution that is written where no paper says one.
const USUAL_PPI: u16 = 300;

/// Whether a file has to be made for a lab. Where it has not, the original goes, byte
/// for byte.
pub fn needs_rendering(kind: FileKind, recipe: &Recipe, settings: &PrintSettings) -> bool {
    // What printers' programs read, the oldest too.
    let is_printed = matches!(kind, FileKind::Jpeg | FileKind::Tiff | FileKind::Png);
    !(is_printed && settings.takes_originals && recipe.is_untouched())
}

/// Follows a recipe at full size; `None` where the original itself is the print file: it
/// has no edits and is of a kind that labs print.
///
/// # Errors
/// As [`print_file_with`].
pub fn print_file(original: &[u8], recipe: &Recipe) -> Result<Option<PrintFile>, DevelopError> {
    let recipe = recipe.checked()?;
    guarded(|| {
        let kind = decode::readable_kind(original)?;
        if !needs_rendering(kind, &recipe, &FULL_SIZE) {
            return check_whole(original, kind).map(|()| None);
        }
        if let (FileKind::Jpeg, Some(turn)) = (kind, recipe.turn_alone())
            && let Some(file) = without_loss(original, turn)?
        {
            return Ok(Some(file));
        }
        rendered(original, &recipe, &FULL_SIZE).map(Some)
    })
}

/// Makes the file that a lab prints, from the original and its recipe; also where
/// [`needs_rendering`] says that there is no need.
///
/// # Errors
/// As [`crate::develop()`]; [`DevelopError::Recipe`], [`DevelopError::PrintSettings`] and
/// [`DevelopError::PrintProfile`] for what can't be followed; whatever of the original
/// is missing; [`DevelopError::NotForPrint`] for a RAW file with a small preview, and
/// [`DevelopError::TooFewPixels`] for a print that would be coarse.
pub fn print_file_with(original: &[u8], recipe: &Recipe, settings: &PrintSettings) -> Result<PrintFile, DevelopError> {
    let recipe = recipe.checked()?;
    settings.checked()?;
    guarded(|| rendered(original, &recipe, settings))
}

/// Reads a file to its last bit, where the original itself goes to the lab and nobody has
/// decoded it. What is turned or rendered is checked on its way.
fn check_whole(original: &[u8], kind: FileKind) -> Result<(), DevelopError> {
    if kind != FileKind::Jpeg {
        let small = Wish { edge_px: CHECKED_EDGE_PX, ..Wish::default() };
        return look(original, &small)?.into_picture()?.damage.map_or(Ok(()), Err);
    }
    if JpegHeaders::of_whole_file(original)?.is_cut_short() {
        return Err(DevelopError::CutShort);
    }
    planes::check(original)
}

/// `None` where the file's kind, size or colours need it to be rendered.
fn without_loss(original: &[u8], turn: Turn) -> Result<Option<PrintFile>, DevelopError> {
    let tags = Tags::of(&Metadata::of(original, FileKind::Jpeg));
    let (orientation, says_adobe_rgb) = (tags.orientation().to_exif(), tags.says_adobe_rgb());
    drop(tags);
    // What EXIF alone says of the colours would be lost with it.
    if says_adobe_rgb && JpegHeaders::before_scans(original)?.profile().is_none() {
        return Ok(None);
    }
    let Ok(bytes) = turned(original, Turn::from_exif(orientation).then(turn)) else { return Ok(None) };
    let facts = read_facts(&bytes)?;
    let (width_px, height_px) = (facts.width_px, facts.height_px);
    Ok(Some(PrintFile { bytes, format: PrintFormat::Jpeg, width_px, height_px, is_lossless: true }))
}

fn rendered(original: &[u8], recipe: &Recipe, settings: &PrintSettings) -> Result<PrintFile, DevelopError> {
    let looked = look(original, &Wish::WHOLE)?;
    let (facts, says_adobe_rgb) = (looked.facts.clone(), looked.says_adobe_rgb);
    if let Some(problem) = facts.print_source.refusal() {
        return Err(DevelopError::NotForPrint { problem });
    }
    let lab = LabProfile::of(settings)?;
    let layout = laid_out(&facts, recipe, settings.paper.as_ref())?;
    let Picture { pixels, is_cmyk, profile, damage } = looked.into_picture()?;
    if let Some(damage) = damage {
        return Err(damage);
    }
    let pixels = if is_cmyk { pixels } else { with_depth(colour::laid_on_white(pixels)) };
    let sample_bytes = u64::from(pixels.color().bytes_per_pixel()) * area(layout.photo);
    within_memory(sample_bytes + 4 * area(layout.canvas), || {
        let photo = cut(pixels, &layout.frame, layout.photo, is_cmyk)?;
        let meaning = Meaning { profile: profile.as_deref(), says_adobe_rgb, is_cmyk };
        let photo = on_paper(printed(photo, &meaning, settings, lab.as_ref())?, &layout);
        let bytes = written(&photo, settings.format, settings.paper.map_or(USUAL_PPI, |paper| paper.ppi))?;
        let (width_px, height_px) = layout.canvas;
        Ok(PrintFile { bytes, format: settings.format, width_px, height_px, is_lossless: false })
    })
}

/// Which part of a photo comes where, if it has pixels enough for it.
fn laid_out(facts: &Facts, recipe: &Recipe, paper: Option<&Paper>) -> Result<Layout, DevelopError> {
    let frame = Frame::new((facts.width_px, facts.height_px), facts.orientation.to_exif(), recipe);
    let Some(paper) = paper else {
        let frame = frame.in_whole_pixels();
        return Ok(Layout { canvas: frame.size_px(), photo: frame.size_px(), frame });
    };
    let layout = paper.layout(frame);
    let effective_ppi = layout.effective_ppi(paper.ppi);
    if effective_ppi < RENDERED_PPI_MIN {
        let (width_px, height_px) = layout.frame.size_px();
        return Err(DevelopError::TooFewPixels { width_px, height_px, effective_ppi });
    }
    Ok(layout)
}

fn area((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Samples of 8 or 16 bits, in one channel or three.
fn with_depth(pixels: DynamicImage) -> DynamicImage {
    match pixels {
        DynamicImage::ImageRgb32F(_) => pixels.into_rgb16().into(),
        usual => usual,
    }
}

/// Lays a photo in the middle of white paper.
fn on_paper(photo: Printed, layout: &Layout) -> Printed {
    if layout.photo == layout.canvas {
        return photo;
    }
    let (width, height) = layout.canvas;
    let left = i64::from(width.saturating_sub(layout.photo.0) / 2);
    let top = i64::from(height.saturating_sub(layout.photo.1) / 2);
    let samples = match photo.samples {
        Samples::Light(light) => {
            let mut paper = RgbImage::from_pixel(width, height, Rgb([255; 3]));
            imageops::replace(&mut paper, &light, left, top);
            Samples::Light(paper)
        }
        Samples::Inks(inks) => {
            let mut paper = RgbaImage::from_pixel(width, height, Rgba([0; 4]));
            imageops::replace(&mut paper, &inks, left, top);
            Samples::Inks(paper)
        }
    };
    Printed { samples, ..photo }
}
