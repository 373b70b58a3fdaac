//! AVIF → pixels: tiles put together, alpha beside them, the container's crop, rotation
//! and mirroring applied, so that EXIF's orientation no longer counts. The AV1 in it is
//! `av1`'s matter.

use std::cell::Cell;

use image::{DynamicImage, GenericImage, ImageBuffer, Rgba, imageops};

use crate::av1::{self, Coding, Planes};
use crate::decode::{Picture, check_dense, check_size, within_memory};
use crate::decode_heic::divide_by_alpha;
use crate::error::DevelopError;
use crate::hdr;
use crate::heif::{Heif, Numbers};
use crate::limits::{AVIF_BYTES_PER_PX, COLOUR_PROFILE_BYTES_MAX};
use crate::mending::grey_from;

/// The size after the container's transforms, from the headers, checked.
///
/// # Errors
/// Claims out of bounds, damage to the headers.
pub fn size(bytes: &[u8]) -> Result<(u32, u32), DevelopError> {
    let heif = opened(bytes)?;
    let mut size = coded_size(&heif, heif.primary)?;
    for change in changes(&heif) {
        size = change.size(size).ok_or_else(outside)?;
    }
    Ok(size)
}

/// Decodes the primary image.
///
/// # Errors
/// As [`size`], and damage.
pub fn decode(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let heif = opened(bytes)?;
    let (width, height) = coded_size(&heif, heif.primary)?;
    let pixels = u64::from(width) * u64::from(height);
    check_dense(bytes.len(), 3 * pixels)?;
    within_memory(pixels * AVIF_BYTES_PER_PX, || {
        let mut colour = Colour::of(&heif);
        // Where the container says nothing, the picture's own headers may.
        let of_picture = Cell::new((NOT_SAID, NOT_SAID));
        let to_light = |planes: &Planes| {
            of_picture.set((planes.primaries, planes.curve));
            planes.light(colour.coding)
        };
        let light = Making::new(&heif, &to_light);
        let mut pixels = light.assembled(heif.primary)?;
        let mut is_cut = light.is_cut.get();
        if let Some(alpha) = alpha_of(&heif) {
            let levels = Making::new(&heif, &grey);
            match levels.assembled(alpha) {
                Ok(whole) if !levels.is_cut.get() => {
                    let is_multiplied = heif.referred(b"prem", heif.primary).contains(&alpha);
                    pixels = with_alpha(pixels, &whole.into_luma16(), is_multiplied)?;
                }
                Ok(_) | Err(DevelopError::CutShort) => is_cut = true,
                Err(problem) => return Err(problem),
            }
        }
        if colour.coding.is_none() {
            (colour.primaries, colour.curve) = of_picture.get();
        }
        for change in changes(&heif) {
            pixels = change.made(pixels).ok_or_else(outside)?;
        }
        let (pixels, profile) = hdr::shown(pixels, colour.primaries, colour.curve, colour.profile);
        Ok(Picture { pixels, is_cmyk: false, profile, damage: is_cut.then_some(DevelopError::CutShort) })
    })
}

fn opened(bytes: &[u8]) -> Result<Heif<'_>, DevelopError> {
    let heif = Heif::read(bytes)?.ok_or(DevelopError::Unsupported { what: "AVIF without a still picture" })?;
    heif.check_tiles()?;
    Ok(heif)
}

fn coded_size(heif: &Heif<'_>, id: u32) -> Result<(u32, u32), DevelopError> {
    let (width, height) = heif.size(id).ok_or_else(|| DevelopError::damaged("it does not say how large it is"))?;
    check_size(width, height)?;
    Ok((width, height))
}

fn outside() -> DevelopError {
    DevelopError::damaged("what it shows lies outside of its picture")
}

/// What ITU-T H.273 calls "unspecified".
const NOT_SAID: u16 = 2;

/// What the container says of the colours.
struct Colour {
    coding: Option<Coding>,
    primaries: u16,
    curve: u16,
    profile: Option<Vec<u8>>,
}

impl Colour {
    fn of(heif: &Heif<'_>) -> Self {
        let mut colour = Self { coding: None, primaries: NOT_SAID, curve: NOT_SAID, profile: None };
        let first_tile = heif.referred(b"dimg", heif.primary).first().copied();
        let of_tile = first_tile.into_iter().flat_map(|tile| heif.properties(tile));
        for (_, body) in heif.properties(heif.primary).chain(of_tile).filter(|(name, _)| name == b"colr") {
            match body.split_first_chunk::<4>() {
                Some((b"nclx", rest)) if colour.coding.is_none() => {
                    let mut numbers = Numbers(rest);
                    let all = (numbers.short(), numbers.short(), numbers.short(), numbers.byte());
                    let (Some(primaries), Some(curve), Some(matrix), Some(range)) = all else { continue };
                    (colour.primaries, colour.curve) = (primaries, curve);
                    colour.coding = Some(Coding { matrix, is_full: range & 0x80 != 0 });
                }
                Some((b"prof" | b"rICC", profile)) if profile.len() <= COLOUR_PROFILE_BYTES_MAX => {
                    colour.profile.get_or_insert_with(|| profile.to_vec());
                }
                _ => {}
            }
        }
        colour
    }
}

