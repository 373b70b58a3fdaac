//! The command line: what can be said, and its help. Starts nothing.

pub mod addresses;
pub mod demo;
pub mod details;
mod edits;
mod files;
mod help;
pub mod host;
pub mod lab;
pub mod photographer;
mod print_rules;
pub mod status;
pub mod watermark;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

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
    /// what waits. Ends with 1 where photos are damaged or missing, where a photographer's order
    /// does not go on, or a role can't be asked
    Status(status::StatusArgs),
    /// Shows the whole flow on this machine, from a folder of photos to a lab's hot folder
    Demo(demo::DemoArgs),
}

impl Cli {
    /// What was typed; ends the program where it can't be read, or help was asked for.
    pub fn read() -> Self {
        Self::of(help::short(Self::command()).get_matches()).unwrap_or_else(|error| error.exit())
    }

    fn of(mut matches: ArgMatches) -> Result<Self, clap::Error> {
        let is_typed = is_any_typed(&matches, &["watermark", "watermark_logo"]);
        let is_look_typed = is_any_typed(&matches, &["watermark_place", "watermark_size", "watermark_opacity"]);
        let mut cli = Self::from_arg_matches_mut(&mut matches)?;
        if let Role::Photographer(args) = &mut cli.role {
            (args.options.watermark.is_typed, args.options.watermark.is_look_typed) = (is_typed, is_look_typed);
        }
        Ok(cli)
    }
}

/// Whether one of these stands among the flags, before or after the verb.
fn is_any_typed(matches: &ArgMatches, names: &[&str]) -> bool {
    let is_typed = |name: &&str| {
        matches!(matches.try_contains_id(name), Ok(true))
            && matches.value_source(name) == Some(ValueSource::CommandLine)
    };
    names.iter().any(is_typed) || matches.subcommand().is_some_and(|(_, rest)| is_any_typed(rest, names))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_among_the_flags_is_known_as_typed_before_the_verb_and_after_it() {
        let is_typed = |words: &str| {
            let typed = Cli::of(Cli::command().get_matches_from(words.split(' '))).unwrap();
            let Role::Photographer(args) = typed.role else { panic!("another role") };
            args.options.watermark.is_typed
        };
        assert!(is_typed("enprint photographer --watermark PROOF publish --event W"));
        assert!(is_typed("enprint photographer publish --event W --watermark-logo logo.png"));
        assert!(!is_typed("enprint photographer publish --event W"));
    }
}
