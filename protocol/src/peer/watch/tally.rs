//! How many requests of each conversation were answered, refused, asked and failed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::figures::Figures;

/// The counts of all conversations of a peer. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct Tally {
    conversations: Arc<Mutex<Vec<Named>>>,
}

/// A conversation's wire name and its counts.
type Named = (&'static str, Arc<Counts>);

/// The counts of one conversation. Statistics: no other memory depends on them.
#[derive(Debug, Default)]
pub(in crate::peer) struct Counts {
    answered: AtomicU64,
    refused: AtomicU64,
    asked: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    /// The counts of the conversation of that wire name.
    pub(in crate::peer) fn of(&self, name: &'static str) -> Arc<Counts> {
        let mut conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counts)) = conversations.iter().find(|(known, _)| *known == name) {
            return counts.clone();
        }
        let counts = Arc::new(Counts::default());
        conversations.push((name, counts.clone()));
        counts
    }

    pub(in crate::peer) fn add_to(&self, figures: &mut Figures) {
        let conversations = self.conversations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let labelled: Vec<_> = conversations.iter().map(|(name, counts)| ([("conversation", *name)], counts)).collect();
        let mut add = |name, help, of: fn(&Counts) -> &AtomicU64| {
            let samples = labelled.iter().map(|(labels, counts)| (&labels[..], of(counts).load(Ordering::Relaxed)));
            figures.counters(name, help, samples);
        };
        add("requests_answered", "Requests of other peers that were answered, refusals included.", |one| &one.answered);
        add("requests_refused", "Requests of other peers that were refused.", |one| &one.refused);
        add("asks_answered", "Requests of ours that were answered, refusals included.", |one| &one.asked);
        add("asks_failed", "Requests of ours that got no answer.", |one| &one.failed);
    }
}

impl Counts {
    /// A request of another peer was answered.
    pub(in crate::peer) fn answered(&self, is_refusal: bool) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(u64::from(is_refusal), Ordering::Relaxed);
    }

    /// A request of ours was answered, or not.
    pub(in crate::peer) fn asked(&self, is_answered: bool) {
        let count = if is_answered { &self.asked } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
