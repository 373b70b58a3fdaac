//! Every bound of the photographer's node and of the lab, each with its reason.

// --- photographer: import ---

/// Files that one import looks at: a big season, and a bound on its list in memory.
pub const IMPORT_FILES_MAX: usize = 200_000;
/// How deep folders may lie below the one imported.
pub const IMPORT_DEPTH_MAX: usize = 32;
/// Photos that are read, hashed and developed at once; each holds one original in memory.
pub const IMPORT_WORKERS_MAX: usize = 8;
/// Reasons for failure that one import lists by name; the rest are counted.
pub const IMPORT_FAILURES_LISTED_MAX: usize = 10_000;
/// One sled volume of an event; a bigger event has several, each sealed when full.
pub const VOLUME_BYTES_MAX: u64 = 64 * 1024 * 1024 * 1024;
/// A stored photo record: a few hundred bytes of facts and names.
pub const PHOTO_RECORD_BYTES_MAX: usize = 16 * 1024;

// --- photographer: orders ---

/// Ranges read from the archive at once for all labs together: bounds memory to
/// this many MiB.
pub const RANGES_SERVED_AT_ONCE: usize = 32;
/// Files of print jobs whose permission is remembered between two ranges.
pub const PERMISSIONS_REMEMBERED: usize = 1_024;
/// Orders listed by one command.
pub const ORDERS_LISTED_MAX: i64 = 1_000;
/// How long a command waits for the first word from the host before it leaves the
/// work to the running node.
pub const HOST_PATIENCE_MS: u64 = 20_000;

// --- photographer: disk ---

/// Free space that an import always leaves (DESIGN.md: sled forgives no full disk).
pub const DISK_RESERVE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// Given up to get out of a full disk.
pub const BALLAST_BYTES: u64 = 64 * 1024 * 1024;

/// The largest file that an import takes; the largest medium-format frames are about 400 MiB.
pub const ORIGINAL_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Requests of other peers that are answered at once.
pub const REQUESTS_ANSWERED_AT_ONCE: usize = 64;

// --- photographer: publish ---

/// Batches on their way to the host at once: one is read and sent while the other is stored.
pub const BATCHES_IN_FLIGHT: usize = 2;
/// A wish to publish or withdraw: its selection may name many files.
pub const WISH_BYTES_MAX: usize = 256 * 1024;

// --- photographer: darkroom ---
// A decoder can't be stopped from outside, so that whatever would take long is
// refused from its headers.

/// Pixels of one picture: the largest medium-format backs give 151 million.
pub const PICTURE_PIXELS_MAX: u64 = 160_000_000;
/// Width or height of a picture; JPEG can't say more than 65,535.
pub const PICTURE_EDGE_PX_MAX: u32 = 65_000;
/// Memory that the decoding of one picture may take: 102 megapixels at 16 bits with alpha.
pub const DECODE_BYTES_MAX: u64 = 816 * 1024 * 1024;
/// Pictures that take more than this to decode are decoded one at a time, whatever
/// the number of workers: a 45 megapixel TIFF of 8 bits is below.
pub const DECODE_BYTES_SHARED_MAX: u64 = 192 * 1024 * 1024;
/// Scans of a progressive JPEG: encoders write 10 or so; 400 cost seconds.
pub const JPEG_SCANS_MAX: u32 = 64;
/// Scans × pixels of a JPEG, which bound its decoding time: 100 megapixels in 12
/// scans, about 5 s.
pub const JPEG_SCAN_PIXELS_MAX: u64 = 1_200_000_000;
/// An EXIF block; JPEG's can't be above 64 KiB.
pub const EXIF_BYTES_MAX: usize = 1024 * 1024;
/// An XMP packet that is searched for a rating.
pub const XMP_BYTES_MAX: usize = 1024 * 1024;
/// A colour profile: printers' are 2 MB or less; above it the picture counts as sRGB.
pub const COLOUR_PROFILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Characters of a camera's or lens's name that are kept.
pub const CAMERA_NAME_CHARS_MAX: usize = 60;
/// The longest edge that a rendition may be asked to have.
pub const RENDITION_EDGE_PX_MAX: u32 = 4_096;
/// Characters of a watermark that are drawn.
pub const WATERMARK_CHARS_MAX: usize = 80;
