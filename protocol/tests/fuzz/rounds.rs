//! Rounds of spoiled messages: how many, from which seed, and what is said of one at which
//! a target falls over or takes long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::spoil::Spoiler;

const ROUNDS: u64 = 20_000;
/// Decoding checks no signature and allocates little: what takes longer is a hole.
const SLOW: Duration = Duration::from_secs(2);

/// Gives `target` spoiled seeds; a panic names the round, so that it can be run again.
pub fn fuzz(name: &str, seeds: &[Vec<u8>], mut target: impl FnMut(&[u8])) {
    let number = |variable: &str| std::env::var(variable).ok().and_then(|text| text.parse::<u64>().ok());
    let (rounds, seed) = (number("ENPRINT_FUZZ_ROUNDS").unwrap_or(ROUNDS), number("ENPRINT_FUZZ_SEED").unwrap_or(1));
    assert!(!seeds.is_empty(), "{name} has no golden bytes");
    let mut slowest = (Duration::ZERO, 0);
    for round in 0..rounds {
        let bytes = Spoiler::new(seed, round).spoiled(seeds);
        let began = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!("{name} fell over in round {round} of seed {seed}: {hex}");
        }
        slowest = slowest.max((began.elapsed(), round));
    }
    println!("{name}: {rounds} messages, the slowest took {:?} (round {})", slowest.0, slowest.1);
    assert!(slowest.0 < SLOW, "{name} took {:?} for round {} of seed {seed}", slowest.0, slowest.1);
}
