//! Waiting for conditions, the one place of these tests that sleeps.

use std::time::{Duration, Instant};

/// Polls until `condition` holds; fails after two minutes.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
