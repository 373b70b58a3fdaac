//! `/enprint/publish/1`: proofs go to the host, originals stay.
//!
//! - *Participants:* a photographer asks, the host answers.
//! - *Goals:* a broken publish resumes and a repeated one sends nothing: the
//!   photographer names what it wants published, the host says what it still
//!   needs, batches carry only that.
//! - *Non-goals:* originals; the host refuses pictures above proof size.

use std::time::Duration;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::access_code::AccessCode;
use crate::codec;
use crate::conversation::Conversation;
use crate::error::{ProtocolError, Refusal};
use crate::event::EventRecord;
use crate::ids::{ContentHash, EventId, PhotoId};
use crate::limits;
use crate::text;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Publish;

impl Conversation for Publish {
    const NAME: &'static str = "/enprint/publish/1";
    type Request = PublishRequest;
    type Reply = PublishReply;
    const REQUEST_BYTES_MAX: usize = limits::PUBLISH_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::CONTROL_BYTES_MAX;
    const TIMEOUT: Duration = limits::PUBLISH_TIMEOUT;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let PublishReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }
}

/// What a photographer says. Every request may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublishRequest {
    /// The event's data and the code that opens its gallery; makes or replaces them.
    Event {
        /// The data.
        event: Box<EventRecord>,
        /// The host keeps only its keyed hash.
        access_code: AccessCode,
    },
    /// Which of these does the host still need?
    Offer {
        /// Of which event.
        event_id: EventId,
        /// At most [`limits::PHOTOS_NAMED_MAX`].
        photos: Vec<Revision>,
    },
    /// Photos with their renditions, stored in one transaction.
    Batch {
        /// Of which event.
        event_id: EventId,
        /// At most [`limits::PUBLISH_BATCH_PHOTOS_MAX`], and
        /// [`limits::PUBLISH_BATCH_BYTES`] in all.
        photos: Vec<PublishedPhoto>,
    },
    /// Takes these photos off the host again.
    Withdraw {
        /// Of which event.
        event_id: EventId,
        /// At most [`limits::PHOTOS_NAMED_MAX`].
        photos: Vec<PhotoId>,
    },
    /// Takes the event with all its photos off the host again. Orders stay.
    WithdrawEvent {
        /// Which.
        event_id: EventId,
    },
}

/// What the host answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublishReply {
    /// The event's data is stored.
    EventStored {
        /// Where customers open the gallery.
        gallery_url: String,
    },
    /// Of an offer: what the host has not, or has in another revision.
    Needs {
        /// In the order of the offer.
        photos: Vec<PhotoId>,
    },
    /// Of a batch: all of it is stored.
    Stored,
    /// Of a withdrawal: none of it is served any more.
    Withdrawn {
        /// How many photos this request took off.
        photos: u64,
    },
    /// Not so.
    Refused(Refusal),
}

impl From<Refusal> for PublishReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A photo in one state of its data and renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The photo.
    pub photo_id: PhotoId,
    /// [`PublishedPhoto::revision`].
    pub revision: ContentHash,
}

/// A photo's data as customers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoRecord {
    /// The photo.
    pub photo_id: PhotoId,
    /// The original's file name, without its folder.
    pub file_name: String,
    /// Which part of the event; one of [`EventRecord::categories`].
    pub category: String,
    /// When the camera says it was taken, in the camera's own time.
    pub captured: Option<DateTime>,
    /// Make and model.
    pub camera: Option<String>,
    /// Of the original, turned upright.
    pub width_px: u32,
    /// Of the original, turned upright.
    pub height_px: u32,
    /// 0 to 5 stars, where given.
    pub rating: Option<u8>,
    // What follows came later, and is left out where it is not known: a record without
    // it has the bytes, and so the revision, that it always had.
    /// How far the camera's clock was from UTC, in minutes; at most
    /// [`limits::CLOCK_OFFSET_MINUTES_MAX`] either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured_offset_minutes: Option<i16>,
    /// The lens's model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lens: Option<String>,
    /// Such as `1/250 s · f/2.8 · ISO 400 · 50 mm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<String>,
    /// Who took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What it shows; may be of several lines. At most [`limits::CAPTION_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// At most [`limits::KEYWORDS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// A ThumbHash: what a page paints while the thumbnail loads. At most
    /// [`limits::PLACEHOLDER_BYTES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<ByteBuf>,
    /// Why it can be looked at and not printed; none where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_for_print: Option<NotForPrint>,
}

/// Why a photo can be looked at and not printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotForPrint {
    /// Parts of the picture are missing from the original.
    Damaged,
    /// The original is a RAW file, of which a small preview is all that can be shown.
    SmallPreview,
}

impl NotForPrint {
    /// The word in files, forms and databases.
    pub fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::SmallPreview => "small-preview",
        }
    }

    /// The reason of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Damaged, Self::SmallPreview].into_iter().find(|reason| reason.word() == word)
    }
}

/// A photo with its renditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPhoto {
    /// Its data.
    pub record: PhotoRecord,
    /// For grids.
    pub thumbnail: Picture,
    /// For looking at.
    pub proof: Picture,
}

/// A rendition: a JPEG with its size, which the reader checks against the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// The JPEG file.
    pub jpeg: ByteBuf,
}

