//! The lines to all photographers: how many ranges are in flight on each, and how many in
//! all. A slow photographer holds its own few; the others' lines are theirs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use enprint_protocol::PeerId;

use super::depth::{Asked, Depth};
use crate::limits::RANGES_IN_MEMORY_MAX;
use crate::places::{Place, Places};

/// All lines.
#[derive(Debug)]
pub(super) struct Lines {
    places: Places,
    depths: Mutex<HashMap<PeerId, Depth>>,
    /// Ranges that came. A statistic: nothing else depends on it.
    fetched: AtomicU64,
}

/// A range's place on the line to its photographer, from being asked for until it is
/// written; given back when dropped.
#[derive(Debug)]
pub(super) struct OnLine {
    photographer: PeerId,
    asked: Asked,
    since: Instant,
    _place: Place,
}

impl Default for Lines {
    fn default() -> Self {
        Self { places: Places::new(RANGES_IN_MEMORY_MAX), depths: Mutex::default(), fetched: AtomicU64::new(0) }
    }
}

impl Lines {
    /// Waits until a range of a job of `job_bytes` may be asked for, of a photographer with so
    /// many `connections`.
    pub(super) async fn enter(&self, photographer: PeerId, connections: usize, job_bytes: u64) -> Option<OnLine> {
        let max = {
            let mut depths = self.depths();
            let depth = depths.entry(photographer).or_default();
            depth.spread_over(connections);
            depth.ranges()
        };
        let place = self.places.take(photographer, max, job_bytes).await?;
        let asked = self.depths().entry(photographer).or_default().asked();
        Some(OnLine { photographer, asked, since: Instant::now(), _place: place })
    }

    /// Notes that a range came.
    pub(super) fn came(&self, range: &OnLine) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.places.held(&range.photographer);
        self.change(range, |depth| depth.came(range.asked, range.since.elapsed(), in_flight));
    }

    /// Ranges that came since the beginning.
    pub(super) fn fetched(&self) -> u64 {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Ranges that are asked for and not here yet.
    pub(super) fn in_flight(&self) -> u64 {
        self.places.all_held() as u64
    }

    /// Notes that a range did not come: the line broke, or was too slow.
    pub(super) fn lost(&self, range: &OnLine) {
        self.change(range, |depth| depth.lost(range.asked));
    }

    fn change(&self, range: &OnLine, change: impl FnOnce(&mut Depth)) {
        let ranges = {
            let mut depths = self.depths();
            let depth = depths.entry(range.photographer).or_default();
            let before = depth.ranges();
            change(depth);
            if depth.ranges() != before {
                tracing::debug!(peer.id = %range.photographer, ranges = depth.ranges(), "more or fewer in flight");
            }
            depth.ranges()
        };
        self.places.set_max(&range.photographer, ranges);
    }

    fn depths(&self) -> MutexGuard<'_, HashMap<PeerId, Depth>> {
        self.depths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
