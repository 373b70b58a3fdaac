//! `/enprint/original/1`: the bytes of print files, range by range.
//!
//! - *Participants:* the lab asks, the photographer that offered the job answers.
//! - *Goals:* each range is checked alone, on arrival, before it is written; a
//!   resume starts at the first missing range (see [`crate::subtree`]).
//! - *Non-goals:* permission by token: the photographer's node answers only for
//!   files of a job that it offered to this very peer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::conversation::Conversation;
use crate::error::Refusal;
use crate::ids::{ContentHash, JobId};
use crate::limits;
use crate::range_bytes::RangeBytes;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct FetchOriginal;

impl Conversation for FetchOriginal {
    const NAME: &'static str = "/enprint/original/1";
    type Request = OriginalRequest;
    type Reply = OriginalReply;
    const REQUEST_BYTES_MAX: usize = limits::RANGE_REQUEST_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::RANGE_REPLY_BYTES_MAX;
    const TIMEOUT: Duration = limits::RANGE_TIMEOUT;
    const CARRIES_FILES: bool = true;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let OriginalReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }

    fn range(reply: &Self::Reply) -> Option<&RangeBytes> {
        if let OriginalReply::Range(range) = reply { Some(range) } else { None }
    }

    fn of_range(range: RangeBytes) -> Option<Self::Reply> {
        Some(OriginalReply::Range(range))
    }
}

/// What the lab says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OriginalRequest {
    /// The hashes of the file's 1 MiB subtrees.
    Subtrees {
        /// The job that permits it.
        job_id: JobId,
        /// Which file of its manifest.
        root: ContentHash,
    },
    /// The bytes from `offset`: one whole range, or the file's last.
    Range {
        /// The job that permits it.
        job_id: JobId,
        /// Which file of its manifest.
        root: ContentHash,
        /// A multiple of [`limits::RANGE_BYTES`].
        offset: u64,
    },
}

impl OriginalRequest {
    /// The file that is asked for, and the job that permits it.
    pub fn file(&self) -> (JobId, ContentHash) {
        match self {
            Self::Subtrees { job_id, root } | Self::Range { job_id, root, .. } => (*job_id, *root),
        }
    }
}

/// What the photographer's node answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum OriginalReply {
    /// 32 bytes for each range, in order.
    Subtrees(ByteBuf),
    /// The range's bytes.
    Range(RangeBytes),
    /// Not so. A stranger, a wrong job and a file that is not there look the same.
    Refused(Refusal),
}

impl From<Refusal> for OriginalReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
