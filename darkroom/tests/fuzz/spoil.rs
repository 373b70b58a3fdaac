//! Ways in which files break, chosen by a number: the same number, the same breakage.

/// Values that programs stumble over.
const AWKWARD: [u8; 10] = [0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, 0xD8, 0xD9, 0xDA, 0xC4];

/// Spoils one file.
#[derive(Debug)]
pub struct Spoiler {
    state: u64,
}

impl Spoiler {
    /// For one round of a run.
    pub fn new(seed: u64, round: u64) -> Self {
        Self { state: (seed << 40 ^ round).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// One of the seeds, broken in one to four ways.
    pub fn spoiled(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..1 + self.below(4) {
            let other = &seeds[self.below(seeds.len())];
            self.spoil(&mut bytes, other);
        }
        bytes
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        // Most of what matters stands at the beginning of a file.
        let end = if self.below(3) > 0 { bytes.len().min(1_024) } else { bytes.len() };
        let at = self.below(end);
        let length = 1 + self.below((bytes.len() - at).min(64));
        match self.below(7) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = AWKWARD[self.below(AWKWARD.len())],
            3 => bytes[at..at + length].fill(AWKWARD[self.below(AWKWARD.len())]),
            4 => drop(bytes.drain(at..at + length)),
            5 => {
                let again = bytes[at..at + length].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                bytes.truncate(at);
                let from = self.below(other.len().max(1));
                bytes.extend_from_slice(other.get(from..).unwrap_or_default());
            }
        }
    }

    /// A number below `end`, by xorshift.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % end.max(1) as u64) as usize
    }
}
