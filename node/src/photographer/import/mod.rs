//! Folder → archive: every file is read, hashed, looked at, developed and stored.
//! Workers do all but the storing, which one writer does: what waits for it is flushed
//! together. Originals are only read, never touched. What was here before is looked at
//! when all that is new is stored, and repaired where the disk has damaged it.

mod mending;
mod others;
mod prepare;
mod spare;
mod stored;
mod walk;

pub use walk::files_below;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use enprint_darkroom::DevelopSettings;
use enprint_protocol::ids::{EventId, PhotoId};
use tokio_util::sync::CancellationToken;

use super::archive::{EventArchive, Put};
use super::commands::{FailedFile, ImportReport};
use super::enlargers::{Enlargers, processors};
use super::records::{Edits, StoredPhoto};
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::{IMPORT_FAILURES_LISTED_MAX, IMPORT_WAITING_MAX, IMPORT_WORKERS_MAX};
use mending::Here;
use others::Others;
pub use prepare::{NewPhoto, place_of};
use prepare::{Prepared, Preparer, ReadyPhoto};
use spare::Spare;
use stored::Stored;

/// One import.
pub struct Import<'a> {
    /// Where photos go.
    pub archive: &'a EventArchive,
    /// Into which event.
    pub event_id: EventId,
    /// Everything below this folder.
    pub folder: PathBuf,
    /// The photos' category; without it each photo's folder names it.
    pub category: Option<String>,
    /// How proofs are made.
    pub settings: DevelopSettings,
    /// The edits that photos had, given back to those that are stored anew.
    pub edits: HashMap<PhotoId, Edits>,
    /// Where photos are developed.
    pub enlargers: Enlargers,
    /// Photos on their way at once; 0 takes one for each processor.
    pub workers: usize,
    /// Stops the import before its next photo.
    pub cancel: CancellationToken,
    /// Called before what is said of a photo that is there becomes another.
    pub note: &'a (dyn Fn(PhotoId) -> Result<(), NodeError> + Sync),
}

/// What the writer looks at beside the photos.
struct Beside<'a> {
    stored: &'a Stored,
    others: &'a Others,
    spare: &'a Spare,
}

