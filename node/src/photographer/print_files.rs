//! Ordered photo → the file that its lab may fetch: the original itself, every byte of
//! it checked, or a file made by its recipe and the lab's rules, and kept beside it
//! until the lab has it.

use enprint_darkroom::{DevelopError, PrintFile as MadeFile, PrintFormat, Recipe, print_file, print_file_with};
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::order::Crop;
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::print_size::PrintSize;
use enprint_protocol::subtree::range_hash;
use enprint_store::StoreError;

use super::archive::EventArchive;
use super::catalogue::JobFile;
use super::enlargers::{Enlargers, Work};
use super::print_rules::PrintRules;
use super::records::StoredPhoto;
use crate::error::NodeError;

/// What one order line asks of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) photo_id: PhotoId,
    pub(super) size: PrintSize,
    pub(super) crop: Crop,
}

/// The files of a job, each once, and which of them each wanted print is made from.
#[derive(Debug, Default)]
pub(super) struct JobFiles {
    /// The manifest.
    pub(super) files: Vec<JobFile>,
    /// Indices into `files`, one for each that was wanted.
    pub(super) of_wanted: Vec<usize>,
}

/// Makes or checks every file that `wanted` needs.
///
/// # Errors
/// As [`checked_file`].
pub(super) fn checked_files(darkroom: &Darkroom<'_>, wanted: &[Wanted]) -> Result<JobFiles, NodeError> {
    let mut made: Vec<(Wanted, usize)> = Vec::new();
    let mut all = JobFiles::default();
    for wish in wanted {
        let same = |other: &Wanted| {
            let is_same_photo = other.photo_id == wish.photo_id;
            is_same_photo && (darkroom.rules.is_one_for_all() || (other.size, other.crop) == (wish.size, wish.crop))
        };
        let at = match made.iter().find(|(other, _)| same(other)) {
            Some((_, at)) => *at,
            None => {
                let file = checked_file(darkroom, wish)?;
                // A photo of the paper's own shape is the same file, filled or whole.
                let known = all.files.iter().position(|other| other.file.root == file.file.root);
                known.unwrap_or_else(|| {
                    all.files.push(file);
                    all.files.len() - 1
                })
            }
        };
        made.push((*wish, at));
        all.of_wanted.push(at);
    }
    Ok(all)
}

/// Where print files are made, and by which rules.
#[derive(Debug)]
pub(super) struct Darkroom<'a> {
    pub(super) archive: &'a EventArchive,
    pub(super) enlargers: &'a Enlargers,
    pub(super) event_id: EventId,
    pub(super) rules: &'a PrintRules,
}

/// The print file of a photo, with the list of its range hashes. It is read to its end,
/// so that a damaged one is found before it is offered.
///
/// # Errors
/// When the photo is gone or damaged, its recipe can't be followed, or it has too few
/// pixels for the paper.
fn checked_file(darkroom: &Darkroom<'_>, wanted: &Wanted) -> Result<JobFile, NodeError> {
    let &Darkroom { archive, enlargers, event_id, rules } = darkroom;
    let photo_id = wanted.photo_id;
    let photo = archive.photo(event_id, photo_id)?.ok_or_else(|| gone(&photo_id.to_string()))?;
    let original = archive.original(event_id, photo_id).map_err(|error| in_words(error, &photo))?;
    let place = enlargers.take(Work::Edit);
    let made = made(&original, &photo.recipe, rules, wanted)
        .map_err(|error| NodeError::NotNow { problem: format!("{}: {error}", photo.record.file_name) })?;
    drop(place);
    let Some(made) = made else {
        let (name, size) = (photo.record.file_name, (photo.record.width_px, photo.record.height_px));
        return Ok(job_file(photo_id, name, photo_id.0, size, &original));
    };
    // The same recipe makes the same bytes, so that a job that is offered again fetches
    // nothing twice.
    let root = archive.put_print_file(event_id, photo_id, &made.bytes)?;
    let name = renamed(&photo.record.file_name, made.format);
    let mut file = job_file(photo_id, name, root, (made.width_px, made.height_px), &made.bytes);
    file.file.prepared = rules.prepared(wanted.size, wanted.crop);
    Ok(file)
}

/// None where the original itself is printed.
fn made(
    original: &[u8],
    recipe: &Recipe,
    rules: &PrintRules,
    wanted: &Wanted,
) -> Result<Option<MadeFile>, DevelopError> {
    if rules.takes_originals() {
        return print_file(original, recipe);
    }
    print_file_with(original, recipe, &rules.settings(wanted.size, wanted.crop)).map(Some)
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
    let file = PrintFile { photo_id, name, bytes: length, root, width_px, height_px, prepared: None };
    JobFile { file, subtrees }
}

/// What is made is of one kind, whatever the original was.
fn renamed(name: &str, format: PrintFormat) -> String {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let (usual, others): (&str, &[&str]) = match format {
        PrintFormat::Jpeg => ("jpg", &["jpg", "jpeg"]),
        PrintFormat::Tiff8 => ("tif", &["tif", "tiff"]),
    };
    if others.contains(&ending.to_lowercase().as_str()) { name.to_owned() } else { format!("{stem}.{usual}") }
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
