//! What a person can ask of a photographer's node, and what it answers. Plain
//! records: they cross the control channel as JSON and are what `--json` prints.

use std::path::PathBuf;

use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::money::Money;
use enprint_protocol::peer::{PeerStatus, Reachability, RouterHelp};
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

pub use super::custody_answers::{PhotoCustody, Transfer};
use super::edit::Edit;
pub use super::event_words::{EventDetails, EventSummary};
pub use super::homes::answers::{HomeInvitation, HomeSummary};
pub use super::host_answers::{EventAtHost, HostSummary, PublishedAt, TakenOffAt};
pub use super::order_words::OrderWord;
use super::print_rules::PrintRules;
use super::proof_mark::MarkDamage;
pub use super::reports::{
    DamagedEvent, DamagedPhoto, EditReport, ExportReport, FailedFile, HurtPhotos, ImportReport, PhotoFile,
    PhotoSummary, PublishReport,
};
use super::selection::Selection;
pub use crate::status::{Halted, WaitingMessage};

/// A command. Events, orders and labs are named by name, number, id or the
/// beginning of an id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command", deny_unknown_fields)]
pub enum PhotographerCommand {
    /// Uses an invitation at a host.
    Enrol {
        /// Where the host is, with its peer id.
        host: Multiaddr,
        /// The code that the operator gave.
        invitation: InvitationCode,
        /// The name that labs and the operator see.
        name: String,
    },
    /// Makes an event, or changes the details that are given.
    Event {
        /// Which.
        event: String,
        /// Its details.
        details: EventDetails,
    },
    /// Removes an event without orders that no host shows.
    RemoveEvent {
        /// Which.
        event: String,
        /// Also with originals that no other event has.
        with_originals: bool,
    },
    /// Lets an event do without the photos that it has lost.
    ForgetLost {
        /// Which.
        event: String,
        /// Also what a second home may have that could not give it now.
        #[serde(default)]
        anyway: bool,
    },
    /// Lists events.
    Events,
    /// Takes every photo below a folder into an event.
    Import {
        /// The folder.
        folder: PathBuf,
        /// Which event; made if it is not there.
        event: String,
        /// The photos' category; without it the folder's name below `folder`.
        category: Option<String>,
        /// Details of the event.
        details: EventDetails,
        /// Publishes photos as they come in.
        publish: bool,
        /// At which hosts; as of `Publish`.
        #[serde(default)]
        hosts: Vec<String>,
    },
    /// Lists an event's photos.
    Photos {
        /// Which event.
        event: String,
        /// Which photos.
        selection: Selection,
    },
    /// Edits chosen photos.
    Edit {
        /// Which event.
        event: String,
        /// Which photos.
        selection: Selection,
        /// What is done, in this order.
        edits: Vec<Edit>,
    },
    /// Sends chosen photos' proofs to hosts.
    Publish {
        /// Which event.
        event: String,
        /// Which photos.
        selection: Selection,
        /// At which hosts, from now on too; without any, where the event is shown, or at
        /// the only host.
        #[serde(default)]
        hosts: Vec<String>,
        /// Also those that were withdrawn and are not named.
        #[serde(default)]
        withdrawn: bool,
    },
    /// Takes photos, or the whole event, off hosts.
    Withdraw {
        /// Which event.
        event: String,
        /// Which photos; all of them takes the event off.
        selection: Selection,
        /// Off which hosts; without any, off all.
        #[serde(default)]
        hosts: Vec<String>,
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
        /// Also with galleries there, or orders that are not finished.
        anyway: bool,
    },
    /// Lists orders, newest first.
    Orders,
    /// Lets a held order go to the lab.
    Approve {
        /// Which.
        order: String,
    },
    /// Refuses an order that has not gone to a lab.
    Decline {
        /// Which.
        order: String,
        /// What the customer reads.
        reason: String,
    },
    /// The customer has paid.
    Paid {
        /// Which.
        order: String,
    },
    /// Offers an order's job again, to the lab that is set or the one named.
    Send {
        /// Which.
        order: String,
        /// Which lab.
        lab: Option<String>,
    },
    /// Lists the hosts' labs.
    Labs,
    /// Chooses the lab that prints.
    UseLab {
        /// Which.
        lab: String,
        /// For orders at which hosts; without any, at all hosts that it is enrolled at.
        #[serde(default)]
        hosts: Vec<String>,
        /// How it wants its print files from now on; without it, as before.
        #[serde(default)]
        rules: Option<PrintRules>,
    },
    /// Makes a code by which another node becomes this photographer's second home.
    InviteSecondHome,
    /// Becomes a second home: this node follows another from now on.
    JoinFirstHome {
        /// What “second-home invite” printed there.
        line: String,
        /// How this home is called.
        name: String,
    },
    /// Lists the homes beside this one.
    SecondHomes,
    /// A second home follows no longer.
    RemoveSecondHome {
        /// Which.
        home: String,
    },
    /// At a second home, takes over what another home has not finished.
    TakeOver {
        /// One order, by its number or id; without it, all.
        order: Option<String>,
    },
    /// Which originals have left, when, to whom, and what the labs say of it.
    Custody {
        /// Which event.
        event: String,
        /// Which photos.
        selection: Selection,
    },
    /// How the node is.
    Status,
    /// Reads every byte of an event's volumes and checks it.
    Verify {
        /// Which event.
        event: String,
    },
    /// Writes an event's originals to a folder as plain files.
    Export {
        /// Which event.
        event: String,
        /// The folder.
        folder: PathBuf,
    },
}

