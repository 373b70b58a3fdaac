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

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Role};
use crate::config::Config;
use crate::demo;

/// The runtime that everything runs on.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
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

/// Somebody asked the program to stop.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Whether somebody asked the program to stop.
pub fn is_stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// A token that is cancelled by Ctrl-C or, on Unix, by SIGTERM, from now on. A second
/// Ctrl-C ends the program at once.
pub fn until_stopped() -> CancellationToken {
    let token = CancellationToken::new();
    // Here: a task may begin late, and until then a signal would end the program as it is.
    let (stop, mut signals) = (token.clone(), signals::Signals::heard());
    tokio::spawn(async move {
        signals.next().await;
        STOPPED.store(true, Ordering::Relaxed);
        stop.cancel();
        signals.next().await;
        std::process::exit(130);
    });
    token
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_is_asked_to_stop_before_any_task_has_begun_hears_it() {
        let stop = until_stopped();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        stop.cancelled().await;
    }
}
