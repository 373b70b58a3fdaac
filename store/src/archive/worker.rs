//! The one thread that may touch a volume's sled, and the patience with which others
//! wait for it. A panic of sled's becomes words. When sled does not come back (a loop
//! over a damaged tree, a full disk), the thread is left behind: nothing can end it, but
//! nobody waits for it either, and the number of such threads is bounded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use super::damage::{Damage, Place};
use super::database::Database;
use super::page_cache;
use super::words::{Failure, THREAD, hush_panics};
use crate::limits::{DAMAGED_PARTS_MAX, STUCK_VOLUMES_MAX};

type Job = Box<dyn FnOnce(&mut Option<Database>) + Send>;

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
        hush_panics();
        // Room for one: whoever has the handle's lock is the only one to send.
        let (jobs, todo) = sync_channel(1);
        let builder = std::thread::Builder::new().name(THREAD.into());
        builder.spawn(move || serve(&todo))?;
        let worker = Self { jobs, patience };
        let dir = dir.to_owned();
        worker.run(move |database| open(database, &dir, Damage::default()))?;
        Ok(worker)
    }

    /// Works on the database.
    pub(super) fn on_database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run(move |database| {
            let database = database.as_ref().ok_or_else(gone)?;
            work(database).map_err(|error| database.failure(error))
        })
    }

    /// Closes the database and opens it again; nobody remembers then what was read.
    pub(super) fn reopen(&self, dir: &Path) -> Result<(), Failure> {
        let dir = dir.to_owned();
        self.run(move |database| {
            let before = database.take().ok_or_else(gone)?;
            let (damage, slabs) = (before.damage().clone(), before.slabs_dir());
            before.close()?;
            page_cache::forget(&slabs);
            open(database, &dir, damage)
        })
    }

    /// As [`Self::reopen`], after a damaged part was met there; whether it was not known.
    pub(super) fn learn(&self, dir: &Path, place: Place) -> Result<bool, Failure> {
        let dir = dir.to_owned();
        self.run(move |database| {
            let before = database.take().ok_or_else(gone)?;
            let mut damage = before.damage().clone();
            before.close()?;
            let is_new = damage.count() < DAMAGED_PARTS_MAX && damage.note(&place, &Database::starts(&dir)?);
            open(database, &dir, damage).map(|()| is_new)
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
        let job: Job = Box::new(move |database| drop(answer.send(guarded(database, work))));
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

fn open(database: &mut Option<Database>, dir: &Path, damage: Damage) -> Result<(), Failure> {
    *database = Some(Database::open(dir, damage)?);
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
fn guarded<T>(
    database: &mut Option<Database>,
    work: impl FnOnce(&mut Option<Database>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let done = catch_unwind(AssertUnwindSafe(|| work(database)));
    done.unwrap_or_else(|panic| Err(Failure::of_panic(panic.as_ref(), database.is_none())))
}
