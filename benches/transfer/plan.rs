//! What one run does, by its arguments: which lines, how often, and who carries how much.

use crate::conditions::{Conditions, Way, matrix};

/// Up to here lines are so slow that many run at once without taking the machine's time
/// from each other, and carry [`SLOW_FILES`].
const SLOW_MBIT: u32 = 10;
const SLOW_AT_ONCE: usize = 6;
const SLOW_FILES: usize = 4;
/// Up to here some do.
const USUAL_MBIT: u32 = 100;
const USUAL_AT_ONCE: usize = 2;
/// Files that curl fetches at once: as many as it carries where loss slows it down.
pub const CURL_AT_ONCE: usize = 4;
/// There the others carry files of a part of the size: in the end it is the loss that sets
/// their rate, whatever they carry.
const LOSSY_PART: usize = 3;

/// What one run does.
#[derive(Debug, Clone)]
pub struct Plan {
    pub rounds: usize,
    files: usize,
    file_bytes: usize,
    lines: bool,
    pub is_matrix: bool,
    ways: Vec<Way>,
    /// How many the publish has; none, no publish.
    pub photographs: usize,
    pub names: Vec<String>,
}

/// Lines of which some run at once, and how often each.
#[derive(Debug, Default)]
pub struct Batch {
    pub at_once: usize,
    pub lines: Vec<(Conditions, usize)>,
}

impl Plan {
    /// As this process's arguments say.
    pub fn said() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let said = |name: &str| {
            let at = words.iter().position(|word| word == name);
            at.and_then(|at| words.get(at + 1)).map(String::as_str)
        };
        let number = |name: &str, usual: usize| said(name).map_or(usual, |value| value.parse().expect("a number"));
        let numbers = |name: &str, usual: &str| -> Vec<f64> {
            said(name).unwrap_or(usual).split(',').map(|value| value.parse().expect("numbers")).collect()
        };
        let is_matrix = words.iter().any(|word| word == "--matrix");
        let usual = if is_matrix { ("enprint,tcp,quic,rsync,curl", 1, 0) } else { ("enprint,iroh,rsync,curl", 3, 500) };
        Self {
            rounds: number("--rounds", usual.1),
            files: number("--files", 20),
            file_bytes: number("--megabytes", 12) * 1_000_000,
            names: said("--only").unwrap_or(usual.0).split(',').map(str::to_owned).collect(),
            photographs: number("--photographs", usual.2),
            lines: !words.iter().any(|word| word == "--no-lines"),
            is_matrix,
            ways: matrix(
                &numbers("--mbit", "10,100,1000"),
                &numbers("--round-trip", "50,200"),
                &numbers("--loss", "0,0.5,2"),
            ),
        }
    }

    /// All lines, one batch after the other.
    pub fn batches(&self) -> Vec<Batch> {
        if self.is_matrix {
            let of = |at_once, mbits: std::ops::RangeInclusive<u32>| {
                let ways = self.ways.iter().filter(|way| mbits.contains(&way.mbit));
                Batch { at_once, lines: ways.map(|way| (Conditions::Of(*way), self.rounds)).collect() }
            };
            return vec![
                of(SLOW_AT_ONCE, 0..=SLOW_MBIT),
                of(USUAL_AT_ONCE, SLOW_MBIT + 1..=USUAL_MBIT),
                of(1, USUAL_MBIT + 1..=u32::MAX),
            ];
        }
        let mut lines = vec![(Conditions::Loopback, self.rounds)];
        if self.lines {
            lines.extend([Conditions::CLEAN, Conditions::LOSSY].map(|line| (line, self.rounds.div_ceil(2))));
        }
        vec![Batch { at_once: 1, lines }]
    }

    /// How many files of how many bytes somebody carries.
    pub fn load(&self, conditions: Conditions, name: &str) -> (usize, usize) {
        let is_ours = ["enprint", "tcp", "quic"].contains(&name);
        match conditions {
            // What loss slows down 20 times shows it with little, too.
            _ if conditions.is_lossy() && !is_ours => {
                (if name == "curl" { CURL_AT_ONCE } else { 1 }, self.file_bytes / LOSSY_PART)
            }
            Conditions::Of(way) if way.mbit <= SLOW_MBIT => (self.files.min(SLOW_FILES), self.file_bytes),
            _ => (self.files, self.file_bytes),
        }
    }
}
