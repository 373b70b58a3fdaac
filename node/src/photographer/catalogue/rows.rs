//! What the catalogue's verbs take and give.

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::event::EventRecord;
use enprint_protocol::ids::{EventId, JobId, OrderId, PhotoId};
use enprint_protocol::order::Order;
use enprint_protocol::print_job::PrintFile;
use enprint_protocol::status::Status;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId, PublicKey};

use crate::error::NodeError;
use crate::photographer::print_rules::PrintRules;
use crate::stored;

/// A host that this node has enrolled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRow {
    /// The process that the node enrolled with first; all else that belongs to the host
    /// names it.
    pub peer_id: PeerId,
    /// The host's name.
    pub name: String,
    /// What signs its orders.
    pub key: PublicKey,
    /// Where customers go.
    pub public_url: String,
    /// The lab that prints what is ordered there, if one was chosen.
    pub lab: Option<PeerId>,
    /// All of its processes that the node has enrolled with.
    pub processes: Vec<HostProcess>,
}

/// A process of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostProcess {
    /// Who answers.
    pub peer_id: PeerId,
    /// Where it was when the node enrolled, or as a person said later.
    pub enrolled_at: Vec<Multiaddr>,
    /// Where it said last that it can be reached.
    pub told: Vec<Multiaddr>,
}

impl HostRow {
    /// Whether `peer` is one of its processes.
    pub fn has(&self, peer: &PeerId) -> bool {
        self.processes.iter().any(|process| process.peer_id == *peer)
    }
}

impl HostProcess {
    /// Everywhere that it may be.
    pub fn addresses(&self) -> Vec<Multiaddr> {
        stored::joined([&self.enrolled_at, &self.told])
    }
}

/// A lab of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabRow {
    /// Who.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Where it said it can be reached, to any of its hosts.
    pub addresses: Vec<Multiaddr>,
    /// The hosts that named it.
    pub hosts: Vec<PeerId>,
    /// How it wants its print files.
    pub print_rules: PrintRules,
}

impl LabRow {
    /// Whether files that were made for `other` are those that this lab wants.
    pub(in crate::photographer) fn is_served_as(&self, other: &Self) -> bool {
        (self.peer_id, &self.print_rules) == (other.peer_id, &other.print_rules)
    }
}

/// An event with what this node knows of its gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// What customers are told.
    pub record: EventRecord,
    /// What lets them in.
    pub access_code: AccessCode,
    /// Where they open it, the first published first.
    pub shown_at: Vec<ShownAt>,
}

/// A gallery of an event at one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAt {
    /// Which.
    pub host: PeerId,
    /// Its name.
    pub name: String,
    /// Where customers open the gallery, once it is published.
    pub gallery_url: Option<String>,
    /// Photos that the host has.
    pub published: u64,
}

impl EventRow {
    /// An event that is not published.
    pub fn new(record: EventRecord, access_code: AccessCode) -> Self {
        Self { record, access_code, shown_at: Vec::new() }
    }
}

/// What the photographer decided on an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Will be printed once it is paid.
    Accepted,
    /// Waits for the photographer.
    Held,
    /// Will not be printed.
    Declined,
}

impl Decision {
    /// The word in the catalogue and in lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::Declined => "declined",
        }
    }

    /// The decision of that word; an unknown one is held, so that nothing is printed by mistake.
    pub(super) fn from_word(word: &str) -> Self {
        let all = [Self::Accepted, Self::Declined];
        all.into_iter().find(|decision| decision.word() == word).unwrap_or(Self::Held)
    }
}

/// An order with where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// As placed.
    pub order: Order,
    /// Where it was placed; none where that can't be found out any more.
    pub host: Option<PeerId>,
    /// What the photographer decided.
    pub decision: Decision,
    /// Why it was declined, or empty.
    pub reason: String,
    /// When it was paid.
    pub paid_ms: Option<i64>,
    /// Its print job, once there is one.
    pub job_id: Option<JobId>,
    /// The lab's name, once there is one.
    pub lab_name: Option<String>,
    /// `waiting`, `offered`, or the lab's last word.
    pub production: String,
    /// What stood in the way last.
    pub trouble: Option<Trouble>,
    /// Another home of the same photographer has it now.
    pub is_moved: bool,
}

