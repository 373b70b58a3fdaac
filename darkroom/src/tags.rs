//! EXIF's fields, read one by one: a field may claim a megabyte, and hundreds may.

use std::borrow::Cow;

use exif::{Context, Exif, In, Rational, Tag, Value};

use crate::captured::Captured;
use crate::container::Metadata;
use crate::exposure::Exposure;
use crate::facts::Orientation;
use crate::limits::TEXT_BYTES_MAX;
use crate::words::{self, Written};

const RATING: Tag = Tag(Context::Tiff, 0x4746);
/// Windows's own fields, in UTF-16.
const XP_COMMENT: Tag = Tag(Context::Tiff, 0x9C9C);
const XP_AUTHOR: Tag = Tag(Context::Tiff, 0x9C9D);
const XP_KEYWORDS: Tag = Tag(Context::Tiff, 0x9C9E);
/// What stands for sensitivities that don't fit into EXIF's first field for them.
const ISO_BEYOND: u32 = 65_535;

/// A block's fields; none of a block that can't be read.
pub(crate) struct Tags {
    main: Option<Exif>,
    /// Blocks that are one directory each: their fields count as the main directory's there.
    camera: Option<Exif>,
    place: Option<Exif>,
}

impl Tags {
    /// Whatever can be read of the block.
    pub(crate) fn of(metadata: &Metadata<'_>) -> Self {
        let mut reader = exif::Reader::new();
        reader.continue_on_error(true);
        let read = |block: &Option<Cow<'_, [u8]>>| {
            let read = reader.read_raw(block.as_deref()?.to_vec());
            read.or_else(|error| error.distill_partial_result(|_| {})).ok()
        };
        let (camera, place) = (&metadata.exif_of_camera, &metadata.exif_of_place);
        Self { main: read(&metadata.exif), camera: read(camera), place: read(place) }
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

    /// Whether the field is there.
    pub(crate) fn has(&self, tag: Tag) -> bool {
        self.field(tag).is_some()
    }

    /// A field's bytes as they are stored: where TIFF keeps other blocks.
    pub(crate) fn bytes(&self, tag: Tag, bytes_max: usize) -> Option<Cow<'_, [u8]>> {
        match self.field(tag)? {
            Value::Byte(bytes) | Value::Undefined(bytes, _) if bytes.len() <= bytes_max => Some(Cow::from(bytes)),
            // Some programs say that IPTC's bytes are numbers, and swap nothing.
            Value::Long(numbers) if numbers.len() <= bytes_max / 4 => {
                let little = self.main.as_ref()?.little_endian();
                let four = |number: &u32| if little { number.to_le_bytes() } else { number.to_be_bytes() };
                Some(Cow::from(numbers.iter().flat_map(four).collect::<Vec<u8>>()))
            }
            _ => None,
        }
    }

    /// What the block says of how, when and by whom.
    pub(crate) fn written(&self) -> Written {
        let name = |tag| self.text(tag).and_then(|text| words::name(&text));
        let author = self.text(Tag::Artist).and_then(|text| words::author([text]));
        let caption = self.text(Tag::ImageDescription).and_then(|text| words::caption(&text));
        let keywords = self.wide_text(XP_KEYWORDS);
        Written {
            captured: self.captured(),
            camera_make: name(Tag::Make),
            camera_model: name(Tag::Model),
            lens: name(Tag::LensModel),
            exposure: self.exposure(),
            author: author.or_else(|| words::author(self.wide_text(XP_AUTHOR)?.split(';'))),
            caption: caption.or_else(|| words::caption(&self.wide_text(XP_COMMENT)?)),
            keywords: words::keywords(keywords.iter().flat_map(|words| words.split(';'))),
            rating: self.rating(),
        }
    }

    fn field(&self, tag: Tag) -> Option<&Value> {
        fn value(block: Option<&Exif>, tag: Tag) -> Option<&Value> {
            Some(&block?.get_field(tag, In::PRIMARY)?.value)
        }
        let beside = match tag.context() {
            Context::Exif => self.camera.as_ref(),
            Context::Gps => self.place.as_ref(),
            _ => None,
        };
        value(self.main.as_ref(), tag).or_else(|| value(beside, Tag(Context::Tiff, tag.number())))
    }

    fn ascii(&self, tag: Tag) -> Option<&[u8]> {
        match self.field(tag)? {
            Value::Ascii(lines) => lines.first().map(Vec::as_slice),
            _ => None,
        }
    }

    fn text(&self, tag: Tag) -> Option<String> {
        self.ascii(tag).map(words::decoded)
    }

    fn wide_text(&self, tag: Tag) -> Option<String> {
        let bytes = self.bytes(tag, 2 * TEXT_BYTES_MAX)?;
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
        Some(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
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
        Captured::from_exif(&moment)
    }

    fn exposure(&self) -> Exposure {
        let number = |tag| self.ratio(tag).filter(|ratio| ratio.denom != 0).map(|ratio| ratio.to_f64());
        let exposure = Exposure {
            time_s: number(Tag::ExposureTime),
            f_number: number(Tag::FNumber),
            iso: self.iso(),
            focal_length_mm: number(Tag::FocalLength),
        };
        exposure.believed()
    }

    fn ratio(&self, tag: Tag) -> Option<Rational> {
        match self.field(tag)? {
            Value::Rational(ratios) => ratios.first().copied(),
            _ => None,
        }
    }

    fn iso(&self) -> Option<u32> {
        let number = |tag| self.field(tag).and_then(|value| value.get_uint(0));
        let beyond = [Tag::RecommendedExposureIndex, Tag::StandardOutputSensitivity, Tag::ISOSpeed];
        let plain = number(Tag::PhotographicSensitivity).filter(|iso| *iso != ISO_BEYOND);
        plain.or_else(|| beyond.into_iter().find_map(number))
    }

    fn rating(&self) -> Option<i8> {
        let stars = self.field(RATING)?.get_uint(0)?;
        i8::try_from(stars).ok().filter(|stars| *stars <= 5)
    }
}
