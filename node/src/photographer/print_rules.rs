//! How a lab wants its print files: as the photographer's camera wrote them, or made for
//! the paper, in the lab's colours. Which file comes of it is `print_files`' matter.

use enprint_darkroom::{Length, Paper, Placement, PrintColour, PrintFormat, PrintSettings, Recipe};
use enprint_protocol::codec;
use enprint_protocol::ids::ContentHash;
use enprint_protocol::order::Crop;
use enprint_protocol::print_job::Prepared;
use enprint_protocol::print_size::PrintSize;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::error::NodeError;

/// Counted up when files are made otherwise, so that none made before is used.
const MAKER_VERSION: u32 = 1;

/// What one lab asks for. By default it gets photos without edits as they are, and crops
/// and scales them itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintRules {
    /// Files of the paper's exact pixels; without it, of all that the photo has.
    pub sized: Option<SizedRules>,
    /// The kind of file that is made.
    pub format: PrintFormat,
    /// The lab's colour profile, an ICC file, to which photos are converted.
    pub profile: Option<ByteBuf>,
}

/// What files for a paper measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizedRules {
    /// Pixels per inch.
    pub ppi: u16,
    /// Printed beyond each edge, and cut off.
    pub bleed: Length,
    /// White around a photo that is printed whole, at least.
    pub border: Length,
}

impl PrintRules {
    /// The rules, if files can be made by them.
    ///
    /// # Errors
    /// Says what can't be followed.
    pub fn checked(self) -> Result<Self, NodeError> {
        let settings = self.settings(PrintSize::CM_10X15, Crop::Fit);
        settings.checked().map_err(|error| NodeError::NotNow { problem: error.to_string() })?;
        Ok(self)
    }

    /// Whether a photo's file is the same for every size.
    pub fn is_one_for_all(&self) -> bool {
        self.sized.is_none()
    }

    /// Whether photos without edits go as they are.
    pub fn takes_originals(&self) -> bool {
        self.sized.is_none() && self.format == PrintFormat::Jpeg && self.profile.is_none()
    }

    /// For the darkroom.
    pub fn settings(&self, size: PrintSize, crop: Crop) -> PrintSettings {
        let colour = match &self.profile {
            Some(profile) => PrintColour::Convert(profile.to_vec()),
            None => PrintColour::Keep,
        };
        PrintSettings {
            paper: self.sized.map(|rules| rules.paper(size, crop)),
            format: self.format,
            colour,
            takes_originals: self.takes_originals(),
        }
    }

    /// What a file depends on beside its photo: the same recipe and settings make the same
    /// bytes.
    ///
    /// # Errors
    /// When the settings do not encode.
    pub fn made_by(&self, recipe: &Recipe, size: PrintSize, crop: Crop) -> Result<ContentHash, NodeError> {
        Ok(ContentHash::of(&codec::encode(&(MAKER_VERSION, recipe, self.settings(size, crop)))?))
    }

    /// For the ticket.
    pub fn prepared(&self, size: PrintSize, crop: Crop) -> Option<Prepared> {
        let bleed = |rules: SizedRules| rules.bleed.to_hundredths_mm();
        self.sized.map(|rules| Prepared { size, crop, ppi: rules.ppi, bleed_hundredths_mm: bleed(rules) })
    }

    /// In a few words, for lists.
    pub fn words(&self) -> String {
        let format = match self.format {
            PrintFormat::Jpeg => "JPEG",
            PrintFormat::Tiff8 => "TIFF",
        };
        let profile = if self.profile.is_some() { ", its colours" } else { "" };
        match self.sized {
            None if self.takes_originals() => "originals".into(),
            None => format!("{format} of full size{profile}"),
            Some(sized) => {
                let bleed = f64::from(sized.bleed.to_hundredths_mm()) / 100.0;
                format!("{format} of the paper's size, {} ppi, {bleed} mm bleed{profile}", sized.ppi)
            }
        }
    }
}

impl SizedRules {
    fn paper(self, size: PrintSize, crop: Crop) -> Paper {
        let placement = match crop {
            Crop::Fill => Placement::Fill { frame: None },
            Crop::Fit => Placement::Fit { border: self.border },
        };
        let size = enprint_darkroom::PrintSize::mm(size.short_mm(), size.long_mm());
        Paper { size, ppi: self.ppi, bleed: self.bleed, placement }
    }
}
