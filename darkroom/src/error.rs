//! Why a file gives no renditions, in sentences for the photographer whose file it is.

use thiserror::Error;

use crate::limits::{CHILD_SECONDS_MAX, DECODE_BYTES_MAX, JPEG_SCANS_MAX, PICTURE_EDGE_PX_MAX, PICTURE_PIXELS_MAX};
use crate::sniff::FileKind;

/// What the darkroom can't do with a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DevelopError {
    /// Nothing at all.
    #[error("The file is empty.")]
    Empty,
    /// No kind of file that is known.
    #[error(
        "This is not a photograph, or of a kind that is not known. JPEG, HEIC, AVIF, RAW, TIFF, PNG, WebP and JPEG XL can be imported."
    )]
    UnknownKind,
    /// A photograph of a kind that has no decoder here.
    #[error("{} can't be read yet. Export the photo as JPEG, PNG, TIFF or WebP and import that.", .0.plural())]
    NotReadYet(FileKind),
    /// A kind of file that is known not to be a photograph.
    #[error("This file is {}, not a photograph.", .0.singular())]
    NotAPhotograph(FileKind),
    /// A variant of a format that no decoder here knows.
    #[error("{what} can't be read yet. Export the photo as an ordinary JPEG and import that.")]
    Unsupported {
        /// Which, as the beginning of a sentence.
        what: &'static str,
    },
    /// A RAW file in which no JPEG was found.
    #[error("This RAW photograph holds no preview that can be shown. Develop it, export it as JPEG and import that.")]
    NoPreview,
    /// Zero wide or zero high.
    #[error("The picture claims to be {width_px} × {height_px} pixels, so there is nothing to see.")]
    NoPixels {
        /// As claimed.
        width_px: u32,
        /// As claimed.
        height_px: u32,
    },
    /// Wider, higher or of more pixels than any camera writes.
    #[error(
        "The picture claims to be {width_px} × {height_px} pixels. At most {} megapixels and {PICTURE_EDGE_PX_MAX} pixels along an edge can be imported.",
        PICTURE_PIXELS_MAX / 1_000_000
    )]
    TooManyPixels {
        /// As claimed.
        width_px: u32,
        /// As claimed.
        height_px: u32,
    },
    /// Within the bound of pixels, but of too many bytes each.
    #[error(
        "Decoding this picture would take more than {} MiB of memory. Export it with 8 bits per channel and import that.",
        DECODE_BYTES_MAX / (1024 * 1024)
    )]
    TooMuchMemory,
    /// A file that is far too small for what it claims.
    #[error(
        "The file has {file_bytes} bytes, which can't hold a photograph as large as it claims. Export it again as JPEG and import that."
    )]
    Hollow {
        /// Of the file.
        file_bytes: u64,
    },
    /// A JPEG made of so many passes that decoding it would take too long.
    #[error(
        "This JPEG is made of too many passes over the picture (at most {JPEG_SCANS_MAX}, fewer for large ones). Save it again as an ordinary JPEG and import that."
    )]
    TooManyScans,
    /// The file ends before the picture does.
    #[error("The file was cut short: it ends before the picture does. Copy it from the card or the backup again.")]
    CutShort,
    /// The bytes are not what the format asks for.
    #[error("The file is damaged ({problem}). Copy it from the card or the backup again.")]
    Damaged {
        /// What the decoder said.
        problem: String,
    },
    /// The decoder gave up in a way that it should not.
    #[error("The file is damaged so badly that its decoder gave up. Copy it from the card or the backup again.")]
    DecoderGaveUp,
    /// Edits that can't be made.
    #[error("{problem}")]
    Recipe {
        /// What can't, and what can.
        problem: &'static str,
    },
    /// The process that decodes can't be started.
    #[error("The file can't be decoded, since the process for it does not start ({problem}). Start Enprint again.")]
    NoChild {
        /// What the system says.
        problem: String,
    },
    /// The process that decodes ended without a word.
    #[error(
        "The file could not be decoded: it is damaged, or takes more memory than a photograph may. Export it as JPEG and import that."
    )]
    ChildEnded,
    /// The process that decodes had to be ended.
    #[error("The file could not be decoded within {CHILD_SECONDS_MAX} seconds. Export it as JPEG and import that.")]
    ChildTooSlow,
    /// What the process that decodes said.
    #[error("{problem}")]
    SaidByChild {
        /// A sentence.
        problem: String,
    },
    /// A rendition could not be written as JPEG.
    #[error("The proof could not be written as a JPEG ({problem}).")]
    NotEncoded {
        /// What the encoder said.
        problem: String,
    },
    /// A mark that can't be laid over proofs.
    #[error("{problem}")]
    Watermark {
        /// What can't, and what can.
        problem: &'static str,
    },
    /// A paper that can't be printed on.
    #[error("{problem}")]
    PrintSettings {
        /// What can't, and what can.
        problem: &'static str,
    },
    /// A lab's colour profile that can't be followed.
    #[error("The lab's colour profile can't be used: {problem}. Ask the lab for another, or send sRGB.")]
    PrintProfile {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A photo that can be looked at and not printed.
    #[error("{problem}")]
    NotForPrint {
        /// Why, and what to do.
        problem: String,
    },
    /// A print that would be coarse.
    #[error(
        "What is left of the photo has {width_px} × {height_px} pixels, which on this print would be {effective_ppi} per inch and look coarse. Crop less of it, or choose a smaller print."
    )]
    TooFewPixels {
        /// Of what would be printed.
        width_px: u32,
        /// Of what would be printed.
        height_px: u32,
        /// Its pixels per inch.
        effective_ppi: u32,
    },
    /// A print file could not be written.
    #[error("The print file could not be written ({problem}). Choose another size or format.")]
    NotPrintable {
        /// What the encoder said.
        problem: String,
    },
}

impl DevelopError {
    /// Damage, in a decoder's words, cut to what can be shown in a list.
    pub(crate) fn damaged(problem: impl std::fmt::Display) -> Self {
        let words = problem.to_string();
        let shown = words.chars().filter(|c| !c.is_control()).take(120).collect::<String>();
        Self::Damaged { problem: shown.trim_end_matches('.').to_owned() }
    }
}
