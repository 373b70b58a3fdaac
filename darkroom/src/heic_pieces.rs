//! What is left of a HEIC file that was cut short: its decoder wants whole files, so that
//! each item whose bytes are there gets a file of its own.

use image::DynamicImage;

use crate::decode::Picture;
use crate::decode_heic::{in_words, light};
use crate::error::DevelopError;
use crate::heif::{Heif, Name};
use crate::heif_colour::Colour;
use crate::heif_tiles::{Coder, assembled, coded_size};
use crate::{hdr, heif_changes};

/// The tiles that are there. Of a picture in one piece nothing can be shown: its decoder
/// falls over made-up bytes.
///
/// # Errors
/// [`DevelopError::CutShort`] where nothing of it can be shown, and damage besides.
pub(crate) fn what_is_left(bytes: &[u8]) -> Result<Picture, DevelopError> {
    let heif = Heif::read(bytes)?.ok_or(DevelopError::CutShort)?;
    heif.check_tiles()?;
    let decode = |id| picture_of(&heif, id);
    let levels = |id| decode(id).map(|picture| DynamicImage::from(picture.into_luma16()));
    let coder = Coder { kind: *b"hvc1", other: "This variant of HEIC", light: &decode, levels: &levels };
    let (pixels, _) = assembled(&heif, coder)?;
    let pixels = heif_changes::made(&heif, pixels)?;
    let colour = Colour::of(&heif);
    let (pixels, profile) = hdr::shown(pixels, colour.primaries, colour.curve, colour.profile);
    Ok(Picture { pixels, is_cmyk: false, profile, damage: Some(DevelopError::CutShort) })
}

/// An item's pixels. A tile is shown whole or not at all.
fn picture_of(heif: &Heif<'_>, id: u32) -> Result<DynamicImage, DevelopError> {
    let size = coded_size(heif, id)?;
    let set_up = heif.property(id, b"hvcC").ok_or_else(|| DevelopError::damaged("its boxes are broken"))?;
    let colours = numbered_colours(heif, id).or_else(|| numbered_colours(heif, heif.primary));
    let data = heif.data(id).ok_or(DevelopError::CutShort)?;
    let file = file_of(set_up, size, colours, &data);
    light(&heic_decoder::decode(&file).map_err(in_words)?)
}

/// The colours' numbers, as they stand in the file.
fn numbered_colours<'a>(heif: &Heif<'a>, id: u32) -> Option<&'a [u8]> {
    let said = heif.properties(id).find(|(name, body)| name == b"colr" && body.starts_with(b"nclx"));
    said.map(|(_, body)| body)
}

/// A file of one picture, which is item 1.
fn file_of(set_up: &[u8], (width, height): (u32, u32), colours: Option<&[u8]>, data: &[u8]) -> Vec<u8> {
    let size = full(b"ispe", 0, &[width.to_be_bytes(), height.to_be_bytes()].concat());
    let colours = colours.map(|body| boxed(b"colr", body));
    let properties = [boxed(b"hvcC", set_up), size, colours.clone().unwrap_or_default()].concat();
    let owned: &[u8] =
        if colours.is_some() { &[0, 0, 0, 1, 0, 1, 3, 0x81, 2, 3] } else { &[0, 0, 0, 1, 0, 1, 2, 0x81, 2] };
    let items = full(b"infe", 2, b"\0\x01\0\0hvc1\0");
    let head = |data_at: u32| {
        let place = [data_at.to_be_bytes(), u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes()].concat();
        let meta = [
            full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", 0, &[0, 1]),
            full(b"iloc", 0, &[&[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1], &place[..]].concat()),
            full(b"iinf", 0, &[&[0, 1], &items[..]].concat()),
            boxed(b"iprp", &[boxed(b"ipco", &properties), full(b"ipma", 0, owned)].concat()),
        ];
        [boxed(b"ftyp", b"heic\0\0\0\0mif1heic"), full(b"meta", 0, &meta.concat())].concat()
    };
    // The head is as long whatever stands in it, and the box of the data begins behind it.
    let data_at = u32::try_from(head(0).len() + 8).unwrap_or(u32::MAX);
    [head(data_at), boxed(b"mdat", data)].concat()
}

fn boxed(name: &Name, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], name, body].concat()
}

fn full(name: &Name, version: u8, body: &[u8]) -> Vec<u8> {
    boxed(name, &[&[version, 0, 0, 0], body].concat())
}