impl PhotoRecord {
    /// The record with its texts trimmed, if it keeps every rule.
    ///
    /// # Errors
    /// Names the field that breaks a rule.
    pub fn checked(mut self) -> Result<Self, ProtocolError> {
        let name = text::required("A file name", &self.file_name, limits::FILE_NAME_BYTES_MAX, false)?;
        if name.contains(['/', '\\']) {
            return Err(bad("A file name", "has a folder in it"));
        }
        self.file_name = name;
        self.category = text::required("A category", &self.category, limits::NAME_BYTES_MAX, false)?;
        self.camera = line("A camera", self.camera)?;
        self.lens = line("A lens", self.lens)?;
        self.exposure = line("An exposure", self.exposure)?;
        self.author = line("An author", self.author)?;
        let caption = text::optional("A caption", &self.caption.unwrap_or_default(), limits::CAPTION_BYTES_MAX, true)?;
        self.caption = Some(caption).filter(|caption| !caption.is_empty());
        self.keywords = checked_keywords(&self.keywords)?;
        self.placeholder = checked_placeholder(self.placeholder)?;
        if self
            .captured_offset_minutes
            .is_some_and(|minutes| minutes.unsigned_abs() > limits::CLOCK_OFFSET_MINUTES_MAX.unsigned_abs())
        {
            return Err(bad("A clock's distance from UTC", "is more than 14 hours"));
        }
        if self.rating.is_some_and(|rating| rating > 5) {
            return Err(bad("A rating", "is not 0 to 5 stars"));
        }
        if self.width_px == 0 || self.height_px == 0 {
            return Err(bad("A photo's size", "is nothing"));
        }
        Ok(self)
    }
}

/// One line of text; none where it is blank.
fn line(field: &'static str, text: Option<String>) -> Result<Option<String>, ProtocolError> {
    let text = text::optional(field, &text.unwrap_or_default(), limits::NAME_BYTES_MAX, false)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn checked_keywords(keywords: &[String]) -> Result<Vec<String>, ProtocolError> {
    if keywords.len() > limits::KEYWORDS_MAX {
        let (given, max) = (keywords.len() as u64, limits::KEYWORDS_MAX as u64);
        return Err(ProtocolError::TooMany { what: "Keywords of a photo", given, max });
    }
    keywords.iter().map(|word| text::required("A keyword", word, limits::KEYWORD_BYTES_MAX, false)).collect()
}

fn checked_placeholder(placeholder: Option<ByteBuf>) -> Result<Option<ByteBuf>, ProtocolError> {
    match placeholder {
        Some(bytes) if bytes.len() > limits::PLACEHOLDER_BYTES_MAX => {
            let (given, max) = (bytes.len() as u64, limits::PLACEHOLDER_BYTES_MAX as u64);
            Err(ProtocolError::TooMany { what: "Bytes of a placeholder", given, max })
        }
        placeholder => Ok(placeholder.filter(|bytes| !bytes.is_empty())),
    }
}

impl PublishedPhoto {
    /// Names this state of data and renditions: changes when any of it does.
    ///
    /// # Errors
    /// [`ProtocolError::Unwritable`].
    pub fn revision(&self) -> Result<ContentHash, ProtocolError> {
        let thumbnail = ContentHash::of(&self.thumbnail.jpeg);
        let proof = ContentHash::of(&self.proof.jpeg);
        revision_of(&self.record, &thumbnail, &proof)
    }

    /// The photo, if its data and pictures keep every rule: above all, neither
    /// picture is larger than a proof may be.
    ///
    /// # Errors
    /// Names what breaks a rule.
    pub fn checked(mut self) -> Result<Self, ProtocolError> {
        self.record = self.record.checked()?;
        self.thumbnail.check("A thumbnail", limits::THUMBNAIL_BYTES_MAX)?;
        self.proof.check("A proof", limits::PROOF_BYTES_MAX)?;
        Ok(self)
    }
}

/// [`PublishedPhoto::revision`] for a sender that has only the pictures' hashes at hand.
///
/// # Errors
/// [`ProtocolError::Unwritable`].
pub fn revision_of(
    record: &PhotoRecord,
    thumbnail: &ContentHash,
    proof: &ContentHash,
) -> Result<ContentHash, ProtocolError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(thumbnail.as_bytes()).update(proof.as_bytes());
    hasher.update(&codec::encode(record)?);
    Ok(hasher.finalize().into())
}

impl Picture {
    fn check(&self, field: &'static str, bytes_max: usize) -> Result<(), ProtocolError> {
        if self.jpeg.len() > bytes_max {
            let (given, max) = (self.jpeg.len() as u64, bytes_max as u64);
            return Err(ProtocolError::TooMany { what: "Bytes of a picture", given, max });
        }
        let (width_px, height_px) = jpeg_size(&self.jpeg).ok_or_else(|| bad(field, "is not a JPEG picture"))?;
        if (width_px, height_px) != (self.width_px, self.height_px) {
            return Err(bad(field, "has another size than it says"));
        }
        if width_px.max(height_px) > limits::PROOF_EDGE_PX_MAX {
            return Err(bad(field, "is larger than a proof may be; an original is never published"));
        }
        Ok(())
    }
}

/// Width and height from a JPEG's frame header, if the bytes begin as a JPEG does.
pub fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.get(..2)? != [0xff, 0xd8] {
        return None;
    }
    let mut at = 2;
    loop {
        let [marker_start, marker] = *bytes.get(at..at + 2)?.as_array::<2>()?;
        if marker_start != 0xff {
            return None;
        }
        if marker == 0xff {
            at += 1;
            continue;
        }
        let length = usize::from(be16(bytes, at + 2)?);
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let (height, width) = (be16(bytes, at + 5)?, be16(bytes, at + 7)?);
            return (width > 0 && height > 0).then(|| (width.into(), height.into()));
        }
        if length < 2 || marker == 0xda {
            return None;
        }
        at += 2 + length;
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}

fn bad(field: &'static str, problem: &str) -> ProtocolError {
    ProtocolError::BadText { field, problem: problem.into() }
}
