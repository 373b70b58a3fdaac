//! Where photos are rendered: one place for each processor. Whoever edits a photo
//! waits for it at the screen, so edits take the next free place; then come the files of
//! orders, which are few and paid for, and last the many photos of an import.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The places. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Enlargers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    /// How many wait of each kind of work, the most urgent first.
    waiting: [usize; 3],
}

/// A place taken; free again when dropped.
#[derive(Debug)]
pub struct Place {
    enlargers: Enlargers,
}

/// Who wants a place, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Somebody waits for just this photo.
    Edit,
    /// A file of an order.
    Print,
    /// One photo of many; nobody waits for this one.
    Import,
}

impl Enlargers {
    /// `places` photos at once; 0 takes one for each processor.
    pub fn new(places: usize) -> Self {
        let free = if places == 0 { processors() } else { places };
        let queue = Mutex::new(Queue { free, waiting: [0; 3] });
        Self { shared: Arc::new(Shared { queue, changed: Condvar::new() }) }
    }

    /// Waits for a place, and for all more urgent work to have its own.
    pub fn take(&self, work: Work) -> Place {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.waiting[work as usize] += 1;
        let has_to_wait = |queue: &mut Queue| queue.free == 0 || queue.is_passed_by(work);
        let mut queue = self.shared.changed.wait_while(queue, has_to_wait).unwrap_or_else(PoisonError::into_inner);
        queue.waiting[work as usize] -= 1;
        queue.free -= 1;
        // Another may have waited for this one alone while a place was free.
        self.shared.changed.notify_all();
        Place { enlargers: self.clone() }
    }
}

impl Queue {
    fn is_passed_by(&self, work: Work) -> bool {
        self.waiting[..work as usize].iter().any(|waiting| *waiting > 0)
    }
}

/// How many threads this machine runs at once.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Drop for Place {
    fn drop(&mut self) {
        self.enlargers.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).free += 1;
        self.enlargers.shared.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{Enlargers, Work};

    #[test]
    fn the_edit_that_comes_last_is_first_and_an_order_goes_before_an_import() {
        let enlargers = Enlargers::new(1);
        let taken = enlargers.take(Work::Import);
        let (told, order) = mpsc::sync_channel(4);
        std::thread::scope(|scope| {
            for work in [Work::Import, Work::Import, Work::Print, Work::Edit] {
                let (enlargers, told) = (enlargers.clone(), told.clone());
                scope.spawn(move || {
                    let _place = enlargers.take(work);
                    told.send(work).unwrap();
                });
            }
            // The imports may come before or after these.
            while enlargers.shared.queue.lock().unwrap().waiting[..2] != [1, 1] {
                std::thread::yield_now();
            }
            drop(taken);
            let first = [order.recv().unwrap(), order.recv().unwrap()];
            assert_eq!(first, [Work::Edit, Work::Print]);
        });
    }
}
