//! How peers behave: messages that no peer of ours sends are counted, and who sends too
//! many is shown out for a while. Closes nothing itself: the door does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Instant;

use futures::task::AtomicWaker;
use libp2p::PeerId;

use super::watch::Figures;
use crate::limits::{FLAW_FORGIVEN_EVERY, FLAWS_SAVED, MARKED_PEERS_MAX, SHOWN_OUT_TIME};

/// What a peer has refused since it started, and whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Messages that could not be read, were too large, or came too slowly.
    pub flawed_messages: u64,
    /// Requests that came too often, or while too much was being done.
    pub busy_requests: u64,
    /// Requests of strangers that only an enrolled peer may ask.
    pub strangers_requests: u64,
    /// Connections for which there was no room, in all or of one address.
    pub connections: u64,
    /// Requests that were not read: their peer, or its address, had as many streams as may be.
    pub streams: u64,
    /// Peers shown out for what they sent.
    pub shown_out: u64,
}

impl Refused {
    pub(super) fn add_to(&self, figures: &mut Figures) {
        figures.counter(
            "flawed_messages",
            "Messages that could not be read, were too large, or came too slowly.",
            self.flawed_messages,
        );
        figures.counter(
            "busy_requests",
            "Requests that came too often, or when there was no room.",
            self.busy_requests,
        );
        figures.counter(
            "strangers_requests",
            "Requests of strangers that only enrolled peers may ask.",
            self.strangers_requests,
        );
        figures.counter("connections_refused", "Connections for which there was no room.", self.connections);
        figures.counter(
            "streams_refused",
            "Requests not read, since their peer or its address had as many streams as may be.",
            self.streams,
        );
        figures.counter("peers_shown_out", "Peers shown out for what they sent.", self.shown_out);
    }
}

/// Shared by the conversations and the door.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    pub(super) flawed_messages: Count,
    pub(super) busy_requests: Count,
    pub(super) strangers_requests: Count,
    pub(super) connections: Count,
    pub(super) streams: Count,
    shown_out: Count,
    marks: Mutex<HashMap<PeerId, Mark>>,
    /// Those whose connections have yet to be closed.
    leaving: Mutex<Vec<PeerId>>,
    door: AtomicWaker,
}

/// A statistic: no other memory depends on it.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is held against a peer.
#[derive(Debug, Clone, Copy)]
struct Mark {
    flaws: u32,
    since: Instant,
    out_until: Option<Instant>,
}

impl Mark {
    fn is_old(&self, now: Instant) -> bool {
        let is_out = self.out_until.is_some_and(|until| now < until);
        !is_out && now.saturating_duration_since(self.since) >= FLAW_FORGIVEN_EVERY * FLAWS_SAVED
    }

    /// Forgives what time has passed for.
    fn age(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since).as_secs() / FLAW_FORGIVEN_EVERY.as_secs().max(1);
        let forgiven = u32::try_from(passed).unwrap_or(u32::MAX);
        if forgiven > 0 {
            self.flaws = self.flaws.saturating_sub(forgiven);
            self.since = now;
        }
    }
}

impl Conduct {
    /// `peer` has sent what no peer of ours sends.
    pub(super) fn flawed(&self, peer: PeerId, now: Instant) {
        self.flawed_messages.add();
        let mut marks = self.marks();
        if marks.len() >= MARKED_PEERS_MAX && !marks.contains_key(&peer) {
            marks.retain(|_, mark| !mark.is_old(now));
            if marks.len() >= MARKED_PEERS_MAX {
                return;
            }
        }
        let mark = marks.entry(peer).or_insert(Mark { flaws: 0, since: now, out_until: None });
        mark.age(now);
        mark.flaws += 1;
        let is_out = mark.out_until.is_some_and(|until| now < until);
        if mark.flaws > FLAWS_SAVED && !is_out {
            mark.out_until = Some(now + SHOWN_OUT_TIME);
            self.shown_out.add();
            self.leaving().push(peer);
            self.door.wake();
            tracing::warn!(peer.id = %peer, "a peer sends what can't be read, again and again; it is shown out");
        }
    }

    /// Whether `peer` is not to be let in now.
    pub(super) fn is_out(&self, peer: &PeerId, now: Instant) -> bool {
        self.marks().get(peer).and_then(|mark| mark.out_until).is_some_and(|until| now < until)
    }

    /// One peer whose connections have to be closed; else wakes `cx` when there is one.
    pub(super) fn next_leaving(&self, cx: &Context<'_>) -> Option<PeerId> {
        self.door.register(cx.waker());
        self.leaving().pop()
    }

    pub(super) fn read(&self) -> Refused {
        Refused {
            flawed_messages: self.flawed_messages.read(),
            busy_requests: self.busy_requests.read(),
            strangers_requests: self.strangers_requests.read(),
            connections: self.connections.read(),
            streams: self.streams.read(),
            shown_out: self.shown_out.read(),
        }
    }

    fn marks(&self) -> MutexGuard<'_, HashMap<PeerId, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaving(&self) -> MutexGuard<'_, Vec<PeerId>> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_rubbish_again_and_again_is_out_for_a_while_and_others_are_not() {
        let (conduct, bad, good, now) = (Conduct::default(), PeerId::random(), PeerId::random(), Instant::now());
        (0..FLAWS_SAVED).for_each(|_| conduct.flawed(bad, now));
        assert!(!conduct.is_out(&bad, now), "a faulty version is told what is wrong first");
        conduct.flawed(bad, now);
        conduct.flawed(bad, now);
        assert!(conduct.is_out(&bad, now) && !conduct.is_out(&good, now));
        assert_eq!(*conduct.leaving(), [bad], "once");
        assert!(!conduct.is_out(&bad, now + SHOWN_OUT_TIME));
        assert_eq!((conduct.read().flawed_messages, conduct.read().shown_out), (u64::from(FLAWS_SAVED) + 2, 1));
    }

    #[test]
    fn a_flaw_now_and_then_is_forgiven() {
        let (conduct, peer, mut now) = (Conduct::default(), PeerId::random(), Instant::now());
        for _ in 0..3 * FLAWS_SAVED {
            conduct.flawed(peer, now);
            now += FLAW_FORGIVEN_EVERY;
        }
        assert!(!conduct.is_out(&peer, now));
    }

    #[test]
    fn the_memory_of_peers_is_bounded() {
        let (conduct, now) = (Conduct::default(), Instant::now());
        (0..MARKED_PEERS_MAX + 10).for_each(|_| conduct.flawed(PeerId::random(), now));
        assert_eq!(conduct.marks().len(), MARKED_PEERS_MAX);
        conduct.flawed(PeerId::random(), now + FLAW_FORGIVEN_EVERY * FLAWS_SAVED);
        assert_eq!(conduct.marks().len(), 1);
    }
}
