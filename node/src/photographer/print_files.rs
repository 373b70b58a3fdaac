//! Ordered photo → the file that its lab may fetch: the original itself, every byte of
//! it checked, or a file made by its recipe and the lab's rules, and kept beside it for
//! the next order. How long is `kept_files`' matter.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use enprint_darkroom::memory::Share;
use enprint_darkroom::{DevelopError, PrintFile as Rendered, PrintFormat, Recipe, print_file, print_file_with};
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::RANGE_BYTES;
use enprint_protocol::order::Crop;
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::print_size::PrintSize;
use enprint_protocol::subtree::range_hash;

use super::archive::EventArchive;
use super::catalogue::{JobFile, MadeFile};
use super::enlargers::{Enlargers, Work};
use super::many;
use super::print_rules::PrintRules;
use super::records::StoredPhoto;
use crate::control::Progress;
use crate::error::NodeError;

/// What one order line asks of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) photo_id: PhotoId,
    /// How the order calls it: its record may be lost.
    pub(super) file_name: String,
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

/// Makes or checks every file that `wanted` needs, several at once; in their order.
/// None after a stop: what was made until then is kept for the next time.
///
/// # Errors
/// As [`Darkroom::checked_file`], of the first that fails; the rest is left then.
pub(super) fn checked_files(
    darkroom: &Darkroom<'_>,
    wanted: &[Wanted],
    progress: &Progress,
) -> Result<Option<JobFiles>, NodeError> {
    let mut different: Vec<Wanted> = Vec::new();
    let mut all = JobFiles::default();
    for wish in wanted {
        let known = different.iter().position(|other| darkroom.is_one_file(other, wish));
        all.of_wanted.push(known.unwrap_or(different.len()));
        different.extend(known.is_none().then(|| wish.clone()));
    }
    let (total, has_failed) = (different.len() as u64, AtomicBool::new(false));
    let is_stopped = || progress.is_cancelled() || has_failed.load(Ordering::Relaxed);
    let work = |wish: &Wanted| {
        let file = darkroom.checked_file(wish);
        has_failed.fetch_or(file.is_err(), Ordering::Relaxed);
        file
    };
    let mut made = many::each(&different, is_stopped, work, |done| progress.files(MAKING, done, total));
    if let Some(failed) = made.iter().position(|file| matches!(file, Some(Err(_))))
        && let Some(Err(error)) = made.swap_remove(failed)
    {
        return Err(error);
    }
    let Some(made) = made.into_iter().map(|file| file?.ok()).collect::<Option<Vec<JobFile>>>() else { return Ok(None) };
    let mut places = Vec::new();
    for file in made {
        // A photo of the paper's own shape is the same file, filled or whole.
        let known = all.files.iter().position(|other| other.file.root == file.file.root);
        places.push(known.unwrap_or(all.files.len()));
        all.files.extend(known.is_none().then_some(file));
    }
    all.of_wanted.iter_mut().for_each(|at| *at = places[*at]);
    Ok(Some(all))
}

/// What `progress` is told.
const MAKING: &str = "Making print files";

/// Where print files are made, and by which rules.
pub(super) struct Darkroom<'a> {
    pub(super) archive: &'a EventArchive,
    pub(super) enlargers: &'a Enlargers,
    pub(super) event_id: EventId,
    pub(super) rules: &'a PrintRules,
    /// What was made for orders before.
    pub(super) kept: Vec<MadeFile>,
    /// What is not here for good.
    pub(super) forgotten: BTreeSet<PhotoId>,
    /// What was made now, or is used once more.
    pub(super) used: Mutex<Vec<MadeFile>>,
    /// Notes a file before its bytes are stored: one that nobody listed would stay in its
    /// volume for ever.
    pub(super) note: &'a (dyn Fn(&MadeFile) -> Result<(), NodeError> + Sync),
}

