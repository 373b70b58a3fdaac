//! Print files that stay at the lab after their order is placed, so that a reprint days
//! later sends nothing: for so many days, within so many bytes, and never in the way of
//! a job that needs the disk's room. Which they are is the catalogue's.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::catalogue::ContentKey;
use super::clock::now_ms;
use super::node::{Node, blocking};
use crate::error::NodeError;
use crate::limits::KEPT_LOOK;

/// Looks again and again, until `shutdown`, for what has been kept long enough.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let mut look = tokio::time::interval(KEPT_LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = look.tick() => {}
        }
        if let Err(error) = node.forget_kept_files(node.config.keep_bytes).await {
            tracing::warn!(%error, "print files that were kept long enough are still there; it is tried again");
        }
    }
}

impl Node {
    /// Removes what has been kept long enough, and the oldest beyond `most_bytes`;
    /// whether there was anything.
    pub(super) async fn forget_kept_files(&self, most_bytes: u64) -> Result<bool, NodeError> {
        let kept = self.catalogue.kept().await?;
        let mut rest_bytes: u64 = kept.iter().map(|kept| kept.here_bytes).sum();
        let mut forgot = false;
        for kept in kept {
            if rest_bytes > most_bytes || is_over(kept.since_ms, self.config.keep) {
                forgot |= self.forget_kept_file(kept.key).await?;
                rest_bytes = rest_bytes.saturating_sub(kept.here_bytes);
            }
        }
        Ok(forgot)
    }

    /// Row and file go while nobody fetches the file, and only if no job has come
    /// meanwhile that needs it. A file that is being fetched waits for the next look.
    async fn forget_kept_file(&self, key: ContentKey) -> Result<bool, NodeError> {
        let Some(_alone) = self.fetcher.content_at_rest(key) else { return Ok(false) };
        if !self.catalogue.forget_kept(&key).await? {
            return Ok(false);
        }
        self.fetcher.set_whole(&key, false);
        let receiving = self.receiving.clone();
        blocking(move || {
            receiving.remove(&key);
            Ok(true)
        })
        .await
    }
}

/// Whether something kept since then has been kept for `keep`. A clock that was set
/// back keeps nothing longer.
fn is_over(since_ms: i64, keep: Duration) -> bool {
    u128::from(now_ms().abs_diff(since_ms)) >= keep.as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_keeps_no_file_for_ever() {
        let day = Duration::from_secs(24 * 60 * 60);
        let day_ms = i64::try_from(day.as_millis()).unwrap();
        assert!(!is_over(now_ms(), day) && !is_over(now_ms() - day_ms / 2, day));
        assert!(is_over(now_ms() - day_ms, day));
        assert!(is_over(now_ms() + 400 * day_ms, day), "kept in the future");
        assert!(is_over(now_ms(), Duration::ZERO), "nothing is kept");
    }
}