/// What stands in an order's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// For the photographer to read.
    pub words: String,
    /// Whether it is over as soon as the order's photos are whole: one of them, or what was made
    /// of one, is damaged or lost on this disk.
    pub is_of_hurt: bool,
}

impl Trouble {
    const HURT: &str = "hurt";

    /// Trouble that the photos have no part in.
    pub(in crate::photographer) fn other(words: impl Into<String>) -> Self {
        Self { words: words.into(), is_of_hurt: false }
    }

    /// The word in the catalogue, which has none for other trouble.
    pub(super) fn kind(&self) -> Option<&'static str> {
        self.is_of_hurt.then_some(Self::HURT)
    }

    /// As the catalogue has it.
    pub(super) fn read(words: String, kind: Option<&str>) -> Self {
        Self { words, is_of_hurt: kind == Some(Self::HURT) }
    }
}

impl From<&NodeError> for Trouble {
    fn from(error: &NodeError) -> Self {
        Self { words: error.to_string(), is_of_hurt: error.is_of_hurt() }
    }
}

impl OrderRow {
    /// # Errors
    /// When another home has it: what is said of it there counts.
    pub(in crate::photographer) fn check_is_ours(&self) -> Result<(), NodeError> {
        if !self.is_moved {
            return Ok(());
        }
        Err(NodeError::NotNow { problem: "Another of your homes has this order now. Do it there.".into() })
    }

    /// What stands in its way, if a photo of it is damaged or lost.
    pub(in crate::photographer) fn hurt(&self) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|trouble| trouble.is_of_hurt)
    }

    /// How the order calls a photo.
    pub(in crate::photographer) fn name_of(&self, photo_id: PhotoId) -> String {
        let line = self.order.lines.iter().find(|line| line.photo_id == photo_id);
        line.map_or_else(|| photo_id.to_string(), |line| line.file_name.clone())
    }

    /// Whether the lab has the files.
    pub fn production_started(&self) -> bool {
        matches!(self.production.as_str(), "received" | "printing" | "shipped")
    }
}

/// An order to take in.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct NewOrder {
    pub(in crate::photographer) order: Order,
    pub(in crate::photographer) host: PeerId,
    /// The host's signed words, as they came.
    pub(in crate::photographer) signed: Vec<u8>,
    pub(in crate::photographer) decision: Decision,
}

/// An order that halts, with what its people read.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct HaltedOrder {
    pub(in crate::photographer) order: OrderRow,
    pub(in crate::photographer) trouble: Trouble,
    /// For its customer, unless that was said before.
    pub(in crate::photographer) word: Option<NotedStatus>,
}

/// A print job to offer.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct NewJob {
    pub(in crate::photographer) job_id: JobId,
    pub(in crate::photographer) order_id: OrderId,
    pub(in crate::photographer) event_id: EventId,
    pub(in crate::photographer) lab: PeerId,
    /// How often the job was withdrawn from that lab before.
    pub(in crate::photographer) withdrawn: u32,
    pub(in crate::photographer) files: Vec<JobFile>,
    /// The request to the lab, encoded.
    pub(in crate::photographer) payload: Vec<u8>,
    pub(in crate::photographer) at: UnixMs,
}

/// A print file with the hashes of its ranges.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct JobFile {
    pub(in crate::photographer) file: PrintFile,
    pub(in crate::photographer) subtrees: Vec<u8>,
}

/// A job that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::photographer) struct JobRow {
    pub(in crate::photographer) job_id: JobId,
    pub(in crate::photographer) order_id: OrderId,
    pub(in crate::photographer) lab: PeerId,
    /// Whether that lab is to print it; not so once the order went to another.
    pub(in crate::photographer) is_open: bool,
    /// How often it was withdrawn from that lab before it was offered as it is now.
    pub(in crate::photographer) withdrawn: u32,
}

/// A status with its signed words.
#[derive(Debug, Clone)]
pub(in crate::photographer) struct NotedStatus {
    pub(in crate::photographer) status: Status,
    pub(in crate::photographer) signer: PeerId,
    /// The request that passes it on, encoded.
    pub(in crate::photographer) payload: Vec<u8>,
}
