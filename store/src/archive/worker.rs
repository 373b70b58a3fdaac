//! The one thread that may touch a volume's sled, and the patience with which others
//! wait for it. A panic of sled's becomes words. When sled does not come back (a loop
//! over a damaged tree, a full disk), the thread is left behind: nothing can end it, but
//! nobody waits for it either, and the number of such threads is bounded.

use std::io::{Error, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::database::Database;
use crate::limits::STUCK_VOLUMES_MAX;

type Job = Box<dyn FnOnce(&mut Option<Database>) + Send>;

/// How work on a volume fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// A part of the stored bytes isn't what was stored; the rest can be read.
    Part(String),
    /// sled failed, broke off or did not come back.
    Fatal(String),
}

/// What sled says of a slot whose checksum is wrong, or that its file has no more.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => Self::Part(error.to_string()),
            _ => Self::Fatal(error.to_string()),
        }
    }
}

/// Threads of this process that were left behind.
static STUCK: AtomicUsize = AtomicUsize::new(0);

/// Dropping one leaves its database open, since closing a broken one can hang.
pub(super) struct Worker {
    jobs: SyncSender<Job>,
    patience: Duration,
}

impl Worker {
    /// Opens the volume in `dir` on a thread of its own.
    pub(super) fn start(dir: &Path, patience: Duration) -> Result<Self, Failure> {
        if STUCK.load(Ordering::Relaxed) >= STUCK_VOLUMES_MAX {
            return Err(Failure::Fatal("too many other volumes are stuck".into()));
        }
        // Room for one: whoever has the handle's lock is the only one to send.
        let (jobs, todo) = sync_channel(1);
        let builder = std::thread::Builder::new().name("volume".into());
        builder.spawn(move || serve(&todo))?;
        let worker = Self { jobs, patience };
        let dir = dir.to_owned();
        worker.run(move |database| open(database, &dir))?;
        Ok(worker)
    }

    /// Works on the database.
    pub(super) fn on_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(move |database| Ok(work(database.as_ref().ok_or_else(gone)?)?))
    }

    /// Closes the database and opens it again.
    pub(super) fn reopen(&self, dir: &Path) -> Result<(), Failure> {
        let dir = dir.to_owned();
        self.run(move |database| {
            database.take().ok_or_else(gone)?.close()?;
            open(database, &dir)
        })
    }

    /// Closes the database.
    pub(super) fn close(self) -> Result<(), Failure> {
        self.run(|database| database.take().ok_or_else(gone)?.close())
    }

    /// Has the thread do `work`, and waits as long as patience lasts.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Option<Database>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = sync_channel(1);
        let job: Job = Box::new(move |database| drop(answer.send(guarded(|| work(database)))));
        self.jobs.try_send(job).map_err(|_| gone())?;
        match answered.recv_timeout(self.patience) {
            Ok(done) => done,
            Err(RecvTimeoutError::Timeout) => {
                STUCK.fetch_add(1, Ordering::Relaxed);
                let waited_s = self.patience.as_secs_f32();
                Err(Failure::Fatal(format!("it did not come back within {waited_s} s")))
            }
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }

    #[cfg(test)]
    pub(super) fn hurry(&mut self, patience: Duration) {
        self.patience = patience;
    }
}

fn open(database: &mut Option<Database>, dir: &Path) -> Result<(), Failure> {
    *database = Some(Database::open(dir)?);
    Ok(())
}

fn gone() -> Failure {
    Failure::Fatal("it is closed".into())
}

fn serve(jobs: &Receiver<Job>) {
    let mut database = None;
    while let Ok(job) = jobs.recv() {
        job(&mut database);
    }
    std::mem::forget(database);
}

/// Runs `work`; a panic becomes words.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Failure::Fatal(words_of(panic.as_ref()))))
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "the database broke off".to_owned())
}
