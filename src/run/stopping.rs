//! Whether somebody asked the program to stop, from its first moment on, and what it then
//! does not wait for.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::signals::Signals;

/// Cancelled when somebody asks the program to stop.
static STOP: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// Something is still at work that nobody waits for.
static IS_LEFT: AtomicBool = AtomicBool::new(false);

/// How a command ends that somebody stopped before it could begin.
pub const BEFORE_IT_BEGAN: &str = "Stopped as asked, before the command could begin";

/// From now on Ctrl-C or, on Unix, SIGTERM cancels [`until_stopped`]. A second one ends the
/// program at once.
pub fn hear(runtime: &Runtime) {
    let _inside = runtime.enter();
    // Here: a task may begin late, and until then a signal would end the program as it is.
    let mut signals = Signals::heard();
    runtime.spawn(async move {
        signals.next().await;
        STOP.cancel();
        signals.next().await;
        std::process::exit(130);
    });
}

/// A token that is cancelled when somebody asks the program to stop.
pub fn until_stopped() -> CancellationToken {
    STOP.clone()
}

/// Whether somebody asked the program to stop.
pub fn is_stopped() -> bool {
    STOP.is_cancelled()
}

/// Does `work`, unless somebody stops the program first: nothing then. What it holds on to,
/// such as a disk that does not answer, goes with the program.
pub async fn unless_stopped<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<Option<T>> {
    let work = tokio::spawn(work);
    tokio::select! {
        done = work => done.map(Some).context("A part of the program broke"),
        () = STOP.cancelled() => {
            IS_LEFT.store(true, Ordering::Relaxed);
            Ok(None)
        }
    }
}

/// As [`unless_stopped`], for a command that ends in these words.
pub async fn or_stopped<T>(words: &str, work: impl Future<Output = T>) -> Result<T> {
    tokio::select! {
        biased;
        () = STOP.cancelled() => {
            IS_LEFT.store(true, Ordering::Relaxed);
            bail!("{words}")
        }
        done = work => Ok(done),
    }
}

/// How a role ends that somebody stopped before it ran: as one that ran.
pub fn before_it_ran(role: &str) -> Result<()> {
    eprintln!("{role} was stopped before it was open");
    Ok(())
}

/// Ends the threads: what is at work is waited for, unless it was left.
pub fn end(runtime: Runtime) {
    if IS_LEFT.load(Ordering::Relaxed) {
        runtime.shutdown_background();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_asked_to_stop_before_any_task_has_begun_hears_it() {
        let runtime = super::super::runtime().unwrap();
        hear(&runtime);
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        runtime.block_on(until_stopped().cancelled());
    }
}
