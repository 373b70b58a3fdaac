//! `/enprint/replica/1`: a second home copies what the first has, originals range by range.
//!
//! - *Participants:* the second home asks, the first answers, and nobody else than a home
//!   that it paired. What it sent to labs, either tells the other; and what the first has
//!   lost of its events, the second gives back.
//! - *Goals:* equality by verified ranges; each is checked alone, on arrival, and a copy
//!   that broke off goes on with the first missing one (see [`crate::subtree`]).
//! - *Non-goals:* changes at the second home; orders, which go to each home by itself.

use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::access_code::AccessCode;
use crate::conversation::Conversation;
use crate::error::Refusal;
use crate::event::EventRecord;
use crate::ids::{ContentHash, EventId, JobId, OrderId, PhotoId};
use crate::limits;
use crate::range_bytes::RangeBytes;

/// The conversation.
#[derive(Debug, Clone, Copy)]
pub struct Follow;

impl Conversation for Follow {
    const NAME: &'static str = "/enprint/replica/1";
    type Request = ReplicaRequest;
    type Reply = ReplicaReply;
    const REQUEST_BYTES_MAX: usize = limits::SMALL_BYTES_MAX;
    const REPLY_BYTES_MAX: usize = limits::RANGE_REPLY_BYTES_MAX;
    const TIMEOUT: Duration = limits::RANGE_TIMEOUT;
    const CARRIES_FILES: bool = true;

    fn refusal(reply: &Self::Reply) -> Option<&Refusal> {
        if let ReplicaReply::Refused(refusal) = reply { Some(refusal) } else { None }
    }

    fn range(reply: &Self::Reply) -> Option<&RangeBytes> {
        if let ReplicaReply::Range(range) = reply { Some(range) } else { None }
    }

    fn of_range(range: RangeBytes) -> Option<Self::Reply> {
        Some(ReplicaReply::Range(range))
    }
}

/// What the second home asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicaRequest {
    /// Whether anything is other than at `mark`. Answered with the mark of now, at once if
    /// it is another; else when it is, or after [`limits::REPLICA_WAIT`].
    Wait {
        /// The mark of what was copied last; 0 before that.
        mark: u64,
        /// How far the copy is.
        copied: Copied,
    },
    /// What the photographer decided on hosts and labs.
    Business,
    /// The events, in the order of their ids.
    Events {
        /// Those behind this one.
        after: Option<EventId>,
    },
    /// What the photographer decided on one event.
    Event {
        /// Which.
        event_id: EventId,
    },
    /// An event's photos, in the order of their ids.
    Photos {
        /// Which event.
        event_id: EventId,
        /// Those behind this one.
        after: Option<PhotoId>,
    },
    /// The hashes of a file's 1 MiB subtrees.
    Subtrees(ReplicaFile),
    /// The bytes from `offset`: one whole range, or the file's last.
    Range {
        /// Of which file.
        file: ReplicaFile,
        /// A multiple of [`limits::RANGE_BYTES`].
        offset: u64,
    },
    /// What the other home sent to labs, or offered them, of an event's photos, in the order
    /// of jobs and files. Either home may ask the other; who does not know it refuses it.
    Sent {
        /// Which event.
        event_id: EventId,
        /// What is behind this file of a job.
        after: Option<(JobId, ContentHash)>,
    },
    /// What a host has of an event, and what was taken off there, in the order of the photos'
    /// ids. Asked of a home that told how much it is ([`ShownAt::photos`]).
    Shown {
        /// Which event.
        event_id: EventId,
        /// At which host.
        host: PeerId,
        /// Those behind this one.
        after: Option<PhotoId>,
    },
}

/// A file that a home copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReplicaFile {
    /// A photo's original or one of its renditions.
    Photo {
        /// Of which event.
        event_id: EventId,
        /// Of which photo.
        photo_id: PhotoId,
        /// The file.
        root: ContentHash,
    },
    /// How a lab wants its print files, as nodes keep it.
    Rules {
        /// Which lab.
        lab: PeerId,
        /// The rules' hash.
        root: ContentHash,
    },
    /// The mark over an event's proofs, as nodes keep it. Asked of a home that told it of one.
    Mark {
        /// Of which event.
        event_id: EventId,
        /// The mark's hash.
        root: ContentHash,
    },
}

impl ReplicaFile {
    /// The hash of the whole file.
    pub fn root(&self) -> ContentHash {
        match self {
            Self::Photo { root, .. } | Self::Rules { root, .. } | Self::Mark { root, .. } => *root,
        }
    }
}

