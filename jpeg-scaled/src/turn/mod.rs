//! Turning and mirroring without loss: the picture's coefficients are moved and
//! written again, and no pixel is ever made.
//!
//! | file | what it owns |
//! |---|---|
//! | `coefficients` | a picture's coefficients, block by block, and what a turn does to them |
//! | `words` | Huffman codes that fit a picture best |
//! | `write` | coefficients → a JPEG file |

mod coefficients;
mod words;
mod write;

use coefficients::Coefficients;

use crate::error::ScaledError;
use crate::headers::Headers;
use crate::scans::Picture;

/// One of the eight ways a picture can lie: transposed first, then mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Rows become columns.
    pub transposes: bool,
    /// Left and right are exchanged, afterwards.
    pub mirrors_across: bool,
    /// Top and bottom are exchanged, afterwards.
    pub mirrors_down: bool,
}

impl Turn {
    /// What makes a picture upright whose EXIF orientation is `value`; whatever is not
    /// 2 to 8 lies upright already.
    pub fn from_exif(value: u8) -> Self {
        let (transposes, mirrors_across, mirrors_down) = match value {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { transposes, mirrors_across, mirrors_down }
    }

    /// This turn, and then `next`.
    pub fn then(self, next: Self) -> Self {
        // A transposition exchanges the mirrors before it.
        let (across, down) = if next.transposes {
            (self.mirrors_down, self.mirrors_across)
        } else {
            (self.mirrors_across, self.mirrors_down)
        };
        Self {
            transposes: self.transposes != next.transposes,
            mirrors_across: across != next.mirrors_across,
            mirrors_down: down != next.mirrors_down,
        }
    }

    /// Whether nothing moves.
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// The JPEG turned, to the last coefficient the same picture. Its colour profile and
/// its density stay; all other metadata goes, with the orientation that it claimed.
///
/// # Errors
/// [`ScaledError::NotWhole`] where an edge that would move to the other side does not
/// fill its blocks, [`ScaledError::NotForThis`] for rare processes,
/// [`ScaledError::TooLarge`], and those of damage.
pub fn turned(bytes: &[u8], turn: Turn) -> Result<Vec<u8>, ScaledError> {
    let mut headers = Headers::of_scans(bytes)?;
    headers.read_to_scan()?.ok_or(ScaledError::CutShort)?;
    check_edges(&headers, turn)?;
    let picture = Picture::read(Headers::of_scans(bytes)?)?;
    if picture.headers.tables != headers.tables {
        return Err(ScaledError::NotForThis("quantisation tables between its scans"));
    }
    write::file(bytes, &headers, turn, &Coefficients::of(picture)?.turned(turn))
}

/// An edge that is cut within an MCU can't become a first edge.
fn check_edges(headers: &Headers<'_>, turn: Turn) -> Result<(), ScaledError> {
    let (across, down) = headers.blocks_max();
    // Before the transposition: what is mirrored across afterwards was down before it.
    let (moves_right, moves_bottom) = if turn.transposes {
        (turn.mirrors_down, turn.mirrors_across)
    } else {
        (turn.mirrors_across, turn.mirrors_down)
    };
    let fills = |pixels: usize, blocks: usize| pixels.is_multiple_of(8 * blocks);
    if (moves_right && !fills(headers.width, across)) || (moves_bottom && !fills(headers.height, down)) {
        return Err(ScaledError::NotWhole);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Turn;

    #[test]
    fn four_quarter_turns_and_two_mirrors_come_back() {
        let quarter = Turn::from_exif(6);
        assert!(quarter.then(quarter).then(quarter).then(quarter).is_nothing());
        assert_eq!(quarter.then(quarter), Turn::from_exif(3));
        assert_eq!(quarter.then(Turn::from_exif(3)), Turn::from_exif(8));
        for mirror in [2, 4, 5, 7].map(Turn::from_exif) {
            assert!(mirror.then(mirror).is_nothing());
        }
        assert_eq!(Turn::from_exif(2).then(quarter), Turn::from_exif(7));
    }
}
