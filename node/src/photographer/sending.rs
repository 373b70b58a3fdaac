//! Ranges on their way out: how many at once, to whom first, how fast and when. A range
//! is read from the archive when it is its turn, and counts until the connection has
//! taken its last byte; so no slow lab fills the memory, and none keeps another waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::peer::Asked;
use enprint_protocol::{ErrorCode, PeerId, Refusal};
use tokio::time::Instant;

use super::catalogue::Trouble;
use super::config::PhotographerConfig;
use super::desk::refusal;
use super::node::Node;
use super::ranges::Permitted;
use super::upload::{Pace, UploadHours, UploadLimit};
use crate::error::NodeError;
use crate::limits::{HOME_RANGES_HELD_MAX, RANGES_HELD_LIMITED_MIN, RANGES_HELD_MAX};
use crate::places::{Place, Places};

/// What leaves the node.
#[derive(Debug)]
pub(super) struct Sending {
    places: Places,
    limit: Option<UploadLimit>,
    hours: Option<UploadHours>,
    /// Who is next waits for the pace; the others wait for their turn, in order. So
    /// whoever stops waiting has used nothing up.
    next: tokio::sync::Mutex<()>,
    pace: Mutex<Pace>,
    /// Ranges given to labs since the start, and their bytes. Statistics.
    served: [AtomicU64; 2],
    /// Bytes given to second homes since the start. A statistic.
    copied: AtomicU64,
}

impl Sending {
    pub(super) fn new(config: &PhotographerConfig) -> Self {
        let (limit, hours) = (config.upload_limit, config.upload_hours);
        let (next, pace) = (tokio::sync::Mutex::default(), Mutex::default());
        Self {
            places: Places::new(held_max(limit)),
            limit,
            hours,
            next,
            pace,
            served: Default::default(),
            copied: AtomicU64::new(0),
        }
    }

    /// Ranges on their way out now.
    pub(super) fn ranges(&self) -> u64 {
        self.places.all_held() as u64
    }

    /// Ranges given to labs since the start, and their bytes.
    pub(super) fn served(&self) -> (u64, u64) {
        let [ranges, bytes] = &self.served;
        (ranges.load(Ordering::Relaxed), bytes.load(Ordering::Relaxed))
    }

    /// Bytes given to second homes since the start.
    pub(super) fn copied(&self) -> u64 {
        self.copied.load(Ordering::Relaxed)
    }

