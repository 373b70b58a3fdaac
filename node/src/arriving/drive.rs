//! Asks for a file's ranges, several in flight, and records those that are written, until
//! the file is whole. Knows no peer and no catalogue: a [`Source`] does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use enprint_protocol::range_bytes::RangeBytes;
use enprint_protocol::subtree::Subtrees;

use super::part_file::PartFile;
use super::plan::{Outcome, Plan, Verdict};
use super::ranges::RangeSet;
use crate::error::NodeError;
use crate::limits::RECORD_WITHIN;

/// Where a file's ranges come from, and where it is written down that they are here.
pub(crate) trait Source: Sync {
    /// What a range holds from being asked for until it is written.
    type Held: Send;
    /// Whether each range is read back as soon as it is written: not of a file that is read
    /// as a whole before it counts.
    const READS_BACK: bool;
    /// Asks for a range.
    fn ask(&self, at: u64) -> impl Future<Output = Result<Came<Self::Held>, NodeError>> + Send;
    /// Writes down that `ranges` are verified and durable, and what crossed for it.
    fn record(
        &self,
        ranges: RangeSet,
        verified_bytes: u64,
        discarded_bytes: u64,
    ) -> impl Future<Output = Result<(), NodeError>> + Send;
    /// What is said of a source that sends other bytes than it announced.
    fn blamed(&self) -> NodeError;
    /// What is said of a disk that gives so many bytes back changed.
    fn disk_lies(&self, damaged_bytes: u64) -> NodeError;
}

/// What came of asking for a range.
#[derive(Debug)]
pub(crate) enum Came<H> {
    /// Bytes, not checked yet, and what they hold.
    Range(RangeBytes, H),
    /// So many bytes of something else.
    Other(u64),
}

type Recording<'a> = Pin<Box<dyn Future<Output = Result<(), NodeError>> + Send + 'a>>;

/// Goes on until the plan is complete, something is in the way, or `stop`. After an error
/// what is in flight may still come in. `progressed` tells whether anything was recorded.
pub(crate) async fn drive<S: Source>(
    source: &S,
    plan: &mut Plan,
    subtrees: &Arc<Subtrees>,
    part: &Arc<PartFile>,
    stop: &CancellationToken,
    progressed: &mut bool,
) -> Result<(), NodeError> {
    let mut asks = FuturesUnordered::new();
    let mut recording: Option<Recording<'_>> = None;
    let mut trouble: Option<NodeError> = None;
    let mut record_by = Instant::now() + RECORD_WITHIN;
    loop {
        while trouble.is_none()
            && let Some(at) = plan.next_ask()
        {
            asks.push(async move { (at, ask_and_write(source, subtrees, part, at).await) });
        }
        if recording.is_none() && plan.is_to_be_recorded(Instant::now() >= record_by || trouble.is_some()) {
            recording = begin_recording(source, plan, part);
            record_by = Instant::now() + RECORD_WITHIN;
        }
        if asks.is_empty() && recording.is_none() {
            break;
        }
        tokio::select! {
            Some((at, came)) = asks.next(), if !asks.is_empty() => {
                if let Err(error) = take(source, plan, at, came) {
                    trouble.get_or_insert(error);
                }
            }
            done = wait_for(&mut recording), if recording.is_some() => {
                recording = None;
                done?;
                plan.recorded();
                *progressed = true;
            }
            () = sleep_until(record_by), if recording.is_none() && Instant::now() < record_by => {}
            () = stop.cancelled(), if !stop.is_cancelled() || !asks.is_empty() => {
                asks.clear();
                trouble.get_or_insert(NodeError::ShuttingDown);
            }
        }
    }
    match trouble {
        Some(error) => Err(error),
        None if plan.is_complete() => Ok(()),
        None => Err(source.blamed()),
    }
}

/// Asks for a range; if it is the right one, it is written, and read back, when this returns.
async fn ask_and_write<S: Source>(
    source: &S,
    subtrees: &Arc<Subtrees>,
    part: &Arc<PartFile>,
    at: u64,
) -> Result<Outcome, NodeError> {
    let (range, _held) = match source.ask(at).await? {
        Came::Range(range, held) => (range, held),
        Came::Other(bytes) => return Ok(Outcome::Corrupted { bytes }),
    };
    let (subtrees, part) = (subtrees.clone(), part.clone());
    blocking(move || {
        let bytes = range.len() as u64;
        if subtrees.check_range(at, &range).is_err() {
            tracing::warn!(range = at, "a corrupted range came and was not written");
            return Ok(Outcome::Corrupted { bytes });
        }
        part.write(at, &range)?;
        let is_kept = !S::READS_BACK || part.holds(at, &range)?;
        Ok(if is_kept { Outcome::Written } else { Outcome::Spoilt { bytes } })
    })
    .await
}

