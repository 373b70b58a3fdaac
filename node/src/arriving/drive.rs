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

/// Asks for a range; if it is the right one, it is written when this returns.
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
        Ok(Outcome::Written)
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
