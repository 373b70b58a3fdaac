//! A gallery and its photos as customers see them.

use bytes::Bytes;
use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{ContentHash, PhotoId};
use enprint_protocol::publish::NotForPrint;
use enprint_protocol::time::UnixMs;

use crate::limits;

/// An event as its customers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gallery {
    /// What the photographer says of it, price list included.
    pub event: EventRecord,
    /// Photos in it.
    pub photos: u64,
    /// Each category that has photos, in the event's order, with how many.
    pub categories: Vec<(String, u64)>,
    /// When the photographer's node was last connected to this host.
    pub photographer_seen: Option<UnixMs>,
}

/// Which photos of a gallery. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoFilter {
    /// Those of this category only.
    pub category: Option<String>,
    /// Those whose file name contains this, whatever the case; at most
    /// [`limits::SEARCH_BYTES_MAX`], more is cut off. Blank means all.
    pub search: Option<String>,
}

/// Which page. Numbers start at 1; what is out of range is brought into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// From 1.
    pub number: u32,
    /// Photos on a page, 1 to [`limits::PAGE_PHOTOS_MAX`].
    pub size: u32,
}

impl PageRequest {
    /// The page of that number, of the usual size.
    pub fn number(number: u32) -> Self {
        Self { number, size: limits::PAGE_PHOTOS }
    }
}

/// One page of a gallery's photos, by capture time and then file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoPage {
    /// At most [`PageRequest::size`].
    pub photos: Vec<PhotoRow>,
    /// This page, from 1.
    pub number: u32,
    /// How many pages there are; at least 1.
    pub pages: u32,
    /// Photos on all pages.
    pub total: u64,
}

/// A photo's data, without its pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRow {
    /// The photo.
    pub photo_id: PhotoId,
    /// As the photographer's file is named.
    pub file_name: String,
    /// Its category.
    pub category: String,
    /// When it was taken, in the camera's own time, as `YYYY-MM-DDTHH:MM:SS`.
    pub captured: Option<String>,
    /// Make and model.
    pub camera: Option<String>,
    /// Of the original, upright, in pixels.
    pub width_px: u32,
    /// Of the original, upright, in pixels.
    pub height_px: u32,
    /// 0 to 5 stars.
    pub rating: Option<u8>,
    /// What camera and photographer wrote.
    pub words: PhotoWords,
    /// Why it can be looked at and not ordered.
    pub not_for_print: Option<NotForPrint>,
    /// For grids.
    pub thumbnail: RenditionSize,
    /// For looking at.
    pub proof: RenditionSize,
}

/// What is told of a photo beside its picture. Nothing of it for photos that were
/// published by a node which did not know it yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PhotoWords {
    /// How far the camera's clock was from UTC, in minutes.
    pub captured_offset_minutes: Option<i16>,
    /// The lens's model.
    pub lens: Option<String>,
    /// Such as `1/250 s · f/2.8 · ISO 400 · 50 mm`.
    pub exposure: Option<String>,
    /// Who took it.
    pub author: Option<String>,
    /// What it shows; may be of several lines.
    pub caption: Option<String>,
    /// In the photographer's order.
    pub keywords: Vec<String>,
    /// A ThumbHash, at most 32 bytes: what to paint while the thumbnail loads.
    pub placeholder: Option<Vec<u8>>,
}

/// What a page has to know of a picture before it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenditionSize {
    /// In pixels.
    pub width_px: u32,
    /// In pixels.
    pub height_px: u32,
    /// Length of the JPEG.
    pub bytes: u64,
    /// BLAKE3 of the JPEG: changes when the picture does, so it makes a good ETag and
    /// a good part of an immutable address.
    pub hash: ContentHash,
}

/// A photo among its neighbours in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoView {
    /// The photo.
    pub photo: PhotoRow,
    /// The one before it in the filter.
    pub previous: Option<PhotoId>,
    /// The one after it in the filter.
    pub next: Option<PhotoId>,
    /// Its place in the filter, from 1.
    pub position: u64,
    /// Photos in the filter.
    pub total: u64,
}

/// Which picture of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RenditionKind {
    /// For grids.
    Thumbnail,
    /// For looking at.
    Proof,
}

/// A picture as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The JPEG file; shared with the cache, never copied.
    pub jpeg: Bytes,
    /// Its BLAKE3.
    pub hash: ContentHash,
}
