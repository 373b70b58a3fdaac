//! A bounded number of places for ranges in memory, and who gets the next one: peers in
//! turn, and of one peer the smallest job first, with every fourth place for whoever has
//! waited longest. Used by the lab, whose parties are photographers, and by the
//! photographer's node, whose parties are labs. Knows no range and no network.
//!
//! A party may hold as many places as it leaves free. So a single one gets half of
//! them, and there is always room for one more party, however slow the others are.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;
use tokio::sync::oneshot;

use crate::limits::PLACES_TO_THE_SMALLEST;

/// The places. Cheap to clone; all clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    state: Arc<Mutex<State>>,
}

/// One place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    party: PeerId,
}

#[derive(Debug)]
struct State {
    total: usize,
    held: usize,
    /// Those who hold or await places.
    parties: HashMap<PeerId, Party>,
    /// Counts what happens: whose turn is it, who came first.
    clock: u64,
}

#[derive(Debug, Default)]
struct Party {
    held: usize,
    /// What its line carries.
    max: usize,
    /// By size of the job, then by age.
    waiting: BTreeMap<(u64, u64), oneshot::Sender<Place>>,
    /// Places that it got.
    given: u64,
    /// When it last got one, by the clock.
    last_given: u64,
    /// It gets none while others hold or await any.
    comes_last: bool,
}

