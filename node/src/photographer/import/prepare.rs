//! What a worker does with one file: read, hash, look, develop. Stores nothing.

use std::io::Read;
use std::path::Path;

use enprint_darkroom::frame::framed;
use enprint_darkroom::limits::{ORIGINAL_BYTES_MAX, SIDECAR_BYTES_MAX};
use enprint_darkroom::memory::Share;
use enprint_darkroom::{self as darkroom, Facts, Rendition, Renditions};
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::limits::{CAPTION_BYTES_MAX, KEYWORD_BYTES_MAX, KEYWORDS_MAX, NAME_BYTES_MAX};
use enprint_protocol::publish::{NotForPrint, PhotoRecord};
use enprint_protocol::text::{cleaned, shown};
use jiff::tz::Offset;
use serde_bytes::ByteBuf;

use super::Import;
use super::mending::Here;
use super::spare::Spare;
use super::stored::Stored;
use super::walk::Found;
use crate::photographer::commands::FailedFile;
use crate::photographer::enlargers::Work;
use crate::photographer::records::{Edits, StoredPhoto, StoredRendition};

/// The category of photos that lie in no folder of their own.
pub const NO_CATEGORY: &str = "Photos";

/// What became of a file.
#[derive(Debug)]
pub enum Prepared {
    /// A photo, ready to be stored.
    Photo(ReadyPhoto),
    /// The archive has it; and if it has had it, and an XMP file is beside it, what both say
    /// of it now.
    Duplicate(Here, Option<Box<PhotoRecord>>),
    /// It is no photo that can be imported.
    Failed(FailedFile),
}

/// A photo that waits for the writer.
#[derive(Debug)]
pub struct ReadyPhoto {
    /// The photo.
    pub photo: Box<NewPhoto>,
    /// Why it can be looked at and not printed, as a sentence.
    pub problem: Option<String>,
    /// The memory that it takes, until it is dropped.
    share: Share,
}

impl ReadyPhoto {
    /// Gives its memory back, when it is stored.
    pub fn give_back(self, spare: &Spare) {
        // First what it counts for, so that the buffer has room to wait.
        drop(self.share);
        spare.put_back(self.photo.original);
    }
}

/// A photo with its bytes.
#[derive(Debug)]
pub struct NewPhoto {
    /// Its record.
    pub stored: StoredPhoto,
    /// The original, byte for byte.
    pub original: Vec<u8>,
    /// The thumbnail's JPEG.
    pub thumbnail: Vec<u8>,
    /// The proof's JPEG.
    pub proof: Vec<u8>,
}

/// A worker's view of an import.
pub struct Preparer<'a> {
    import: &'a Import<'a>,
    stored: &'a Stored,
    spare: &'a Spare,
}

impl<'a> Preparer<'a> {
    /// For one worker of `import`.
    pub fn new(import: &'a Import<'a>, stored: &'a Stored, spare: &'a Spare) -> Self {
        Self { import, stored, spare }
    }

    /// Reads and develops `file`.
    pub fn prepare(&self, file: &Found) -> Prepared {
        match self.try_prepare(file) {
            Ok(prepared) => prepared,
            Err(reason) => Prepared::Failed(FailedFile { name: file.below.clone(), reason }),
        }
    }

    fn try_prepare(&self, file: &Found) -> Result<Prepared, String> {
        let bytes = std::fs::metadata(&file.path).map_or(0, |data| data.len());
        let bytes = bytes.min(ORIGINAL_BYTES_MAX);
        let share = Share::begin(bytes);
        let original = read_original(&file.path, self.spare.take(usize::try_from(bytes).unwrap_or(0)))?;
        let photo_id = PhotoId(ContentHash::of(&original));
        if self.stored.has(photo_id) {
            let described = self.described(file, photo_id, &share, &original);
            drop(share);
            self.spare.put_back(original);
            let (path, below) = (file.path.clone(), file.below.clone());
            return Ok(Prepared::Duplicate(Here { photo_id, path, below }, described));
        }
        let place = self.import.enlargers.take(Work::Import);
        let developed = share.within(|| darkroom::read_and_develop(&original, &self.import.settings));
        drop(place);
        let (facts, mut renditions) = developed.map_err(|error| error.to_string())?;
        let (facts, edits) = (with_words_beside(file, facts), self.import.edits.get(&photo_id));
        let (not_for_print, problem) = not_for_print(&facts, &renditions).unzip();
        let mut frame_px = (facts.width_px, facts.height_px);
        if let Some(edits) = edits.filter(|edits| !edits.recipe().is_untouched()) {
            frame_px = framed(frame_px, edits.recipe());
            renditions = self.edited(&original, edits, &share)?;
        }
        let record = self.record(file, photo_id, facts, renditions.placeholder)?;
        let record = PhotoRecord { not_for_print, width_px: frame_px.0, height_px: frame_px.1, ..record };
        let places = (place_of(&renditions.thumbnail), place_of(&renditions.proof));
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let mut stored = StoredPhoto::new(record, file.below.clone(), original.len() as u64, places, now_ms);
        edits.cloned().into_iter().for_each(|edits| stored.take_edits(edits));
        let (thumbnail, proof) = (renditions.thumbnail.jpeg, renditions.proof.jpeg);
        let photo = Box::new(NewPhoto { stored, original, thumbnail, proof });
        Ok(Prepared::Photo(ReadyPhoto { photo, problem, share }))
    }

