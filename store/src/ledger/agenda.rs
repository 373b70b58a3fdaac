//! The courier's notes: when to look at which peer next, and with whom a round is on.
//! Pure bookkeeping: no clock, no database.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::task::Id;

use crate::limits;

/// When to look at a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appointment {
    pub(super) at_ms: i64,
    /// The last attempt failed: such peers may not take all places.
    pub(super) failing: bool,
}

#[derive(Default)]
pub(super) struct Agenda {
    by_time: BTreeSet<(i64, String)>,
    by_peer: HashMap<String, Appointment>,
    on: HashMap<Id, (String, bool)>,
    peers_on: HashSet<String>,
    /// Rung for while a round was on: that round may have looked too early.
    again: HashSet<String>,
}

impl Agenda {
    /// Notes when to look at a peer, in place of an earlier note. A peer with whom a
    /// round is on is left alone: the round's end says when.
    pub(super) fn note(&mut self, peer: String, appointment: Appointment) {
        if self.peers_on.contains(&peer) {
            return;
        }
        self.strike(&peer);
        if self.by_peer.len() < limits::AGENDA_PEERS_MAX {
            self.by_time.insert((appointment.at_ms, peer.clone()));
            self.by_peer.insert(peer, appointment);
        }
    }

    /// Look at a peer now, also right after a round that is on.
    pub(super) fn ring(&mut self, peer: String) {
        if self.peers_on.contains(&peer) {
            self.again.insert(peer);
        } else {
            self.note(peer, Appointment { at_ms: 0, failing: false });
        }
    }

    /// The next peer to begin a round with, when there is one and a place for it.
    pub(super) fn take_due(&mut self, now_ms: i64) -> Option<(String, bool)> {
        if self.on.len() >= limits::COURIER_ROUNDS_MAX {
            return None;
        }
        let (at_ms, peer) = self.next()?;
        if *at_ms > now_ms {
            return None;
        }
        let peer = peer.clone();
        let failing = self.by_peer.get(&peer).is_some_and(|a| a.failing);
        self.strike(&peer);
        Some((peer, failing))
    }

    pub(super) fn begun(&mut self, round: Id, peer: String, failing: bool) {
        self.peers_on.insert(peer.clone());
        self.on.insert(round, (peer, failing));
    }

    /// A round is over; `next` is when it wants the peer to be looked at again.
    pub(super) fn ended(&mut self, round: Id, next: Option<Appointment>) {
        let Some((peer, _)) = self.on.remove(&round) else {
            return;
        };
        self.peers_on.remove(&peer);
        if self.again.remove(&peer) {
            self.ring(peer);
        } else if let Some(next) = next {
            self.note(peer, next);
        }
    }

    /// When the first peer is to be looked at, unless all places are taken: then the
    /// end of a round is what to wait for.
    pub(super) fn next_ms(&self) -> Option<i64> {
        if self.on.len() >= limits::COURIER_ROUNDS_MAX {
            return None;
        }
        self.next().map(|(at_ms, _)| *at_ms)
    }

    pub(super) fn is_full(&self) -> bool {
        self.by_peer.len() >= limits::AGENDA_PEERS_MAX
    }

    /// The earliest note for which there is a place.
    fn next(&self) -> Option<&(i64, String)> {
        let failing_on = self.on.values().filter(|(_, failing)| *failing).count();
        let failing_may = failing_on < limits::COURIER_FAILING_ROUNDS_MAX;
        let fits = |peer: &String| failing_may || self.by_peer.get(peer).is_some_and(|a| !a.failing);
        self.by_time.iter().find(|(_, peer)| fits(peer))
    }

    fn strike(&mut self, peer: &str) {
        if let Some(old) = self.by_peer.remove(peer) {
            self.by_time.remove(&(old.at_ms, peer.to_owned()));
        }
    }
}
