//! What becomes of a photo on a paper of a given size: how sharp the print is, and
//! how much is cut off or left white. Pure arithmetic, on the original's pixels.

use crate::limits::{CUT_TOLD_MIN, PPI_EXCELLENT_MIN, PPI_FAIR_MIN, PPI_GOOD_MIN, PPI_SOLD_MIN};
use crate::protocol::print_size::PrintSize;

/// How sharp a print is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharpness {
    /// Below 75 ppi: not sold on the pages.
    NotSold,
    /// 75 to 99 ppi.
    Poor,
    /// 100 to 149 ppi.
    Fair,
    /// 150 to 249 ppi.
    Good,
    /// 250 ppi and more.
    Excellent,
}

/// What filling the paper cuts off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Of the photo's width or height, in thousandths.
    pub per_mille: u32,
    /// Whether left and right are cut rather than top and bottom.
    pub is_sideways: bool,
}

impl Sharpness {
    /// Of an original of these pixels, printed at this size.
    pub fn of(size: PrintSize, width_px: u32, height_px: u32) -> Self {
        match size.ppi_of(width_px, height_px) {
            PPI_EXCELLENT_MIN.. => Self::Excellent,
            PPI_GOOD_MIN.. => Self::Good,
            PPI_FAIR_MIN.. => Self::Fair,
            PPI_SOLD_MIN.. => Self::Poor,
            _ => Self::NotSold,
        }
    }

    /// Whether the pages sell it.
    pub fn is_sold(self) -> bool {
        self > Self::NotSold
    }

    /// What a customer is told.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotSold => "This photo has too few pixels for this size.",
            Self::Poor => "Too small to print well",
            Self::Fair => "A little soft up close",
            Self::Good => "Sharp",
            Self::Excellent => "Very sharp",
        }
    }
}

impl Cut {
    /// What filling `size` cuts off a photo of these proportions; nothing if that is
    /// too little to see. The paper turns with the photo.
    pub fn of(size: PrintSize, width_px: u32, height_px: u32) -> Option<Self> {
        let (short_px, long_px) = (width_px.min(height_px).max(1), width_px.max(height_px).max(1));
        // photo long/short against paper long/short, without fractions
        let photo = u64::from(long_px) * u64::from(size.short_mm());
        let paper = u64::from(short_px) * u64::from(size.long_mm());
        let off_the_long = photo > paper;
        let kept = photo.min(paper) * 1000 / photo.max(paper).max(1);
        let per_mille = u32::try_from(1000 - kept).unwrap_or(1000);
        let is_landscape = width_px >= height_px;
        (per_mille >= CUT_TOLD_MIN).then_some(Self { per_mille, is_sideways: off_the_long == is_landscape })
    }

    /// `11 % is cut off, top and bottom.`
    pub fn words(self) -> String {
        let per_cent = (self.per_mille + 5) / 10;
        let edges = if self.is_sideways { "left and right" } else { "top and bottom" };
        format!("{per_cent} % is cut off, {edges}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharpness_follows_the_originals_pixels() {
        let of = |width_px, height_px| Sharpness::of(PrintSize::CM_20X30, width_px, height_px);
        assert_eq!(of(6000, 4000), Sharpness::Excellent);
        assert_eq!(of(2000, 1333), Sharpness::Good);
        assert_eq!(of(1200, 800), Sharpness::Fair);
        assert_eq!(of(620, 930), Sharpness::Poor);
        assert_eq!(of(500, 333), Sharpness::NotSold);
        assert!(!of(0, 0).is_sold());
    }

    #[test]
    fn a_cut_is_told_where_paper_and_photo_differ() {
        assert_eq!(Cut::of(PrintSize::CM_10X15, 6000, 4000), None);
        let tall = Cut::of(PrintSize::CM_13X18, 4000, 6000).unwrap();
        assert_eq!((tall.per_mille, tall.is_sideways), (77, false));
        let square = Cut::of(PrintSize::CM_10X15, 3000, 3000).unwrap();
        assert_eq!((square.per_mille, square.is_sideways), (334, false));
        let wide = Cut::of(PrintSize::CM_10X15, 6000, 2000).unwrap();
        assert_eq!((wide.per_mille, wide.is_sideways), (500, true));
        assert!(Cut::of(PrintSize::CM_10X15, 0, u32::MAX).is_some());
    }
}
