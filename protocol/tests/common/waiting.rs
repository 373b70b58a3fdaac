//! Waiting for conditions, the one place of these tests that sleeps.

use std::time::{Duration, Instant};

/// How long a test waits for what has to happen.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until `condition` holds; fails the test, saying `what`, if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    eventually_so(what, async || condition()).await;
}

/// As [`eventually`], where looking takes time.
pub async fn eventually_so(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