/// What the node answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum PhotographerAnswer {
    /// Of `Enrol`.
    Enrolled {
        /// The host's name.
        host: String,
        /// Where customers go.
        public_url: String,
        /// This node.
        peer_id: PeerId,
    },
    /// Of `Event`.
    Event(Box<EventSummary>),
    /// Of `Events`.
    Events {
        /// Newest first.
        events: Vec<EventSummary>,
    },
    /// Of `RemoveEvent`.
    Removed {
        /// The event's name.
        event: String,
        /// Photos that it had.
        photos: u64,
        /// Those of them that no other event here has.
        lost: u64,
        /// Whether a second home keeps its copy of it.
        at_second_home: bool,
    },
    /// Of `ForgetLost`.
    Forgotten {
        /// The event's name.
        event: String,
        /// The file names of the photos that it does without; one that nobody knows is empty.
        photos: Vec<String>,
        /// How many of them are taken off hosts that showed them.
        #[serde(default)]
        withdrawn: u64,
        /// The numbers of orders that can't be printed as they are without them.
        #[serde(default)]
        orders: Vec<String>,
        /// Whether a part of the lists of its photos was damaged, which is not said any more.
        #[serde(default)]
        lists_damaged: bool,
    },
    /// Of `Import`.
    Imported(ImportReport),
    /// Of `Photos`.
    Photos {
        /// In order of capture.
        photos: Vec<PhotoSummary>,
        /// Why there may be more, or were more; none usually.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<String>,
        /// Which are lost or damaged.
        #[serde(flatten)]
        hurt: HurtPhotos,
    },
    /// Of `Edit`.
    Edited(EditReport),
    /// Of `Publish`.
    Published(PublishReport),
    /// Of `Withdraw`.
    Withdrawn {
        /// Photos that hosts took off; at the one that took off most.
        photos: u64,
        /// A host could not be reached; it is told as soon as it can be.
        queued: bool,
        /// What became of it at each host.
        #[serde(default)]
        hosts: Vec<TakenOffAt>,
    },
    /// Of `Orders`.
    Orders {
        /// Newest first.
        orders: Vec<OrderSummary>,
    },
    /// Of `Approve`, `Decline`, `Paid` and `Send`.
    Order(Box<OrderSummary>),
    /// Of `Labs` and `UseLab`.
    Labs {
        /// By name.
        labs: Vec<LabSummary>,
    },
    /// Of `Hosts`, `HostAt` and `LeaveHost`.
    Hosts {
        /// The first enrolled first.
        hosts: Vec<HostSummary>,
    },
    /// Of `InviteSecondHome`.
    SecondHomeInvited(HomeInvitation),
    /// Of `JoinFirstHome`, `SecondHomes` and `RemoveSecondHome`.
    SecondHomes {
        /// The first paired first.
        homes: Vec<HomeSummary>,
    },
    /// Of `TakeOver`.
    TakenOver {
        /// Orders that come here now.
        orders: u32,
    },
    /// Of `Status`.
    Status(Box<NodeStatus>),
    /// Of `Custody`.
    Custody {
        /// In order of capture.
        photos: Vec<PhotoCustody>,
        /// Other homes that could not be asked just now: they may have sent more.
        #[serde(default)]
        unasked: Vec<String>,
        /// Why the event may have more photos, or had more; none usually.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<String>,
        /// Which are lost or damaged.
        #[serde(flatten)]
        hurt: HurtPhotos,
    },
    /// Of `Verify`.
    Verified {
        /// The event's name.
        #[serde(default)]
        event: String,
        /// Originals and renditions that were read.
        blobs: u64,
        /// Their bytes.
        bytes: u64,
        /// File names of photos that are damaged.
        damaged: Vec<String>,
        /// Which files of them.
        #[serde(default)]
        damaged_files: Vec<DamagedPhoto>,
        /// File names of photos that the event had and that can't be found any more.
        #[serde(default)]
        lost: Vec<String>,
        /// Of those that were, or were lost, and were fetched from another home.
        #[serde(default)]
        repaired: Vec<String>,
        /// Why there may be photos that could not be looked at, and what to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<String>,
        /// What became of the event's mark, if the disk had damaged it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        damaged_mark: Option<MarkDamage>,
    },
    /// Of `Export`.
    Exported(ExportReport),
}

