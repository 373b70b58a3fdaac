//! Bytes → renditions: knows file kinds by their content, reads what the camera
//! wrote, and makes the thumbnail and the proof. Takes bytes and gives bytes; blocks,
//! and knows no disk, no database and no network. What stands behind these three
//! functions may change without anybody else noticing.
//!
//! | file | what it owns |
//! |---|---|
//! | [`sniff`](mod@sniff) | which kind of file this is, by its content |
//! | `container` | where a file keeps its EXIF, XMP and IPTC |
//! | `heif` | the boxes of HEIC and AVIF files |
//! | `heif_colour`, `heif_tiles`, `heif_changes` | their colours, tiles and transforms |
//! | `jpeg_headers` | what a JPEG claims, before anything decodes it |
//! | [`facts`] | size, capture time, camera, exposure, caption, rating |
//! | `tags`, `iptc`, `xmp`, `xmp_properties` | what each of the three blocks says |
//! | `sidecar` | XMP in a file beside a photo |
//! | `captured`, `exposure`, `words` | what it means: moments, settings, texts |
//! | `planes` | camera JPEGs at the size wanted, the fast way |
//! | `plane_resize` | one plane at another size |
//! | `planar` | from there to renditions without a detour through RGB |
//! | `decode`, `decode_jpeg`, `decode_jpeg_whole`, `decode_heic`, `decode_avif`, `av1`, `decode_jxl`, `decode_tiff`, `decode_webp` | bytes → pixels, bounded |
//! | `mending`, `heic_pieces` | what is left of a file that was cut short |
//! | [`raw`] | the JPEG in a RAW file, and how good it is for print |
//! | `raw_canon` | the metadata of Canon's newer RAW files |
//! | `raw_sensor` | the sensor's size, where directories don't say it |
//! | `look` | facts and picture together, here or in a child |
//! | [`child`] | risky formats in a process of their own |
//! | `workbench` | what a worker keeps from one photo to the next |
//! | [`memory`] | how much all photos together may take, children too |
//! | `shrink` | pixels → proof size, upright |
//! | `colour` | any profile → sRGB, alpha on white |
//! | `hdr` | light for screens brighter than paper → sRGB; colours by number |
//! | [`watermark`] | the photographer's mark over a proof |
//! | `marking`, `typesetting` | how it is laid over pixels, and its letters |
//! | `placeholder` | 25 bytes to paint while the thumbnail loads |
//! | [`recipe`] | a photo's edits |
//! | [`frame`] | which part of an original is shown, and where it lies |
//! | `cutting` | stored pixels → a frame's, at the size that is wanted |
//! | [`paper`] | what a print measures, and which part of a photo comes where |
//! | [`print`](mod@print) | original and recipe → the file that is printed |
//! | `print_colour`, `print_write` | its colours and its bytes |
//! | [`develop`](mod@develop) | all of it in order |

mod av1;
mod captured;
pub mod child;
mod colour;
mod container;
mod cutting;
mod decode;
mod decode_avif;
mod decode_heic;
mod decode_jpeg;
mod decode_jpeg_whole;
mod decode_jxl;
mod decode_tiff;
mod decode_webp;
pub mod develop;
mod encode;
pub mod error;
mod exposure;
pub mod facts;
pub mod frame;
mod hdr;
mod heic_pieces;
mod heif;
mod heif_changes;
mod heif_colour;
mod heif_tiles;
mod iptc;
mod jpeg_headers;
pub mod limits;
mod look;
mod marking;
pub mod memory;
mod mending;
pub mod paper;
mod placeholder;
mod planar;
mod plane_resize;
mod planes;
pub mod print;
mod print_colour;
mod print_write;
pub mod raw;
mod raw_canon;
mod raw_sensor;
pub mod recipe;
mod shrink;
mod sidecar;
pub mod sniff;
mod tags;
mod typesetting;
pub mod watermark;
mod words;
mod workbench;
mod xmp;
mod xmp_properties;

pub use captured::Captured;
pub use develop::{DevelopSettings, Rendition, Renditions, develop, develop_with, read_and_develop};
pub use error::DevelopError;
pub use exposure::Exposure;
pub use facts::{Facts, Orientation, read_facts};
pub use paper::{Length, Paper, Placement, PrintQuality, PrintSize, effective_ppi, print_quality};
pub use print::{PrintColour, PrintFile, PrintFormat, PrintSettings, needs_rendering, print_file, print_file_with};
pub use raw::PrintSource;
pub use recipe::{CropFrame, Recipe};
pub use sidecar::with_sidecar;
pub use sniff::{FileKind, sniff};
pub use watermark::{Mark, MarkPlace, PreparedMark, Watermark};
