//! How much memory photos may take at once: all threads of this process and all the
//! children that decode for it draw on one budget. Each photo has a share, which grows
//! with what is made of it, and is given back as a whole. Knows no photo.
//!
//! Nobody waits for ever: a share that grows goes before those that begin, the one that
//! holds most first, and when all that are at work wait for each other, it goes beyond the
//! budget. What is held then is the budget and one photo's need at most.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::DevelopError;
use crate::limits::PHOTOS_BYTES_MAX;

/// This process's.
static ALL: Budget = Budget::new(PHOTOS_BYTES_MAX);

/// Bytes that may be held at once.
#[derive(Debug)]
struct Budget {
    bytes_max: u64,
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug)]
struct Held {
    /// Of all shares.
    bytes: u64,
    /// What workers keep between two photos.
    resting: u64,
    /// By age.
    shares: BTreeMap<u64, Part>,
    /// Shares that wait to begin, by age.
    arriving: BTreeSet<u64>,
    next: u64,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    bytes: u64,
    is_at_work: bool,
    waits: bool,
}

/// The memory that one photo takes, until it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: &'static Budget,
    number: u64,
}

impl Share {
    /// Begins with `bytes`, the original's, as soon as there is room for them; one
    /// original beyond the whole budget has it alone.
    pub fn begin(bytes: u64) -> Self {
        ALL.begin(bytes)
    }

    /// What the darkroom takes in `work` counts for this photo, and is given back after.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let bytes = self.budget.set_at_work(self.number);
        let before = CURRENT.replace(Some(Rc::new(OfShare { budget: self.budget, number: self.number })));
        let _ends = Ends { share: self, bytes, before };
        work()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.end(self.number);
    }
}

/// Where a thread's work takes memory from.
pub(crate) trait Source {
    /// Waits for room, and takes it.
    ///
    /// # Errors
    /// When nobody is left to ask.
    fn take(&self, bytes: u64) -> Result<(), DevelopError>;

    /// Gives back what was taken.
    fn give_back(&self, bytes: u64);
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Source>>> = const { RefCell::new(None) };
}

/// Waits for room for `bytes` of the photo that this thread works at.
///
/// # Errors
/// As [`Source::take`].
pub(crate) fn take(bytes: u64) -> Result<(), DevelopError> {
    let source = CURRENT.with_borrow(Clone::clone);
    source.map_or(Ok(()), |source| source.take(bytes))
}

/// Gives back what this thread took before its photo is done.
pub(crate) fn give_back(bytes: u64) {
    if let Some(source) = CURRENT.with_borrow(Clone::clone) {
        source.give_back(bytes);
    }
}

/// Counts `bytes` that a worker keeps until its next photo; None where a photo waits for
/// memory, or where there is no room: then it keeps none.
pub fn rest(bytes: u64) -> Option<Resting> {
    ALL.rest(bytes)
}

/// Memory that is kept and not worked with, until this is dropped.
#[derive(Debug)]
pub struct Resting {
    budget: &'static Budget,
    bytes: u64,
}

impl Drop for Resting {
    fn drop(&mut self) {
        self.budget.lock().resting -= self.bytes;
        self.budget.changed.notify_all();
    }
}

/// Runs the work at one photo, with a share of its own where the thread has none.
pub(crate) fn for_one_photo<T>(work: impl FnOnce() -> T) -> T {
    if CURRENT.with_borrow(Option::is_some) { work() } else { Share::begin(0).within(work) }
}

/// Runs `work`, which takes its memory from `source`.
pub(crate) fn from_source<T>(source: Rc<dyn Source>, work: impl FnOnce() -> T) -> T {
    CURRENT.set(Some(source));
    let done = work();
    CURRENT.set(None);
    done
}

/// Whether a photo of this process waits for memory.
#[cfg(test)]
pub(crate) fn somebody_waits() -> bool {
    ALL.lock().shares.values().any(|part| part.waits)
}

