//! Waiting for conditions, the one place of these tests that sleeps.

use std::time::{Duration, Instant};

/// How long a test waits for what has to happen: whoever was missed several times is tried
/// again after a minute, and a busy machine takes longer for everything.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until `condition` holds; fails the test, saying `what`, if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    eventually_some(what, || condition().then_some(())).await;
}

/// Waits until `look` finds something.
pub async fn eventually_some<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// As [`eventually_some`], where it may take longer.
pub async fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the future that `look` makes finds something.
pub async fn eventually_async<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
