//! What asks the program to stop: Ctrl-C, and on Unix SIGTERM, too.

#[cfg(windows)]
use std::future::pending;
#[cfg(unix)]
use std::{future::poll_fn, task::Poll};

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};

/// Signals that are heard from when this was made.
#[cfg(unix)]
pub(super) struct Signals(Vec<Signal>);

#[cfg(unix)]
impl Signals {
    /// One that the system does not let us hear does what it does by itself.
    pub(super) fn heard() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    /// Waits for the next of any of them.
    pub(super) async fn next(&mut self) {
        poll_fn(|cx| {
            let is_heard = self.0.iter_mut().any(|signal| signal.poll_recv(cx).is_ready());
            if is_heard { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Ctrl-C.
#[cfg(windows)]
pub(super) struct Signals(Option<CtrlC>);

#[cfg(windows)]
impl Signals {
    /// One that the system does not let us hear does what it does by itself.
    pub(super) fn heard() -> Self {
        Self(ctrl_c().ok())
    }

    /// Waits for the next.
    pub(super) async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => pending().await,
        }
    }
}
