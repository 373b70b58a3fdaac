//! What a person can ask of a lab, and what it answers. Plain records: they cross the
//! control channel as JSON and are what `--json` prints.

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::peer::{PeerStatus, Reachability, RouterHelp};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

pub use super::hosts::HostSummary;
pub use crate::status::{Halted, WaitingMessage};

/// A command. Photographers are named by name, peer id or the beginning of one; jobs
/// by the order's number, the order's id or the job's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", deny_unknown_fields)]
pub enum LabCommand {
    /// Uses an invitation at a host.
    Enrol {
        /// Where the host is, with its peer id.
        host: Multiaddr,
        /// The code that the operator gave.
        invitation: InvitationCode,
    },
    /// Lists the hosts.
    Hosts,
    /// Says where a host is that has moved.
    HostAt {
        /// Its new address, with its peer id.
        host: Multiaddr,
    },
    /// Takes part in a host no longer.
    LeaveHost {
        /// Which.
        host: String,
    },
    /// How the lab is.
    Status,
    /// Lists photographers.
    Photographers,
    /// Takes jobs of a photographer from now on.
    Approve {
        /// Who. A whole peer id may be of one who has not been heard of yet.
        who: String,
    },
    /// Takes no more jobs of a photographer; those taken already go on.
    Revoke {
        /// Who.
        who: String,
    },
    /// Lists jobs, newest first.
    Jobs,
    /// A job is being printed. Also says that a problem is solved.
    Printing {
        /// Which.
        job: String,
    },
    /// A job is on its way.
    Shipped {
        /// Which.
        job: String,
        /// Who carries it, or empty.
        carrier: String,
        /// The tracking number, or empty.
        tracking: String,
    },
    /// Something is wrong with a job.
    Problem {
        /// Which.
        job: String,
        /// What, in a sentence that the customer reads.
        text: String,
    },
}

/// What the lab answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum LabAnswer {
    /// Of `Enrol`.
    Enrolled {
        /// The host's name.
        host: String,
        /// This lab.
        peer_id: PeerId,
    },
    /// Of `Hosts`, `HostAt` and `LeaveHost`.
    Hosts {
        /// The first enrolled first.
        hosts: Vec<HostSummary>,
    },
    /// Of `Status`.
    Status(Box<LabStatus>),
    /// Of `Photographers`, `Approve` and `Revoke`.
    Photographers {
        /// Those that wait for approval first.
        photographers: Vec<PhotographerSummary>,
    },
    /// Of `Jobs`.
    Jobs {
        /// Newest first.
        jobs: Vec<JobSummary>,
    },
    /// Of `Printing`, `Shipped` and `Problem`.
    Job(Box<JobSummary>),
}

/// A photographer in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotographerSummary {
    /// Who.
    pub peer_id: PeerId,
    /// Their name, as the host or they themselves say; empty if nobody has said one.
    pub name: String,
    /// `waiting`, `approved`, `revoked`, or `listed` by the host.
    pub standing: String,
    /// Whether they are connected now.
    pub connected: bool,
    /// By which way, in words, if connected.
    pub way: Option<String>,
}

/// A job in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSummary {
    /// Its id.
    pub job_id: String,
    /// The order's id.
    pub order_id: String,
    /// The order's number for people.
    pub number: String,
    /// The event's name.
    pub event: String,
    /// The photographer's name.
    pub photographer: String,
    /// When it was offered.
    pub offered_at: UnixMs,
    /// `receiving`, `received`, `printing`, `shipped`, `problem`, or `withdrawn` by the
    /// photographer.
    pub state: String,
    /// Prints in all.
    pub prints: u64,
    /// Print files.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// Bytes of those that are here: verified and durable. `file_bytes` when all are.
    pub here_bytes: u64,
    /// Verified bytes that crossed for this job, counted as they came; more than
    /// `file_bytes` if a range had to be fetched again.
    pub verified_bytes: u64,
    /// Bytes that crossed and were thrown away, corrupted or unasked for.
    pub discarded_bytes: u64,
    /// The name of its folder in the hot folder, once it is there.
    pub folder: Option<String>,
    /// What stands in the way and what to do, if anything does.
    pub hint: Option<String>,
    /// Each print file.
    pub print_files: Vec<FileSummary>,
}

/// A print file of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSummary {
    /// The photo it prints.
    pub photo_id: String,
    /// Its name at the photographer's.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Verified bytes of it that crossed for this job.
    pub verified_bytes: u64,
    /// Bytes of it that crossed and were thrown away.
    pub discarded_bytes: u64,
}

/// How the lab is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabStatus {
    /// This lab.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub addresses: Vec<Multiaddr>,
    /// The first host's name, once enrolled.
    pub host: Option<String>,
    /// Whether any host is connected now.
    pub host_connected: bool,
    /// All hosts.
    #[serde(default)]
    pub hosts: Vec<HostSummary>,
    /// Where finished orders appear.
    pub hot_folder: String,
    /// Photographers that wait for approval.
    pub photographers_waiting: u64,
    /// Jobs whose files are on their way.
    pub jobs_receiving: u64,
    /// Jobs that are here and not shipped yet.
    pub jobs_open: u64,
    /// Reports that wait for a photographer, with the last error.
    pub reports_waiting: Vec<WaitingMessage>,
    /// Bytes sent to other peers since the start, as the network sees them.
    pub wire_sent_bytes: u64,
    /// Bytes received from other peers since the start.
    pub wire_received_bytes: u64,
    /// Whether the lab runs; else this is what its data folder says.
    #[serde(default)]
    pub running: bool,
    /// The host and photographers, and who else is connected.
    #[serde(default)]
    pub peers: Vec<PeerStatus>,
    /// Whether this lab can be reached from outside, once a host has tried.
    #[serde(default)]
    pub reachability: Option<Reachability>,
    /// What the router did when it was asked to let callers in.
    #[serde(default)]
    pub router: Option<RouterHelp>,
    /// Jobs whose files are being fetched now.
    #[serde(default)]
    pub jobs_fetching: u64,
    /// Ranges of print files that are asked for and not here yet.
    #[serde(default)]
    pub ranges_fetching: u64,
    /// Jobs that do not come on, and why.
    #[serde(default)]
    pub halted: Vec<Halted>,
}
