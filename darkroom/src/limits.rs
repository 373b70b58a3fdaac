//! Every bound of the darkroom, each with its reason. A decoder can't be stopped from
//! outside, so that whatever would take long is refused from its headers.

/// The largest file that an import takes; the largest medium-format frames are about 400 MiB.
pub const ORIGINAL_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Pixels of one picture: the largest medium-format backs give 151 million.
pub const PICTURE_PIXELS_MAX: u64 = 160_000_000;
/// Width or height of a picture; JPEG can't say more than 65,535.
pub const PICTURE_EDGE_PX_MAX: u32 = 65_000;
/// Memory that the decoding of one picture may take: 160 megapixels at 16 bits, or a JPEG
/// of as many whose planes lie beside its pixels.
pub const DECODE_BYTES_MAX: u64 = 916 * 1024 * 1024;
/// A damaged JPEG that takes more than this to decode in full is first tried at a smaller
/// scale: 64 megapixels.
pub const RESCUED_WHOLE_BYTES_MAX: u64 = 192 * 1024 * 1024;
/// What all photos that are worked at may take together, originals, decoded pictures and
/// children, however many workers there are: the largest one, or a dozen of the usual.
pub const PHOTOS_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// What a photo's proof and thumbnail take beside its original and its decoded picture:
/// planes of twice the proof's size, and what is made of them.
pub const PROOF_BYTES: u64 = 32 * 1024 * 1024;
/// What a worker keeps between two photos, counted with all photos' memory: the planes of
/// one proof, at every step on their way.
pub const WORKBENCH_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Buffers on a worker's bench: of a proof, each of three planes has four.
pub const WORKBENCH_BUFFERS_MAX: usize = 16;
/// Smaller buffers are not kept: the system's allocator has them at hand.
pub const WORKBENCH_BUFFER_BYTES_MIN: usize = 64 * 1024;
/// Scans of a progressive JPEG: encoders write 10 or so; 400 cost seconds.
pub const JPEG_SCANS_MAX: u32 = 64;
/// Bytes of a JPEG's Huffman codes, over all its scans: encoders write less than 1,000 for
/// each, and each code is a table that takes its time to build.
pub const JPEG_CODES_BYTES_MAX: usize = 64 * 1024;
/// Scans of a JPEG that encoders for cameras and photographers write.
pub const JPEG_SCANS_USUAL: u32 = 14;
/// Scans × pixels of a JPEG, which bound its decoding time: 100 megapixels in 12
/// scans, about 5 s.
pub const JPEG_SCAN_PIXELS_MAX: u64 = 1_200_000_000;
/// The same of a JPEG of more scans than are usual, which is none that is worth waiting
/// for: 6 megapixels in 50 scans, about 1 s.
pub const JPEG_RARE_SCAN_PIXELS_MAX: u64 = 300_000_000;
/// What decoding a HEIC takes for each pixel: three planes of 32-bit samples, and the
/// samples that are made of them.
pub const HEIC_BYTES_PER_PX: u64 = 12;
/// What decoding a JPEG XL takes for each pixel: three channels of 32-bit samples, and
/// those of 16 bits that are made of them.
pub const JXL_BYTES_PER_PX: u64 = 20;
/// Frames of a JPEG XL before its first picture is complete: layers, and what they are
/// mixed with.
pub const JXL_FRAMES_MAX: usize = 32;
/// What decoding an AVIF takes for each pixel: three planes at full size of 16 bits, the
/// samples of 16 bits that are made of them, and with a transparency four of those.
pub const AVIF_BYTES_PER_PX: u64 = 18;
/// Turns of the AV1 decoder before its first frame: a photo's comes with the first.
pub const AV1_PASSES_MAX: usize = 64;
/// Pixels by which a TIFF's parts together may pass four times its picture: a small one may
/// lie in one large tile.
pub const TIFF_PADDING_PX_MAX: u64 = 4_000_000;
/// Decoded bytes for each byte of a file, above which it can't hold a photograph: a
/// white page is 350 as PNG, and the worst HEIC or AVIF that anybody would keep 300.
pub const HOLLOW_RATIO_MAX: u64 = 500;
/// Decoded bytes up to which it does not matter how hollow a file is.
pub const HOLLOW_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Boxes within one box of a HEIC or AVIF file that are read: one property each for a
/// thousand tiles.
pub const HEIF_BOXES_MAX: usize = 4_096;
/// Items of a HEIC or AVIF file: phones write about 60, the largest grids 700.
pub const HEIF_ITEMS_MAX: usize = 4_096;
/// Parts in which one item lies; writers use one.
pub const HEIF_EXTENTS_MAX: usize = 64;
/// Properties of one item; writers use about six.
pub const HEIF_ITEM_PROPERTIES_MAX: usize = 64;
/// References between items, all together.
pub const HEIF_REFERENCES_MAX: usize = 16_384;
/// Tiles of one picture: 160 megapixels in tiles of 512 × 512 are 610.
pub const HEIF_TILES_MAX: usize = 1_024;
/// Directories of a RAW file that are read: cameras write 4 to 8.
pub const RAW_DIRECTORIES_MAX: usize = 32;
/// Entries of one directory of a RAW file that are read.
pub const RAW_ENTRIES_MAX: usize = 512;
/// Embedded JPEGs of a RAW file that are looked at: cameras write 1 to 4.
pub const RAW_JPEGS_MAX: usize = 32;
/// What looks like a JPEG's beginning in a RAW file and is none: chance gives less than one
/// in 100 MB of sensor data.
pub const RAW_FALSE_STARTS_MAX: usize = 64;
/// A JPEG in a RAW file up to its picture's data: cameras write a segment of 64 KiB with
/// EXIF and a thumbnail into it, and one or two of as many besides.
pub const RAW_JPEG_HEADERS_BYTES_MAX: usize = 256 * 1024;
/// The share of the sensor's longer edge from which a RAW file's preview may be
/// printed: cameras that write a full one leave a few pixels off at the edges.
pub const RAW_PRINT_SHARE_PERCENT_MIN: u8 = 90;
/// An EXIF block; JPEG's can't be above 64 KiB.
pub const EXIF_BYTES_MAX: usize = 1024 * 1024;
/// An XMP packet, of which JPEG's can't be above 64 KiB.
pub const XMP_BYTES_MAX: usize = 1024 * 1024;
/// Packed metadata that is unpacked at once.
pub const UNPACKED_PIECE_BYTES: usize = 4096;
/// A colour profile: printers' are 2 MB or less; above it the picture counts as sRGB.
pub const COLOUR_PROFILE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What the chunks of a PNG may take that are not its pixels: a profile, packed and
/// unpacked, and texts.
pub const PNG_HEADERS_BYTES_MAX: u64 = 24 * 1024 * 1024;
/// Characters of a camera's or lens's name that are kept.
pub const CAMERA_NAME_CHARS_MAX: usize = 60;
/// An IPTC block, with the other Photoshop resources around it.
pub const IPTC_BYTES_MAX: usize = 1024 * 1024;
/// An XMP file beside a photo: Lightroom's are 10 KB, with painted masks a few megabytes.
pub const SIDECAR_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Elements within each other in an XMP packet: what is read stands six deep.
pub const XMP_DEPTH_MAX: usize = 64;
/// Attributes of one XMP element: Camera Raw's settings are about 200.
pub const XMP_ATTRIBUTES_MAX: usize = 1_024;
/// Values that are kept of one XMP packet or IPTC block, keywords above all.
pub const WRITTEN_VALUES_MAX: usize = 256;
/// Characters of an author's name that are kept.
pub const AUTHOR_CHARS_MAX: usize = 120;
/// Characters of a caption that are kept: IPTC allows 2,000 bytes.
pub const CAPTION_CHARS_MAX: usize = 1_000;
/// Characters of a keyword that are kept: IPTC allows 64 bytes.
pub const KEYWORD_CHARS_MAX: usize = 64;
/// Keywords that are kept.
pub const KEYWORDS_MAX: usize = 50;
/// Bytes that a lossy WebP may claim for each pixel: the best quality takes less than one.
pub const WEBP_BYTES_PER_PX: u64 = 2;
/// By how much what is made up in a lossy WebP may be longer than what was there.
pub const WEBP_MADE_UP_BYTES: u64 = 64 * 1024;
/// What a part of a JPEG's metadata counts for, however small it is: a million empty ones
/// would take their time.
pub const JPEG_PART_BYTES_MIN: usize = 64;
/// Bytes that are made up for a cut file before they begin again.
pub const MENDING_BYTES: usize = 4_096;
/// How often a cut file's missing bytes are made up: some are no picture at all.
pub const MENDING_TRIES_MAX: u32 = 8;
/// Bytes of any written text that are looked at.
pub const TEXT_BYTES_MAX: usize = 4 * CAPTION_CHARS_MAX;
/// The longer edge that a placeholder is made from; ThumbHash takes at most 100.
pub const PLACEHOLDER_EDGE_PX: u32 = 48;
/// The longest edge that a rendition may be asked to have.
pub const RENDITION_EDGE_PX_MAX: u32 = 4_096;
/// How far a photo may be straightened; beyond it, it is turned by a quarter first.
pub const STRAIGHTEN_HUNDREDTHS_MAX: u16 = 4_500;
/// The smallest part of an edge that a crop keeps, in millionths.
pub const CROP_PARTS_MIN: u32 = 10_000;
/// How long a child may work at one file, whatever it claims: tens of megapixels of JPEG XL
/// take seconds.
pub const CHILD_SECONDS_MAX: u64 = 30;
/// Processor time of a child that reads headers, or a small picture, in seconds.
pub const CHILD_SECONDS: u64 = 2;
/// Pixels that a child gets one more second for: the slowest processors and formats take
/// as long for four times as many.
pub const CHILD_PIXELS_PER_SECOND: u64 = 2_000_000;
/// Memory of a child that reads headers, beside the file's own: the program itself takes
/// a part of it.
pub const CHILD_MEMORY_BYTES: u64 = 224 * 1024 * 1024;
/// A child's words: facts, of which a caption and 50 keywords are the longest part.
pub const CHILD_WORDS_BYTES_MAX: usize = 64 * 1024;
/// Memory that a child may take for each pixel that the headers claim.
pub const CHILD_BYTES_PER_PX: u64 = 24;
/// Memory of a child, whatever the headers claim.
pub const CHILD_MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// What a child takes beside its file and its picture: of one for a small photo 15 MB were
/// measured.
pub const CHILD_OWN_BYTES: u64 = 24 * 1024 * 1024;
/// Copies of its file that a child holds at once: the file, and a RAW file's preview.
pub const CHILD_COPIES: u64 = 2;
/// How often a child may ask for memory: each decoder does once or twice.
pub const CHILD_NEEDS_MAX: usize = 16;
/// Bytes that go through the pipe at once where samples have to be put together.
pub const CHILD_PIECE_BYTES: usize = 64 * 1024;
/// Characters of a watermark that are drawn.
pub const WATERMARK_CHARS_MAX: usize = 80;
/// The shortest edge of a print, in hundredths of a millimetre: a passport photo's.
pub const PRINT_EDGE_HUNDREDTHS_MIN: u32 = 2_000;
/// The longest edge of a print, in hundredths of a millimetre: the widest paper rolls
/// are 1.6 m.
pub const PRINT_EDGE_HUNDREDTHS_MAX: u32 = 200_000;
/// The widest bleed or border, in hundredths of a millimetre; labs ask for 2 to 20 mm.
pub const PRINT_MARGIN_HUNDREDTHS_MAX: u32 = 10_000;
/// The coarsest that a lab may ask for: large posters.
pub const PRINT_PPI_MIN: u16 = 72;
/// The finest that a lab may ask for: the finest printers write 720.
pub const PRINT_PPI_MAX: u16 = 1_440;
/// Pixels of one print file: 30 × 40 inches at 300 ppi.
pub const PRINT_PIXELS_MAX: u64 = 120_000_000;
/// Width or height of a print file: JPEG and the oldest readers of TIFF go no further.
pub const PRINT_EDGE_PX_MAX: u32 = 65_000;
/// A watermark's logo, as PNG.
pub const LOGO_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Width or height of a watermark's logo: as large as the largest proof.
pub const LOGO_EDGE_PX_MAX: u32 = RENDITION_EDGE_PX_MAX;
/// Copies of a tiled watermark to either side of the middle, along a row and across
/// rows; the largest proof has place for fewer, unless the mark is a few pixels small.
pub const MARK_COPIES_MAX: u16 = 400;
/// Sizes of proofs for which a watermark stays drawn: an event has two, upright and
/// sideways, and a few of crops. Each is a megabyte, or four of the largest logo.
pub const MARK_SIZES_REMEMBERED: usize = 8;
/// Pixels per inch below which no print is rendered. Less than what is sold, since a
/// print that was sold loses some of its pixels to the bleed.
pub const RENDERED_PPI_MIN: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cameras_of_45_megapixels_write_is_decoded_from_every_format() {
        let pixels = 8_256 * 5_504;
        for bytes_per_px in [HEIC_BYTES_PER_PX, JXL_BYTES_PER_PX, AVIF_BYTES_PER_PX] {
            assert!(pixels * bytes_per_px <= DECODE_BYTES_MAX, "{bytes_per_px} bytes for each pixel");
        }
    }
}
