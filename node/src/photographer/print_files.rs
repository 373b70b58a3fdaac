//! Ordered photo → the file that its lab may fetch: the original itself, every byte of
//! it checked, or for an edited photo a file made by its recipe and kept beside it.

use enprint_darkroom::print_file;
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::subtree::range_hash;

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
    if photo.recipe.is_untouched() {
        as_it_is(archive, event_id, photo)
    } else {
        made(archive, enlargers, event_id, photo)
    }
}

fn as_it_is(archive: &EventArchive, event_id: EventId, photo: StoredPhoto) -> Result<JobFile, NodeError> {
    let (photo_id, bytes) = (photo.photo_id(), photo.original_bytes);
    let mut whole = blake3::Hasher::new();
    let mut subtrees = Vec::new();
    for (at, offset) in (0..bytes).step_by(RANGE_BYTES as usize).enumerate() {
        let length = (bytes - offset).min(RANGE_BYTES);
        let range = archive.file_range(event_id, (photo_id, photo_id.0), offset, length)?;
        whole.update(&range);
        subtrees.extend_from_slice(&range_hash(bytes, at as u64, &range));
    }
    let root = ContentHash::from(whole.finalize());
    if root != photo_id.0 {
        return Err(damaged(&photo));
    }
    let (width_px, height_px) = (photo.record.width_px, photo.record.height_px);
    Ok(JobFile {
        file: PrintFile { photo_id, name: photo.record.file_name, bytes, root, width_px, height_px },
        subtrees,
    })
}

/// The same recipe makes the same bytes, so that a job that is offered again fetches
/// nothing twice.
fn made(
    archive: &EventArchive,
    enlargers: &Enlargers,
    event_id: EventId,
    photo: StoredPhoto,
) -> Result<JobFile, NodeError> {
    let photo_id = photo.photo_id();
    let original = archive.original(event_id, photo_id).map_err(|_| damaged(&photo))?;
    let place = enlargers.take(Work::Edit);
    let file =
        print_file(&original, &photo.recipe).map_err(|error| NodeError::NotNow { problem: error.to_string() })?;
    drop(place);
    let Some(file) = file else { return as_it_is(archive, event_id, photo) };
    let root = archive.put_print_file(event_id, photo_id, &file.jpeg)?;
    let bytes = file.jpeg.len() as u64;
    let ranges = file.jpeg.chunks(RANGE_BYTES as usize).enumerate();
    let subtrees = ranges.flat_map(|(at, range)| range_hash(bytes, at as u64, range)).collect();
    let name = with_jpeg_ending(&photo.record.file_name);
    let (width_px, height_px) = (file.width_px, file.height_px);
    Ok(JobFile { file: PrintFile { photo_id, name, bytes, root, width_px, height_px }, subtrees })
}

/// What is made is a JPEG, whatever the original was.
fn with_jpeg_ending(name: &str) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    if ["jpg", "jpeg"].contains(&ending.to_lowercase().as_str()) { name.to_owned() } else { format!("{stem}.jpg") }
}

fn gone(name: &str) -> NodeError {
    NodeError::Unknown { what: "photo", name: name.to_owned(), hint: "It was removed from the archive." }
}

fn damaged(photo: &StoredPhoto) -> NodeError {
    NodeError::NotNow {
        problem: format!(
            "The original of {} is damaged on this disk. Import it again from your copy.",
            photo.record.file_name
        ),
    }
}
