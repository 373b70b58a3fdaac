//! What a customer chooses: a print size in millimetres and its finish. Knows no
//! price and no printer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;
use crate::limits::{PRINT_EDGE_MM_MAX, PRINT_EDGE_MM_MIN};
use crate::text;

/// The surface of a print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// Shiny.
    Glossy,
    /// Dull, hides fingerprints.
    Matte,
    /// Between the two.
    Satin,
}

impl Finish {
    /// All finishes.
    pub const ALL: [Self; 3] = [Self::Glossy, Self::Matte, Self::Satin];

    /// The word in files and forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Glossy => "glossy",
            Self::Matte => "matte",
            Self::Satin => "satin",
        }
    }
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Finish {
    type Err = ProtocolError;

    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let word = given.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|finish| finish.word() == word).ok_or_else(|| ProtocolError::Unreadable {
            given: text::shown(given),
            expected: "a finish: glossy, matte or satin",
        })
    }
}

/// Width and height in millimetres, the shorter edge first: the print turns with the photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Edges", into = "Edges")]
pub struct PrintSize {
    short_mm: u32,
    long_mm: u32,
}

impl PrintSize {
    /// 10 × 15 cm.
    pub const CM_10X15: Self = Self { short_mm: 100, long_mm: 150 };
    /// 13 × 18 cm.
    pub const CM_13X18: Self = Self { short_mm: 130, long_mm: 180 };
    /// 20 × 30 cm.
    pub const CM_20X30: Self = Self { short_mm: 200, long_mm: 300 };
    /// 30 × 45 cm.
    pub const CM_30X45: Self = Self { short_mm: 300, long_mm: 450 };

    /// A size from its edges in millimetres, in either order.
    ///
    /// # Errors
    /// [`ProtocolError::Unreadable`] outside 20 to 2,000 mm.
    pub fn from_mm(a_mm: u32, b_mm: u32) -> Result<Self, ProtocolError> {
        let allowed = PRINT_EDGE_MM_MIN..=PRINT_EDGE_MM_MAX;
        if !allowed.contains(&a_mm) || !allowed.contains(&b_mm) {
            return Err(ProtocolError::Unreadable {
                given: format!("{a_mm}x{b_mm} mm"),
                expected: "a print size with edges from 20 to 2,000 mm",
            });
        }
        Ok(Self { short_mm: a_mm.min(b_mm), long_mm: a_mm.max(b_mm) })
    }

    /// The shorter edge in millimetres.
    pub fn short_mm(self) -> u32 {
        self.short_mm
    }

    /// The longer edge in millimetres.
    pub fn long_mm(self) -> u32 {
        self.long_mm
    }

    /// Pixels per inch that a photo of `width_px` × `height_px` gives when it fills this size.
    pub fn ppi_of(self, width_px: u32, height_px: u32) -> u32 {
        let (short_px, long_px) = (width_px.min(height_px), width_px.max(height_px));
        let of = |px: u32, mm: u32| u64::from(px) * 254 / (u64::from(mm) * 10);
        u32::try_from(of(short_px, self.short_mm).min(of(long_px, self.long_mm))).unwrap_or(u32::MAX)
    }
}

#[derive(Serialize, Deserialize)]
struct Edges {
    short_mm: u32,
    long_mm: u32,
}

impl TryFrom<Edges> for PrintSize {
    type Error = ProtocolError;

    fn try_from(edges: Edges) -> Result<Self, ProtocolError> {
        Self::from_mm(edges.short_mm, edges.long_mm)
    }
}

impl From<PrintSize> for Edges {
    fn from(size: PrintSize) -> Self {
        Self { short_mm: size.short_mm, long_mm: size.long_mm }
    }
}

impl fmt::Display for PrintSize {
    /// `10x15` in centimetres where they are whole, else `102x152mm`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.short_mm.is_multiple_of(10) && self.long_mm.is_multiple_of(10) {
            write!(f, "{}x{}", self.short_mm / 10, self.long_mm / 10)
        } else {
            write!(f, "{}x{}mm", self.short_mm, self.long_mm)
        }
    }
}

impl FromStr for PrintSize {
    type Err = ProtocolError;

    /// Reads `10x15`, `10 × 15 cm` (centimetres) and `102x152mm`.
    fn from_str(given: &str) -> Result<Self, ProtocolError> {
        let unreadable = || ProtocolError::Unreadable {
            given: text::shown(given),
            expected: "a print size such as 10x15 (centimetres) or 102x152mm",
        };
        let word = given.trim().to_lowercase().replace(['×', '*'], "x");
        let (word, unit_mm) = match word.strip_suffix("mm") {
            Some(rest) => (rest.to_owned(), 1),
            None => (word.trim_end_matches("cm").to_owned(), 10),
        };
        let (a, b) = word.split_once('x').ok_or_else(unreadable)?;
        let edge = |text: &str| text.trim().parse::<u32>().ok().and_then(|edge| edge.checked_mul(unit_mm));
        let (a_mm, b_mm) = (edge(a).ok_or_else(unreadable)?, edge(b).ok_or_else(unreadable)?);
        Self::from_mm(a_mm, b_mm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_back_what_they_show() {
        for (text, shown) in [("15x10", "10x15"), ("10 × 15 cm", "10x15"), ("102x152mm", "102x152mm")] {
            let size: PrintSize = text.parse().unwrap();
            assert_eq!(size.to_string(), shown);
            assert_eq!(shown.parse::<PrintSize>().unwrap(), size);
        }
        for wrong in ["", "10", "10x", "0x15", "1x1", "999x999", "-10x15", "4294967295x1"] {
            assert!(wrong.parse::<PrintSize>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ppi_is_that_of_the_poorer_edge() {
        assert_eq!(PrintSize::CM_10X15.ppi_of(1772, 1181), 299);
        assert_eq!(PrintSize::CM_20X30.ppi_of(600, 9000), 76);
    }
}
