//! What the camera wrote about a photo: size, orientation, capture time, camera,
//! lens, rating. EXIF lies, loops and breaks off: whatever can't be read is simply
//! absent, and only the picture's size is required.

use exif::{Exif, In, Tag, Value};
use image::ImageDecoder;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::container::Metadata;
use crate::decode;
use crate::develop::guarded;
use crate::error::DevelopError;
use crate::jpeg_headers::JpegHeaders;
use crate::limits::CAMERA_NAME_CHARS_MAX;
use crate::raw::PrintSource;
use crate::sniff::FileKind;
use crate::{decode_heic, decode_jxl, raw};

/// Which way up the camera was held: EXIF's 1 to 8. Anything else counts as 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// When a photo was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    /// By the camera's own clock, with fractions of a second where it says them.
    pub civil: DateTime,
    /// The clock's distance from UTC, where the camera says it.
    pub offset: Option<Offset>,
}

/// What is known of a photo before it is developed.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// By its content.
    pub kind: FileKind,
    /// Turned upright.
    pub width_px: u32,
    /// Turned upright.
    pub height_px: u32,
    /// As stored in the file.
    pub orientation: Orientation,
    /// From `DateTimeOriginal`, or where that is missing `DateTimeDigitized`.
    pub captured: Option<Captured>,
    /// The camera's maker.
    pub camera_make: Option<String>,
    /// The camera's model.
    pub camera_model: Option<String>,
    /// The lens's model.
    pub lens: Option<String>,
    /// 0 to 5 stars: XMP's, or EXIF's where there is none.
    pub rating: Option<u8>,
    /// What it can be printed from: of a RAW file, its preview alone.
    pub print_source: PrintSource,
    /// Whether the file tells where it was taken. No rendition does.
    pub has_gps: bool,
}

impl Facts {
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
    guarded(|| {
        let kind = decode::readable_kind(bytes)?;
        let (width_px, height_px) = stored_size(bytes, kind)?;
        decode::check_size(width_px, height_px)?;
        let metadata = Metadata::of(bytes, kind);
        let tags = Tags::of(&metadata);
        let orientation = tags.orientation();
        let sideways = orientation.is_sideways();
        Ok(Facts {
            kind,
            width_px: if sideways { height_px } else { width_px },
            height_px: if sideways { width_px } else { height_px },
            orientation,
            captured: tags.captured(),
            camera_make: tags.text(Tag::Make),
            camera_model: tags.text(Tag::Model),
            lens: tags.text(Tag::LensModel),
            rating: metadata.xmp.and_then(xmp_rating).or_else(|| tags.rating()),
            print_source: print_source(bytes, kind)?,
            has_gps: tags.field(Tag::GPSLatitude).is_some(),
        })
    })
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
        FileKind::JpegXl => return decode_jxl::size(bytes),
        _ => {}
    }
    Ok(decode::opened(bytes, kind)?.dimensions())
}

/// EXIF fields, read one by one: a field may claim a megabyte, and hundreds may.
pub(crate) struct Tags(Option<Exif>);

impl Tags {
    /// Whatever can be read of the block.
    pub(crate) fn of(metadata: &Metadata<'_>) -> Self {
        let mut reader = exif::Reader::new();
        reader.continue_on_error(true);
        Self(metadata.exif.as_deref().and_then(|block| {
            let read = reader.read_raw(block.to_vec());
            read.or_else(|error| error.distill_partial_result(|_| {})).ok()
        }))
    }

    /// The picture's orientation, not its thumbnail's.
    pub(crate) fn orientation(&self) -> Orientation {
        let value = self.field(Tag::Orientation).and_then(|value| value.get_uint(0));
        Orientation::from_exif(value.unwrap_or(1))
    }

    /// Cameras that are set to Adobe RGB say so here, and often embed no profile.
    pub(crate) fn says_adobe_rgb(&self) -> bool {
        matches!(self.field(Tag::InteroperabilityIndex),
            Some(Value::Ascii(lines)) if lines.first().is_some_and(|line| line.starts_with(b"R03")))
    }

    fn field(&self, tag: Tag) -> Option<&Value> {
        Some(&self.0.as_ref()?.get_field(tag, In::PRIMARY)?.value)
    }

    fn ascii(&self, tag: Tag) -> Option<&[u8]> {
        match self.field(tag)? {
            Value::Ascii(lines) => lines.first().map(Vec::as_slice),
            _ => None,
        }
    }

    /// A name: one line, no control characters, bounded; None when blank.
    fn text(&self, tag: Tag) -> Option<String> {
        let line = self.ascii(tag)?;
        let line = &line[..line.len().min(4 * CAMERA_NAME_CHARS_MAX)];
        let text = String::from_utf8_lossy(line);
        let words = text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{FFFD}');
        let joined = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let kept = joined.chars().take(CAMERA_NAME_CHARS_MAX).collect::<String>();
        (!kept.is_empty()).then_some(kept)
    }

    fn captured(&self) -> Option<Captured> {
        self.moment(Tag::DateTimeOriginal, Tag::SubSecTimeOriginal, Tag::OffsetTimeOriginal)
            .or_else(|| self.moment(Tag::DateTimeDigitized, Tag::SubSecTimeDigitized, Tag::OffsetTimeDigitized))
    }

    fn moment(&self, time: Tag, fraction: Tag, offset: Tag) -> Option<Captured> {
        let mut moment = exif::DateTime::from_ascii(self.ascii(time)?).ok()?;
        if let Some(digits) = self.ascii(fraction) {
            // A fraction that can't be read leaves the moment as it is.
            let _ = moment.parse_subsec(digits);
        }
        if let Some(zone) = self.ascii(offset) {
            let _ = moment.parse_offset(zone);
        }
        captured_from(&moment)
    }

    fn rating(&self) -> Option<u8> {
        const RATING: Tag = Tag(exif::Context::Tiff, 0x4746);
        let stars = self.field(RATING)?.get_uint(0)?;
        u8::try_from(stars).ok().filter(|stars| *stars <= 5)
    }
}

fn captured_from(moment: &exif::DateTime) -> Option<Captured> {
    let (year, month, day) = (moment.year.try_into().ok()?, moment.month.try_into().ok()?, moment.day.try_into().ok()?);
    let (hour, minute, second) =
        (moment.hour.try_into().ok()?, moment.minute.try_into().ok()?, moment.second.try_into().ok()?);
    let nanosecond = moment.nanosecond.and_then(|nanosecond| i32::try_from(nanosecond).ok()).unwrap_or(0);
    let civil = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    let offset = moment.offset.and_then(|minutes| Offset::from_seconds(i32::from(minutes) * 60).ok());
    // A camera whose battery ran out writes year 0.
    (civil.year() > 1800).then_some(Captured { civil, offset })
}

/// `xmp:Rating`, as an attribute or an element. -1 means rejected, which is no rating.
fn xmp_rating(packet: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"xmp:Rating";
    let at = packet.windows(NAME.len()).position(|window| window == NAME)?;
    let after = &packet[at + NAME.len()..];
    let value =
        after.strip_prefix(b"=\"").or_else(|| after.strip_prefix(b"='")).or_else(|| after.strip_prefix(b">"))?;
    let (digit, end) = (value.first()?, value.get(1)?);
    let stars = digit.checked_sub(b'0').filter(|stars| *stars <= 5)?;
    (!end.is_ascii_digit()).then_some(stars)
}
