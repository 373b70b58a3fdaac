//! Marks: numbers that are others as soon as something is. They live as long as the
//! process and begin anew with the next one, so that no kill between a change and its mark
//! leaves a second home behind: it looks at everything once more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use enprint_protocol::ids::EventId;
use tokio::sync::watch;

/// The marks. Cheap to clone; clones are the same.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct Marks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    first: u64,
    all: watch::Sender<u64>,
    events: Mutex<HashMap<EventId, u64>>,
}

impl Default for Marks {
    fn default() -> Self {
        // Never 0, which is the mark of who has seen nothing.
        let first = rand::random::<u64>() | 1 << 63;
        let shared = Shared { first, all: watch::Sender::new(first), events: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }
}

impl Marks {
    /// Something is other.
    pub(in crate::photographer) fn changed(&self) {
        self.shared.all.send_modify(|mark| *mark = mark.wrapping_add(1) | 1 << 63);
    }

    /// Something of an event is other.
    pub(in crate::photographer) fn changed_in(&self, event_id: EventId) {
        *self.events().entry(event_id).or_default() += 1;
        self.changed();
    }

    /// The event's mark of now.
    pub(in crate::photographer) fn of(&self, event_id: EventId) -> u64 {
        let changes = self.events().get(&event_id).copied().unwrap_or(0);
        self.shared.first.wrapping_add(changes)
    }

    /// The mark of now, as soon as it is not `known`, or after `patience`.
    pub(in crate::photographer) async fn other_than(&self, known: u64, patience: Duration) -> u64 {
        let mut all = self.shared.all.subscribe();
        let other = all.wait_for(|mark| *mark != known);
        drop(tokio::time::timeout(patience, other).await);
        *self.shared.all.borrow()
    }

    fn events(&self) -> MutexGuard<'_, HashMap<EventId, u64>> {
        self.shared.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_of_one_event_is_news_and_marks_no_other() {
        let (marks, one, other) = (Marks::default(), EventId([1; 16]), EventId([2; 16]));
        let known = marks.other_than(0, Duration::ZERO).await;
        assert_ne!(known, 0);
        let before = (marks.of(one), marks.of(other));
        marks.changed_in(one);
        assert_ne!(marks.of(one), before.0);
        assert_eq!(marks.of(other), before.1);
        assert_ne!(*marks.shared.all.borrow(), known);
        assert_ne!(Marks::default().of(one), before.0, "another process begins anew");
    }
}
