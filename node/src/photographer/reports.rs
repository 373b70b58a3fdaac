//! What a node answers of photos: listed, imported, edited, published, exported, damaged. Plain
//! records.

use std::collections::HashSet;

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::ids::PhotoId;
use enprint_protocol::publish::NotForPrint;
use serde::{Deserialize, Serialize};

use super::host_answers::PublishedAt;
use super::proof_mark::ProofMark;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// The event's name.
    pub event: String,
    /// What publishing them meanwhile came to, if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Box<PublishReport>>,
    /// Other events, if this one was made now and its name is so like theirs that one of them
    /// may have been meant.
    #[serde(default)]
    pub alike: Vec<String>,
    /// What of the event's prices is other than before, in a few words each; orders that were
    /// placed keep theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_prices: Vec<String>,
    /// Photos that are new in the archive.
    pub imported: u64,
    /// Their originals' bytes.
    pub original_bytes: u64,
    /// Files that the archive had already, by path.
    pub duplicates: Vec<String>,
    /// Those of them of which the XMP files beside them said something new.
    #[serde(default)]
    pub described: Vec<PhotoId>,
    /// Files that the archive had, damaged, and has whole again, by path.
    #[serde(default)]
    pub repaired: Vec<String>,
    /// Photos of those imported that were here before, were lost, and have the edits again that
    /// they had.
    #[serde(default)]
    pub edits_given_back: u64,
    /// Whether photos of the event may have had edits that nobody knows any more.
    #[serde(default)]
    pub edits_unknown: bool,
    /// Photos of which every byte is here now, of those that were stored or looked at.
    #[serde(skip)]
    pub(super) whole: Vec<PhotoId>,
    /// Files that could not be read, with the reason.
    pub failed: Vec<FailedFile>,
    /// Photos of those imported that can be looked at and not printed, with the reason.
    pub not_for_print: Vec<FailedFile>,
    /// How proofs of this event are marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ProofMark>,
    /// Photos without a capture time.
    pub without_time: u64,
    /// Files that have the name of a damaged photo and other bytes: they are photos of their
    /// own, and the damaged ones stay damaged.
    #[serde(default)]
    pub others_than_damaged: Vec<String>,
    /// What of the event's lists is damaged, if anything is, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Which of its photos are lost or damaged.
    #[serde(flatten)]
    pub hurt: HurtPhotos,
    /// Whether all that can be done about it is done.
    #[serde(default)]
    pub trouble_mended: bool,
    /// Why the import ended before the last file, if it did. What is counted above is kept.
    pub stopped: Option<String>,
}

/// What an edit did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EditReport {
    /// The event's name.
    pub event: String,
    /// Photos that are others now.
    pub edited: u64,
    /// Photos that were that way already.
    pub unchanged: u64,
    /// Photos that could not be edited, with the reason; they are as they were.
    pub failed: Vec<FailedFile>,
    /// How proofs of this event are marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<ProofMark>,
    /// Photos of which a host has the new look; none when no host showed any of them.
    pub published: Option<u64>,
    /// What became of it at each host that showed some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<PublishedAt>,
    /// Why it ended before the last photo, if it did.
    pub stopped: Option<String>,
}

/// What an export did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportReport {
    /// The event's name.
    pub event: String,
    /// Originals that were written.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Originals that were in the folder already.
    #[serde(default)]
    pub there: u64,
    /// Files that have another name than their photos, since another file had that.
    #[serde(default)]
    pub renamed: Vec<String>,
    /// Originals that could not be read, with the reason.
    #[serde(default)]
    pub failed: Vec<FailedFile>,
    /// Why there may be photos that are not among them, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Which of the event's photos are lost, or were found damaged before.
    #[serde(flatten)]
    pub hurt: HurtPhotos,
    /// Why it ended before the last photo, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

/// A file that could not be imported, edited or exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedFile {
    /// Its path below the folder that was imported or exported to.
    pub name: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// Photos of an event that are not as they were imported, by file name as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HurtPhotos {
    /// Those that the event had and that can't be found any more.
    #[serde(default)]
    pub lost: Vec<String>,
    /// Those that were found damaged.
    #[serde(default)]
    pub damaged: Vec<String>,
}

/// An event of which a part can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedEvent {
    /// Its name.
    pub event: String,
    /// What is wrong, and what to do.
    pub problem: String,
    /// Which of its photos are lost or damaged.
    #[serde(flatten)]
    pub hurt: HurtPhotos,
}

/// A photo of which files are damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamagedPhoto {
    /// Its file name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Which of its files.
    pub files: Vec<PhotoFile>,
}

/// A file of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoFile {
    /// As it was imported.
    Original,
    /// The picture for grids.
    Thumbnail,
    /// The picture for looking at.
    Proof,
}

/// What a publish did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PublishReport {
    /// The event's name.
    pub event: String,
    /// Where customers open the gallery; at the first host that was reached.
    pub gallery_url: String,
    /// What lets them in.
    pub access_code: Option<AccessCode>,
    /// Photos that were chosen.
    pub chosen: u64,
    /// Photos that were withdrawn before and stay so.
    #[serde(default)]
    pub kept_off: u64,
    /// The prices that customers see, if they are those that nobody has set.
    #[serde(default)]
    pub usual_prices: Vec<String>,
    /// Photos that hosts needed and got, each counted once.
    pub sent: u64,
    /// Which.
    #[serde(skip)]
    pub(super) new_photos: HashSet<PhotoId>,
    /// Bytes of their thumbnails and proofs, to all hosts together.
    pub sent_bytes: u64,
    /// Bytes of the chosen photos' originals, which stay at home.
    pub kept_bytes: u64,
    /// A host could not be reached; the running node goes on by itself.
    pub queued: bool,
    /// What became of it at each host.
    #[serde(default)]
    pub hosts: Vec<PublishedAt>,
    /// Why the event may have more photos, or had more, to be chosen; none usually.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Which of its photos are lost or damaged.
    #[serde(flatten)]
    pub hurt: HurtPhotos,
}

/// A photo in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoSummary {
    /// Its id.
    pub photo_id: PhotoId,
    /// Its file name.
    pub file_name: String,
    /// Its category.
    pub category: String,
    /// When it was taken, by the camera's clock.
    pub captured: Option<jiff::civil::DateTime>,
    /// The camera.
    pub camera: Option<String>,
    /// Stars.
    pub rating: Option<u8>,
    /// Upright width in pixels.
    pub width_px: u32,
    /// Upright height in pixels.
    pub height_px: u32,
    /// Of the original.
    pub bytes: u64,
    /// Whether it is shown, or printed, otherwise than it was taken.
    #[serde(default)]
    pub edited: bool,
    /// The hosts that show it, as far as this node was told.
    #[serde(default)]
    pub shown_at: Vec<String>,
    /// The hosts from which it was withdrawn by itself, and stays so.
    #[serde(default)]
    pub withdrawn_from: Vec<String>,
    /// Why it can be looked at and not printed.
    #[serde(default)]
    pub not_for_print: Option<NotForPrint>,
}
