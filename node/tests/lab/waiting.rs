//! Waiting for conditions, the one place of these tests that sleeps.

use std::time::{Duration, Instant};

/// How long a test waits for what has to happen: tries may be a minute apart.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until `condition` holds; fails the test, saying `what`, if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    eventually_some(what, async || condition().then_some(())).await;
}

/// Waits until `look` finds something; fails the test, saying `what`, if it never does.
pub async fn eventually_some<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