impl Darkroom<'_> {
    fn is_one_file(&self, one: &Wanted, other: &Wanted) -> bool {
        let is_same_photo = one.photo_id == other.photo_id;
        is_same_photo && (self.rules.is_one_for_all() || (one.size, one.crop) == (other.size, other.crop))
    }

    /// The print file of a photo, with the list of its range hashes. It is read to its end,
    /// so that a damaged one is found before it is offered.
    ///
    /// # Errors
    /// When the photo is gone or damaged, its recipe can't be followed, or it has too few
    /// pixels for the paper.
    fn checked_file(&self, wanted: &Wanted) -> Result<JobFile, NodeError> {
        let photo_id = wanted.photo_id;
        let photo = self.photo(wanted)?;
        let made_by = self.rules.made_by(&photo.recipe, wanted.size, wanted.crop)?;
        let made = match self.kept_file(photo_id, made_by)? {
            Some(kept) => kept,
            None => match self.made_file(&photo, wanted, made_by)? {
                Made::New(made) => made,
                Made::Original(file) => return Ok(file),
            },
        };
        let (file_name, prepared) = (&photo.record.file_name, self.rules.prepared(wanted.size, wanted.crop));
        let (name, (width_px, height_px)) = (renamed(file_name, self.rules.format), made.size_px);
        let file = PrintFile { photo_id, name, bytes: made.bytes, root: made.root, width_px, height_px, prepared };
        let subtrees = made.subtrees.clone();
        self.used.lock().unwrap_or_else(PoisonError::into_inner).push(made);
        Ok(JobFile { file, subtrees })
    }

    /// What was ordered was here: no photo is removed whose event stays.
    fn photo(&self, wanted: &Wanted) -> Result<StoredPhoto, NodeError> {
        let name = || wanted.file_name.clone();
        match self.archive.photo(self.event_id, wanted.photo_id) {
            Ok(Some(photo)) => Ok(photo),
            Err(error) if !error.is_of_damage() => Err(error),
            _ if self.forgotten.contains(&wanted.photo_id) => Err(NodeError::OriginalForgotten { name: name() }),
            Ok(None) => Err(NodeError::OriginalLost { name: name() }),
            Err(_) => Err(NodeError::OriginalDamaged { name: name() }),
        }
    }

    /// A file that was made before, if every byte of it is still there. What is left of a
    /// damaged one gives way to the same file made anew.
    fn kept_file(&self, photo_id: PhotoId, made_by: ContentHash) -> Result<Option<MadeFile>, NodeError> {
        let is_it = |file: &&MadeFile| (file.photo_id, file.made_by) == (photo_id, made_by);
        let Some(kept) = self.kept.iter().find(is_it) else { return Ok(None) };
        let _share = Share::begin(kept.bytes);
        if self.archive.is_whole(self.event_id, photo_id, kept.root)? {
            return Ok(Some(kept.clone()));
        }
        self.archive.forget(self.event_id, &[(photo_id, kept.root)])?;
        Ok(None)
    }

    fn made_file(&self, photo: &StoredPhoto, wanted: &Wanted, made_by: ContentHash) -> Result<Made, NodeError> {
        let photo_id = photo.photo_id();
        let share = Share::begin(photo.original_bytes);
        let original = self.archive.original(self.event_id, photo_id).map_err(|error| in_words(error, photo))?;
        let place = self.enlargers.take(Work::Print);
        let made = share.within(|| made(&original, &photo.recipe, self.rules, wanted));
        drop(place);
        let made =
            made.map_err(|error| NodeError::NotNow { problem: format!("{}: {error}", photo.record.file_name) })?;
        let Some(made) = made else {
            let (name, bytes, root) = (photo.record.file_name.clone(), original.len() as u64, photo_id.0);
            let (width_px, height_px) = (photo.record.width_px, photo.record.height_px);
            let file = PrintFile { photo_id, name, bytes, root, width_px, height_px, prepared: None };
            return Ok(Made::Original(JobFile { file, subtrees: subtrees(&original) }));
        };
        // The same recipe makes the same bytes, so that a job that is offered again fetches
        // nothing twice.
        let root = ContentHash::of(&made.bytes);
        let (bytes, size_px) = (made.bytes.len() as u64, (made.width_px, made.height_px));
        let file = MadeFile { photo_id, made_by, root, bytes, size_px, subtrees: subtrees(&made.bytes) };
        (self.note)(&file)?;
        self.archive.put_print_file(self.event_id, (photo_id, root), &made.bytes)?;
        Ok(Made::New(file))
    }
}

enum Made {
    New(MadeFile),
    /// There was no need.
    Original(JobFile),
}

