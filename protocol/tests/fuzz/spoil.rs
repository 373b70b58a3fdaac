//! Golden messages, and what may have become of them on the way: the same for each seed
//! and round. Knows CBOR's headers a little, so that many a spoiled message gets past the
//! first check.

use std::path::PathBuf;

/// The golden bytes whose names begin with `prefix`, in order.
pub fn golden(prefix: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.file_name().unwrap().to_string_lossy().starts_with(prefix)).collect();
    files.sort();
    files.iter().map(|file| from_hex(std::fs::read_to_string(file).unwrap().trim())).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Numbers that follow from a seed and a round alone.
pub struct Spoiler(u64);

impl Spoiler {
    pub fn new(seed: u64, round: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ round.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    /// One of `seeds`, spoiled in one to four ways.
    pub fn spoiled(mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.spoil(&mut bytes, seeds);
        }
        bytes
    }

    fn spoil(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        if bytes.is_empty() {
            bytes.push(self.byte());
            return;
        }
        let at = self.below(bytes.len());
        match self.below(9) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = self.byte(),
            2 => bytes[at] = bytes[at].wrapping_add(1),
            3 => bytes.truncate(at),
            4 => bytes.insert(at, self.byte()),
            5 => drop(bytes.remove(at)),
            6 => self.copy_part(bytes, at),
            7 => {
                // A header of each kind, with each width of number, up to the largest.
                let header = (self.below(8) << 5 | self.below(32)) as u8;
                let number = self.next().to_be_bytes();
                let width = [0, 1, 2, 4, 8][self.below(5)];
                bytes.splice(at..=at, std::iter::once(header).chain(number[..width].iter().copied()));
            }
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }

    /// A part of the message stands in it once more: a field twice, a list longer than said.
    fn copy_part(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let end = (at + 1 + self.below(64)).min(bytes.len());
        let part = bytes[at..end].to_vec();
        let to = self.below(bytes.len());
        bytes.splice(to..to, part);
    }

    fn byte(&mut self) -> u8 {
        [0x00, 0x1b, 0x5b, 0x7f, 0x80, 0x9b, 0xa0, 0xbb, 0xc0, 0xf6, 0xff, self.next() as u8][self.below(12)]
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}
