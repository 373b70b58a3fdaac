//! Taking requests from a peer's channel: a bounded number at one time, until shutdown.
//! Knows no request.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::incoming::Incoming;

/// Answers requests, `at_once` of them at one time, until `shutdown` or until the peer
/// stops; what is being answered then is finished before this returns.
pub async fn answer_all<F: Future<Output = ()> + Send + 'static>(
    mut incoming: mpsc::Receiver<Incoming>,
    at_once: usize,
    shutdown: CancellationToken,
    answer: impl Fn(Incoming) -> F,
) {
    let room = Arc::new(Semaphore::new(at_once));
    let answering = TaskTracker::new();
    loop {
        let next = tokio::select! {
            next = incoming.recv() => next,
            () = shutdown.cancelled() => None,
        };
        let Some(request) = next else { break };
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let answered = answer(request);
        answering.spawn(async move {
            answered.await;
            drop(place);
        });
    }
    answering.close();
    answering.wait().await;
}