/// How far a second home has come, for people at the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Photos that the first home has, as far as the second knows.
    pub photos: u64,
    /// Of these, photos whose original is here.
    pub here: u64,
    /// What stood in the way last, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What the first home answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicaReply {
    /// To [`ReplicaRequest::Wait`].
    Mark(u64),
    /// To [`ReplicaRequest::Business`].
    Business(Box<Business>),
    /// To [`ReplicaRequest::Events`]; at most [`limits::REPLICA_EVENTS_MAX`].
    Events {
        /// A page of them.
        events: Vec<EventMark>,
        /// Whether there are no more.
        is_last: bool,
    },
    /// To [`ReplicaRequest::Event`].
    Event(Box<EventState>),
    /// To [`ReplicaRequest::Photos`].
    Photos {
        /// A page of their records, each as nodes keep it, at most
        /// [`limits::REPLICA_PAGE_BYTES`] and one.
        photos: Vec<ByteBuf>,
        /// Whether there are no more.
        is_last: bool,
    },
    /// 32 bytes for each range, in order.
    Subtrees(ByteBuf),
    /// The range's bytes.
    Range(RangeBytes),
    /// Not so. A stranger, a home that was removed and a file that is not there look the same.
    Refused(Refusal),
    /// To [`ReplicaRequest::Sent`]; at most [`limits::REPLICA_SENT_MAX`].
    Sent {
        /// A page of it.
        files: Vec<SentFile>,
        /// Whether there is no more.
        is_last: bool,
    },
    /// To [`ReplicaRequest::Shown`]; at most [`limits::REPLICA_SHOWN_MAX`].
    Shown {
        /// A page of them.
        photos: Vec<ShownPhoto>,
        /// Whether there are no more.
        is_last: bool,
    },
}

impl From<Refusal> for ReplicaReply {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A print file that a home offered to a lab, and what of it has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFile {
    /// For which job.
    pub job_id: JobId,
    /// The file.
    pub root: ContentHash,
    /// Whose original it is, or was made from.
    pub photo_id: PhotoId,
    /// Its length.
    pub bytes: u64,
    /// For which order.
    pub order_id: OrderId,
    /// To which lab.
    pub lab: PeerId,
    /// How that lab is called there, or empty.
    pub lab_name: String,
    /// When it was offered, in milliseconds since 1970 UTC.
    pub offered_ms: i64,
    /// Whether that lab is still to print it.
    pub is_open: bool,
    /// When its first range left, in milliseconds since 1970 UTC.
    pub left_ms: Option<i64>,
    /// Bytes of it that were handed to the connection.
    pub sent_bytes: u64,
    /// When the lab's receipt came, in milliseconds since 1970 UTC.
    pub received_ms: Option<i64>,
    /// The receipt as the lab signed it: a [`crate::status::StatusRequest`].
    pub receipt: Option<ByteBuf>,
}

/// An event in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMark {
    /// Which.
    pub event_id: EventId,
    /// Another number as soon as anything of the event is other.
    pub mark: u64,
    /// How many photos it has.
    pub photos: u64,
}

/// What the photographer decided on an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventState {
    /// What customers are told.
    pub record: EventRecord,
    /// What lets them in.
    pub access_code: AccessCode,
    /// Where it is, or was, shown.
    pub shown_at: Vec<ShownAt>,
    /// The mark over its proofs: the hash and length of [`ReplicaFile::Mark`]. None where it has
    /// none, and from a home of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_mark: Option<(ContentHash, u64)>,
}

/// An event at one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAt {
    /// Which.
    pub host: PeerId,
    /// Where customers open the gallery, once it is published.
    pub gallery_url: Option<String>,
    /// Whether it is to be shown there now.
    pub is_chosen: bool,
    /// Since when it was, in milliseconds since 1970 UTC.
    pub since_ms: i64,
    /// How many photos were shown or taken off there; none from a home of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photos: Option<u64>,
}

/// A photo at a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPhoto {
    /// Which.
    pub photo_id: PhotoId,
    /// Since when it is to be off, in milliseconds since 1970 UTC; none where the host has it.
    pub withdrawn_ms: Option<i64>,
    /// Whether it was withdrawn by itself, and stays off when the event is published again.
    pub stays: bool,
}

/// What the photographer decided on hosts and labs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Business {
    /// The name that hosts and labs see.
    pub name: Option<String>,
    /// The hosts' processes, those that were left too: orders name them.
    pub hosts: Vec<HostFacts>,
    /// The labs that were chosen, or that want their print files in another way.
    pub labs: Vec<LabFacts>,
}

/// A process of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Who answers.
    pub peer_id: PeerId,
    /// The host's name.
    pub name: String,
    /// The key that signs its orders, in libp2p's protobuf encoding.
    pub key: ByteBuf,
    /// Where it may be.
    pub addresses: Vec<Multiaddr>,
    /// Where customers go.
    pub public_url: String,
    /// When the first home enrolled, in milliseconds since 1970 UTC.
    pub enrolled_ms: i64,
    /// Whether the first home takes part in it no longer.
    pub is_left: bool,
    /// The lab that prints what is ordered there.
    pub lab: Option<PeerId>,
}

/// A lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabFacts {
    /// Who.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Where it may be.
    pub addresses: Vec<Multiaddr>,
    /// The hosts that named it.
    pub hosts: Vec<PeerId>,
    /// How it wants its print files: the hash and length of [`ReplicaFile::Rules`].
    pub rules: Option<(ContentHash, u64)>,
}
