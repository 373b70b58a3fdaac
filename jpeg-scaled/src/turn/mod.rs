//! Turning and mirroring without loss: the picture's coefficients are moved and
//! written again, and no pixel is ever made.
//!
//! | file | what it owns |
//! |---|---|
//! | `coefficients` | a scan's coefficients, block by block, and what a turn does to them |
//! | `words` | Huffman codes that fit a picture best |
//! | `write` | coefficients → a JPEG file |

mod coefficients;
mod words;
mod write;

use coefficients::Coefficients;

use crate::error::ScaledError;
use crate::headers::Headers;
use crate::limits::TURNED_COEFFICIENTS_MAX;

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
/// fill its blocks, [`ScaledError::NotForThis`] for what is no baseline JPEG of one
/// scan, [`ScaledError::TooLarge`], and those of damage.
pub fn turned(bytes: &[u8], turn: Turn) -> Result<Vec<u8>, ScaledError> {
    let headers = Headers::read(bytes)?;
    check_edges(&headers, turn)?;
    if coefficient_count(&headers) > TURNED_COEFFICIENTS_MAX {
        return Err(ScaledError::TooLarge);
    }
    let coefficients = Coefficients::read(&headers)?.turned(turn);
    write::file(bytes, &headers, turn, &coefficients)
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

fn coefficient_count(headers: &Headers<'_>) -> u64 {
    let (mcus_across, mcus_down) = headers.mcus();
    let blocks: usize = headers.components.iter().map(|component| component.across * component.down).sum();
    mcus_across as u64 * mcus_down as u64 * blocks as u64 * 64
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
