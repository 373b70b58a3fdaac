//! One photo from its original to its renditions: decode, shrink, turn upright,
//! convert to sRGB, mark, encode. No metadata passes: the renditions are written
//! from pixels alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::RgbImage;

use crate::colour::{self, Meaning};
use crate::container::Metadata;
use crate::cutting::cut;
use crate::decode::{self, Picture};
use crate::encode;
use crate::error::DevelopError;
use crate::facts::{Facts, read_facts};
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{PROOF_BYTES, RENDITION_EDGE_PX_MAX};
use crate::look::{Wish, look};
use crate::memory;
use crate::placeholder::placeholder;
use crate::planar;
use crate::recipe::Recipe;
use crate::shrink::{fitted, shrink_rgb};
use crate::sniff::FileKind;
use crate::tags::Tags;
use crate::watermark::PreparedMark;
use crate::workbench;

/// How renditions are made.
#[derive(Debug, Clone, PartialEq)]
pub struct DevelopSettings {
    /// Longest edge of a thumbnail.
    pub thumbnail_edge_px: u32,
    /// Longest edge of a proof.
    pub proof_edge_px: u32,
    /// JPEG quality of a thumbnail, 1 to 100.
    pub thumbnail_quality: u8,
    /// JPEG quality of a proof, 1 to 100.
    pub proof_quality: u8,
    /// What is written over each proof. Thumbnails stay unmarked: they are too small
    /// to print, and a grid of marks shows no photos.
    pub watermark: Option<Arc<PreparedMark>>,
}

impl Default for DevelopSettings {
    fn default() -> Self {
        Self { thumbnail_edge_px: 320, proof_edge_px: 1600, thumbnail_quality: 80, proof_quality: 82, watermark: None }
    }
}

/// A JPEG made from an original: sRGB, upright, without metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The JPEG.
    pub jpeg: Vec<u8>,
    /// Its width.
    pub width_px: u32,
    /// Its height.
    pub height_px: u32,
}

/// What is shown of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renditions {
    /// For grids.
    pub thumbnail: Rendition,
    /// For looking at.
    pub proof: Rendition,
    /// Why parts of the picture are missing, if they are. Such a photo can be looked at,
    /// and must not be printed.
    pub damage: Option<DevelopError>,
    /// A ThumbHash, 5 to 25 bytes: what a page paints while the thumbnail loads.
    pub placeholder: Vec<u8>,
}

/// Makes a photo's renditions from the bytes of its original. Takes a tenth to half
/// a second of processor time for a camera's JPEG, and refuses from their headers
/// those files that would take many.
///
/// # Errors
/// When this is no photograph that can be imported, is damaged or was cut short, or
/// claims more than the bounds in [`crate::limits`].
pub fn develop(bytes: &[u8], settings: &DevelopSettings) -> Result<Renditions, DevelopError> {
    develop_with(bytes, settings, &Recipe::default())
}

/// Makes the renditions of an edited photo.
///
/// # Errors
/// As [`develop`], [`DevelopError::Recipe`], and [`DevelopError::Watermark`].
pub fn develop_with(bytes: &[u8], settings: &DevelopSettings, recipe: &Recipe) -> Result<Renditions, DevelopError> {
    let recipe = recipe.checked()?;
    guarded(|| {
        memory::take(PROOF_BYTES)?;
        match straight(bytes, settings, &recipe)? {
            Some(renditions) => Ok(renditions),
            None => the_long_way(bytes, settings, &recipe).map(|(_, renditions)| renditions),
        }
    })
}

/// Reads a photo's facts and makes its renditions: files of risky formats are opened once
/// for both.
///
/// # Errors
/// As [`develop`].
pub fn read_and_develop(bytes: &[u8], settings: &DevelopSettings) -> Result<(Facts, Renditions), DevelopError> {
    let recipe = Recipe::default();
    guarded(|| {
        memory::take(PROOF_BYTES)?;
        match straight(bytes, settings, &recipe)? {
            Some(renditions) => Ok((read_facts(bytes)?, renditions)),
            None => the_long_way(bytes, settings, &recipe),
        }
    })
}

fn the_long_way(
    bytes: &[u8],
    settings: &DevelopSettings,
    recipe: &Recipe,
) -> Result<(Facts, Renditions), DevelopError> {
    let (facts, mut proof, damage) = looked_at(bytes, settings, recipe)?;
    let proof_edge_px = proof.width().max(proof.height());
    let small = fitted(proof.width(), proof.height(), settings.thumbnail_edge_px.clamp(1, proof_edge_px));
    let small = shrink_rgb(&proof, small)?;
    let (thumbnail, placeholder) = (encode::of_rgb(&small, settings.thumbnail_quality)?, placeholder(&small)?);
    workbench::put_back(small.into_raw());
    if let Some(watermark) = &settings.watermark {
        watermark.stamp(&mut proof)?;
    }
    let marked = proof;
    let proof = encode::of_rgb(&marked, settings.proof_quality)?;
    workbench::put_back(marked.into_raw());
    Ok((facts, Renditions { thumbnail, proof, damage, placeholder }))
}

/// The straight way, for a JPEG in sRGB of which nothing is to be changed.
fn straight(bytes: &[u8], settings: &DevelopSettings, recipe: &Recipe) -> Result<Option<Renditions>, DevelopError> {
    let kind = decode::readable_kind(bytes)?;
    if kind != FileKind::Jpeg || !recipe.is_untouched() || settings.watermark.is_some() {
        return Ok(None);
    }
    let headers = JpegHeaders::of_whole_file(bytes)?;
    let tags = Tags::of(&Metadata::of(bytes, kind));
    let is_srgb = headers.profile().map_or(!tags.says_adobe_rgb(), |profile| colour::is_srgb(&profile));
    match headers.frame {
        Some(frame) if is_srgb && !headers.is_cut_short() => {
            let proof_edge_px = settings.proof_edge_px.clamp(1, RENDITION_EDGE_PX_MAX);
            let settings = DevelopSettings { proof_edge_px, ..settings.clone() };
            planar::developed(bytes, (frame.width_px, frame.height_px), tags.orientation(), &settings)
        }
        _ => Ok(None),
    }
}

/// The photo's facts, the proof's pixels without a watermark, and what of them is missing.
fn looked_at(
    bytes: &[u8],
    settings: &DevelopSettings,
    recipe: &Recipe,
) -> Result<(Facts, RgbImage, Option<DevelopError>), DevelopError> {
    let wish = Wish { recipe: *recipe, edge_px: settings.proof_edge_px.clamp(1, RENDITION_EDGE_PX_MAX) };
    let looked = look(bytes, &wish)?;
    let (facts, says_adobe_rgb) = (looked.facts.clone(), looked.says_adobe_rgb);
    let (frame, size) = wish.frame(&facts);
    let Picture { mut pixels, is_cmyk, profile, damage } = looked.into_picture()?;
    if !frame.is_level() && !is_cmyk {
        pixels = colour::laid_on_white(pixels);
    }
    let proof = cut(pixels, &frame, size, is_cmyk)?;
    Ok((facts, colour::to_srgb(proof, &Meaning { profile: profile.as_deref(), says_adobe_rgb, is_cmyk }), damage))
}

/// Runs the work at one photo so that a decoder's panic becomes an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, DevelopError>) -> Result<T, DevelopError> {
    // Nothing that `work` may leave half done outlives it.
    let safely = || catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(DevelopError::DecoderGaveUp));
    memory::for_one_photo(|| workbench::at_work(safely))
}
