//! Where photos are rendered: one place for each processor. Whoever edits a photo
//! waits for it at the screen, so edits take the next free place before any import.

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
    edits_waiting: usize,
}

/// A place taken; free again when dropped.
#[derive(Debug)]
pub struct Place {
    enlargers: Enlargers,
}

/// Who wants a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One photo of many; nobody waits for this one.
    Import,
    /// Somebody waits for just this photo.
    Edit,
}

impl Enlargers {
    /// `places` photos at once; 0 takes one for each processor.
    pub fn new(places: usize) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let free = if places == 0 { processors } else { places };
        let queue = Mutex::new(Queue { free, edits_waiting: 0 });
        Self { shared: Arc::new(Shared { queue, changed: Condvar::new() }) }
    }

    /// Waits for a place; an import's also for all edits to have theirs.
    pub fn take(&self, work: Work) -> Place {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_edit = work == Work::Edit;
        queue.edits_waiting += usize::from(is_edit);
        let has_to_wait = |queue: &mut Queue| queue.free == 0 || (!is_edit && queue.edits_waiting > 0);
        let mut queue = self.shared.changed.wait_while(queue, has_to_wait).unwrap_or_else(PoisonError::into_inner);
        queue.edits_waiting -= usize::from(is_edit);
        queue.free -= 1;
        // An import may have waited for this edit alone while a place was free.
        self.shared.changed.notify_all();
        Place { enlargers: self.clone() }
    }
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
    fn an_edit_that_comes_last_is_rendered_before_the_imports_that_wait() {
        let enlargers = Enlargers::new(1);
        let taken = enlargers.take(Work::Import);
        let (told, order) = mpsc::sync_channel(3);
        std::thread::scope(|scope| {
            for work in [Work::Import, Work::Import, Work::Edit] {
                let (enlargers, told) = (enlargers.clone(), told.clone());
                scope.spawn(move || {
                    let _place = enlargers.take(work);
                    told.send(work).unwrap();
                });
            }
            // The edit is waiting; the imports may come before or after it.
            while enlargers.shared.queue.lock().unwrap().edits_waiting == 0 {
                std::thread::yield_now();
            }
            drop(taken);
            assert_eq!(order.recv().unwrap(), Work::Edit);
        });
    }
}