type ToPixels<'a> = &'a dyn Fn(&Planes) -> Result<DynamicImage, DevelopError>;

/// An item on its way to pixels.
struct Making<'a> {
    heif: &'a Heif<'a>,
    to_pixels: ToPixels<'a>,
    /// Whether parts of it are missing.
    is_cut: Cell<bool>,
}

impl<'a> Making<'a> {
    fn new(heif: &'a Heif<'a>, to_pixels: ToPixels<'a>) -> Self {
        Self { heif, to_pixels, is_cut: Cell::new(false) }
    }

    /// An item's pixels: its own, or those of its tiles.
    fn assembled(&self, id: u32) -> Result<DynamicImage, DevelopError> {
        match self.heif.kind(id).as_ref() {
            Some(b"av01") => self.one(id),
            Some(b"grid") => self.tiled(id),
            _ => Err(DevelopError::Unsupported { what: "This variant of AVIF" }),
        }
    }

    /// Its decoder shows nothing of an item whose end is missing, and falls over made-up bytes.
    fn one(&self, id: u32) -> Result<DynamicImage, DevelopError> {
        let (width, height) = coded_size(self.heif, id)?;
        let data = self.heif.data(id).ok_or(DevelopError::CutShort)?;
        let planes = av1::decode(data.into_owned(), width.saturating_mul(height))?;
        check_size(planes.width, planes.height)?;
        (self.to_pixels)(&planes)
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
            if self.heif.kind(*tile).as_ref() != Some(b"av01") {
                return Err(DevelopError::Unsupported { what: "This variant of AVIF" });
            }
            if whole.is_some() && self.heif.data(*tile).is_none() {
                self.is_cut.set(true);
                continue;
            }
            let pixels = self.one(*tile)?;
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

fn grey(planes: &Planes) -> Result<DynamicImage, DevelopError> {
    let grey = ImageBuffer::from_raw(planes.width, planes.height, planes.levels()).map(DynamicImage::ImageLuma16);
    grey.ok_or_else(|| DevelopError::damaged("it has fewer pixels than it claims"))
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

/// What the container does to a decoded picture.
enum Change {
    /// Quarters anticlockwise.
    Turn(u8),
    /// Left and right exchanged; else top and bottom.
    Mirror(bool),
    /// Width and height kept, and how far their middle lies from the picture's.
    Crop((f64, f64), (f64, f64)),
    /// One that can't be.
    Nonsense,
}

fn changes(heif: &Heif<'_>) -> impl Iterator<Item = Change> {
    heif.properties(heif.primary).filter_map(|(name, body)| match &name {
        b"irot" => Some(Change::Turn(body.first()? & 3)),
        b"imir" => Some(Change::Mirror(body.first()? & 1 == 1)),
        b"clap" => Some(crop(body).unwrap_or(Change::Nonsense)),
        _ => None,
    })
}

fn crop(body: &[u8]) -> Option<Change> {
    let mut numbers = Numbers(body);
    let mut ratio = || {
        let (over, under) = (numbers.long()?.cast_signed(), numbers.long()?);
        (under > 0).then(|| f64::from(over) / f64::from(under))
    };
    let (width, height) = (ratio()?, ratio()?);
    Some(Change::Crop((width, height), (ratio()?, ratio()?)))
}

impl Change {
    fn size(&self, (width, height): (u32, u32)) -> Option<(u32, u32)> {
        match self {
            Self::Turn(quarters) if quarters % 2 == 1 => Some((height, width)),
            Self::Crop(..) => self.kept((width, height)).map(|(_, _, width, height)| (width, height)),
            Self::Nonsense => None,
            _ => Some((width, height)),
        }
    }

    /// Left, top, width and height of what a crop keeps.
    fn kept(&self, (width, height): (u32, u32)) -> Option<(u32, u32, u32, u32)> {
        let Self::Crop(size, middle) = self else { return None };
        let side = |whole: u32, kept: f64, off: f64| {
            let from = ((f64::from(whole) - kept) / 2.0 + off).round();
            let is_inside = kept >= 1.0 && from >= 0.0 && from + kept.floor() <= f64::from(whole);
            is_inside.then_some((from as u32, kept as u32))
        };
        let (left, across) = side(width, size.0, middle.0)?;
        let (top, down) = side(height, size.1, middle.1)?;
        Some((left, top, across, down))
    }

    fn made(&self, pixels: DynamicImage) -> Option<DynamicImage> {
        Some(match self {
            Self::Turn(1) => pixels.rotate270(),
            Self::Turn(2) => pixels.rotate180(),
            Self::Turn(3) => pixels.rotate90(),
            Self::Turn(_) => pixels,
            Self::Mirror(true) => pixels.fliph(),
            Self::Mirror(false) => pixels.flipv(),
            Self::Crop(..) => {
                let (left, top, width, height) = self.kept((pixels.width(), pixels.height()))?;
                pixels.crop_imm(left, top, width, height)
            }
            Self::Nonsense => return None,
        })
    }
}
