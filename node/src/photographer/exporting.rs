//! An event's originals as plain files, readable without Enprint.

use std::path::{Path, PathBuf};

use enprint_protocol::ids::EventId;
use enprint_store::archive::Exported;

use super::archive::EventArchive;
use super::commands::{FailedFile, PhotographerAnswer};
use super::node::{Node, blocking};
use super::records::StoredPhoto;
use super::reports::ExportReport;
use super::volumes::ListedPhotos;
use crate::control::Progress;
use crate::error::NodeError;

impl Node {
    pub(super) async fn export(
        &self,
        event: &str,
        folder: PathBuf,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let event = self.find_event(event).await?;
        let (event_id, archive, progress) = (event.record.event_id, self.archive.clone(), progress.clone());
        let mut report = blocking(move || archive.export(event_id, &folder, &progress)).await?;
        let counted = self.photos_counted(event_id).await?;
        (report.trouble, report.hurt) = (counted.missing().or(report.trouble), counted.hurt());
        Ok(PhotographerAnswer::Exported(ExportReport { event: event.record.name, ..report }))
    }
}

impl EventArchive {
    /// Writes an event's originals below `folder`, by category. One that is damaged keeps no
    /// other from it.
    ///
    /// # Errors
    /// When a file can't be written; those written before are complete.
    pub(super) fn export(
        &self,
        event_id: EventId,
        folder: &Path,
        progress: &Progress,
    ) -> Result<ExportReport, NodeError> {
        let ListedPhotos { mut photos, trouble } = self.listed(event_id);
        // The same order each time, so that those of one name get the same names again.
        photos.sort_unstable_by_key(|photo| (photo.imported_ms, photo.photo_id()));
        let trouble = trouble.map(|error| error.sentence());
        let (total, mut report) = (photos.len() as u64, ExportReport { trouble, ..ExportReport::default() });
        for (done, photo) in (1..).zip(photos) {
            if progress.is_cancelled() {
                report.stopped = Some("Stopped as asked; what was written is complete.".into());
                break;
            }
            self.export_one(event_id, folder, &photo, &mut report)?;
            progress.photos("Exporting", done, total);
        }
        Ok(report)
    }

    fn export_one(
        &self,
        event_id: EventId,
        folder: &Path,
        photo: &StoredPhoto,
        report: &mut ExportReport,
    ) -> Result<(), NodeError> {
        let name = Path::new(&photo.record.category).join(&photo.record.file_name);
        let volume = self.volume_of(event_id, photo.photo_id());
        let exported = volume.and_then(|volume| Ok(volume.export_blob(&photo.photo_id().0.0, folder, &name)?));
        match exported {
            Ok(Exported::There) => report.there += 1,
            Ok(Exported::Written { path, is_renamed }) => {
                report.files += 1;
                report.bytes += photo.original_bytes;
                if is_renamed {
                    report.renamed.push(path.strip_prefix(folder).unwrap_or(&path).display().to_string());
                }
            }
            Err(error) if error.is_of_damage() => {
                let reason = "It is damaged on this disk.".to_owned();
                report.failed.push(FailedFile { name: name.display().to_string(), reason });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
