//! What a photographer's node is told when it starts. Reads no file: `enprint`
//! fills it from file, environment and flags, in that order.

use std::path::PathBuf;

use enprint_darkroom::{Mark, MarkPlace, Watermark};
use enprint_protocol::Multiaddr;
use enprint_protocol::peer::PeerReach;

use super::upload::{UploadHours, UploadLimit};

/// How a node runs.
#[derive(Debug, Clone)]
pub struct PhotographerConfig {
    /// Where originals, catalogue and key are kept.
    pub data_dir: PathBuf,
    /// Where other peers reach this node; port 0 takes a free one.
    pub listen: Vec<Multiaddr>,
    /// How it finds others behind routers and on the local network.
    pub reach: PeerReach,
    /// Orders wait for the photographer's approval before they go to a lab.
    pub approve: bool,
    /// Photos developed at once; 0 takes one for each processor.
    pub workers: usize,
    /// Free bytes that an import always leaves on the disk.
    pub reserve_bytes: u64,
    /// Bytes set aside to get out of a full disk.
    pub ballast_bytes: u64,
    /// What is laid over proofs, if anything.
    pub watermark: Option<Watermark>,
    /// How fast originals and proofs leave, if not as fast as they can.
    pub upload_limit: Option<UploadLimit>,
    /// When originals go to labs, if not at any time.
    pub upload_hours: Option<UploadHours>,
}

impl PhotographerConfig {
    /// The defaults, with data in `data_dir`.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            listen: Vec::new(),
            reach: PeerReach::default(),
            approve: false,
            workers: 0,
            reserve_bytes: crate::limits::DISK_RESERVE_BYTES,
            ballast_bytes: crate::limits::BALLAST_BYTES,
            watermark: None,
            upload_limit: None,
            upload_hours: None,
        }
    }

    /// What is laid over proofs, in words that tell it from any other mark.
    pub fn mark_words(&self) -> Option<String> {
        self.watermark.as_ref().map(mark_words)
    }
}

/// A mark in words that tell it from any other.
pub(super) fn mark_words(mark: &Watermark) -> String {
    let what = match &mark.mark {
        Mark::Text(text) => format!("“{text}”"),
        Mark::Logo(png) => format!("a logo ({}…)", blake3::hash(png).to_hex().get(..8).unwrap_or_default()),
    };
    let size = mark.size_percent.map(|percent| format!(", {percent} % long")).unwrap_or_default();
    format!("{what} {}{size}, {} % opaque", place_words(mark.place), mark.opacity_percent)
}

fn place_words(place: MarkPlace) -> &'static str {
    match place {
        MarkPlace::Tiled => "all over",
        MarkPlace::TopLeft => "top left",
        MarkPlace::Top => "at the top",
        MarkPlace::TopRight => "top right",
        MarkPlace::Left => "at the left",
        MarkPlace::Middle => "in the middle",
        MarkPlace::Right => "at the right",
        MarkPlace::BottomLeft => "bottom left",
        MarkPlace::Bottom => "at the bottom",
        MarkPlace::BottomRight => "bottom right",
    }
}
