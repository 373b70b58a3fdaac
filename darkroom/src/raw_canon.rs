//! Canon's CR3 → its metadata. What other files have in one EXIF block stands in boxes of
//! its own here: each is a TIFF whose first directory is one of EXIF's. XMP has a box too.

use std::borrow::Cow;

use crate::container::Metadata;
use crate::heif::{Name, boxes};
use crate::limits::HEIF_BOXES_MAX;

/// Canon's box of metadata, within `moov`.
const CANON: [u8; 16] = *b"\x85\xC0\xB6\x87\x82\x0F\x11\xE0\x81\x11\xF4\xCE\x46\x2B\x6A\x48";
/// Adobe's box of XMP.
const XMP: [u8; 16] = *b"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC";

/// Finds what there is; a file that is broken simply has none.
pub(crate) fn metadata(bytes: &[u8]) -> Metadata<'_> {
    let moov = named(bytes, b"moov").next().unwrap_or_default();
    let canon = of_id(moov, &CANON).unwrap_or_default();
    let block = |name: &Name| named(canon, name).next().map(Cow::from);
    Metadata {
        exif: block(b"CMT1"),
        exif_of_camera: block(b"CMT2"),
        exif_of_place: block(b"CMT4"),
        xmp: of_id(bytes, &XMP).map(Cow::from),
        ..Metadata::default()
    }
}

fn named<'a>(bytes: &'a [u8], wanted: &Name) -> impl Iterator<Item = &'a [u8]> {
    boxes(bytes).take(HEIF_BOXES_MAX).filter(move |(name, _)| name == wanted).map(|(_, body)| body)
}

fn of_id<'a>(bytes: &'a [u8], id: &[u8; 16]) -> Option<&'a [u8]> {
    named(bytes, b"uuid").find_map(|body| body.strip_prefix(id))
}