/// None where the original itself is printed.
fn made(
    original: &[u8],
    recipe: &Recipe,
    rules: &PrintRules,
    wanted: &Wanted,
) -> Result<Option<Rendered>, DevelopError> {
    if rules.takes_originals() {
        return print_file(original, recipe);
    }
    print_file_with(original, recipe, &rules.settings(wanted.size, wanted.crop)).map(Some)
}

/// The joined hashes of a file's ranges.
fn subtrees(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u64;
    let ranges = bytes.chunks(RANGE_BYTES as usize).enumerate();
    ranges.flat_map(|(at, range)| range_hash(length, at as u64, range)).collect()
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

/// What is wrong with one original is said so; a volume or disk that fails says it itself.
fn in_words(error: NodeError, photo: &StoredPhoto) -> NodeError {
    if error.is_of_damage() {
        return NodeError::OriginalDamaged { name: photo.record.file_name.clone() };
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::photographer::PhotographerConfig;
    use crate::photographer::golden::a_photo;
    use crate::photographer::import::NewPhoto;

    const EVENT: EventId = EventId([3; 16]);

    /// A grey TIFF of 60 × 40 pixels, by hand.
    fn tiff() -> Vec<u8> {
        let entries: [(u16, u32); 8] =
            [(0x100, 60), (0x101, 40), (0x102, 8), (0x103, 1), (0x106, 1), (0x111, 8), (0x116, 40), (0x117, 2_400)];
        let pixels = (0..2_400_u32).map(|at| (at * 7) as u8);
        let mut tiff: Vec<u8> = [b"II*\0", &2_408_u32.to_le_bytes()[..]].concat().into_iter().chain(pixels).collect();
        tiff.extend((entries.len() as u16).to_le_bytes());
        for (tag, value) in entries {
            tiff.extend([&tag.to_le_bytes()[..], &4_u16.to_le_bytes(), &1_u32.to_le_bytes()].concat());
            tiff.extend(value.to_le_bytes());
        }
        tiff.extend([0; 4]);
        tiff
    }

    fn archive(folder: &std::path::Path) -> (EventArchive, PhotoId) {
        let config =
            PhotographerConfig { reserve_bytes: 0, ballast_bytes: 0, ..PhotographerConfig::new(folder.into()) };
        let (archive, original) = (EventArchive::open(&config).unwrap(), tiff());
        let mut stored = a_photo();
        stored.record.photo_id = PhotoId(ContentHash::of(&original));
        stored.original_bytes = original.len() as u64;
        (stored.thumbnail.hash, stored.proof.hash) = (ContentHash::of(b"t"), ContentHash::of(b"p"));
        let photo_id = stored.photo_id();
        let photo = NewPhoto { stored, original, thumbnail: b"t".to_vec(), proof: b"p".to_vec() };
        archive.put(EVENT, &[&photo]).unwrap();
        (archive, photo_id)
    }

    fn unnoted(_: &MadeFile) -> Result<(), NodeError> {
        Ok(())
    }

    fn wanted(photo_id: PhotoId) -> Wanted {
        Wanted { photo_id, file_name: "a.tif".into(), size: PrintSize::CM_10X15, crop: Crop::Fill }
    }

    #[test]
    fn a_photo_that_is_ordered_again_is_not_rendered_again_unless_its_rules_are_others() {
        let folder = tempfile::tempdir().unwrap();
        let ((archive, photo_id), enlargers) = (archive(folder.path()), Enlargers::new(1));
        let rules = PrintRules { format: PrintFormat::Tiff8, ..PrintRules::default() };
        let order = |kept: Vec<MadeFile>| {
            let used = Mutex::default();
            let darkroom = Darkroom {
                archive: &archive,
                enlargers: &enlargers,
                event_id: EVENT,
                rules: &rules,
                kept,
                forgotten: BTreeSet::new(),
                used,
                note: &unnoted,
            };
            let files = checked_files(&darkroom, &[wanted(photo_id)], &Progress::silent()).unwrap().unwrap();
            (files.files, darkroom.used.into_inner().unwrap())
        };
        let (files, made) = order(Vec::new());
        assert_eq!((files.len(), made.len()), (1, 1));
        let of_other_rules = MadeFile { made_by: ContentHash([9; 32]), ..made[0].clone() };
        assert_eq!(order(vec![of_other_rules]).1, made, "what other rules made is not taken");
        // While nothing can be rendered.
        let place = enlargers.take(Work::Edit);
        let (again, used) = order(made.clone());
        drop(place);
        assert_eq!((&again[0].file, &again[0].subtrees, &used), (&files[0].file, &files[0].subtrees, &made));
        // A kept file that is gone is made anew.
        archive.forget(EVENT, &[(photo_id, made[0].root)]).unwrap();
        assert!(!archive.has_files(EVENT, &[(photo_id, made[0].root)]).unwrap());
        assert_eq!(order(made.clone()).1, made);
        assert!(archive.has_files(EVENT, &[(photo_id, made[0].root)]).unwrap());
    }

    #[test]
    fn a_kill_between_storing_a_made_file_and_noting_it_leaves_none_that_nobody_lists() {
        let folder = tempfile::tempdir().unwrap();
        let ((archive, photo_id), enlargers) = (archive(folder.path()), Enlargers::new(1));
        let rules = PrintRules { format: PrintFormat::Tiff8, ..PrintRules::default() };
        let noted = Mutex::new(Vec::new());
        let killed = |file: &MadeFile| {
            assert!(!archive.has_files(EVENT, &[(file.photo_id, file.root)]).unwrap(), "stored before it is noted");
            noted.lock().unwrap().push(file.root);
            Err(NodeError::ShuttingDown)
        };
        let darkroom = Darkroom {
            archive: &archive,
            enlargers: &enlargers,
            event_id: EVENT,
            rules: &rules,
            kept: Vec::new(),
            forgotten: BTreeSet::new(),
            used: Mutex::default(),
            note: &killed,
        };
        assert!(checked_files(&darkroom, &[wanted(photo_id)], &Progress::silent()).is_err());
        let root = noted.lock().unwrap()[0];
        assert!(!archive.has_files(EVENT, &[(photo_id, root)]).unwrap());
    }

    #[test]
    fn a_kept_file_that_the_disk_damaged_is_made_anew_and_written_anew() {
        let folder = tempfile::tempdir().unwrap();
        let enlargers = Enlargers::new(1);
        let rules = PrintRules { format: PrintFormat::Tiff8, ..PrintRules::default() };
        let order = |archive: &EventArchive, photo_id: PhotoId, kept: Vec<MadeFile>| {
            let used = Mutex::default();
            let darkroom = Darkroom {
                archive,
                enlargers: &enlargers,
                event_id: EVENT,
                rules: &rules,
                kept,
                forgotten: BTreeSet::new(),
                used,
                note: &unnoted,
            };
            checked_files(&darkroom, &[wanted(photo_id)], &Progress::silent()).unwrap().unwrap();
            darkroom.used.into_inner().unwrap()
        };
        let (archive, photo_id) = archive(folder.path());
        let made = order(&archive, photo_id, Vec::new());
        let root = made[0].root;
        archive.forget(EVENT, &[(photo_id, root)]).unwrap();
        archive.put_print_file(EVENT, (photo_id, root), b"other bytes").unwrap();
        assert!(!archive.is_whole(EVENT, photo_id, root).unwrap(), "it is not damaged");
        assert_eq!(order(&archive, photo_id, made.clone()), made);
        assert!(archive.is_whole(EVENT, photo_id, root).unwrap(), "it is still damaged");
    }

    #[test]
    fn files_come_in_the_order_of_the_lines_and_a_stop_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let ((archive, photo_id), enlargers) = (archive(folder.path()), Enlargers::new(2));
        let rules = PrintRules::default();
        let darkroom = Darkroom {
            archive: &archive,
            enlargers: &enlargers,
            event_id: EVENT,
            rules: &rules,
            kept: Vec::new(),
            forgotten: BTreeSet::new(),
            used: Mutex::default(),
            note: &unnoted,
        };
        let (here, missing) = (wanted(photo_id), wanted(PhotoId(ContentHash([8; 32]))));
        let files = checked_files(&darkroom, &[here.clone(), here.clone()], &Progress::silent()).unwrap().unwrap();
        assert_eq!((files.files.len(), files.of_wanted), (1, vec![0, 0]), "the original itself, once");
        assert!(checked_files(&darkroom, &[here.clone(), missing], &Progress::silent()).is_err());
        let stop = tokio_util::sync::CancellationToken::new();
        stop.cancel();
        let stopped = checked_files(&darkroom, &[here], &Progress::channel(stop).0).unwrap();
        assert!(stopped.is_none());
    }
}
