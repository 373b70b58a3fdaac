//! What the archive stores about a photo beside its bytes: one versioned CBOR
//! record, which makes the photo visible and is written last.

use enprint_darkroom::Recipe;
use enprint_protocol::codec;
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::publish::PhotoRecord;
use serde::{Deserialize, Serialize};

use super::commands::PhotoFile;
use crate::error::NodeError;
use crate::limits::{EDITS_BYTES_MAX, PHOTO_RECORD_BYTES_MAX, RECIPES_REMEMBERED};

/// The version that this program writes, and the newest that it reads.
const VERSION: u8 = 1;

/// A photo as the archive keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPhoto {
    version: u8,
    /// What customers may see of it.
    pub record: PhotoRecord,
    /// Where the file lay below the imported folder, with `/` between folders.
    pub path: String,
    /// Length of the original in bytes.
    pub original_bytes: u64,
    /// For grids.
    pub thumbnail: StoredRendition,
    /// For looking at.
    pub proof: StoredRendition,
    /// When it was imported, in milliseconds since 1970.
    pub imported_ms: i64,
    /// Its edits.
    #[serde(default, skip_serializing_if = "Recipe::is_untouched")]
    pub recipe: Recipe,
    /// The recipes before this one, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Recipe>,
    /// How often its recipe became another: of two records of a photo, that of the greater
    /// number has the newer edits.
    #[serde(default, skip_serializing_if = "is_zero")]
    edit_count: u32,
}

/// A photo's edits, as a copy of them is kept beside the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    version: u8,
    #[serde(default, skip_serializing_if = "Recipe::is_untouched")]
    recipe: Recipe,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Recipe>,
    #[serde(default, skip_serializing_if = "is_zero")]
    edit_count: u32,
}

/// Where a rendition is, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRendition {
    /// Of its JPEG, under which the volume keeps it.
    pub hash: ContentHash,
    /// Length in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
}

impl StoredPhoto {
    /// A record of this program's version.
    pub fn new(
        record: PhotoRecord,
        path: String,
        original_bytes: u64,
        renditions: (StoredRendition, StoredRendition),
        imported_ms: i64,
    ) -> Self {
        let (thumbnail, proof) = renditions;
        Self {
            version: VERSION,
            record,
            path,
            original_bytes,
            thumbnail,
            proof,
            imported_ms,
            recipe: Recipe::default(),
            earlier: Vec::new(),
            edit_count: 0,
        }
    }

    /// Takes another recipe, and remembers this one.
    pub fn follow(&mut self, recipe: Recipe) {
        if recipe != self.recipe {
            if self.earlier.len() >= RECIPES_REMEMBERED {
                self.earlier.remove(0);
            }
            self.earlier.push(std::mem::replace(&mut self.recipe, recipe));
        }
    }

    /// Goes back to the recipe before, if there was one.
    pub fn undo(&mut self) {
        if let Some(recipe) = self.earlier.pop() {
            self.recipe = recipe;
        }
    }

    /// Counts a command that edited the photo, whose recipe was `before`.
    pub fn count_edit(&mut self, before: Recipe) {
        self.edit_count = self.edit_count.saturating_add(u32::from(self.recipe != before));
    }

    /// Its edits and those before.
    pub fn edits(&self) -> Edits {
        Edits { version: VERSION, recipe: self.recipe, earlier: self.earlier.clone(), edit_count: self.edit_count }
    }

    /// Takes the edits that it had; it has to be rendered by them.
    pub fn take_edits(&mut self, edits: Edits) {
        (self.recipe, self.earlier, self.edit_count) = (edits.recipe, edits.earlier, edits.edit_count);
    }

    /// Takes these edits, unless its own are newer. Whether it looks other by them, so that it has
    /// to be rendered.
    pub fn take_newer_edits(&mut self, edits: &Edits) -> bool {
        if self.edit_count > edits.edit_count {
            return false;
        }
        let looks_other = self.recipe != edits.recipe;
        self.take_edits(edits.clone());
        looks_other
    }

    /// Takes over what is said of the photo anew, but not how it looks and where it stands:
    /// that is its photographer's by now. Whether anything of it is other.
    pub fn describe(&mut self, said: PhotoRecord) -> bool {
        let now = &self.record;
        let described = PhotoRecord {
            photo_id: now.photo_id,
            file_name: now.file_name.clone(),
            category: now.category.clone(),
            width_px: now.width_px,
            height_px: now.height_px,
            placeholder: now.placeholder.clone(),
            not_for_print: now.not_for_print,
            ..said
        };
        let is_other = described != self.record;
        self.record = described;
        is_other
    }

    /// The photo.
    pub fn photo_id(&self) -> PhotoId {
        self.record.photo_id
    }

    /// Its original and its renditions.
    pub(super) fn files(&self) -> [ContentHash; 3] {
        [self.photo_id().0, self.thumbnail.hash, self.proof.hash]
    }

    /// As [`Self::files`], and what each is.
    pub(super) fn named_files(&self) -> impl Iterator<Item = (ContentHash, PhotoFile)> {
        let [original, thumbnail, proof] = self.files();
        let named = [(original, PhotoFile::Original), (thumbnail, PhotoFile::Thumbnail), (proof, PhotoFile::Proof)];
        named.into_iter()
    }

    /// How long one of its files is: its original or a rendition.
    pub(super) fn bytes_of(&self, root: ContentHash) -> Option<u64> {
        let files = [
            (self.photo_id().0, self.original_bytes),
            (self.thumbnail.hash, self.thumbnail.bytes),
            (self.proof.hash, self.proof.bytes),
        ];
        files.into_iter().find(|(hash, _)| *hash == root).map(|(_, bytes)| bytes)
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// When the record does not encode.
    pub fn encode(&self) -> Result<Vec<u8>, NodeError> {
        Ok(codec::encode(self)?)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// For bytes that are no such record, or that a newer program wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        let photo: Self = codec::decode(bytes, PHOTO_RECORD_BYTES_MAX)?;
        if photo.version == VERSION {
            return Ok(photo);
        }
        Err(NodeError::NotNow {
            problem: "A photo's record was written by a newer Enprint. Update this program.".into(),
        })
    }
}

impl Edits {
    /// Those of a photo that was never edited.
    pub fn none() -> Self {
        Self { version: VERSION, recipe: Recipe::default(), earlier: Vec::new(), edit_count: 0 }
    }

    /// What is done to the photo now.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// When they do not encode.
    pub fn encode(&self) -> Result<Vec<u8>, NodeError> {
        Ok(codec::encode(self)?)
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// For bytes that are no edits, or that a newer program wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, NodeError> {
        let edits: Self = codec::decode(bytes, EDITS_BYTES_MAX)?;
        if edits.version == VERSION {
            return Ok(edits);
        }
        Err(NodeError::NotNow {
            problem: "A photo's edits were written by a newer Enprint. Update this program.".into(),
        })
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}