/// Runs `work` while a photo of this process waits for memory.
#[cfg(test)]
pub(crate) fn while_somebody_waits<T>(work: impl FnOnce() -> T) -> T {
    let share = ALL.begin(0);
    let set = |waits| ALL.set(share.number, |part| (part.is_at_work, part.waits) = (waits, waits));
    set(true);
    let done = work();
    set(false);
    done
}

struct OfShare {
    budget: &'static Budget,
    number: u64,
}

impl Source for OfShare {
    fn take(&self, bytes: u64) -> Result<(), DevelopError> {
        self.budget.grow(self.number, bytes);
        Ok(())
    }

    fn give_back(&self, bytes: u64) {
        self.budget.shrink_by(self.number, bytes);
    }
}

/// Gives back what was taken within, also when the work breaks off.
struct Ends<'a> {
    share: &'a Share,
    bytes: u64,
    before: Option<Rc<dyn Source>>,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
        self.share.budget.set_at_rest(self.share.number, self.bytes);
    }
}

impl Budget {
    const fn new(bytes_max: u64) -> Self {
        let held = Held { bytes: 0, resting: 0, shares: BTreeMap::new(), arriving: BTreeSet::new(), next: 0 };
        Self { bytes_max, held: Mutex::new(held), changed: Condvar::new() }
    }

    fn rest(&'static self, bytes: u64) -> Option<Resting> {
        let mut held = self.lock();
        let is_free = held.arriving.is_empty() && !held.shares.values().any(|part| part.waits);
        let fits = held.bytes + held.resting + bytes <= self.bytes_max;
        (is_free && fits).then(|| {
            held.resting += bytes;
            Resting { budget: self, bytes }
        })
    }

    fn begin(&'static self, bytes: u64) -> Share {
        let mut held = self.lock();
        let number = held.next;
        held.next += 1;
        held.arriving.insert(number);
        let mut held = self.wait(held, |held| !held.lets_begin(number, bytes, self.bytes_max));
        held.arriving.remove(&number);
        held.shares.insert(number, Part { bytes, is_at_work: false, waits: false });
        held.bytes += bytes;
        self.changed.notify_all();
        Share { budget: self, number }
    }

    fn grow(&self, number: u64, bytes: u64) {
        let mut held = self.lock();
        held.change(number, |part| part.waits = true);
        // Another may have waited for this one alone.
        self.changed.notify_all();
        let mut held = self.wait(held, |held| !held.lets_grow(number, bytes, self.bytes_max));
        held.change(number, |part| (part.waits, part.bytes) = (false, part.bytes + bytes));
        held.bytes += bytes;
        self.changed.notify_all();
    }

    fn shrink_by(&self, number: u64, bytes: u64) {
        self.set(number, |part| part.bytes = part.bytes.saturating_sub(bytes));
    }

    /// The bytes that the share holds as it begins to work.
    fn set_at_work(&self, number: u64) -> u64 {
        let mut held = self.lock();
        held.change(number, |part| part.is_at_work = true);
        held.shares.get(&number).map_or(0, |part| part.bytes)
    }

    fn set_at_rest(&self, number: u64, bytes: u64) {
        self.set(number, |part| (part.is_at_work, part.bytes) = (false, bytes));
    }

    fn end(&self, number: u64) {
        let mut held = self.lock();
        held.shares.remove(&number);
        held.count();
        self.changed.notify_all();
    }