impl Import<'_> {
    /// Imports, telling `progress` of each file. Files that can't be imported are
    /// listed with the reason and harm nothing; a full disk or a broken archive ends
    /// the import, and what was stored stays.
    ///
    /// # Errors
    /// When the folder can't be read at all.
    pub fn run(&self, progress: &Progress) -> Result<ImportReport, NodeError> {
        let walk = walk::files_below(&self.folder)?;
        let mut report = ImportReport { failed: walk.refused, ..ImportReport::default() };
        let total = walk.files.len() as u64;
        let next = AtomicUsize::new(0);
        let before = self.archive.listed(self.event_id).photos;
        let is_empty = before.is_empty();
        let stored = Stored::new(before.iter().map(StoredPhoto::photo_id).collect());
        let (others, spare) = (Others::than(before), Spare::default());
        let mut here = Vec::new();
        std::thread::scope(|scope| {
            let (results, prepared) = sync_channel(IMPORT_WAITING_MAX);
            for _ in 0..self.worker_count(walk.files.len()) {
                let results = results.clone();
                let preparer = Preparer::new(self, &stored, &spare);
                scope.spawn(|| self.work(preparer, &walk.files, &next, results, progress));
            }
            drop(results);
            let beside = Beside { stored: &stored, others: &others, spare: &spare };
            self.store_all(&prepared, &beside, (&mut report, &mut here), |done| {
                progress.photos("Importing", done, total);
            });
        });
        self.mend(here, &mut report, progress);
        report.others_than_damaged = others.than_damaged(self.archive, self.event_id);
        if report.stopped.is_none() && (self.cancel.is_cancelled() || progress.is_cancelled()) {
            report.stopped = Some("Stopped as asked; what was imported is kept.".into());
        }
        self.settle(&mut report, is_empty);
        Ok(report)
    }

    /// Says what of the event's lists is damaged. What an import brings that was here before,
    /// or of which nothing is left, is what was lost; after that no more can be done.
    fn settle(&self, report: &mut ImportReport, was_empty: bool) {
        let Some(trouble) = self.archive.counted(self.event_id).1 else { return };
        report.trouble = Some(trouble.sentence());
        let is_again = was_empty || !report.duplicates.is_empty() || !report.repaired.is_empty();
        if trouble.is_of_damage() && is_again && report.stopped.is_none() && report.failed.is_empty() {
            match self.archive.note_mended(self.event_id) {
                Ok(()) => report.trouble_mended = true,
                Err(error) => report.trouble = Some(error.sentence()),
            }
        }
    }

    fn worker_count(&self, files: usize) -> usize {
        // One reads while the others render.
        let wanted = if self.workers == 0 { processors() } else { self.workers } + 1;
        wanted.min(IMPORT_WORKERS_MAX).min(files.max(1))
    }

    /// One worker: takes the next file until there are none, or the writer is gone.
    fn work(
        &self,
        preparer: Preparer<'_>,
        files: &[walk::Found],
        next: &AtomicUsize,
        results: SyncSender<Prepared>,
        progress: &Progress,
    ) {
        while !self.cancel.is_cancelled() && !progress.is_cancelled() {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(at) else { return };
            if results.send(preparer.prepare(file)).is_err() {
                return;
            }
        }
    }

    /// The writer: stores what the workers prepared, all that waits at once, until they
    /// are done or the archive can take no more.
    fn store_all(
        &self,
        prepared: &Receiver<Prepared>,
        beside: &Beside<'_>,
        (report, here): (&mut ImportReport, &mut Vec<Here>),
        told: impl Fn(u64),
    ) {
        let mut done = 0;
        while let Ok(first) = prepared.recv() {
            let waiting: Vec<Prepared> =
                std::iter::once(first).chain(prepared.try_iter()).take(IMPORT_WAITING_MAX).collect();
            let count = waiting.len() as u64;
            if let Err(error) = self.store(waiting, beside, (report, here)) {
                report.stopped = Some(error.to_string());
                self.cancel.cancel();
                return;
            }
            done += count;
            told(done);
        }
    }

    fn store(
        &self,
        waiting: Vec<Prepared>,
        beside: &Beside<'_>,
        (report, here): (&mut ImportReport, &mut Vec<Here>),
    ) -> Result<(), NodeError> {
        let mut photos = Vec::new();
        for prepared in waiting {
            match prepared {
                Prepared::Photo(photo) => photos.push(photo),
                Prepared::Duplicate(one, said) => {
                    if let Some(said) = said
                        && self.archive.describe(self.event_id, *said, || (self.note)(one.photo_id))?
                    {
                        report.described.push(one.photo_id);
                    }
                    report.duplicates.push(one.below.clone());
                    here.extend(beside.stored.had(one.photo_id).then_some(one));
                }
                Prepared::Failed(failed) => list(&mut report.failed, failed),
            }
        }
        let together = self.put(&photos, beside, report);
        // One that can't be stored takes no other with it.
        let done = together.or_else(|_| photos.chunks(1).try_for_each(|photo| self.put(photo, beside, report)));
        photos.into_iter().for_each(|photo| photo.give_back(beside.spare));
        done
    }

    fn put(&self, photos: &[ReadyPhoto], beside: &Beside<'_>, report: &mut ImportReport) -> Result<(), NodeError> {
        let put = self.archive.put(self.event_id, &photos.iter().map(|ready| &*ready.photo).collect::<Vec<_>>())?;
        for (ready, put) in photos.iter().zip(put) {
            let new = &ready.photo.stored;
            beside.stored.note(new.photo_id());
            report.whole.extend((put == Put::New).then_some(new.photo_id()));
            if put == Put::Duplicate {
                report.duplicates.push(new.path.clone());
                continue;
            }
            beside.others.note(new);
            report.imported += 1;
            report.edits_given_back += u64::from(!new.recipe.is_untouched());
            report.original_bytes += new.original_bytes;
            report.without_time += u64::from(new.record.captured.is_none());
            if let Some(reason) = ready.problem.clone() {
                list(&mut report.not_for_print, FailedFile { name: new.path.clone(), reason });
            }
        }
        Ok(())
    }
}

fn list(files: &mut Vec<FailedFile>, file: FailedFile) {
    if files.len() < IMPORT_FAILURES_LISTED_MAX {
        files.push(file);
    }
}