    pub(super) fn count_for_home(&self, bytes: u64) {
        self.copied.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits until a second home may have something, of which `paced` bytes count for the
    /// limit and the hours: labs come first.
    pub(super) async fn turn_of_home(&self, home: PeerId, paced: u64) -> Result<Place, NodeError> {
        if paced > 0 {
            self.check_hours()?;
        }
        let place = self.places.take_last(home, HOME_RANGES_HELD_MAX).await.ok_or(NodeError::ShuttingDown)?;
        self.wait_for_pace(paced).await;
        Ok(place)
    }

    fn count(&self, bytes: u64) {
        self.served[0].fetch_add(1, Ordering::Relaxed);
        self.served[1].fetch_add(bytes, Ordering::Relaxed);
    }

    /// Waits until `bytes` may leave. If they don't leave then, they are to be given
    /// back.
    pub(super) async fn wait_for_pace(&self, bytes: u64) {
        let Some(limit) = self.limit else { return };
        let _next = self.next.lock().await;
        let at = self.pace().free_from(Instant::now());
        tokio::time::sleep_until(at).await;
        self.pace().let_go(limit, bytes, at);
    }

    /// `bytes` that were to leave did not: others may use their time.
    pub(super) fn give_back(&self, bytes: u64) {
        if let Some(limit) = self.limit {
            self.pace().give_back(limit, bytes);
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no files leave now, for their photographer; nothing within the hours.
    pub(super) fn files_wait(&self) -> Option<String> {
        let hours = self.closed()?;
        let begin = hours.begin();
        Some(format!("The files wait until {begin}: --upload-hours lets them go from {hours} only."))
    }

    /// # Errors
    /// Outside of the hours in which originals are sent, with these hours in words.
    fn check_hours(&self) -> Result<(), NodeError> {
        let Some(hours) = self.closed() else { return Ok(()) };
        let text = format!("The photographer sends files only from {hours}, by the clock there.");
        Err(NodeError::Refused(Refusal::new(ErrorCode::Busy, text)))
    }

    /// The hours in which originals are sent, if it is outside of them.
    fn closed(&self) -> Option<UploadHours> {
        self.hours.filter(|hours| !hours.include(jiff::Zoned::now().time()))
    }
}

impl Node {
    /// Answers a lab, when it is its turn, as long as it waits and the node is not stopping.
    pub(super) async fn send_to_lab(self: Arc<Self>, asked: Asked<FetchOriginal>) {
        let Asked { peer, request, mut reply } = asked;
        let file = request.file();
        let made = tokio::select! {
            made = self.reply_to_lab(peer, request) => made,
            () = reply.unawaited() => return,
            () = self.stopping.cancelled() => return,
        };
        match made {
            Ok((answer, place)) => {
                if let OriginalReply::Range(range) = &answer {
                    self.custody.count(file, range.len() as u64);
                }
                reply.send_holding(answer, place);
            }
            Err(error) => reply.send(refusal(&error).into()),
        }
    }

    async fn reply_to_lab(
        &self,
        lab: PeerId,
        request: OriginalRequest,
    ) -> Result<(OriginalReply, Option<Place>), NodeError> {
        let Some(permitted) = self.permitted_to(lab, &request).await? else {
            return Ok((Refusal::uniform().into(), None));
        };
        match request {
            OriginalRequest::Subtrees { .. } => Ok((permitted.subtrees_reply(), None)),
            OriginalRequest::Range { offset, .. } if !permitted.has_range_at(offset) => {
                Ok((Refusal::uniform().into(), None))
            }
            OriginalRequest::Range { offset, .. } => {
                let place = self.turn_of(lab, &permitted, offset).await?;
                let range = self.range_if_still_permitted(lab, &request, offset).await;
                match range {
                    Ok(OriginalReply::Range(_)) => self.sending.count(permitted.range_bytes(offset)),
                    _ => self.sending.give_back(permitted.range_bytes(offset)),
                }
                Ok((range?, Some(place)))
            }
        }
    }

    /// While a range waited for its turn, its job may have gone to another lab.
    async fn range_if_still_permitted(
        &self,
        lab: PeerId,
        request: &OriginalRequest,
        offset: u64,
    ) -> Result<OriginalReply, NodeError> {
        match self.permitted_to(lab, request).await? {
            Some(permitted) => {
                self.open_custody(request.file()).await?;
                match self.read_range(&permitted, offset).await {
                    Err(error) if error.is_of_damage() => Err(self.note_damage(&permitted, request).await?),
                    read => read,
                }
            }
            None => Ok(Refusal::uniform().into()),
        }
    }

    /// The order waits with words until the file is repaired or made anew; what is said to the
    /// lab.
    async fn note_damage(&self, permitted: &Permitted, request: &OriginalRequest) -> Result<NodeError, NodeError> {
        let (job_id, root) = request.file();
        let Permitted { event_id, photo_id, .. } = *permitted;
        let Some(job) = self.catalogue.job(job_id).await? else { return Err(NodeError::ShuttingDown) };
        let Some(row) = self.catalogue.order(job.order_id).await? else { return Err(NodeError::ShuttingDown) };
        let name = row.name_of(photo_id);
        let hurt = match self.photo(event_id, photo_id).await {
            Ok(Some(_)) if root != photo_id.0 => NodeError::PrintFileHurt { name },
            read => self.hurt((event_id, photo_id), name, read).await?,
        };
        self.catalogue.set_trouble(job.order_id, &Trouble::from(&hurt)).await?;
        // Who mends it may be done at once, and then there is no trouble.
        self.miss(event_id, photo_id);
        Ok(hurt)
    }

    /// Waits for the turn of a range.
    async fn turn_of(&self, lab: PeerId, permitted: &Permitted, offset: u64) -> Result<Place, NodeError> {
        let sending = &self.sending;
        sending.check_hours()?;
        let place = sending.places.take(lab, RANGES_HELD_MAX, permitted.job_bytes).await;
        let place = place.ok_or(NodeError::ShuttingDown)?;
        sending.wait_for_pace(permitted.range_bytes(offset)).await;
        sending.check_hours().inspect_err(|_| sending.give_back(permitted.range_bytes(offset)))?;
        Ok(place)
    }
}

/// How many ranges are in hand at once: with a limit no more than it sends in a second,
/// so that a small job that comes has few ahead of it.
fn held_max(limit: Option<UploadLimit>) -> usize {
    let Some(limit) = limit else { return RANGES_HELD_MAX };
    let in_a_second = usize::try_from(limit.bytes_per_second() / RANGE_BYTES).unwrap_or(RANGES_HELD_MAX);
    in_a_second.clamp(RANGES_HELD_LIMITED_MIN, RANGES_HELD_MAX)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn with_limit(limit: &str) -> Sending {
        let mut config = PhotographerConfig::new(std::path::PathBuf::new());
        config.upload_limit = Some(limit.parse().unwrap());
        Sending::new(&config)
    }

    #[tokio::test]
    async fn ranges_that_a_flapping_lab_no_longer_waits_for_hold_nobody_up() {
        // A twentieth of a second's bytes.
        let (sending, bytes) = (with_limit("8 Mbit/s"), 50_000);
        sending.wait_for_pace(bytes).await;
        let began = Instant::now();
        for _ in 0..300 {
            assert!(sending.wait_for_pace(20 * bytes).now_or_never().is_none() || began.elapsed().as_millis() > 40);
        }
        sending.wait_for_pace(bytes).await;
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        sending.wait_for_pace(400 * bytes).await;
        sending.give_back(400 * bytes);
        sending.wait_for_pace(bytes).await;
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn a_limit_keeps_few_ranges_in_hand() {
        let held = |limit: &str| held_max(Some(limit.parse().unwrap()));
        assert_eq!(held("5 Mbit/s"), RANGES_HELD_LIMITED_MIN);
        assert_eq!(held("20 MB/s"), 19);
        assert_eq!(held("10 Gbit/s"), RANGES_HELD_MAX);
        assert_eq!(held_max(None), RANGES_HELD_MAX);
    }
}
