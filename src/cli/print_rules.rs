//! How a lab wants its print files, as flags of `enprint photographer use-lab`.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use enprint_darkroom::limits::COLOUR_PROFILE_BYTES_MAX;
use enprint_darkroom::limits::{PRINT_PPI_MAX, PRINT_PPI_MIN};
use enprint_darkroom::{Length, PrintFormat};
use enprint_node::photographer::print_rules::{PrintRules, SizedRules};
use serde_bytes::ByteBuf;

use super::addresses::number;
use super::files::read_file;

/// Pixels per inch that most labs print.
const USUAL_PPI: u16 = 300;

/// Without any of these, the lab gets what it got before: at first, photos without edits
/// exactly as they were imported, and edited ones at their full size.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the lab wants its print files")]
pub struct PrintRulesArgs {
    /// Photos as they are, or files that fit the ordered paper to the pixel
    #[arg(long, value_name = "WHICH")]
    pub print_files: Option<PrintFiles>,
    /// Pixels per inch of files that fit the paper [default: 300]
    #[arg(long, value_name = "PPI", value_parser = number(PRINT_PPI_MIN, PRINT_PPI_MAX))]
    pub ppi: Option<u16>,
    /// What is printed beyond each edge of the paper and cut off, as in 2mm or 0.125in
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub bleed: Option<Length>,
    /// White around photos that are printed whole, as in 4mm
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub border: Option<Length>,
    /// The kind of file that is made [default: jpeg]
    #[arg(long)]
    pub format: Option<Format>,
    /// The lab's colour profile (ICC); photos are converted to it
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
}

/// What a lab gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintFiles {
    /// Photos as they are; the lab crops and scales
    Originals,
    /// Files that fit the paper
    Sized,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Of quality 95, with all its colours
    Jpeg,
    /// Of 8 bits, without loss
    Tiff,
}

impl PrintRulesArgs {
    /// The rules, if any of them is given.
    ///
    /// # Errors
    /// When they contradict each other, or the profile's file can't be read.
    pub fn read(self) -> Result<Option<PrintRules>> {
        let for_paper = self.ppi.is_some() || self.bleed.is_some() || self.border.is_some();
        if self.print_files == Some(PrintFiles::Originals) && for_paper {
            bail!("--ppi, --bleed and --border are for files that fit the paper: --print-files sized");
        }
        if self.print_files.is_none() && !for_paper && self.format.is_none() && self.profile.is_none() {
            return Ok(None);
        }
        let is_sized = for_paper || self.print_files == Some(PrintFiles::Sized);
        let sized = is_sized.then(|| SizedRules {
            ppi: self.ppi.unwrap_or(USUAL_PPI),
            bleed: self.bleed.unwrap_or_default(),
            border: self.border.unwrap_or_default(),
        });
        let format = match self.format {
            None | Some(Format::Jpeg) => PrintFormat::Jpeg,
            Some(Format::Tiff) => PrintFormat::Tiff8,
        };
        let profile = self.profile.as_deref().map(read_profile).transpose()?;
        Ok(Some(PrintRules { sized, format, profile }))
    }
}

fn read_profile(file: &Path) -> Result<ByteBuf> {
    Ok(ByteBuf::from(read_file("colour profile", file, COLOUR_PROFILE_BYTES_MAX)?))
}

/// Reads `2mm`, `2` (millimetres) and `0.125in`.
fn length(given: &str) -> Result<Length, String> {
    let unreadable = || "a length such as 2mm or 0.125in".to_owned();
    let word = given.trim().to_lowercase();
    let (number, hundredths) = match word.strip_suffix("in") {
        Some(inches) => (inches.to_owned(), 2_540.0),
        None => (word.trim_end_matches("mm").to_owned(), 100.0),
    };
    let number: f64 = number.trim().replace(',', ".").parse().map_err(|_| unreadable())?;
    let length = (number * hundredths).round();
    if (0.0..=10_000.0).contains(&length) { Ok(Length::hundredths_mm(length as u32)) } else { Err(unreadable()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (given, hundredths) in [("2mm", 200), ("2", 200), (" 0.125 in", 318), ("3,5 mm", 350), ("0", 0)] {
            assert_eq!(length(given).unwrap(), Length::hundredths_mm(hundredths), "{given}");
        }
        for wrong in ["", "mm", "-2mm", "101mm", "2cm", "NaN", "inf"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_given_changes_nothing_and_contradictions_are_told() {
        assert_eq!(PrintRulesArgs::default().read().unwrap(), None);
        let ppi = PrintRulesArgs { ppi: Some(254), ..PrintRulesArgs::default() };
        assert_eq!(ppi.clone().read().unwrap().unwrap().sized.unwrap().ppi, 254);
        let both = PrintRulesArgs { print_files: Some(PrintFiles::Originals), ..ppi };
        assert!(both.read().unwrap_err().to_string().contains("--print-files sized"));
        let back = PrintRulesArgs { print_files: Some(PrintFiles::Originals), ..PrintRulesArgs::default() };
        assert_eq!(back.read().unwrap(), Some(PrintRules::default()));
    }
}
