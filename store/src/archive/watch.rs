//! Work that sled may never come back from, on a thread of its own with a deadline.
//! When it passes, the thread is left alone for good: it sleeps on a lock that nobody
//! frees, and ends with the process. Each volume leaves one at most, since it is fenced
//! off then.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Runs `work` for at most `deadline`.
///
/// # Errors
/// A sentence's end: the error's words, the panic's, or that it took too long.
pub(super) fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, String> {
    let (sender, done) = sync_channel(1);
    let watched = move || drop(sender.send(guarded(work)));
    let thread = thread::Builder::new().name("enprint-volume".into()).spawn(watched);
    thread.map_err(|error| error.to_string())?;
    match done.recv_timeout(deadline) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => Err(format!("it did not come back within {} s", deadline.as_secs_f32())),
        Err(RecvTimeoutError::Disconnected) => Err("the database broke off".into()),
    }
}

/// Runs `work`; an error or a panic becomes words.
pub(super) fn guarded<T>(work: impl FnOnce() -> io::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(panic) => Err(words_of(panic.as_ref())),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the database broke off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_breaks_or_fails_is_told_apart_and_never_waited_for_longer() {
        let (deadline, short) = (Duration::from_secs(60), Duration::from_millis(50));
        assert_eq!(within(deadline, || Ok(7)), Ok(7));
        let (_kept, never) = sync_channel::<()>(0);
        let hung = within(short, move || {
            never.recv().unwrap_or(());
            Ok(())
        });
        assert!(hung.unwrap_err().contains("did not come back"));
        assert_eq!(within::<()>(deadline, || Err(io::Error::other("no"))), Err("no".into()));
        assert_eq!(within::<()>(deadline, || panic!("broken")), Err("broken".into()));
    }
}
