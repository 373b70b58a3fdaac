//! Which kind of file this is, by its content. The name is never looked at: a `.nef`
//! can be a JPEG, and a `.jpg` a web page that a download left behind.

use serde::{Deserialize, Serialize};

use crate::container::tiff_is_raw;

/// A kind of file that can be told from its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FileKind {
    /// Can be imported.
    Jpeg,
    /// Can be imported.
    Png,
    /// Can be imported.
    Tiff,
    /// Can be imported.
    WebP,
    /// HEIC, HEIF or HIF: phones and some cameras.
    Heic,
    /// AVIF: some phones, and programs for the web.
    Avif,
    /// JPEG XL.
    JpegXl,
    /// JPEG 2000.
    Jpeg2000,
    /// A camera's own undeveloped format: CR2, CR3, NEF, ARW, RAF, DNG, ORF, RW2 …
    Raw,
    /// Photoshop's own format.
    Photoshop,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
    /// MP4, QuickTime, AVI, Matroska.
    Video,
    /// Sound.
    Audio,
    /// A web page.
    Html,
    /// SVG or another XML text.
    Xml,
    /// PDF.
    Pdf,
    /// ZIP, and what is made of it.
    Zip,
}

impl FileKind {
    /// Whether [`crate::develop()`] takes it.
    pub fn is_readable(self) -> bool {
        use FileKind::{Avif, Heic, Jpeg, JpegXl, Png, Raw, Tiff, WebP};
        matches!(self, Jpeg | Png | Tiff | WebP | Heic | Avif | JpegXl | Raw)
    }

    /// Whether a photographer would call it a photograph.
    pub fn is_photograph(self) -> bool {
        !matches!(self, Self::Video | Self::Audio | Self::Html | Self::Xml | Self::Pdf | Self::Zip)
    }

    /// For the beginning of a sentence: "HEIC photographs".
    pub fn plural(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG photographs",
            Self::Png => "PNG pictures",
            Self::Tiff => "TIFF photographs",
            Self::WebP => "WebP pictures",
            Self::Heic => "HEIC photographs",
            Self::Avif => "AVIF photographs",
            Self::JpegXl => "JPEG XL photographs",
            Self::Jpeg2000 => "JPEG 2000 photographs",
            Self::Raw => "RAW photographs",
            Self::Photoshop => "Photoshop documents",
            Self::Gif => "GIF pictures",
            Self::Bmp => "BMP pictures",
            Self::Video => "Videos",
            Self::Audio => "Sound recordings",
            Self::Html => "Web pages",
            Self::Xml => "SVG and XML files",
            Self::Pdf => "PDF documents",
            Self::Zip => "ZIP archives",
        }
    }

    /// For the middle of a sentence: "a web page (HTML)".
    pub fn singular(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG",
            Self::Png => "a PNG",
            Self::Tiff => "a TIFF",
            Self::WebP => "a WebP",
            Self::Heic => "a HEIC photograph",
            Self::Avif => "an AVIF photograph",
            Self::JpegXl => "a JPEG XL photograph",
            Self::Jpeg2000 => "a JPEG 2000 photograph",
            Self::Raw => "a RAW photograph",
            Self::Photoshop => "a Photoshop document",
            Self::Gif => "a GIF",
            Self::Bmp => "a BMP",
            Self::Video => "a video",
            Self::Audio => "a sound recording",
            Self::Html => "a web page (HTML)",
            Self::Xml => "an SVG or XML text",
            Self::Pdf => "a PDF document",
            Self::Zip => "a ZIP archive",
        }
    }
}

/// The kind of file that `bytes` begin like, if it is a known one. Looks at the
/// first bytes alone, and at a TIFF's first directory to tell RAW files from it.
pub fn sniff(bytes: &[u8]) -> Option<FileKind> {
    by_signature(bytes).or_else(|| by_brand(bytes)).or_else(|| by_text(bytes))
}

