//! Runs what the command line asks for: starts, serves and stops the roles, or asks
//! a running one.

pub mod child;
mod command;
pub mod data_folder;
pub mod host;
mod host_control;
pub mod lab;
mod listening;
pub mod logging;
mod metrics;
pub mod photographer;
mod signals;
mod status;
mod stopping;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use crate::cli::{Cli, Role};
use crate::config::Config;
use crate::demo;

pub use stopping::{end, hear, is_stopped, until_stopped};

/// The runtime that everything runs on.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("The program can't start its threads")
}

/// Does what the command line says.
pub async fn run(cli: Cli) -> Result<()> {
    let config = Config::load(cli.common.config.as_deref())?;
    let json = cli.common.json;
    match cli.role {
        Role::Host(args) => host::run(config.host.under(args.options), args.command, json).await,
        Role::Photographer(args) => {
            photographer::run(config.photographer.under(args.options), args.command, json).await
        }
        Role::Lab(args) => lab::run(config.lab.under(args.options), args.command, json).await,
        Role::Status(args) => status::run(args, config, json).await,
        Role::Demo(args) => demo::run(args, json).await,
    }
}
