//! Huffman codes that fit a picture best: the counting and the building of the
//! standard's annex K.2, with words of 16 bits at most.

/// How often each symbol is written.
#[derive(Debug, Clone)]
pub struct Counts([u32; 257]);

/// A code: for each symbol its word and the word's length; 0 for symbols without one.
#[derive(Debug, Clone)]
pub struct Words {
    words: [(u16, u8); 256],
    /// Codes of each length from 1 to 16.
    pub lengths: [u8; 16],
    /// The symbols, shortest words first.
    pub symbols: Vec<u8>,
}

impl Counts {
    /// None yet. The last place keeps the word of ones alone from being given away.
    pub fn new() -> Self {
        let mut counts = [0; 257];
        counts[256] = 1;
        Self(counts)
    }

    /// One more of `symbol`.
    pub fn note(&mut self, symbol: u8) {
        let count = &mut self.0[usize::from(symbol)];
        *count = count.saturating_add(1);
    }

    /// The best code for these counts.
    pub fn words(&self) -> Words {
        let mut of_length = [0usize; 258];
        let lengths = self.lengths();
        for length in lengths.iter().filter(|length| **length > 0) {
            of_length[*length] += 1;
        }
        shorten(&mut of_length);
        // The reserved place has the longest word, which nobody gets.
        if let Some(longest) = (1..=16).rev().find(|length| of_length[*length] > 0) {
            of_length[longest] -= 1;
        }
        let mut symbols: Vec<u8> = (0..=255).filter(|symbol| lengths[usize::from(*symbol)] > 0).collect();
        symbols.sort_by_key(|symbol| (lengths[usize::from(*symbol)], *symbol));
        Words::new(std::array::from_fn(|at| of_length[at + 1] as u8), symbols)
    }

    /// The depth of each symbol in Huffman's tree.
    fn lengths(&self) -> [usize; 257] {
        let mut counts = self.0.map(u64::from);
        let mut lengths = [0; 257];
        let mut next: [Option<usize>; 257] = [None; 257];
        while let Some((first, second)) = two_rarest(&counts) {
            counts[first] += counts[second];
            counts[second] = 0;
            let mut at = first;
            loop {
                lengths[at] += 1;
                match next[at] {
                    Some(follower) => at = follower,
                    None => break,
                }
            }
            next[at] = Some(second);
            let mut at = Some(second);
            while let Some(place) = at {
                lengths[place] += 1;
                at = next[place];
            }
        }
        lengths
    }
}

/// The two rarest that are there at all; of equals, the later ones.
fn two_rarest(counts: &[u64; 257]) -> Option<(usize, usize)> {
    let rarest = |but: Option<usize>| {
        let there = counts.iter().enumerate().filter(|(at, count)| **count > 0 && Some(*at) != but);
        there.min_by_key(|(at, count)| (**count, usize::MAX - at)).map(|(at, _)| at)
    };
    let first = rarest(None)?;
    Some((first, rarest(Some(first))?))
}

/// Makes words longer than 16 bits shorter, at the cost of some that are not.
fn shorten(of_length: &mut [usize; 258]) {
    for length in (17..258).rev() {
        while of_length[length] > 0 {
            let Some(shorter) = (1..length - 1).rev().find(|shorter| of_length[*shorter] > 0) else { break };
            of_length[length] -= 2;
            of_length[length - 1] += 1;
            of_length[shorter + 1] += 2;
            of_length[shorter] -= 1;
        }
    }
}

impl Words {
    fn new(lengths: [u8; 16], symbols: Vec<u8>) -> Self {
        let mut words = [(0, 0); 256];
        let (mut word, mut at) = (0u16, 0);
        for (length, count) in (1u8..).zip(lengths) {
            for _ in 0..count {
                if let Some(symbol) = symbols.get(at) {
                    words[usize::from(*symbol)] = (word, length);
                }
                word = word.wrapping_add(1);
                at += 1;
            }
            word = word.wrapping_shl(1);
        }
        Self { words, lengths, symbols }
    }

    /// The word for a symbol, and its length in bits.
    pub fn word(&self, symbol: u8) -> (u16, u8) {
        self.words[usize::from(symbol)]
    }
}
