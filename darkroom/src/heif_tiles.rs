//! Items of a HEIC or AVIF file → one picture, whatever codes them: tiles put together,
//! grey where some are missing, and the transparency beside them.

use std::cell::Cell;

use image::{DynamicImage, GenericImage, ImageBuffer, Rgba, imageops};

use crate::decode::check_size;
use crate::decode_heic::divide_by_alpha;
use crate::error::DevelopError;
use crate::heif::{Heif, Name};
use crate::heif_changes::outside;
use crate::mending::grey_from;

/// How the items of one format are decoded.
#[derive(Clone, Copy)]
pub(crate) struct Coder<'a> {
    /// The kind of an item that has pixels of its own.
    pub(crate) kind: Name,
    /// What is said where an item is of another kind.
    pub(crate) other: &'static str,
    /// An item's pixels; [`DevelopError::CutShort`] where its bytes are not all there.
    pub(crate) light: &'a dyn Fn(u32) -> Result<DynamicImage, DevelopError>,
    /// The same of an item that says how transparent another is.
    pub(crate) levels: &'a dyn Fn(u32) -> Result<DynamicImage, DevelopError>,
}

/// The primary picture, as it is coded, and whether parts of it are missing.
///
/// # Errors
/// Damage, and [`DevelopError::CutShort`] where nothing of it is there.
pub(crate) fn assembled(heif: &Heif<'_>, coder: Coder<'_>) -> Result<(DynamicImage, bool), DevelopError> {
    let light = Making { heif, coder, decode: coder.light, is_cut: Cell::new(false) };
    let pixels = light.assembled(heif.primary)?;
    let is_cut = light.is_cut.get();
    let Some(alpha) = alpha_of(heif) else { return Ok((pixels, is_cut)) };
    let levels = Making { heif, coder, decode: coder.levels, is_cut: Cell::new(false) };
    match levels.assembled(alpha) {
        Ok(whole) if !levels.is_cut.get() => {
            let is_multiplied = heif.referred(b"prem", heif.primary).contains(&alpha);
            Ok((with_alpha(pixels, &whole.into_luma16(), is_multiplied)?, is_cut))
        }
        Ok(_) | Err(DevelopError::CutShort) => Ok((pixels, true)),
        Err(problem) => Err(problem),
    }
}

/// The size that an item claims, checked.
///
/// # Errors
/// Claims out of bounds, and none at all.
pub(crate) fn coded_size(heif: &Heif<'_>, id: u32) -> Result<(u32, u32), DevelopError> {
    let (width, height) = heif.size(id).ok_or_else(|| DevelopError::damaged("it does not say how large it is"))?;
    check_size(width, height)?;
    Ok((width, height))
}

/// An item on its way to pixels.
struct Making<'a> {
    heif: &'a Heif<'a>,
    coder: Coder<'a>,
    decode: &'a dyn Fn(u32) -> Result<DynamicImage, DevelopError>,
    /// Whether parts of it are missing.
    is_cut: Cell<bool>,
}

impl Making<'_> {
    /// An item's pixels: its own, or those of its tiles.
    fn assembled(&self, id: u32) -> Result<DynamicImage, DevelopError> {
        match self.heif.kind(id) {
            Some(kind) if kind == self.coder.kind => (self.decode)(id),
            Some(kind) if kind == *b"grid" => self.tiled(id),
            _ => Err(DevelopError::Unsupported { what: self.coder.other }),
        }
    }

    /// Where tiles are missing, it is grey.
    fn tiled(&self, id: u32) -> Result<DynamicImage, DevelopError> {
        let (width, height) = coded_size(self.heif, id)?;
        let head = self.heif.data(id).ok_or(DevelopError::CutShort)?;
        let [_, _, rows, columns, ..] = *head else { return Err(DevelopError::CutShort) };
        let (rows, columns) = (u32::from(rows) + 1, u32::from(columns) + 1);
        let tiles = self.heif.referred(b"dimg", id);
        if tiles.len() != rows as usize * columns as usize {
            return Err(DevelopError::damaged("it has another number of tiles than it claims"));
        }
        let mut whole = None;
        for (number, tile) in (0_u32..).zip(tiles) {
            if self.heif.kind(*tile) != Some(self.coder.kind) {
                return Err(DevelopError::Unsupported { what: self.coder.other });
            }
            let pixels = match (self.decode)(*tile) {
                Err(DevelopError::CutShort) if whole.is_some() => {
                    self.is_cut.set(true);
                    continue;
                }
                decoded => decoded?,
            };
            let (across, down) = (pixels.width(), pixels.height());
            if across * columns < width || down * rows < height {
                return Err(DevelopError::damaged("its tiles don't cover it"));
            }
            let whole = whole.get_or_insert_with(|| {
                let mut whole = DynamicImage::new(width, height, pixels.color());
                grey_from(&mut whole, 0);
                whole
            });
            let (left, top) = (number % columns * across, number / columns * down);
            laid(whole, &pixels, (left, top))?;
        }
        whole.ok_or_else(|| DevelopError::damaged("it has no tiles"))
    }
}

/// Lays a tile where it belongs, but for what lies outside.
fn laid(whole: &mut DynamicImage, tile: &DynamicImage, (left, top): (u32, u32)) -> Result<(), DevelopError> {
    let width = whole.width().saturating_sub(left).min(tile.width());
    let height = whole.height().saturating_sub(top).min(tile.height());
    if tile.color() != whole.color() {
        return Err(DevelopError::damaged("its tiles are of several kinds"));
    }
    if width == 0 || height == 0 {
        return Ok(());
    }
    macro_rules! copy {
        ($($layout:ident)*) => {
            match (whole, tile) {
                $((DynamicImage::$layout(whole), DynamicImage::$layout(tile)) => {
                    whole.copy_from(&*imageops::crop_imm(tile, 0, 0, width, height), left, top).is_ok()
                })*
                _ => false,
            }
        };
    }
    if copy!(ImageLuma8 ImageLuma16 ImageRgb8 ImageRgb16) { Ok(()) } else { Err(outside()) }
}

/// The item that says how transparent the picture is.
fn alpha_of(heif: &Heif<'_>) -> Option<u32> {
    const NAMES: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0"];
    heif.referring(b"auxl", heif.primary).find(|id| {
        let name = heif.property(*id, b"auxC").and_then(|body| body.get(4..)).unwrap_or_default();
        NAMES.iter().any(|known| name.starts_with(known))
    })
}

fn with_alpha(
    pixels: DynamicImage,
    alpha: &ImageBuffer<image::Luma<u16>, Vec<u16>>,
    is_multiplied: bool,
) -> Result<DynamicImage, DevelopError> {
    if (pixels.width(), pixels.height()) != alpha.dimensions() {
        return Err(DevelopError::damaged("its alpha is of another size"));
    }
    let mut rgba = pixels.into_rgba16();
    for (Rgba(pixel), level) in rgba.pixels_mut().zip(alpha.iter()) {
        pixel[3] = *level;
        if is_multiplied {
            divide_by_alpha(pixel);
        }
    }
    Ok(DynamicImage::ImageRgba16(rgba))
}