/// First bytes and what they mean; the longer stand before what they begin with.
const SIGNATURES: &[(&[u8], FileKind)] = &[
    (b"\xFF\xD8\xFF", FileKind::Jpeg),
    (b"\x89PNG\r\n\x1A\n", FileKind::Png),
    (b"\xFF\x0A", FileKind::JpegXl),
    (b"\0\0\0\x0CJXL \r\n\x87\n", FileKind::JpegXl),
    (b"\0\0\0\x0CjP  \r\n\x87\n", FileKind::Jpeg2000),
    (b"\xFF\x4F\xFF\x51", FileKind::Jpeg2000),
    (b"GIF8", FileKind::Gif),
    (b"8BPS", FileKind::Photoshop),
    (b"FUJIFILMCCD-RAW", FileKind::Raw),
    (b"IIRO", FileKind::Raw),
    (b"IIRS", FileKind::Raw),
    (b"MMOR", FileKind::Raw),
    (b"IIU\0", FileKind::Raw),
    (b"FOVb", FileKind::Raw),
    (b"\0MRM", FileKind::Raw),
    (b"%PDF", FileKind::Pdf),
    (b"PK\x03\x04", FileKind::Zip),
    (b"\x1A\x45\xDF\xA3", FileKind::Video),
    (b"\0\0\x01\xBA", FileKind::Video),
    (b"OggS", FileKind::Audio),
    (b"ID3", FileKind::Audio),
    (b"fLaC", FileKind::Audio),
];

fn by_signature(bytes: &[u8]) -> Option<FileKind> {
    if matches!(bytes, [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..]) {
        return Some(if tiff_is_raw(bytes) { FileKind::Raw } else { FileKind::Tiff });
    }
    if let (b"RIFF", Some(form)) = (bytes.get(..4)?, bytes.get(8..12)) {
        return match form {
            b"WEBP" => Some(FileKind::WebP),
            b"WAVE" => Some(FileKind::Audio),
            _ => Some(FileKind::Video),
        };
    }
    // BMP's two letters begin many a text: its reserved bytes are zero.
    if bytes.starts_with(b"BM") && bytes.get(6..10) == Some(&[0; 4]) {
        return Some(FileKind::Bmp);
    }
    SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
}

/// Files of the MP4 family name their brand after `ftyp`.
fn by_brand(bytes: &[u8]) -> Option<FileKind> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    Some(match bytes.get(8..12)? {
        // Some writers name the family first, and AVIF among those that it may be read as.
        b"mif1" | b"msf1" if names_brand(bytes, b"avif") => FileKind::Avif,
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => FileKind::Heic,
        b"avif" | b"avis" => FileKind::Avif,
        b"crx " => FileKind::Raw,
        b"jp2 " | b"jpx " => FileKind::Jpeg2000,
        b"M4A " => FileKind::Audio,
        _ => FileKind::Video,
    })
}

/// Whether the file's first box names that brand among the compatible ones.
fn names_brand(bytes: &[u8], brand: &[u8; 4]) -> bool {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = bytes.get(16..length.min(bytes.len()).min(256)).unwrap_or_default();
    brands.as_chunks::<4>().0.contains(brand)
}

/// Pages and drawings begin with a tag, after any white space and byte order mark.
fn by_text(bytes: &[u8]) -> Option<FileKind> {
    let start = &bytes[..bytes.len().min(512)];
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag));
    if begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<body") {
        return Some(FileKind::Html);
    }
    (begins(b"<?xml") || begins(b"<svg") || begins(b"<!doctype svg")).then_some(FileKind::Xml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_what_they_hold() {
        let known: &[(&[u8], FileKind)] = &[
            (b"\xFF\xD8\xFF\xE1", FileKind::Jpeg),
            (b"RIFF\0\0\0\0WEBPVP8 ", FileKind::WebP),
            (b"RIFF\0\0\0\0AVI LIST", FileKind::Video),
            (b"\0\0\0\x18ftypheic", FileKind::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", FileKind::Avif),
            (b"\0\0\0\x14ftypmif1\0\0\0\0mif1avif", FileKind::Heic),
            (b"\0\0\0\x18ftypmp42", FileKind::Video),
            (b"\0\0\0\x18ftypcrx ", FileKind::Raw),
            (b"  \n<!DOCTYPE HTML><title>", FileKind::Html),
            (b"\xEF\xBB\xBF<svg xmlns", FileKind::Xml),
            (b"II*\0\x08\0\0\0\0\0", FileKind::Tiff),
            (b"BM\0\0\0\0\0\0\0\0", FileKind::Bmp),
        ];
        for (bytes, kind) in known {
            assert_eq!(sniff(bytes), Some(*kind), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for bytes in [&b""[..], b"\xFF", b"BMW club, spring outing", b"hello", b"\0\0\0\x18fty", b"RIFF"] {
            assert_eq!(sniff(bytes), None, "{:?}", bytes.escape_ascii().to_string());
        }
    }
}
