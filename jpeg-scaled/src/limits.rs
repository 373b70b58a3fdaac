//! Every bound of the decoder, each with its reason.

/// Blocks of one MCU; the standard's own bound for interleaved scans.
pub const MCU_BLOCKS_MAX: usize = 10;
/// Bytes that one MCU can take, each of its coefficients at the longest code with the
/// most extra bits: what has to be at hand before an MCU is begun.
pub const MCU_BYTES_MAX: usize = MCU_BLOCKS_MAX * 64 * 32 / 8;
/// Entropy-coded bytes that are made ready at once: they stay in the processor's cache.
pub const WINDOW_BYTES: usize = 32 * 1024;
/// Coefficients that a lossless turn holds, 2 bytes each: 64 megapixels without
/// subsampling, 128 with it.
pub const TURNED_COEFFICIENTS_MAX: u64 = 200_000_000;
/// Samples of one decoded plane: the largest medium-format backs give 151 million.
pub const PLANE_SAMPLES_MAX: u64 = 160_000_000;
/// Blocks of a picture that is read to its end without being shown, 8 bytes each: 160
/// megapixels in four channels without subsampling.
pub const CHECKED_BLOCKS_MAX: u64 = 10_100_000;
/// Scans of one picture: encoders write 10 or so.
pub const SCANS_MAX: usize = 64;
/// Huffman codes of one picture, over all its scans: four each at most, and each is a
/// table that takes its time to build.
pub const CODES_MAX: usize = 8 * SCANS_MAX;
