//! `enprint lab`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use enprint_protocol::Multiaddr;
use enprint_protocol::access_code::InvitationCode;

use super::addresses::{host_address, metrics_address, number, own_address};

/// `enprint lab …`
#[derive(Debug, Args)]
pub struct LabArgs {
    #[command(flatten)]
    pub options: LabOptions,
    #[command(subcommand)]
    pub command: Option<LabVerb>,
}

/// Options of the lab and all its commands.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the lab runs")]
pub struct LabOptions {
    /// Where the key, the list of jobs and half-received files are kept
    #[arg(long, global = true, env = "ENPRINT_LAB_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where finished order folders appear [default: DATA/hot-folder]
    #[arg(long, global = true, env = "ENPRINT_LAB_HOT_FOLDER", value_name = "DIR")]
    pub hot_folder: Option<PathBuf>,
    /// The name that photographers and customers see
    #[arg(long, global = true, env = "ENPRINT_LAB_NAME")]
    pub name: Option<String>,
    /// Where this lab listens for photographers [default: port 4042 on TCP and UDP, IPv4 and IPv6]
    #[arg(long, global = true, env = "ENPRINT_LAB_LISTEN", value_name = "MULTIADDR", value_delimiter = ',', value_parser = own_address)]
    pub listen: Vec<Multiaddr>,
    /// Days that print files stay here after their order is placed, so that a reprint sends nothing; 0 keeps none [default: 14]
    #[arg(long, global = true, env = "ENPRINT_LAB_KEEP_DAYS", value_name = "DAYS", value_parser = number(0_u16, u16::MAX))]
    pub keep_days: Option<u16>,
    /// Neither looks for peers on the local network nor is found there
    #[arg(long, global = true, env = "ENPRINT_LAB_NO_MDNS", value_parser = BoolishValueParser::new())]
    pub no_mdns: bool,
    /// Does not ask the router to let callers in
    #[arg(long, global = true, env = "ENPRINT_LAB_NO_PORT_MAPPING", value_parser = BoolishValueParser::new())]
    pub no_port_mapping: bool,
    /// Leaves TCP the system's usual congestion control, to measure what systems without a
    /// choice get
    #[arg(long, global = true, env = "ENPRINT_USUAL_TCP", hide = true, value_parser = BoolishValueParser::new())]
    pub usual_tcp: bool,
    /// Figures for a monitoring program at http://ADDRESS:PORT/metrics, in Prometheus's text; for
    /// this machine alone [default: nowhere]
    #[arg(long, global = true, env = "ENPRINT_LAB_METRICS", value_name = "ADDRESS:PORT", value_parser = metrics_address)]
    pub metrics: Option<SocketAddr>,
}

/// What the lab's people can do beside running it.
#[derive(Debug, Subcommand)]
pub enum LabVerb {
    /// Runs the lab until Ctrl-C; the same as no command
    Run,
    /// Uses an invitation at a host
    Enrol {
        /// Where the host is: /ip4/…/tcp/…/p2p/…
        #[arg(value_parser = host_address)]
        host: Multiaddr,
        /// The code that the host's operator gave
        #[arg(long)]
        code: InvitationCode,
    },
    /// Lists photographers: those approved, and those who wait for it
    Photographers,
    /// Takes jobs of a photographer from now on
    Approve {
        /// Name, peer id or its beginning
        photographer: String,
    },
    /// Takes no more jobs of a photographer
    Revoke {
        /// Name, peer id or its beginning
        photographer: String,
    },
    /// Lists jobs, newest first
    Jobs,
    /// Says that a job is being printed
    Printing {
        /// The order's number, or the job's id
        job: String,
    },
    /// Says that a job is on its way
    Shipped {
        /// The order's number, or the job's id
        job: String,
        /// Who carries it
        #[arg(long, default_value = "")]
        carrier: String,
        /// The tracking number
        #[arg(long, default_value = "")]
        tracking: String,
    },
    /// Says that something is wrong with a job
    Problem {
        /// The order's number, or the job's id
        job: String,
        /// What, in a sentence that the customer reads
        text: String,
    },
    /// Lists the hosts that the lab is enrolled at
    Hosts,
    /// Says where a host is that has moved while the lab was away
    HostAt {
        /// Its new address: /ip4/…/tcp/…/p2p/…
        #[arg(value_parser = host_address)]
        host: Multiaddr,
    },
    /// Takes part in a host no longer
    LeaveHost {
        /// The host's name or peer id
        host: String,
    },
    /// How the lab is
    Status,
}