    /// How a photo looks by the edits that it had.
    fn edited(&self, original: &[u8], edits: &Edits, share: &Share) -> Result<Renditions, String> {
        let _place = self.import.enlargers.take(Work::Import);
        let developed = share.within(|| darkroom::develop_with(original, &self.import.settings, edits.recipe()));
        developed.map_err(|error| format!("The edits that it had can't be made anew: {error}"))
    }

    /// What is said of a photo that the archive has had, where an XMP file may say it anew.
    fn described(&self, file: &Found, photo_id: PhotoId, share: &Share, original: &[u8]) -> Option<Box<PhotoRecord>> {
        if file.sidecar.is_none() || !self.stored.had(photo_id) {
            return None;
        }
        let facts = share.within(|| darkroom::read_facts(original)).ok()?;
        self.record(file, photo_id, with_words_beside(file, facts), Vec::new()).ok().map(Box::new)
    }

    fn record(
        &self,
        file: &Found,
        photo_id: PhotoId,
        facts: Facts,
        placeholder: Vec<u8>,
    ) -> Result<PhotoRecord, String> {
        let (folder, file_name) = file.below.rsplit_once('/').unwrap_or(("", &file.below));
        let first_folder = folder.split('/').next().filter(|folder| !folder.is_empty());
        let category = self.import.category.as_deref().or(first_folder).unwrap_or(NO_CATEGORY);
        let record = PhotoRecord {
            photo_id,
            file_name: cleaned(file_name),
            category: cleaned(category),
            captured: facts.captured_at(),
            camera: line(facts.camera().map(|camera| shown(&camera))),
            width_px: facts.width_px,
            height_px: facts.height_px,
            rating: facts.rating,
            captured_offset_minutes: facts.captured.and_then(|captured| captured.offset).and_then(whole_minutes),
            exposure: facts.exposure.line(),
            lens: line(facts.lens),
            author: line(facts.author),
            caption: facts.caption.map(|caption| fitting(&caption, CAPTION_BYTES_MAX)),
            keywords: facts.keywords.iter().take(KEYWORDS_MAX).map(|word| fitting(word, KEYWORD_BYTES_MAX)).collect(),
            placeholder: Some(ByteBuf::from(placeholder)),
            not_for_print: None,
        };
        record.checked().map_err(|error| error.to_string())
    }
}

/// Why a photo can be looked at and not printed, if so; also as a sentence.
fn not_for_print(facts: &Facts, renditions: &Renditions) -> Option<(NotForPrint, String)> {
    let damaged = renditions.damage.as_ref().map(|damage| (NotForPrint::Damaged, damage.to_string()));
    damaged.or_else(|| facts.print_source.refusal().map(|problem| (NotForPrint::SmallPreview, problem)))
}

/// A name of the darkroom's, whose bound is one of characters, in the protocol's bound of bytes.
fn line(text: Option<String>) -> Option<String> {
    text.map(|text| fitting(&text, NAME_BYTES_MAX))
}

fn fitting(text: &str, bytes_max: usize) -> String {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default().trim_end().to_owned()
}

fn whole_minutes(offset: Offset) -> Option<i16> {
    i16::try_from(offset.seconds() / 60).ok()
}

/// The facts with what an XMP file beside the photo says; one that can't be read takes no
/// photo with it.
fn with_words_beside(file: &Found, facts: Facts) -> Facts {
    let Some(sidecar) = &file.sidecar else { return facts };
    let mut packet = Vec::new();
    let read = std::fs::File::open(sidecar).and_then(|open| open.take(SIDECAR_BYTES_MAX).read_to_end(&mut packet));
    if let Err(error) = read {
        tracing::warn!(file = %sidecar.display(), %error, "a photo's XMP file can't be read");
    }
    darkroom::with_sidecar(facts, &packet)
}

/// Reads into an empty buffer that has room for the file.
pub(super) fn read_original(path: &Path, mut original: Vec<u8>) -> Result<Vec<u8>, String> {
    let open = std::fs::File::open(path).map_err(|error| format!("The file can't be read: {error}."))?;
    let mut bounded = open.take(ORIGINAL_BYTES_MAX + 1);
    bounded.read_to_end(&mut original).map_err(|error| format!("The file can't be read: {error}."))?;
    if original.len() as u64 > ORIGINAL_BYTES_MAX {
        let mib = ORIGINAL_BYTES_MAX / (1024 * 1024);
        return Err(format!("The file is larger than {mib} MiB, which no photograph is."));
    }
    if original.is_empty() {
        return Err("The file is empty.".into());
    }
    Ok(original)
}

/// Where the archive finds a rendition.
pub fn place_of(rendition: &Rendition) -> StoredRendition {
    StoredRendition {
        hash: ContentHash::of(&rendition.jpeg),
        bytes: rendition.jpeg.len() as u64,
        width_px: rendition.width_px,
        height_px: rendition.height_px,
    }
}
