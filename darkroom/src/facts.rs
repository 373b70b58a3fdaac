//! What is known of a photo before it is developed: what the camera wrote, and what
//! its photographer did. EXIF, IPTC and XMP lie, loop and break off: whatever can't be
//! read is simply absent, and only the picture's size is required. How each of the
//! three is read is `tags`', `iptc`'s and `xmp`'s matter.

use std::borrow::Cow;

use exif::Tag;
use image::ImageDecoder;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::captured::Captured;
use crate::container::Metadata;
use crate::decode;
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::exposure::Exposure;
use crate::iptc;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::{IPTC_BYTES_MAX, XMP_BYTES_MAX};
use crate::look::{Wish, look};
use crate::raw::PrintSource;
use crate::sniff::FileKind;
pub(crate) use crate::tags::Tags;
use crate::words::{self, Written};
use crate::xmp;
use crate::{decode_avif, decode_heic, decode_jxl, decode_tiff, decode_webp, raw};

/// Which way up the camera was held: EXIF's 1 to 8. Anything else counts as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct Orientation(u8);

impl Orientation {
    /// As EXIF says it.
    pub fn from_exif(value: u32) -> Self {
        Self(u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).unwrap_or(1))
    }

    /// 1 to 8.
    pub fn to_exif(self) -> u8 {
        self.0
    }

    /// Whether turning it upright exchanges width and height.
    pub fn is_sideways(self) -> bool {
        self.0 >= 5
    }
}

impl From<u32> for Orientation {
    fn from(value: u32) -> Self {
        Self::from_exif(value)
    }
}

impl From<Orientation> for u32 {
    fn from(orientation: Orientation) -> Self {
        orientation.0.into()
    }
}

/// What is known of a photo before it is developed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// By its content.
    pub kind: FileKind,
    /// Turned upright.
    pub width_px: u32,
    /// Turned upright.
    pub height_px: u32,
    /// As stored in the file.
    pub orientation: Orientation,
    /// From `DateTimeOriginal`; where that is missing, from what comes closest to it.
    pub captured: Option<Captured>,
    /// The camera's maker.
    pub camera_make: Option<String>,
    /// The camera's model.
    pub camera_model: Option<String>,
    /// The lens's model.
    pub lens: Option<String>,
    /// How it was exposed.
    pub exposure: Exposure,
    /// Who took it: XMP's creator, IPTC's by-line or EXIF's artist.
    pub author: Option<String>,
    /// What it shows, in its photographer's words; may be of several lines.
    pub caption: Option<String>,
    /// Each once, at most [`KEYWORDS_MAX`](crate::limits::KEYWORDS_MAX).
    pub keywords: Vec<String>,
    /// 0 to 5 stars: XMP's, or EXIF's where there is none. A rejected photo has none.
    pub rating: Option<u8>,
    /// What it can be printed from: of a RAW file, its preview alone.
    pub print_source: PrintSource,
    /// Whether the file tells where it was taken. No rendition does.
    pub has_gps: bool,
}

impl Facts {
    /// The facts within the bounds that hold for them, whoever says them.
    pub(crate) fn believed(self) -> Self {
        let line = |text: Option<String>| text.and_then(|text| words::name(&text));
        Self {
            camera_make: line(self.camera_make),
            camera_model: line(self.camera_model),
            lens: line(self.lens),
            exposure: self.exposure.believed(),
            author: self.author.and_then(|author| words::author([author])),
            caption: self.caption.and_then(|caption| words::caption(&caption)),
            keywords: words::keywords(self.keywords),
            rating: self.rating.filter(|stars| *stars <= 5),
            ..self
        }
    }

    /// When it was taken, by the camera's own clock.
    pub fn captured_at(&self) -> Option<DateTime> {
        self.captured.map(|captured| captured.civil)
    }

    /// Make and model as one would say them: "NIKON D90", not "NIKON NIKON D90".
    pub fn camera(&self) -> Option<String> {
        match (&self.camera_make, &self.camera_model) {
            (Some(make), Some(model)) => {
                let first_word = make.split(' ').next().unwrap_or(make);
                let is_named = model.to_lowercase().starts_with(&first_word.to_lowercase());
                Some(if is_named { model.clone() } else { format!("{make} {model}") })
            }
            (make, model) => model.clone().or_else(|| make.clone()),
        }
    }
}

