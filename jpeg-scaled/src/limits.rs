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
/// Samples of one decoded plane: a 45 megapixel picture at its full size, twice.
pub const PLANE_SAMPLES_MAX: u64 = 100_000_000;
