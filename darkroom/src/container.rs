//! Where a file keeps its EXIF, its XMP and its IPTC. Walks PNG chunks, WebP chunks, JPEG
//! XL boxes and the first TIFF directory; JPEG's segments are `jpeg_headers`' matter.

use std::borrow::Cow;
use std::io::Read;

use brotli_decompressor::Decompressor;

use crate::heif::{Heif, boxes};
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{EXIF_BYTES_MAX, HEIF_BOXES_MAX, IPTC_BYTES_MAX, UNPACKED_PIECE_BYTES, XMP_BYTES_MAX};
use crate::raw;
use crate::sniff::FileKind;

/// Metadata as it lies in the file, not yet understood.
#[derive(Debug, Default)]
pub struct Metadata<'a> {
    /// From the TIFF header on. Of a TIFF, the whole file.
    pub exif: Option<Cow<'a, [u8]>>,
    /// What stands in the camera's own directory of EXIF, where that is a block of its own.
    pub exif_of_camera: Option<Cow<'a, [u8]>>,
    /// The same of where it was taken.
    pub exif_of_place: Option<Cow<'a, [u8]>>,
    /// The packet's text.
    pub xmp: Option<Cow<'a, [u8]>>,
    /// The packet that a JPEG's goes on in.
    pub more_xmp: Option<Vec<u8>>,
    /// Photoshop's resources, one of which is IPTC's. A TIFF's are found by their tags.
    pub photoshop: Option<Cow<'a, [u8]>>,
}

impl<'a> Metadata<'a> {
    /// Finds what there is; a file that is broken simply has none.
    pub fn of(bytes: &'a [u8], kind: FileKind) -> Self {
        let found = match kind {
            FileKind::Jpeg => {
                let found = |headers: JpegHeaders<'a>| {
                    let (more_xmp, photoshop) = (headers.more_xmp(), headers.photoshop());
                    let (exif, xmp) = (headers.exif.map(Cow::from), headers.xmp.map(Cow::from));
                    Self { exif, xmp, more_xmp, photoshop, ..Self::default() }
                };
                JpegHeaders::before_scans(bytes).map(found).unwrap_or_default()
            }
            FileKind::Png => png(bytes),
            FileKind::WebP => webp(bytes),
            FileKind::Tiff => {
                return Self { exif: Some(bytes.into()), ..Self::default() };
            }
            // A TIFF's EXIF is the whole file here too.
            FileKind::Raw if !bytes.starts_with(b"FUJI") && bytes.get(4..8) != Some(b"ftyp") => {
                return raw::metadata(bytes);
            }
            FileKind::Raw => raw::metadata(bytes),
            FileKind::Heic | FileKind::Avif => {
                let (exif, xmp) = Heif::read(bytes).ok().flatten().map(|heif| heif.metadata()).unwrap_or_default();
                Self { exif: exif.and_then(without_orientation).map(Cow::from), xmp, ..Self::default() }
            }
            FileKind::JpegXl => jpeg_xl(bytes),
            _ => Self::default(),
        };
        let bounded = |block: &Cow<'a, [u8]>| block.len() <= EXIF_BYTES_MAX;
        Self {
            exif: found.exif.filter(bounded),
            exif_of_camera: found.exif_of_camera.filter(bounded),
            exif_of_place: found.exif_of_place.filter(bounded),
            xmp: found.xmp.filter(|packet| packet.len() <= XMP_BYTES_MAX),
            more_xmp: found.more_xmp,
            photoshop: found.photoshop.filter(|block| block.len() <= IPTC_BYTES_MAX),
        }
    }
}

/// A bare codestream has none. A box may be packed by Brotli, as `cjxl` does it.
fn jpeg_xl(bytes: &[u8]) -> Metadata<'_> {
    let mut metadata = Metadata::default();
    for (name, body) in boxes(bytes).take(HEIF_BOXES_MAX) {
        let (name, body) = match (&name, body.split_first_chunk::<4>()) {
            (b"brob", Some((packed, body))) if packed == b"Exif" || packed == b"xml " => match unpacked(body) {
                Some(body) => (*packed, Cow::from(body)),
                None => continue,
            },
            _ => (name, Cow::from(body)),
        };
        match &name {
            b"Exif" => {
                let header_at = body.first_chunk::<4>().map_or(0, |at| u32::from_be_bytes(*at) as usize);
                let tiff = body.get(4..).and_then(|rest| rest.get(header_at..));
                let tiff = tiff.filter(|tiff| tiff.len() <= EXIF_BYTES_MAX);
                metadata.exif = tiff.and_then(|tiff| without_orientation(tiff.into())).map(Cow::from);
            }
            b"xml " => metadata.xmp = Some(body),
            _ => {}
        }
    }
    metadata
}

