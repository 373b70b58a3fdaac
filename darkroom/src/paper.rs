//! What a print measures, and which part of a photo comes where on it: pure arithmetic,
//! for the file that is printed as for the shop that warns of too few pixels.

use serde::{Deserialize, Serialize};

use crate::error::DevelopError;
use crate::frame::Frame;
use crate::limits::{
    PRINT_EDGE_HUNDREDTHS_MAX, PRINT_EDGE_HUNDREDTHS_MIN, PRINT_EDGE_PX_MAX, PRINT_MARGIN_HUNDREDTHS_MAX,
    PRINT_PIXELS_MAX, PRINT_PPI_MAX, PRINT_PPI_MIN,
};
use crate::recipe::{CropFrame, Recipe};

/// A length on paper, exact to the hundredth of a millimetre: inches come out even.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Length(u32);

/// The edges of a print, in either order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrintSize {
    /// One edge.
    pub width: Length,
    /// The other edge.
    pub height: Length,
}

/// How a photo lies on paper of another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// It covers the paper and its bleed; what is too much is cut off evenly.
    Fill {
        /// What the customer chose of the photo as it is shown, or all of it. Of a frame
        /// of another shape its middle is printed.
        #[serde(default)]
        frame: Option<CropFrame>,
    },
    /// All of it is printed, on white.
    Fit {
        /// White on each side at least, measured from the paper's edge after its bleed is
        /// cut off.
        #[serde(default)]
        border: Length,
    },
}

/// What a photo is printed on, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// After the bleed is cut off. It lies as the photo does: an upright photo is
    /// printed on upright paper.
    pub size: PrintSize,
    /// What the lab prints, in pixels per inch.
    pub ppi: u16,
    /// What is printed beyond each edge, and cut off.
    #[serde(default)]
    pub bleed: Length,
    /// How the photo lies on it.
    pub placement: Placement,
}

/// How a print will look, from its pixels per inch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrintQuality {
    /// Sharp.
    Good,
    /// Softer than a sharp print; worth a word of warning.
    Soft,
    /// Visibly coarse: not to be sold.
    TooSmall,
}

/// Pixels per inch from which a print is sharp.
const GOOD_PPI: u32 = 150;
/// Pixels per inch from which a print can be sold with a warning.
const SOFT_PPI: u32 = 75;

impl Length {
    /// Whole millimetres.
    pub const fn mm(mm: u32) -> Self {
        Self(mm.saturating_mul(100))
    }

