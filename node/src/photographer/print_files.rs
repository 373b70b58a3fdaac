//! Ordered photo → the file that its lab may fetch: the original itself, every byte of
//! it checked, or for an edited photo a file made by its recipe and kept beside it.

use enprint_darkroom::print_file;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::subtree::range_hash;
use enprint_store::StoreError;

use super::archive::EventArchive;
use super::catalogue::JobFile;
use super::enlargers::{Enlargers, Work};
use super::records::StoredPhoto;
use crate::error::NodeError;

/// The print file of a photo, with the list of its range hashes. It is read to its end,
/// so that a damaged one is found before it is offered.
///
/// # Errors
/// When the photo is gone or damaged, or its recipe can't be followed.
pub(super) fn checked_file(
    archive: &EventArchive,
    enlargers: &Enlargers,
    event_id: EventId,
    photo_id: PhotoId,
) -> Result<JobFile, NodeError> {
    let photo = archive.photo(event_id, photo_id)?.ok_or_else(|| gone(&photo_id.to_string()))?;
    let original = archive.original(event_id, photo_id).map_err(|error| in_words(error, &photo))?;
    let place = enlargers.take(Work::Edit);
    let made =
        print_file(&original, &photo.recipe).map_err(|error| NodeError::NotNow { problem: error.to_string() })?;
    drop(place);
    let Some(made) = made else {
        let (name, size) = (photo.record.file_name, (photo.record.width_px, photo.record.height_px));
        return Ok(job_file(photo_id, name, photo_id.0, size, &original));
    };
    // The same recipe makes the same bytes, so that a job that is offered again fetches
    // nothing twice.
    let root = archive.put_print_file(event_id, photo_id, &made.bytes)?;
    let name = with_jpeg_ending(&photo.record.file_name);
    Ok(job_file(photo_id, name, root, (made.width_px, made.height_px), &made.bytes))
}

fn job_file(
    photo_id: PhotoId,
    name: String,
    root: ContentHash,
    (width_px, height_px): (u32, u32),
    bytes: &[u8],
) -> JobFile {
    let length = bytes.len() as u64;
    let ranges = bytes.chunks(RANGE_BYTES as usize).enumerate();
    let subtrees = ranges.flat_map(|(at, range)| range_hash(length, at as u64, range)).collect();
    JobFile { file: PrintFile { photo_id, name, bytes: length, root, width_px, height_px }, subtrees }
}

/// What is made is a JPEG, whatever the original was.
fn with_jpeg_ending(name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if ["jpg", "jpeg"].contains(&ending.to_lowercase().as_str()) { name.to_owned() } else { format!("{stem}.jpg") }
}

fn gone(name: &str) -> NodeError {
    NodeError::Unknown { what: "photo", name: name.to_owned(), hint: "It was removed from the archive." }
}

/// What is wrong with one original is said so; a volume or disk that fails says it itself.
fn in_words(error: NodeError, photo: &StoredPhoto) -> NodeError {
    use StoreError::{BlobDamaged, BlobMissing, PartUnreadable};
    if !matches!(error, NodeError::Store(BlobDamaged { .. } | BlobMissing | PartUnreadable { .. })) {
        return error;
    }
    NodeError::NotNow {
        problem: format!(
            "The original of {} is damaged on this disk. Import it again from your copy.",
            photo.record.file_name
        ),
    }
}