/// Reads a photo's facts from its bytes, without decoding the picture.
///
/// # Errors
/// When this is no photograph that can be imported, or its headers are broken.
pub fn read_facts(bytes: &[u8]) -> Result<Facts, DevelopError> {
    guarded(|| look(bytes, &Wish::default()).map(|looked| looked.facts))
}

/// As [`read_facts`], in this process; and whether EXIF says that the colours are Adobe
/// RGB's.
///
/// # Errors
/// As [`read_facts`].
pub(crate) fn read_here(bytes: &[u8], kind: FileKind) -> Result<(Facts, bool), DevelopError> {
    let (width_px, height_px) = stored_size(bytes, kind)?;
    decode::check_size(width_px, height_px)?;
    let metadata = Metadata::of(bytes, kind);
    let tags = Tags::of(&metadata);
    let orientation = tags.orientation();
    let sideways = orientation.is_sideways();
    let written = written(&metadata, &tags);
    let facts = Facts {
        kind,
        width_px: if sideways { height_px } else { width_px },
        height_px: if sideways { width_px } else { height_px },
        orientation,
        captured: written.captured,
        camera_make: written.camera_make,
        camera_model: written.camera_model,
        lens: written.lens,
        exposure: written.exposure,
        author: written.author,
        caption: written.caption,
        keywords: written.keywords,
        rating: written.rating.and_then(|stars| u8::try_from(stars).ok()),
        print_source: print_source(bytes, kind)?,
        has_gps: tags.has(Tag::GPSLatitude),
    };
    Ok((facts, tags.says_adobe_rgb()))
}

fn print_source(bytes: &[u8], kind: FileKind) -> Result<PrintSource, DevelopError> {
    if kind == FileKind::Raw {
        raw::preview(bytes).map(|preview| preview.print_source())
    } else {
        Ok(PrintSource::Full)
    }
}

/// Width and height as stored, from the headers.
fn stored_size(bytes: &[u8], kind: FileKind) -> Result<(u32, u32), DevelopError> {
    if kind == FileKind::Jpeg {
        let frame = JpegHeaders::before_scans(bytes)?.frame;
        let frame = frame.ok_or_else(|| DevelopError::damaged("it has no frame header"))?;
        return Ok((frame.width_px, frame.height_px));
    }
    match kind {
        FileKind::Raw => return raw::preview(bytes).map(|preview| (preview.width_px, preview.height_px)),
        FileKind::Heic => return decode_heic::size(bytes),
        FileKind::Avif => return decode_avif::size(bytes),
        FileKind::JpegXl => return decode_jxl::size(bytes),
        FileKind::WebP => return decode_webp::size(bytes),
        FileKind::Tiff => return decode_tiff::size(bytes),
        _ => {}
    }
    Ok(decode::opened(bytes, kind)?.dimensions())
}

/// All three blocks' words, put together by who is to be believed: the camera of what
/// it measured, the last program that wrote of what people wrote.
fn written(metadata: &Metadata<'_>, tags: &Tags) -> Written {
    const XMP_IN_TIFF: Tag = Tag(exif::Context::Tiff, 0x02BC);
    const IPTC_IN_TIFF: Tag = Tag(exif::Context::Tiff, 0x83BB);
    let packet = metadata.xmp.as_deref().map(Cow::from).or_else(|| tags.bytes(XMP_IN_TIFF, XMP_BYTES_MAX));
    let block = metadata.photoshop.as_deref().and_then(iptc::in_photoshop).map(Cow::from);
    let block = block.or_else(|| tags.bytes(IPTC_IN_TIFF, IPTC_BYTES_MAX));
    let exif = tags.written();
    let xmp = packet.map(|packet| xmp::read(&packet)).unwrap_or_default();
    let xmp = match &metadata.more_xmp {
        Some(more) => xmp::read(more).with_words_of(xmp, Written::default()),
        None => xmp,
    };
    let iptc = block.map(|block| iptc::read(&block)).unwrap_or_default();
    exif.with_words_of(xmp, iptc)
}