/// An order in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderSummary {
    /// Its id.
    pub order_id: String,
    /// Its number for people.
    pub number: String,
    /// The event's name.
    pub event: String,
    /// The name of the host where it was placed.
    #[serde(default)]
    pub host: Option<String>,
    /// When it was placed.
    pub placed_at: UnixMs,
    /// Who ordered.
    pub customer: String,
    /// Their e-mail address.
    pub email: String,
    /// Prints in all.
    pub prints: u32,
    /// What it comes to.
    pub total: Money,
    /// Held, accepted or declined.
    pub decision: String,
    /// Whether it is paid.
    pub paid: bool,
    /// Where the job is: `waiting`, `offered`, `received`, `printing`, `shipped`, `problem`.
    pub production: String,
    /// The lab, once there is one.
    pub lab: Option<String>,
    /// What was said of it, as it came.
    #[serde(default)]
    pub said: Vec<OrderWord>,
    /// What stands in the way and what to do, if anything does.
    pub hint: Option<String>,
}

/// A lab in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabSummary {
    /// Its peer id.
    pub peer_id: PeerId,
    /// Its name.
    pub name: String,
    /// Whether it prints what is ordered at any host.
    pub chosen: bool,
    /// The hosts that it is enrolled at.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The hosts whose orders it prints.
    #[serde(default)]
    pub prints_for: Vec<String>,
    /// Whether it is connected now.
    pub connected: bool,
    /// How it wants its print files, in a few words.
    pub print_files: String,
    /// By which way, in words, if connected.
    pub way: Option<String>,
}

/// How the node is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// This node.
    pub peer_id: PeerId,
    /// Where it listens.
    pub addresses: Vec<Multiaddr>,
    /// The first host's name, once enrolled.
    pub host: Option<String>,
    /// Whether any host is connected now.
    pub host_connected: bool,
    /// All hosts.
    #[serde(default)]
    pub hosts: Vec<HostSummary>,
    /// Events in the archive.
    pub events: u64,
    /// Photos in the archive, as far as they can be read.
    pub photos: u64,
    /// Events of which a part can't be read.
    #[serde(default)]
    pub damaged: Vec<DamagedEvent>,
    /// Orders that are not finished.
    pub open_orders: u64,
    /// Messages that wait for another peer, with the last error.
    pub waiting: Vec<WaitingMessage>,
    /// Bytes sent to other peers since the start, as the network sees them.
    pub wire_sent_bytes: u64,
    /// Bytes received from other peers since the start.
    pub wire_received_bytes: u64,
    /// Whether the node runs; else this is what its data folder says.
    #[serde(default)]
    pub running: bool,
    /// Hosts and labs, and who else is connected.
    #[serde(default)]
    pub peers: Vec<PeerStatus>,
    /// Whether this node can be reached from outside, once a host has tried.
    #[serde(default)]
    pub reachability: Option<Reachability>,
    /// What the router did when it was asked to let callers in.
    #[serde(default)]
    pub router: Option<RouterHelp>,
    /// Ranges of print files on their way to labs now.
    #[serde(default)]
    pub ranges_sending: u64,
    /// Why print files do not leave now though labs want them: it is outside the upload
    /// hours.
    #[serde(default)]
    pub files_wait: Option<String>,
    /// What is laid over proofs that are made now, in words.
    #[serde(default)]
    pub mark: Option<String>,
    /// Orders that do not come on, and why; the newest, where they are many.
    #[serde(default)]
    pub halted: Vec<Halted>,
    /// How many do not.
    #[serde(default)]
    pub orders_halted: u64,
    /// The photographer's homes beside this one.
    #[serde(default)]
    pub homes: Vec<HomeSummary>,
}