/// What Brotli packed; None where it is broken, or more than a block of metadata may be.
fn unpacked(packed: &[u8]) -> Option<Vec<u8>> {
    let bytes_max = EXIF_BYTES_MAX.max(XMP_BYTES_MAX);
    let mut body = Vec::new();
    let stream = Decompressor::new(packed, UNPACKED_PIECE_BYTES);
    stream.take(bytes_max as u64 + 1).read_to_end(&mut body).ok()?;
    (body.len() <= bytes_max).then_some(body)
}

/// The codestream of JPEG XL and the container of HEIC and AVIF turn the picture, so that
/// EXIF's orientation is taken out, else it would be turned twice.
fn without_orientation(block: Cow<'_, [u8]>) -> Option<Vec<u8>> {
    let mut block = block.into_owned();
    let little = block.starts_with(b"II");
    let tag: [u8; 2] = if little { ORIENTATION.to_le_bytes() } else { ORIENTATION.to_be_bytes() };
    let start = block.get(4..8)?.try_into().ok()?;
    let start = if little { u32::from_le_bytes(start) } else { u32::from_be_bytes(start) } as usize;
    let entries = block.get_mut(start..)?.get_mut(2..)?;
    // A directory's own count may lie: this goes no further than its first 64 entries.
    if let Some(entry) = entries.chunks_exact_mut(12).take(64).find(|entry| entry.starts_with(&tag)) {
        entry[..2].copy_from_slice(&[0xFE, 0xFE]);
    }
    Some(block)
}

/// PNG: length, name, data, check sum; XMP is an uncompressed `iTXt`.
fn png(bytes: &[u8]) -> Metadata<'_> {
    let mut metadata = Metadata::default();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (Some(name), Some(data)) = (after.get(..4), after.get(4..).and_then(|data| data.get(..length))) else {
            break;
        };
        match name {
            b"eXIf" => metadata.exif = Some(data.into()),
            b"iTXt" => {
                let packet = data.strip_prefix(b"XML:com.adobe.xmp\0\0\0\0\0").map(Cow::from);
                metadata.xmp = packet.or(metadata.xmp);
            }
            _ => {}
        }
        rest = after.get(4 + length + 4..).unwrap_or_default();
    }
    metadata
}

/// WebP: name, length, data, padded to even.
fn webp(bytes: &[u8]) -> Metadata<'_> {
    let mut metadata = Metadata::default();
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        let [n0, n1, n2, n3, l0, l1, l2, l3] = *header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let Some(data) = after.get(..length) else {
            break;
        };
        match &[n0, n1, n2, n3] {
            // Some writers put JPEG's prefix before the block.
            b"EXIF" => metadata.exif = Some(data.strip_prefix(b"Exif\0\0").unwrap_or(data).into()),
            b"XMP " => metadata.xmp = Some(data.into()),
            _ => {}
        }
        rest = after.get(length + length % 2..).unwrap_or_default();
    }
    metadata
}

const ORIENTATION: u16 = 0x0112;
const NEW_SUBFILE_TYPE: u16 = 0x00FE;
const PHOTOMETRIC: u16 = 0x0106;
const SUB_IFDS: u16 = 0x014A;
const DNG_VERSION: u16 = 0xC612;
const PHOTOMETRIC_CFA: u16 = 32_803;

/// Whether a TIFF is a camera's RAW file: most of them are TIFFs whose first
/// directory is a small preview, and which say so in one of four ways.
pub fn tiff_is_raw(bytes: &[u8]) -> bool {
    if bytes.get(8..10) == Some(b"CR") {
        return true;
    }
    let entries = first_directory(bytes);
    let value = |wanted: u16| entries.iter().find(|(tag, _)| *tag == wanted).map(|(_, value)| *value);
    let first_is_preview = value(NEW_SUBFILE_TYPE).is_some_and(|kind| kind & 1 == 1);
    value(DNG_VERSION).is_some()
        || value(PHOTOMETRIC) == Some(PHOTOMETRIC_CFA)
        || (first_is_preview && value(SUB_IFDS).is_some())
}

/// Tags of the first directory, each with its first value as a short.
fn first_directory(bytes: &[u8]) -> Vec<(u16, u16)> {
    let little = bytes.starts_with(b"II");
    let short = |at: usize| -> Option<u16> {
        let two = [*bytes.get(at)?, *bytes.get(at + 1)?];
        Some(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let long = |at: usize| -> Option<u32> {
        let (first, second) = (u32::from(short(at)?), u32::from(short(at + 2)?));
        Some(if little { second << 16 | first } else { first << 16 | second })
    };
    let entry = |at: usize| -> Option<(u16, u16)> {
        let is_long = short(at + 2)? == 4;
        let value = if is_long { (long(at + 8)? & 0xFFFF) as u16 } else { short(at + 8)? };
        Some((short(at)?, value))
    };
    let Some(start) = long(4).map(|start| start as usize) else {
        return Vec::new();
    };
    let count = short(start).unwrap_or(0);
    (0..usize::from(count)).map_while(|number| entry(start + 2 + 12 * number)).collect()
}