impl Places {
    /// So many places, all free.
    pub(crate) fn new(total: usize) -> Self {
        let state = State { total, held: 0, parties: HashMap::new(), clock: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Waits for a place for a range of a job of `job_bytes`, for a party that may hold
    /// `max`. None if no place can come any more.
    pub(crate) async fn take(&self, party: PeerId, max: usize, job_bytes: u64) -> Option<Place> {
        let place = self.locked().wait(party, max, job_bytes);
        self.give();
        place.await.ok()
    }

    /// As [`Self::take`], for what comes last: it gets a place only while no other party
    /// holds one or waits.
    pub(crate) async fn take_last(&self, party: PeerId, max: usize) -> Option<Place> {
        let place = {
            let mut state = self.locked();
            let place = state.wait(party, max, 0);
            if let Some(party) = state.parties.get_mut(&party) {
                party.comes_last = true;
            }
            place
        };
        self.give();
        place.await.ok()
    }

    /// How many places `party` holds.
    pub(crate) fn held(&self, party: &PeerId) -> usize {
        self.locked().parties.get(party).map_or(0, |party| party.held)
    }

    /// How many places are held in all.
    pub(crate) fn all_held(&self) -> usize {
        self.locked().held
    }

    /// From now on `party`, if it holds or awaits places, may hold `max`.
    pub(crate) fn set_max(&self, party: &PeerId, max: usize) {
        if let Some(party) = self.locked().parties.get_mut(party) {
            party.max = max;
        }
        self.give();
    }

    /// Gives out what is free. Unlocked while it does: a place whose taker has just gone
    /// comes back at once.
    fn give(&self) {
        loop {
            let next = self.locked().next();
            let Some((party, taker)) = next else { return };
            drop(taker.send(Place { places: self.clone(), party }));
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.locked().give_back(&self.party);
        self.places.give();
    }
}

impl State {
    fn wait(&mut self, party: PeerId, max: usize, job_bytes: u64) -> oneshot::Receiver<Place> {
        self.clock += 1;
        let (taker, place) = oneshot::channel();
        let party = self.parties.entry(party).or_default();
        party.max = max;
        party.waiting.insert((job_bytes, self.clock), taker);
        place
    }

    /// Who gets a place now; it counts as held.
    fn next(&mut self) -> Option<(PeerId, oneshot::Sender<Place>)> {
        let free = self.total.saturating_sub(self.held);
        for party in self.parties.values_mut() {
            party.waiting.retain(|_, taker| !taker.is_closed());
        }
        let is_busy =
            self.parties.values().any(|party| !party.comes_last && (party.held > 0 || !party.waiting.is_empty()));
        let may = |party: &Party| {
            !party.waiting.is_empty() && party.held < party.max.min(free) && !(party.comes_last && is_busy)
        };
        let (id, party) =
            self.parties.iter_mut().filter(|(_, party)| may(party)).min_by_key(|(_, party)| party.last_given)?;
        let taker = party.next()?;
        self.clock += 1;
        party.last_given = self.clock;
        party.held += 1;
        self.held += 1;
        Some((*id, taker))
    }

    fn give_back(&mut self, id: &PeerId) {
        let Some(party) = self.parties.get_mut(id) else { return };
        self.held = self.held.saturating_sub(1);
        party.held = party.held.saturating_sub(1);
        if party.held == 0 && party.waiting.is_empty() {
            self.parties.remove(id);
        }
    }
}

impl Party {
    fn next(&mut self) -> Option<oneshot::Sender<Place>> {
        self.given += 1;
        if self.given.is_multiple_of(PLACES_TO_THE_SMALLEST + 1) {
            let oldest = *self.waiting.keys().min_by_key(|(_, age)| *age)?;
            return self.waiting.remove(&oldest);
        }
        self.waiting.pop_first().map(|(_, taker)| taker)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const MANY: usize = 1_000;

    /// Takes places until there are no more.
    fn all(places: &Places, party: PeerId) -> Vec<Place> {
        std::iter::from_fn(|| places.take(party, MANY, 1).now_or_never().flatten()).collect()
    }

    #[test]
    fn a_peer_that_takes_all_it_can_leaves_room_for_the_others() {
        let places = Places::new(12);
        let first = all(&places, PeerId::random());
        let second = all(&places, PeerId::random());
        let third = all(&places, PeerId::random());
        assert_eq!([first.len(), second.len(), third.len()], [6, 3, 2]);
        drop((first, second, third));
        assert_eq!(all(&places, PeerId::random()).len(), 6, "all came back");
    }

    #[test]
    fn no_more_are_held_than_the_line_carries() {
        let (places, ana) = (Places::new(100), PeerId::random());
        let one = places.take(ana, 1, 1).now_or_never().flatten();
        assert!(one.is_some());
        let mut next = Box::pin(places.take(ana, 1, 1));
        assert!(next.as_mut().now_or_never().is_none());
        places.set_max(&ana, 2);
        assert!(next.now_or_never().flatten().is_some(), "the line grew");
    }

    #[test]
    fn the_smallest_job_goes_first_and_the_oldest_is_not_forgotten() {
        let (places, ana) = (Places::new(100), PeerId::random());
        let mut held = places.take(ana, 1, 1).now_or_never().flatten();
        let sizes = [900, 5, 5, 5, 5, 5, 5];
        let mut waiting: Vec<_> = sizes.iter().map(|size| Box::pin(places.take(ana, 1, *size))).collect();
        assert!(waiting.iter_mut().all(|place| place.as_mut().now_or_never().is_none()));
        let mut order = Vec::new();
        while held.is_some() {
            drop(held.take());
            for (at, place) in waiting.iter_mut().enumerate().filter(|(at, _)| !order.contains(at)).collect::<Vec<_>>()
            {
                if let Some(place) = place.as_mut().now_or_never() {
                    order.push(at);
                    held = place;
                    break;
                }
            }
        }
        assert_eq!(order, [1, 2, 0, 3, 4, 5, 6], "the fourth place is for the oldest");
    }

    #[test]
    fn peers_get_places_in_turn() {
        let places = Places::new(1);
        let (ana, bo) = (PeerId::random(), PeerId::random());
        let first = places.take(ana, MANY, 1).now_or_never().flatten();
        let mut of_ana = Box::pin(places.take(ana, MANY, 1));
        let mut of_bo = Box::pin(places.take(bo, MANY, 9_999));
        assert!(of_ana.as_mut().now_or_never().is_none());
        assert!(of_bo.as_mut().now_or_never().is_none());
        drop(first);
        assert!(of_bo.as_mut().now_or_never().flatten().is_some(), "ana had one");
    }

    #[test]
    fn who_comes_last_gets_nothing_while_anybody_else_wants_something() {
        let (places, lab, home) = (Places::new(8), PeerId::random(), PeerId::random());
        let copied = places.take_last(home, 2).now_or_never().flatten();
        assert!(copied.is_some(), "nobody else is there");
        let printed = places.take(lab, MANY, 9).now_or_never().flatten();
        assert!(printed.is_some(), "what comes last keeps nobody waiting");
        let mut next = Box::pin(places.take_last(home, 2));
        assert!(next.as_mut().now_or_never().is_none());
        drop(printed);
        assert!(next.now_or_never().flatten().is_some(), "the lab has what it wanted");
    }

    #[test]
    fn who_stops_waiting_takes_no_place() {
        let (places, ana) = (Places::new(2), PeerId::random());
        let held = places.take(ana, MANY, 1).now_or_never().flatten();
        let mut gone = Box::pin(places.take(ana, MANY, 1));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        drop(held);
        assert_eq!(places.held(&ana), 0);
        assert!(places.take(ana, MANY, 1).now_or_never().flatten().is_some());
    }
}
