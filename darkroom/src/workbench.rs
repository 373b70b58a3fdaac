//! What a worker keeps from one photo to the next: its resizer, and the large buffers that
//! every photo needs anew. Each thread has a bench of its own. What lies on it while nobody
//! works counts in the budget of all photos (`memory`), and is let go where others wait.

use std::cell::RefCell;

use fast_image_resize::Resizer;

use crate::limits::{WORKBENCH_BUFFER_BYTES_MIN, WORKBENCH_BUFFERS_MAX, WORKBENCH_BYTES_MAX};
use crate::memory::{self, Resting};

#[derive(Default)]
struct Bench {
    /// Of another size each, with whatever the last photo left in them.
    buffers: Vec<Vec<u8>>,
    resizer: Resizer,
    /// While nobody works.
    _resting: Option<Resting>,
    /// Buffers that were not on the bench when they were needed.
    #[cfg(test)]
    made: usize,
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

/// Runs the work at one photo, and tidies up after it.
pub(crate) fn at_work<T>(work: impl FnOnce() -> T) -> T {
    BENCH.with_borrow_mut(|bench| bench._resting = None);
    // Also when the work breaks off.
    let _tidies = Tidies;
    work()
}

struct Tidies;

impl Drop for Tidies {
    fn drop(&mut self) {
        BENCH.with_borrow_mut(Bench::tidy);
    }
}

/// `bytes` bytes, whatever they are: whoever takes them writes all of them.
pub(crate) fn buffer(bytes: usize) -> Vec<u8> {
    BENCH.with_borrow_mut(|bench| bench.buffer(bytes))
}

/// Puts a buffer back for the next one who needs it.
pub(crate) fn put_back(buffer: Vec<u8>) {
    BENCH.with_borrow_mut(|bench| bench.put_back(buffer));
}

/// Lends the thread's resizer to work that asks the bench for nothing else.
pub(crate) fn with_resizer<T>(work: impl FnOnce(&mut Resizer) -> T) -> T {
    BENCH.with_borrow_mut(|bench| work(&mut bench.resizer))
}

impl Bench {
    /// The smallest that is large enough.
    fn buffer(&mut self, bytes: usize) -> Vec<u8> {
        let large = self.buffers.iter().enumerate().filter(|(_, buffer)| buffer.capacity() >= bytes);
        let found = large.min_by_key(|(_, buffer)| buffer.capacity()).map(|(at, _)| at);
        let mut buffer = match found {
            Some(at) if bytes >= WORKBENCH_BUFFER_BYTES_MIN => self.buffers.swap_remove(at),
            _ => {
                #[cfg(test)]
                {
                    self.made += usize::from(bytes >= WORKBENCH_BUFFER_BYTES_MIN);
                }
                Vec::with_capacity(bytes)
            }
        };
        buffer.resize(bytes, 0);
        buffer
    }

    fn put_back(&mut self, buffer: Vec<u8>) {
        if buffer.capacity() < WORKBENCH_BUFFER_BYTES_MIN {
            return;
        }
        if self.buffers.len() >= WORKBENCH_BUFFERS_MAX {
            // Photos of another size come now.
            self.buffers.remove(0);
        }
        self.buffers.push(buffer);
    }

    fn bytes(&self) -> usize {
        self.buffers.iter().map(Vec::capacity).sum::<usize>() + self.resizer.size_of_internal_buffers()
    }

    fn tidy(&mut self) {
        if self.resizer.size_of_internal_buffers() > WORKBENCH_BYTES_MAX / 2 {
            self.resizer.reset_internal_buffers();
        }
        while self.bytes() > WORKBENCH_BYTES_MAX && !self.buffers.is_empty() {
            self.buffers.remove(0);
        }
        self._resting = memory::rest(self.bytes() as u64);
        if self._resting.is_none() {
            self.buffers = Vec::new();
            self.resizer.reset_internal_buffers();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Share;

    fn kept() -> (usize, usize) {
        BENCH.with_borrow(|bench| (bench.buffers.len(), bench.bytes()))
    }

    fn made() -> usize {
        BENCH.with_borrow(|bench| bench.made)
    }

    /// A JPEG whose every part differs from that of another seed.
    fn jpeg((width, height): (u16, u16), mut seed: u32) -> Vec<u8> {
        let samples = (0..usize::from(width) * usize::from(height) * 3).map(|at| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (40 + (at / 997 % 150) as u32 + (seed >> 27)) as u8
        });
        let (samples, mut bytes) = (samples.collect::<Vec<u8>>(), Vec::new());
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 88);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
        encoder.encode(&samples, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
        bytes
    }

    fn developed(jpeg: &[u8], edge_px: u32) -> crate::Renditions {
        let settings = crate::DevelopSettings { proof_edge_px: edge_px, ..Default::default() };
        crate::develop(jpeg, &settings).unwrap()
    }

    #[test]
    fn the_second_photo_of_a_size_takes_no_fresh_buffers() {
        let first = developed(&jpeg((1_203, 797), 1), 1_000);
        let (made_before, (buffers, _)) = (made(), kept());
        assert!(buffers > 3, "{buffers}");
        assert_ne!(developed(&jpeg((1_203, 797), 2), 1_000), first);
        assert_eq!(made(), made_before);
    }

    #[test]
    fn nothing_of_the_photo_before_is_seen_in_the_next() {
        let sizes = [(1_203, 797), (640, 481), (1_001, 1_203), (333, 2_000), (1_203, 797)];
        for (seed, size) in (3..).zip(sizes) {
            let jpeg = jpeg(size, seed);
            let alone = std::thread::scope(|scope| scope.spawn(|| developed(&jpeg, 900)).join().unwrap());
            assert_eq!(developed(&jpeg, 900), alone, "{size:?}");
        }
    }

    #[test]
    fn a_giant_photo_leaves_no_giant_bench() {
        at_work(|| {
            for _ in 0..2 * WORKBENCH_BUFFERS_MAX {
                put_back(vec![1; WORKBENCH_BYTES_MAX / 4]);
            }
            put_back(vec![1; 2 * WORKBENCH_BYTES_MAX]);
            assert!(kept().0 <= WORKBENCH_BUFFERS_MAX);
        });
        assert!(kept().1 <= WORKBENCH_BYTES_MAX, "{}", kept().1);
    }

    #[test]
    fn a_decoder_that_breaks_off_leaves_a_bench_that_can_be_worked_at() {
        let broken = std::panic::catch_unwind(|| at_work(|| panic!("a decoder's")));
        assert!(broken.is_err());
        assert_eq!(at_work(|| buffer(100_000).len()), 100_000);
    }

    #[test]
    fn a_bench_is_cleared_while_a_photo_waits_for_memory() {
        at_work(|| put_back(vec![1; 1_000_000]));
        assert_eq!(kept().0, 1);
        memory::while_somebody_waits(|| at_work(|| put_back(vec![1; 1_000_000])));
        assert_eq!(kept(), (0, 0));
        drop(Share::begin(1));
    }
}