    fn set(&self, number: u64, change: impl FnOnce(&mut Part)) {
        let mut held = self.lock();
        held.change(number, change);
        held.count();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, held: MutexGuard<'a, Held>, has_to: impl Fn(&Held) -> bool) -> MutexGuard<'a, Held> {
        self.changed.wait_while(held, |held| has_to(held)).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn lets_begin(&self, number: u64, bytes: u64, bytes_max: u64) -> bool {
        let fits = self.bytes + self.resting + bytes <= bytes_max || self.bytes == 0;
        fits && self.arriving.first() == Some(&number) && !self.shares.values().any(|part| part.waits)
    }

    fn lets_grow(&self, number: u64, bytes: u64, bytes_max: u64) -> bool {
        let rank = |number: u64, part: &Part| (part.bytes, Reverse(number));
        let own = self.shares.get(&number).map(|part| rank(number, part));
        // Who holds most gives most back, so that it goes first; of several the oldest.
        let is_first = !self.shares.iter().any(|(other, part)| part.waits && Some(rank(*other, part)) > own);
        let all_wait = || !self.shares.values().any(|part| part.is_at_work && !part.waits);
        is_first && (self.bytes + self.resting + bytes <= bytes_max || all_wait())
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut Part)) {
        if let Some(part) = self.shares.get_mut(&number) {
            change(part);
        }
    }

    fn count(&mut self) {
        self.bytes = self.shares.values().map(|part| part.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn budget(bytes_max: u64) -> &'static Budget {
        Box::leak(Box::new(Budget::new(bytes_max)))
    }

    /// Many workers, each with an original that grows twice; the most that was held.
    fn most_held(bytes_max: u64, original: u64, grows_by: [u64; 2]) -> u64 {
        let (budget, most) = (budget(bytes_max), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let share = budget.begin(original);
                        share.within(|| {
                            for bytes in grows_by {
                                take(bytes).unwrap();
                                most.fetch_max(budget.lock().bytes, Ordering::SeqCst);
                                std::thread::yield_now();
                            }
                        });
                    }
                });
            }
        });
        assert_eq!(budget.lock().bytes, 0, "all is given back");
        most.into_inner()
    }

    #[test]
    fn many_workers_keep_to_the_budget_and_none_waits_for_ever() {
        let most = most_held(100, 10, [20, 30]);
        assert!((60..=160).contains(&most), "{most}");
        // Two that have begun can not both go on, nor even one within the budget.
        let most = most_held(100, 10, [80, 30]);
        assert!((120..=220).contains(&most), "{most}");
    }

    #[test]
    fn a_photo_beyond_the_budget_is_made_alone() {
        let most = most_held(100, 300, [0, 0]);
        assert_eq!(most, 300);
    }

    #[test]
    fn what_workers_keep_counts_and_keeps_no_photo_from_beginning() {
        let budget = budget(100);
        let resting = budget.rest(60).unwrap();
        assert!(budget.rest(60).is_none(), "the two are more than there is");
        // The largest photo alone, and one that grows alone, go beyond it.
        let share = budget.begin(100);
        share.within(|| take(100).unwrap());
        assert!(budget.rest(1).is_none(), "the photo has all");
        drop((share, resting));
        let held = budget.lock();
        assert_eq!((held.bytes, held.resting), (0, 0));
    }

    #[test]
    fn a_photo_does_not_begin_beside_what_workers_keep_where_both_have_no_room() {
        let budget = budget(100);
        let (resting, first) = (budget.rest(60).unwrap(), budget.begin(10));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| drop(budget.begin(50)));
            while budget.lock().arriving.is_empty() && !second.is_finished() {
                std::thread::yield_now();
            }
            assert!(!second.is_finished());
            drop(resting);
            second.join().unwrap();
        });
        drop(first);
    }

    #[test]
    fn a_share_that_waits_elsewhere_keeps_nobody_from_going_on() {
        let budget = budget(100);
        let rests = budget.begin(90);
        let works = budget.begin(10);
        works.within(|| take(50).unwrap());
        drop(rests);
        assert_eq!(budget.lock().bytes, 10, "what was taken within is given back");
    }

    #[test]
    fn a_decoder_that_breaks_off_gives_its_memory_back() {
        let budget = budget(100);
        let share = budget.begin(10);
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            share.within(|| {
                take(50).unwrap();
                panic!("a decoder's");
            })
        }));
        assert!(broken.is_err());
        assert_eq!(budget.lock().bytes, 10);
        assert!(CURRENT.with_borrow(Option::is_none));
    }
}
