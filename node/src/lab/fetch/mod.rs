//! Fetching print files: which job next, which range next, and what becomes of it.
//! Permission is the photographer's to give; what counts as here is the catalogue's.
//!
//! | file | owns |
//! |---|---|
//! | `queue` | which job is fetched next (no clock, no network) |
//! | `depth` | how many ranges are in flight on one line (no clock, no network) |
//! | `line` | the lines to all photographers |
//! | `job` | a job's files, then its folder |
//! | `file` | one file, range by range |

mod depth;
mod file;
mod job;
mod line;
mod queue;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use enprint_protocol::PeerId;
use enprint_protocol::ids::JobId;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) use job::bytes_of;

use super::catalogue::ContentKey;
use super::node::Node;
use line::Lines;
use queue::Queue;

/// What the fetching of all jobs shares.
#[derive(Debug, Default)]
pub(super) struct Fetcher {
    queue: Mutex<Queue>,
    news: Notify,
    /// Ranges in flight from each photographer: all their jobs share one line.
    lines: Lines,
    /// Contents that came since this process began, or were read back whole since.
    whole: Mutex<HashSet<ContentKey>>,
    /// Contents being fetched, so that two jobs don't fetch the same.
    contents: Mutex<HashMap<ContentKey, Arc<tokio::sync::Mutex<()>>>>,
}

impl Fetcher {
    /// Fetches a job, or goes on with it.
    pub(super) fn add(&self, job_id: JobId, photographer: PeerId, job_bytes: u64) {
        locked(&self.queue).add(job_id, photographer, job_bytes);
        self.news.notify_one();
    }

    /// Tries the jobs of `photographer` again now: it has just connected.
    pub(super) fn wake(&self, photographer: &PeerId) {
        locked(&self.queue).wake(photographer);
        self.news.notify_one();
    }

    /// Jobs that are being fetched now.
    pub(super) fn jobs_running(&self) -> u64 {
        locked(&self.queue).running()
    }

    /// Ranges that are asked for and not here yet, of all photographers.
    pub(super) fn ranges_in_flight(&self) -> u64 {
        self.lines.in_flight()
    }

    /// Ranges that came since this process began.
    pub(super) fn ranges_fetched(&self) -> u64 {
        self.lines.fetched()
    }

    /// Notes that a content is known to be whole, or that it is to be read again.
    pub(super) fn set_whole(&self, key: &ContentKey, is_whole: bool) {
        let mut whole = locked(&self.whole);
        if is_whole {
            whole.insert(*key)
        } else {
            whole.remove(key)
        };
    }

    fn is_whole(&self, key: &ContentKey) -> bool {
        locked(&self.whole).contains(key)
    }

    /// Waits until nobody else fetches this content.
    async fn content_alone(&self, key: ContentKey) -> OwnedMutexGuard<()> {
        self.alone_with(key).lock_owned().await
    }

    /// As [`Self::content_alone`]; none while somebody fetches it.
    pub(super) fn content_at_rest(&self, key: ContentKey) -> Option<OwnedMutexGuard<()>> {
        self.alone_with(key).try_lock_owned().ok()
    }

    fn alone_with(&self, key: ContentKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut contents = locked(&self.contents);
        contents.retain(|_, alone| Arc::strong_count(alone) > 1);
        Arc::clone(contents.entry(key).or_default())
    }

    fn begin(&self, now: Instant) -> Option<JobId> {
        locked(&self.queue).begin(now)
    }

    fn next_ready(&self, now: Instant) -> Option<Instant> {
        locked(&self.queue).next_ready(now)
    }
}

/// Fetches jobs until `shutdown`. What is recorded by then is gone on with later.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let mut running: JoinSet<()> = JoinSet::new();
    while !shutdown.is_cancelled() {
        // One moment for both questions: what becomes ready between them would be missed.
        let now = Instant::now();
        while let Some(job_id) = node.fetcher.begin(now) {
            let (node, stop) = (Arc::clone(&node), shutdown.clone());
            running.spawn(async move { fetch_one(&node, job_id, &stop).await });
        }
        let until_ready = async {
            match node.fetcher.next_ready(now) {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = node.fetcher.news.notified() => {}
            Some(_) = running.join_next() => {}
            () = until_ready => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// One try at a job; what comes of it goes back into the queue.
async fn fetch_one(node: &Node, job_id: JobId, stop: &CancellationToken) {
    let mut progressed = false;
    let outcome = node.fetch_job(job_id, &mut progressed, stop).await;
    match outcome {
        Ok(()) => locked(&node.fetcher.queue).done(&job_id),
        Err(error) => {
            let is_stopping = stop.is_cancelled();
            if !is_stopping {
                tracing::warn!(job.id = %job_id, %error, "a job came to a halt; it is tried again");
                node.note_trouble(&job_id, &error).await;
            }
            locked(&node.fetcher.queue).halted(&job_id, progressed, Instant::now(), rand::random());
        }
    }
    node.fetcher.news.notify_one();
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
