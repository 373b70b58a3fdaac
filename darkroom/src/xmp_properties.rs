//! Which of XMP's properties are read, by namespace and name, and what their values
//! mean together. Knows no XML.

use crate::captured::Captured;
use crate::exposure::Exposure;
use crate::words::{self, Written};

/// The namespace of lists and descriptions.
pub(crate) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const EXIF_EX: &str = "http://cipa.jp/exif/1.0/";
const AUX: &str = "http://ns.adobe.com/exif/1.0/aux/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";

/// A property that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    Author,
    Caption,
    Keywords,
    Rating,
    TakenByCamera,
    DateCreated,
    Make,
    Model,
    Lens,
    ExposureTime,
    FNumber,
    Iso,
    FocalLength,
}

impl Property {
    /// Which one `name` is in the namespace `uri`.
    pub(crate) fn named(uri: Option<&str>, name: &str) -> Option<Self> {
        Some(match (uri?, name) {
            (DC, "creator") => Self::Author,
            (DC, "description") => Self::Caption,
            (DC, "subject") => Self::Keywords,
            (XMP, "Rating") => Self::Rating,
            (EXIF, "DateTimeOriginal") => Self::TakenByCamera,
            (PHOTOSHOP, "DateCreated") => Self::DateCreated,
            (TIFF, "Make") => Self::Make,
            (TIFF, "Model") => Self::Model,
            (AUX, "Lens") | (EXIF_EX, "LensModel") => Self::Lens,
            (EXIF, "ExposureTime") => Self::ExposureTime,
            (EXIF, "FNumber") => Self::FNumber,
            (EXIF, "ISOSpeedRatings") | (EXIF_EX, "PhotographicSensitivity") => Self::Iso,
            (EXIF, "FocalLength") => Self::FocalLength,
            _ => return None,
        })
    }
}

/// Values in the order in which they are to be believed.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<(Property, String)>);

impl Values {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Keeps a value unless it is blank; one for all languages goes before the others.
    pub(crate) fn add(&mut self, property: Property, text: String, is_default: bool) {
        if text.trim().is_empty() {
            return;
        }
        let place = if is_default { 0 } else { self.0.len() };
        self.0.insert(place, (property, text));
    }

    /// What they say.
    pub(crate) fn written(&self) -> Written {
        let captured = |property| self.first(property).and_then(Captured::from_xmp);
        let name = |property| self.first(property).and_then(words::name);
        let number = |property| self.first(property).and_then(ratio);
        let exposure = Exposure {
            time_s: number(Property::ExposureTime),
            f_number: number(Property::FNumber),
            iso: self.first(Property::Iso).and_then(|iso| iso.trim().parse().ok()),
            focal_length_mm: number(Property::FocalLength),
        };
        Written {
            captured: captured(Property::TakenByCamera).or_else(|| captured(Property::DateCreated)),
            camera_make: name(Property::Make),
            camera_model: name(Property::Model),
            lens: name(Property::Lens),
            exposure: exposure.believed(),
            author: words::author(self.all(Property::Author)),
            caption: self.first(Property::Caption).and_then(words::caption),
            keywords: words::keywords(self.all(Property::Keywords)),
            rating: self.first(Property::Rating).and_then(stars),
        }
    }

    fn all(&self, wanted: Property) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(property, _)| *property == wanted).map(|(_, text)| text.as_str())
    }

    fn first(&self, wanted: Property) -> Option<&str> {
        self.all(wanted).next()
    }
}

/// `28/10`, or `2.8` as some programs write it.
fn ratio(text: &str) -> Option<f64> {
    let (over, under) = text.trim().split_once('/').unwrap_or((text.trim(), "1"));
    Some(over.parse::<f64>().ok()? / under.parse::<f64>().ok()?).filter(|ratio| ratio.is_finite())
}

/// `4`, or `4.0`; -1 is rejected.
fn stars(text: &str) -> Option<i8> {
    let stars = text.trim().parse::<f32>().ok()?.round();
    (-1.0..=5.0).contains(&stars).then_some(stars as i8)
}
