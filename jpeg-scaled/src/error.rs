//! Why a JPEG gives no planes. Whoever asks turns these into words for people.

use thiserror::Error;

/// What the decoder can't do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ScaledError {
    /// A JPEG, or something else, that is not for this decoder: progressive, 12 bits,
    /// CMYK, several scans. Another decoder may know it.
    #[error("this is no baseline JPEG of one scan ({0})")]
    NotForThis(&'static str),
    /// The headers contradict themselves or the standard.
    #[error("the JPEG's headers are damaged ({0})")]
    Headers(&'static str),
    /// The picture's data can't be right.
    #[error("the JPEG's picture data is damaged")]
    Data,
    /// The file ends, or another marker stands, before the picture is whole.
    #[error("the JPEG ends before its picture does")]
    CutShort,
    /// An edge that would come to lie on the other side is cut within a block.
    #[error("the JPEG's size does not allow this turn without loss")]
    NotWhole,
    /// The planes asked for would be larger than [`crate::limits::PLANE_SAMPLES_MAX`].
    #[error("the JPEG is too large to decode at this scale")]
    TooLarge,
}
