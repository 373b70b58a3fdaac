//! The command line: what can be said, and its help. Starts nothing.

pub mod addresses;
pub mod demo;
pub mod details;
mod edits;
mod files;
pub mod host;
pub mod lab;
pub mod photographer;
mod print_rules;
pub mod status;
pub mod watermark;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Photographers keep the originals at home and show proofs; a print's original
/// travels once, verified, straight to the lab.
#[derive(Debug, Parser)]
#[command(name = "enprint", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub role: Role,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// A configuration file; what it says gives way to the environment, and that to flags
    #[arg(long, global = true, env = "ENPRINT_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Prints one JSON object instead of words, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// Tells more of what happens, on standard error; twice for still more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Who this machine is.
#[derive(Debug, Subcommand)]
pub enum Role {
    /// The gallery and its shop: keeps proofs and orders, never an original
    Host(host::HostArgs),
    /// The photographer's node: keeps the originals, publishes proofs, serves labs
    Photographer(Box<photographer::PhotographerArgs>),
    /// The lab's peer: receives print jobs into a hot folder
    Lab(lab::LabArgs),
    /// How every role on this machine is: whether it runs, who is connected and by which way,
    /// what waits
    Status(status::StatusArgs),
    /// Shows the whole flow on this machine, from a folder of photos to a lab's hot folder
    Demo(demo::DemoArgs),
}

impl Role {
    /// Whether this is a peer that runs until it is stopped, rather than one command.
    pub fn runs_for_long(&self) -> bool {
        match self {
            Self::Host(args) => matches!(args.command, None | Some(host::HostCommand::Run)),
            Self::Photographer(args) => matches!(args.command, None | Some(photographer::PhotographerVerb::Run)),
            Self::Lab(args) => matches!(args.command, None | Some(lab::LabVerb::Run)),
            Self::Status(_) | Self::Demo(_) => false,
        }
    }
}
