//! `enprint host`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum};
use enprint_protocol::Multiaddr;
use serde::Deserialize;

use super::addresses::{metrics_address, number, own_address, web_address};
use crate::limits::PER_ADDRESS_MAX;

/// `enprint host …`
#[derive(Debug, Args)]
pub struct HostArgs {
    #[command(flatten)]
    pub options: HostOptions,
    #[command(subcommand)]
    pub command: Option<HostCommand>,
}

/// Options of the host and all its commands.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the host runs")]
pub struct HostOptions {
    /// Where keys and, without --database, the database are kept
    #[arg(long, global = true, env = "ENPRINT_HOST_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// postgres://user@server/database instead of the built-in SQLite database
    #[arg(long, global = true, env = "ENPRINT_HOST_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<String>,
    /// The name that photographers and labs see
    #[arg(long, global = true, env = "ENPRINT_HOST_NAME")]
    pub name: Option<String>,
    /// Where the web pages listen [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "ENPRINT_HOST_WEB", value_name = "ADDRESS:PORT", value_parser = web_address)]
    pub web: Option<SocketAddr>,
    #[arg(
        long,
        global = true,
        env = "ENPRINT_HOST_PUBLIC_URL",
        value_name = "URL",
        help = "Where customers reach the web pages, such as https://photos.example"
    )]
    pub public_url: Option<String>,
    /// Where this host listens for peers [default: port 4040 on TCP and UDP, IPv4 and IPv6]
    #[arg(long, global = true, env = "ENPRINT_HOST_LISTEN", value_name = "MULTIADDR", value_delimiter = ',', value_parser = own_address)]
    pub listen: Vec<Multiaddr>,
    /// Where peers reach this host, if it can't know that itself: behind a router or a proxy
    #[arg(long, global = true, env = "ENPRINT_HOST_ANNOUNCE", value_name = "MULTIADDR", value_delimiter = ',', value_parser = own_address)]
    pub announce: Vec<Multiaddr>,
    /// What is passed on between a photographer and a lab that can't reach each other
    /// [default: meetings]
    #[arg(long, global = true, env = "ENPRINT_HOST_RELAY", value_name = "WHAT")]
    pub relay: Option<RelayChoice>,
    /// Neither looks for peers on the local network nor is found there
    #[arg(long, global = true, env = "ENPRINT_HOST_NO_MDNS", value_parser = BoolishValueParser::new())]
    pub no_mdns: bool,
    /// Connections of peers from one address at one time [default: 512]. Those that come
    /// through a proxy elsewhere count as one address
    #[arg(long, global = true, env = "ENPRINT_HOST_PER_ADDRESS", value_name = "COUNT", value_parser = number(1_usize, PER_ADDRESS_MAX))]
    pub per_address: Option<usize>,
    /// A proxy on this address may name the customer's address in X-Forwarded-For
    #[arg(long, global = true, env = "ENPRINT_HOST_TRUST_PROXY", value_name = "ADDRESS")]
    pub trust_proxy: Option<std::net::IpAddr>,
    /// Figures for a monitoring program at http://ADDRESS:PORT/metrics, in Prometheus's text; for
    /// this machine alone [default: nowhere]
    #[arg(long, global = true, env = "ENPRINT_HOST_METRICS", value_name = "ADDRESS:PORT", value_parser = metrics_address)]
    pub metrics: Option<SocketAddr>,
}

/// What the operator can do beside running the host.
#[derive(Debug, Subcommand)]
pub enum HostCommand {
    /// Runs the host until Ctrl-C; the same as no command
    Run,
    /// Makes an invitation for one photographer or one lab
    Invite {
        /// For whom
        #[arg(long, value_name = "photographer|lab")]
        role: InviteRole,
        /// Days until it expires
        #[arg(long, default_value_t = 14, value_parser = number(1_u32, 365))]
        days: u32,
    },
    /// Lists enrolled photographers and labs
    Peers,
    /// Shuts a photographer or a lab out, and closes its galleries, until it is restored
    Suspend {
        /// Name, peer id or its beginning
        peer: String,
    },
    /// Lets a suspended peer in again
    Restore {
        /// Name, peer id or its beginning
        peer: String,
    },
    /// Lists events
    Events,
    /// Lists orders, newest first
    Orders,
    /// Marks an order paid
    Paid {
        /// The order's number or id
        order: String,
    },
    /// How the host is: counts, bytes, waiting messages
    Status,
    /// Copies the built-in database to a file while the host runs
    Backup {
        /// The new file
        file: PathBuf,
    },
}

/// What a host passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelayChoice {
    /// Nothing
    Nothing,
    /// What two peers need to find a direct way, and short messages
    Meetings,
    /// Print files too, encrypted from the one to the other
    Files,
}

/// Whom an invitation is for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum InviteRole {
    /// Keeps originals
    Photographer,
    /// Prints
    Lab,
}
