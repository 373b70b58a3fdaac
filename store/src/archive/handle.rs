//! One open volume, for one caller at a time. Reopened after a while, since sled keeps
//! all that it wrote in memory; reopened when a damaged part was read, since sled does
//! nothing more after one; fenced off for good when sled fails or does not come back.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::damage::Place;
use super::database::Database;
use super::listing::{Listed, Walk};
use super::words::Failure;
use super::worker::Worker;
use crate::error::StoreError;
use crate::limits::REOPEN_AFTER_BYTES;

enum State {
    Open { worker: Worker, written_bytes: u64 },
    Fenced { failure: Failure },
}

/// See the module.
pub(super) struct Handle {
    id: String,
    dir: PathBuf,
    state: Mutex<State>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handle({})", self.id)
    }
}

impl Handle {
    /// Opens the database; this and each use of it may take `deadline`.
    pub(super) fn open(id: &str, dir: &Path, deadline: Duration) -> Result<Self, StoreError> {
        let worker = Worker::start(dir, deadline).map_err(|failure| fenced(id, &failure))?;
        let state = Mutex::new(State::Open { worker, written_bytes: 0 });
        Ok(Self { id: id.to_owned(), dir: dir.to_owned(), state })
    }

    /// Reads. A damaged part is an error, and no reason to give up the rest of the
    /// volume; any other failure is.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut state = self.lock();
        match self.worker(&state)?.on_database(work) {
            Err(Failure::Part(place)) => {
                // Whoever asked says it to people, with a photo's name.
                self.learn(&mut state, place);
                Err(StoreError::PartUnreadable { volume: self.id.clone() })
            }
            done => done.map_err(|failure| self.fence(&mut state, failure)),
        }
    }

    /// Reads a list, as far as it can be read.
    pub(super) fn list(&self, mut walk: Walk) -> Result<Listed, StoreError> {
        let mut state = self.lock();
        loop {
            let gone = self.worker(&state)?.on_database(move |database| walk.go(database));
            let (far, met) = gone.map_err(|failure| self.fence(&mut state, failure))?;
            let Some(place) = met else { return Ok(far.listed) };
            if !self.learn(&mut state, place) {
                return Ok(far.given_up());
            }
            walk = far;
        }
    }

    /// Writes. Any failure fences the volume off: what was not flushed is lost.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut state = self.lock();
        let done = self.worker(&state)?.on_database(work);
        done.map_err(|failure| self.fence(&mut state, failure))
    }

    /// Notes that so much was written; flushes and reopens when it was much. A failure
    /// shows in whatever is done next.
    pub(super) fn wrote(&self, bytes: u64) {
        let mut state = self.lock();
        let State::Open { written_bytes, .. } = &mut *state else { return };
        *written_bytes += bytes;
        if *written_bytes >= REOPEN_AFTER_BYTES {
            self.reopen(&mut state);
        }
    }

    /// Reopens, so that what is read next comes from the disk. A failure shows in whatever is
    /// done next.
    pub(super) fn forget(&self) {
        self.reopen(&mut self.lock());
    }

    /// Closes the database, because its files are about to be removed.
    pub(super) fn close_for_removal(&self) {
        self.close("it was removed");
    }

    fn worker<'a>(&self, state: &'a State) -> Result<&'a Worker, StoreError> {
        match state {
            State::Open { worker, .. } => Ok(worker),
            State::Fenced { failure } => Err(fenced(&self.id, failure)),
        }
    }

    fn reopen(&self, state: &mut State) {
        let State::Open { worker, written_bytes } = state else { return };
        match worker.reopen(&self.dir) {
            Ok(()) => *written_bytes = 0,
            Err(failure) => drop(self.fence(state, failure)),
        }
    }

    /// Goes on after a damaged part was met; whether it was not known before. A failure
    /// shows in whatever is done next.
    fn learn(&self, state: &mut State, place: Place) -> bool {
        let State::Open { worker, written_bytes } = state else { return false };
        let learnt = match place {
            Place::Known => return false,
            Place::Somewhere => worker.reopen(&self.dir).map(|()| false),
            place => worker.learn(&self.dir, place),
        };
        *written_bytes = 0;
        learnt.unwrap_or_else(|failure| {
            drop(self.fence(state, failure));
            false
        })
    }

    /// Remembers why; the database stays open for ever.
    fn fence(&self, state: &mut State, failure: Failure) -> StoreError {
        let failure = match failure {
            Failure::Part(_) => Failure::Fatal("something had to be written where it is damaged".into()),
            failure => failure,
        };
        let error = fenced(&self.id, &failure);
        if let Failure::Fatal(cause) = &failure {
            tracing::error!(volume = self.id, %cause, "the volume is fenced off until the program starts again");
        }
        *state = State::Fenced { failure };
        error
    }

    fn close(&self, cause: &str) {
        let closed = State::Fenced { failure: Failure::Fatal(cause.to_owned()) };
        let State::Open { worker, .. } = mem::replace(&mut *self.lock(), closed) else { return };
        if let Err(failure) = worker.close() {
            tracing::error!(volume = self.id, ?failure, "the volume could not be closed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close("it is closed");
    }
}

/// What is said of a volume that is fenced off.
pub(super) fn fenced(id: &str, failure: &Failure) -> StoreError {
    let volume = id.to_owned();
    match failure {
        Failure::Part(_) => StoreError::PartUnreadable { volume },
        Failure::Damaged(cause) => StoreError::VolumeDamaged { volume, cause: cause.clone() },
        Failure::Fatal(cause) => StoreError::VolumeFenced { volume, cause: cause.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn a_database_that_never_comes_back_is_fenced_in_time_and_others_go_on() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let handle = Handle::open("stuck", dir.path(), Duration::from_secs(60)).unwrap();
        let other = Handle::open("other", other.path(), Duration::from_secs(60)).unwrap();
        if let State::Open { worker, .. } = &mut *handle.lock() {
            worker.hurry(SHORT);
        }
        let stuck = handle.write(|_| -> std::io::Result<()> {
            loop {
                std::thread::park();
            }
        });
        assert!(stuck.unwrap_err().to_string().contains("did not come back"));
        assert!(matches!(handle.write(Database::flush), Err(StoreError::VolumeFenced { .. })));
        other.write(Database::flush).unwrap();
    }

    #[test]
    fn a_panic_of_the_database_is_words_and_fences_the_volume() {
        let dir = tempfile::tempdir().unwrap();
        let handle = Handle::open("broken", dir.path(), Duration::from_secs(60)).unwrap();
        let broken = handle.write(|_| -> std::io::Result<()> { panic!("a rare situation") });
        let told = broken.unwrap_err().to_string();
        assert!(told.contains("broke off") && !told.contains("a rare situation"), "{told}");
        assert!(matches!(handle.write(Database::flush), Err(StoreError::VolumeFenced { .. })));
    }

    #[test]
    fn a_damaged_part_met_while_writing_fences_the_volume() {
        let dir = tempfile::tempdir().unwrap();
        let handle = Handle::open("v", dir.path(), Duration::from_secs(60)).unwrap();
        let damaged = handle.write(|_| -> std::io::Result<()> { Err(std::io::ErrorKind::InvalidData.into()) });
        assert!(matches!(damaged, Err(StoreError::VolumeFenced { .. })), "{damaged:?}");
        assert!(matches!(handle.read(|database| database.get(b"key")), Err(StoreError::VolumeFenced { .. })));
    }
}
