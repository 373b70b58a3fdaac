//! JPEG → planes at a number of eighths of their size, without the work that
//! the rest would take: coefficients that a small picture does not need are stepped
//! over in the bits, and those that it needs are transformed eight blocks at a time.
//!
//! Takes baseline, extended and progressive files of 8 bits and one or three components,
//! with any subsampling, restart interval and order of scans. Cameras write one scan, of
//! which nothing is kept; of what comes in several, the coefficients that are needed are.
//! Everything else is [`ScaledError::NotForThis`], for a decoder that knows more.
//!
//! A scaled block is the N-point inverse transform of the N × N lowest coefficients,
//! which is what libjpeg calls `scale_num` of 8 for N of 1, 3, 5, 6 and 7. For 2 and 4
//! libjpeg-turbo averages pixels of the whole block instead, and is a little softer.
//!
//! [`turned`] turns and mirrors a file without loss, and [`check_whole`] reads one to its
//! last bit; both know progressive files, four components and any order of scans too.

mod bits;
mod block;
mod error;
mod headers;
mod huffman;
mod idct;
pub mod limits;
mod making;
mod passes;
mod picture;
mod scans;
mod turn;

pub use error::ScaledError;
pub use headers::Component;
pub use making::Plane;
pub use picture::Jpeg;
pub use scans::check_whole;
pub use turn::{Turn, turned};
