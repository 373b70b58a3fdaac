//! `enprint photographer`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use enprint_node::photographer::selection::Selection;
use enprint_node::photographer::upload::{UploadHours, UploadLimit};
use enprint_protocol::Multiaddr;
use enprint_protocol::access_code::InvitationCode;

use super::addresses::{host_address, metrics_address, number, own_address};
use super::details::DetailArgs;
use super::edits::EditArgs;
use super::print_rules::PrintRulesArgs;
use super::watermark::WatermarkOptions;
use crate::limits::{RESERVE_MB_MAX, WORKERS_MAX};

/// `enprint photographer …`
#[derive(Debug, Args)]
pub struct PhotographerArgs {
    #[command(flatten)]
    pub options: PhotographerOptions,
    #[command(subcommand)]
    pub command: Option<PhotographerVerb>,
}

/// Options of the node and all its commands.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the node runs")]
pub struct PhotographerOptions {
    /// Where originals, catalogue and key are kept
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where this node listens for labs [default: port 4041 on TCP and UDP, IPv4 and IPv6]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_LISTEN", value_name = "MULTIADDR", value_delimiter = ',', value_parser = own_address)]
    pub listen: Vec<Multiaddr>,
    /// Neither looks for peers on the local network nor is found there
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_NO_MDNS", value_parser = BoolishValueParser::new())]
    pub no_mdns: bool,
    /// Does not ask the router to let callers in
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_NO_PORT_MAPPING", value_parser = BoolishValueParser::new())]
    pub no_port_mapping: bool,
    /// Leaves TCP the system's usual congestion control, to measure what systems without a
    /// choice get
    #[arg(long, global = true, env = "ENPRINT_USUAL_TCP", hide = true, value_parser = BoolishValueParser::new())]
    pub usual_tcp: bool,
    /// Holds each order until it is approved
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_APPROVE", value_parser = BoolishValueParser::new())]
    pub approve: bool,
    /// Photos developed at once [default: one for each processor]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WORKERS", value_name = "N", value_parser = number(0_usize, WORKERS_MAX))]
    pub workers: Option<usize>,
    /// Megabytes that stay free on the disk [default: 2048]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_RESERVE_MB", value_name = "MB", value_parser = number(0_u64, RESERVE_MB_MAX))]
    pub reserve_mb: Option<u64>,
    /// How fast originals and proofs leave at most, copies to a home in your own network aside, as in "5 Mbit/s" or "600 kB/s" [default: as fast as they can]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_UPLOAD_LIMIT", value_name = "SPEED")]
    pub upload_limit: Option<UploadLimit>,
    /// When originals go to labs, and to a home outside your own network, by this machine's clock, as in 22:00-07:00 [default: at any time]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_UPLOAD_HOURS", value_name = "FROM-TO")]
    pub upload_hours: Option<UploadHours>,
    /// Figures for a monitoring program at http://ADDRESS:PORT/metrics, in Prometheus's text; for
    /// this machine alone [default: nowhere]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_METRICS", value_name = "ADDRESS:PORT", value_parser = metrics_address)]
    pub metrics: Option<SocketAddr>,
    #[command(flatten)]
    pub watermark: WatermarkOptions,
}