fn take<S: Source>(source: &S, plan: &mut Plan, at: u64, came: Result<Outcome, NodeError>) -> Result<(), NodeError> {
    let outcome = match came {
        Ok(outcome) => outcome,
        Err(error) => {
            plan.came(at, Outcome::Lost);
            return Err(error);
        }
    };
    match plan.came(at, outcome) {
        Verdict::GoOn => Ok(()),
        Verdict::GiveUp => Err(source.blamed()),
        Verdict::DiskLies { bytes } => Err(source.disk_lies(bytes)),
    }
}

/// Makes the written ranges durable and then records them, while others come in.
fn begin_recording<'a, S: Source>(source: &'a S, plan: &mut Plan, part: &Arc<PartFile>) -> Option<Recording<'a>> {
    let verified_bytes = plan.take_written();
    if verified_bytes == 0 {
        return None;
    }
    let (ranges, discarded_bytes) = (plan.with_recording(), plan.take_discarded_bytes());
    let part = part.clone();
    Some(Box::pin(async move {
        blocking(move || part.sync()).await?;
        source.record(ranges, verified_bytes, discarded_bytes).await
    }))
}

async fn wait_for(recording: &mut Option<Recording<'_>>) -> Result<(), NodeError> {
    match recording {
        Some(recording) => recording.await,
        None => std::future::pending().await,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| NodeError::ShuttingDown)?
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use enprint_protocol::limits::RANGE_BYTES;
    use enprint_protocol::subtree::range_hash;

    use super::*;

    const RANGES: u64 = 5;

    /// Gives what it is asked for, and tells what was recorded.
    struct Given {
        bytes: Vec<u8>,
        recorded: Mutex<Vec<(RangeSet, u64, u64)>>,
    }

    impl Source for Given {
        type Held = ();
        const READS_BACK: bool = true;

        async fn ask(&self, at: u64) -> Result<Came<()>, NodeError> {
            let range = self.bytes.chunks(RANGE_BYTES as usize).nth(at as usize).unwrap();
            Ok(Came::Range(range.into(), ()))
        }

        async fn record(&self, ranges: RangeSet, verified: u64, discarded: u64) -> Result<(), NodeError> {
            self.recorded.lock().unwrap().push((ranges, verified, discarded));
            Ok(())
        }

        fn blamed(&self) -> NodeError {
            NodeError::ShuttingDown
        }

        fn disk_lies(&self, damaged_bytes: u64) -> NodeError {
            NodeError::DiskLies { name: "a.jpg".into(), damaged_bytes }
        }
    }

    #[tokio::test]
    async fn what_the_disk_changed_is_not_recorded_and_what_it_kept_is() {
        let dir = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..RANGES * RANGE_BYTES).map(|at| ((at / 5) ^ (at >> 11)) as u8).collect();
        let length = bytes.len() as u64;
        let chunks = (0..).zip(bytes.chunks(RANGE_BYTES as usize));
        let joined: Vec<u8> = chunks.flat_map(|(at, range)| range_hash(length, at, range)).collect();
        let subtrees = Arc::new(Subtrees::check(&blake3::hash(&bytes).into(), length, &joined).unwrap());
        let mut part = PartFile::open(dir.path().join("a.part"), length).unwrap();
        part.spoils(1);
        let part = Arc::new(part);
        let source = Given { bytes, recorded: Mutex::default() };
        let mut plan = Plan::new(length, RangeSet::none(length), 1);
        let stop = CancellationToken::new();
        let ended = drive(&source, &mut plan, &subtrees, &part, &stop, &mut false).await;
        assert!(matches!(ended, Err(NodeError::DiskLies { damaged_bytes: RANGE_BYTES, .. })), "{ended:?}");
        let recorded = source.recorded.into_inner().unwrap();
        let (ranges, ..) = recorded.last().unwrap();
        assert!(!ranges.has(1) && ranges.has(0), "{recorded:?}");
        let discarded: u64 = recorded.iter().map(|(_, _, discarded)| discarded).sum();
        let verified: u64 = recorded.iter().map(|(_, verified, _)| verified).sum();
        assert_eq!((discarded, verified), (RANGE_BYTES, ranges.bytes()));
    }
}