    /// Hundredths of a millimetre; an inch is 2,540.
    pub const fn hundredths_mm(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// In hundredths of a millimetre.
    pub const fn to_hundredths_mm(self) -> u32 {
        self.0
    }

    /// In pixels, to the nearest.
    pub fn to_px(self, ppi: u16) -> u32 {
        let px = (u64::from(self.0) * u64::from(ppi) + 1_270) / 2_540;
        u32::try_from(px).unwrap_or(u32::MAX)
    }

    fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl PrintSize {
    /// Edges in whole millimetres.
    pub const fn mm(width: u32, height: u32) -> Self {
        Self { width: Length::mm(width), height: Length::mm(height) }
    }

    /// Edges in whole inches.
    pub const fn inches(width: u32, height: u32) -> Self {
        Self { width: Length(width.saturating_mul(2_540)), height: Length(height.saturating_mul(2_540)) }
    }
}

impl Paper {
    /// Paper that a photo covers, without bleed.
    pub const fn filled(size: PrintSize, ppi: u16) -> Self {
        Self { size, ppi, bleed: Length(0), placement: Placement::Fill { frame: None } }
    }

    /// The paper, if it can be printed on.
    ///
    /// # Errors
    /// [`DevelopError::PrintSettings`], which says what can't be.
    pub fn checked(self) -> Result<Self, DevelopError> {
        let refused = |problem| Err(DevelopError::PrintSettings { problem });
        let edges = [self.size.width, self.size.height];
        let allowed = Length(PRINT_EDGE_HUNDREDTHS_MIN)..=Length(PRINT_EDGE_HUNDREDTHS_MAX);
        if !edges.iter().all(|edge| allowed.contains(edge)) {
            return refused("A print is 2 cm to 2 m wide and high.");
        }
        if !(PRINT_PPI_MIN..=PRINT_PPI_MAX).contains(&self.ppi) {
            return refused("Labs print 72 to 1,440 pixels per inch.");
        }
        let (width, height) = self.canvas_px();
        let pixels = u64::from(width) * u64::from(height);
        if pixels > PRINT_PIXELS_MAX || width.max(height) > PRINT_EDGE_PX_MAX {
            return refused(
                "A print of this size has too many pixels at this resolution: ask the lab for a lower one.",
            );
        }
        let short = edges.into_iter().min().unwrap_or_default();
        let border = if let Placement::Fit { border } = self.placement { border } else { Length(0) };
        let widest = Length(PRINT_MARGIN_HUNDREDTHS_MAX);
        if self.bleed > widest || border > widest || border.0.saturating_mul(4) > short.0 {
            return refused(
                "Bleed and border are at most 10 cm wide, and a border at most a quarter of the print's shorter edge.",
            );
        }
        match self.placement {
            Placement::Fill { frame: crop @ Some(_) } => {
                Recipe { crop, ..Recipe::default() }.checked()?;
            }
            Placement::Fill { frame: None } | Placement::Fit { .. } => {}
        }
        Ok(self)
    }

    /// Pixels of the print file with its bleed, as the size is written.
    pub fn canvas_px(&self) -> (u32, u32) {
        let edge = |length: Length| length.plus(self.bleed).plus(self.bleed).to_px(self.ppi).max(1);
        (edge(self.size.width), edge(self.size.height))
    }

    /// Which part of `frame` comes where.
    pub(crate) fn layout(&self, frame: Frame) -> Layout {
        let frame = match self.placement {
            Placement::Fill { frame: Some(chosen) } => frame.cropped(chosen),
            Placement::Fill { frame: None } | Placement::Fit { .. } => frame,
        };
        let (wide, high) = frame.size();
        let (width, height) = self.canvas_px();
        let lies_across = (wide > high && width < height) || (wide < high && width > height);
        let canvas = if lies_across { (height, width) } else { (width, height) };
        match self.placement {
            Placement::Fill { .. } => Layout { canvas, photo: canvas, frame: frame.of_shape(canvas) },
            Placement::Fit { border } => {
                let margin = self.bleed.plus(border).to_px(self.ppi);
                let within = |px: u32| px.saturating_sub(2 * margin).max(1);
                let (most_wide, most_high) = (within(canvas.0), within(canvas.1));
                let scale = (f64::from(most_wide) / wide).min(f64::from(most_high) / high);
                let edge = |length: f64, most: u32| ((length * scale).round() as u32).clamp(1, most);
                Layout { canvas, photo: (edge(wide, most_wide), edge(high, most_high)), frame }
            }
        }
    }
}

/// Which part of an original comes where on a print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Pixels of the print file.
    pub(crate) canvas: (u32, u32),
    /// Pixels of the photo, in its middle.
    pub(crate) photo: (u32, u32),
    /// What of the original is printed.
    pub(crate) frame: Frame,
}

impl Layout {
    /// The original's own pixels for each inch of a print of `ppi`.
    pub(crate) fn effective_ppi(&self, ppi: u16) -> u32 {
        let (wide, high) = self.frame.size();
        let share = (wide / f64::from(self.photo.0)).min(high / f64::from(self.photo.1));
        // Rounded down, but for the last bits of a number that should be whole.
        (f64::from(ppi) * share + 1e-6).floor() as u32
    }
}

/// The original's own pixels for each inch of a print: of a photo with `photo_px`, edits
/// counted, on `paper`.
pub fn effective_ppi(photo_px: (u32, u32), paper: &Paper) -> u32 {
    paper.layout(Frame::new(photo_px, 1, &Recipe::default())).effective_ppi(paper.ppi)
}

/// How a photo of `width_px` × `height_px`, edits counted, looks on a print that it
/// covers.
pub fn print_quality(width_px: u32, height_px: u32, size: PrintSize) -> PrintQuality {
    // Fine enough for rounding to whole pixels not to matter.
    PrintQuality::of(effective_ppi((width_px, height_px), &Paper::filled(size, PRINT_PPI_MAX)))
}

impl PrintQuality {
    /// Of a print with so many of its original's pixels per inch.
    pub fn of(effective_ppi: u32) -> Self {
        match effective_ppi {
            GOOD_PPI.. => Self::Good,
            SOFT_PPI.. => Self::Soft,
            _ => Self::TooSmall,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_sizes_have_the_pixels_that_labs_list() {
        let px = |size| Paper::filled(size, 300).canvas_px();
        assert_eq!(px(PrintSize::inches(4, 6)), (1_200, 1_800));
        assert_eq!(px(PrintSize::mm(100, 150)), (1_181, 1_772));
        assert_eq!(px(PrintSize::mm(130, 180)), (1_535, 2_126));
        assert_eq!(px(PrintSize::mm(210, 297)), (2_480, 3_508));
        assert_eq!(px(PrintSize::inches(30, 40)), (9_000, 12_000));
        let bleeding = Paper { bleed: Length::mm(2), ..Paper::filled(PrintSize::mm(152, 102), 300) };
        assert_eq!(bleeding.canvas_px(), (1_843, 1_252));
    }

    #[test]
    fn quality_follows_the_pixels_that_are_left() {
        use PrintQuality::{Good, Soft, TooSmall};
        let small = PrintSize::inches(4, 6);
        assert_eq!([600, 599, 300, 299].map(|px| print_quality(px, px * 3 / 2, small)), [Good, Soft, Soft, TooSmall]);
        assert_eq!(print_quality(900, 600, small), Good, "the paper lies as the photo does");
        assert_eq!(print_quality(2_250, 1_500, PrintSize::inches(20, 30)), Soft);
        assert_eq!(print_quality(2_000, 1_400, PrintSize::mm(600, 900)), TooSmall);
        // A square print of a landscape uses its height alone.
        assert_eq!(effective_ppi((6_000, 1_000), &Paper::filled(PrintSize::inches(10, 10), 300)), 100);
        let fit = Paper {
            placement: Placement::Fit { border: Length::default() },
            ..Paper::filled(PrintSize::inches(10, 10), 300)
        };
        assert_eq!(effective_ppi((6_000, 1_000), &fit), 600);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        let paper = Paper::filled(PrintSize::mm(100, 150), 300);
        assert_eq!(paper.checked().unwrap(), paper);
        let chosen = |left| Placement::Fill { frame: Some(CropFrame { left, top: 0, width: 500_000, height: 9 }) };
        for nonsense in [
            Paper { ppi: 0, ..paper },
            Paper { ppi: u16::MAX, ..paper },
            Paper { bleed: Length(u32::MAX), ..paper },
            Paper { size: PrintSize::mm(0, 150), ..paper },
            Paper { size: PrintSize::mm(u32::MAX, u32::MAX), ..paper },
            Paper { size: PrintSize::mm(2_000, 2_000), ..paper },
            Paper { placement: Placement::Fit { border: Length::mm(30) }, ..paper },
            Paper { placement: chosen(0), ..paper },
            Paper { placement: chosen(u32::MAX), ..paper },
        ] {
            let words = nonsense.checked().unwrap_err().to_string();
            assert!(words.ends_with('.') && words.split(' ').count() > 4, "{words}");
        }
    }
}