/// What a photographer can do beside running the node.
#[derive(Debug, Subcommand)]
pub enum PhotographerVerb {
    /// Runs the node until Ctrl-C; the same as no command
    Run,
    /// Uses an invitation at a host
    Enrol {
        /// Where the host is: /ip4/…/tcp/…/p2p/…
        #[arg(value_parser = host_address)]
        host: Multiaddr,
        /// The code that the host's operator gave
        #[arg(long)]
        code: InvitationCode,
        /// The name that labs and the operator see
        #[arg(long)]
        name: String,
    },
    /// Makes an event, or changes its details; the hosts that show it are told
    Event {
        /// The event's name or id
        event: String,
        /// How it is called from now on
        #[arg(long, value_name = "NEW NAME")]
        rename: Option<String>,
        /// Its proofs have no mark from now on; --watermark or --watermark-logo give it one of its own
        #[arg(long)]
        no_watermark: bool,
        #[command(flatten)]
        details: DetailArgs,
    },
    /// Removes an event that was made by mistake: one without orders that no host shows
    RemoveEvent {
        /// The event's name or id
        event: String,
        /// Also with originals that no other event here has; they are deleted
        #[arg(long)]
        with_originals: bool,
    },
    /// Lets an event do without photos that it has lost for good: nobody misses them any more; an
    /// import of their files takes them in again
    ForgetLost {
        /// The event's name or id
        event: String,
        /// Also what a second home may have that could not give it now
        #[arg(long)]
        anyway: bool,
    },
    /// Lists events with their access codes
    Events,
    /// Takes every photo below a folder into an event, originals byte for byte
    Import {
        /// The folder
        folder: PathBuf,
        /// The event's name or id; made if it is not there
        #[arg(long)]
        event: String,
        /// The photos' category [default: the name of each photo's folder]
        #[arg(long)]
        category: Option<String>,
        /// Publishes photos as they come in
        #[arg(long)]
        publish: bool,
        /// At which host, if there are several; may be repeated
        #[arg(long = "host", value_name = "NAME", requires = "publish")]
        hosts: Vec<String>,
        #[command(flatten)]
        details: DetailArgs,
    },
    /// Lists an event's photos
    Photos {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Turns, straightens or crops chosen photos; the originals stay as they are
    Edit {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
        /// All photos of the event
        #[arg(long, conflicts_with_all = ["category", "rating", "file_names"])]
        all: bool,
        #[command(flatten)]
        edits: EditArgs,
    },
    /// Sends chosen photos' thumbnails and proofs to the event's hosts
    Publish {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
        /// Also photos that were withdrawn by themselves; without it they stay withdrawn, unless --file
        /// names them
        #[arg(long)]
        withdrawn: bool,
        /// Shows the event at this host too, from now on; may be repeated [default: where it is shown, or the only host]
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
    },
    /// Takes chosen photos, or the whole event, off its hosts
    Withdraw {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
        /// Off this host alone; may be repeated [default: off all]
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
    },
    /// Lists the hosts that this node is enrolled at
    Hosts,
    /// Says where a host is that has moved while this node was away
    HostAt {
        /// Its new address: /ip4/…/tcp/…/p2p/…
        #[arg(value_parser = host_address)]
        host: Multiaddr,
    },
    /// Takes part in a host no longer
    LeaveHost {
        /// The host's name or peer id
        host: String,
        /// Also with galleries there, or orders that are not finished
        #[arg(long)]
        anyway: bool,
    },
    /// Lists orders, newest first
    Orders,
    /// Lets a held order go to the lab
    Approve {
        /// The order's number or id
        order: String,
    },
    /// Refuses an order that has not gone to a lab
    Decline {
        /// The order's number or id
        order: String,
        /// Why, in a sentence that the customer reads
        #[arg(long)]
        reason: String,
    },
    /// Says that an order is paid; it goes to the lab
    Paid {
        /// The order's number or id
        order: String,
    },
    /// Offers an order's print job to the lab again, or to another lab
    Send {
        /// The order's number or id
        order: String,
        /// The lab's name or peer id
        #[arg(long)]
        lab: Option<String>,
    },
    /// Lists the hosts' labs
    Labs,
    /// Chooses the lab that prints, and how it wants its print files
    UseLab {
        /// The lab's name or peer id
        lab: String,
        /// For orders at this host alone; may be repeated [default: at every host that the lab is at]
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        #[command(flatten)]
        rules: PrintRulesArgs,
    },
    /// A second node of yours that follows this one and can serve orders in its stead
    #[command(subcommand)]
    SecondHome(SecondHomeVerb),
    /// At a second home: takes over orders that another home has not finished
    TakeOver {
        /// The order's number or id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        order: Option<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Says which originals have left, when, to which lab, and whether they crossed once
    Custody {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// How the node is; ends with 1 where photos are damaged or missing, or an order does not go on
    Status,
    /// Reads every byte of an event's originals and proofs and checks it
    Verify {
        /// The event's name or id
        #[arg(long)]
        event: String,
    },
    /// Writes an event's originals to a folder, readable without Enprint
    Export {
        /// The event's name or id
        #[arg(long)]
        event: String,
        /// The folder
        folder: PathBuf,
    },
}

/// `enprint photographer second-home …`
#[derive(Debug, Subcommand)]
pub enum SecondHomeVerb {
    /// At the first home: prints a line that lets one other node join within an hour
    Invite,
    /// At a new node with a data folder of its own: follows the home that printed the line
    Join {
        /// The line, as “invite” printed it
        #[arg(required = true, num_args = 1..)]
        line: Vec<String>,
        /// How this home is called in lists
        #[arg(long, default_value = "second home")]
        name: String,
    },
    /// Lists the homes beside this one, and how far the copy is
    List,
    /// At the first home: the other follows no longer, and hosts are told
    Remove {
        /// The home's name or peer id
        home: String,
    },
}

/// Which photos.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectionArgs {
    /// Only this category
    #[arg(long)]
    pub category: Option<String>,
    /// Only photos of at least this many stars
    #[arg(long, value_name = "STARS", value_parser = number(0_u8, 5))]
    pub rating: Option<u8>,
    /// Only photos of this file name, in which * stands for anything; may be repeated
    #[arg(long = "file", value_name = "NAME")]
    pub file_names: Vec<String>,
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        Self { category: args.category, rating_min: args.rating, file_names: args.file_names, ..Self::default() }
    }
}
