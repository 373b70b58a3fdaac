//! A server of the tests' own in a namespace: a thread that lives there, with its runtime.

use std::future::Future;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

use tokio_util::sync::CancellationToken;

use crate::net;

/// A server, until it is dropped.
pub struct Served {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Begins in the namespace of that real name; what `bind` makes is there when this
    /// returns, and `run` works with it.
    pub fn within<S, F>(space: String, bind: impl FnOnce() -> S + Send + 'static, run: fn(S) -> F) -> Self
    where
        S: 'static,
        F: Future<Output = ()> + 'static,
    {
        let stop = CancellationToken::new();
        let (stopped, (bound, is_bound)) = (stop.clone(), sync_channel(1));
        let thread = thread::spawn(move || {
            net::enter(&space);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = bind();
                bound.send(()).unwrap();
                stopped.run_until_cancelled(run(server)).await;
            });
        });
        is_bound.recv().unwrap();
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
