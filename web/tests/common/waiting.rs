//! Waiting for what is to become so, with a deadline; the only place that sleeps.

use std::time::{Duration, Instant};

/// Looks again and again until it is so, for a minute at most.
pub async fn wait_until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "never so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
