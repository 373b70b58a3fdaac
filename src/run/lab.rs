//! Runs a lab, or asks the running one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use enprint_node::lab::{Lab, LabCommand as Command, LabConfig};
use enprint_protocol::peer::PeerReach;
use serde_json::json;

use super::data_folder::{check_is_not_of_another, say_if_it_begins};
use super::metrics::Metrics;
use super::stopping::{self, unless_stopped, until_stopped};
use super::{command, listening};
use crate::cli::lab::{LabOptions, LabVerb as Verb};
use crate::config::data_dir;
use crate::show;

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// The port on which a lab listens unless told otherwise.
pub const PORT: u16 = 4042;

/// Runs the lab, or one command.
pub async fn run(options: LabOptions, verb: Option<Verb>, json: bool) -> Result<()> {
    let metrics = options.metrics;
    let config = config(options)?;
    check_is_not_of_another("lab", &config.data_dir)?;
    match verb.and_then(command_of) {
        None => serve(config, metrics, json).await,
        Some(Command::Status) => {
            check_is_there(&config)?;
            let answer = command::look::<Lab>(config).await?;
            show::answer(json, &answer, show::lab::words)
        }
        Some(command) => {
            if !matches!(command, Command::Enrol { .. }) {
                check_is_there(&config)?;
            }
            say_if_it_begins("lab", &config.data_dir);
            let answer = command::ask::<Lab>(config, command, json).await?;
            show::answer(json, &answer, show::lab::words)
        }
    }
}

pub fn config(options: LabOptions) -> Result<LabConfig> {
    let usual = LabConfig::new(data_dir(options.data, "lab")?);
    Ok(LabConfig {
        name: options.name.unwrap_or_else(|| usual.name.clone()),
        listen: listening::at(options.listen, PORT),
        reach: PeerReach {
            mdns: !options.no_mdns,
            map_ports: !options.no_port_mapping,
            usual_tcp: options.usual_tcp,
            ..PeerReach::default()
        },
        hot_folder: options.hot_folder.unwrap_or_else(|| usual.hot_folder.clone()),
        keep: options.keep_days.map_or(usual.keep, |days| Duration::from_secs(u64::from(days) * DAY_SECONDS)),
        ..usual
    })
}

/// A folder that was never used is the wrong folder, and stays as it is.
fn check_is_there(config: &LabConfig) -> Result<()> {
    if !config.data_dir.join("lab.db").is_file() {
        bail!(
            "There is no lab in {}. Another folder is said with --data; “enprint lab” starts a lab here. Nothing was \
             written there",
            config.data_dir.display()
        );
    }
    Ok(())
}

async fn serve(config: LabConfig, metrics: Option<SocketAddr>, json: bool) -> Result<()> {
    let metrics = Metrics::open(metrics).await?;
    let stop = until_stopped();
    let hot_folder = std::path::absolute(&config.hot_folder).unwrap_or_else(|_| config.hot_folder.clone());
    let hot_folder = hot_folder.display().to_string();
    let Some(opened) = unless_stopped(Lab::open(config)).await? else {
        return stopping::before_it_ran("The lab");
    };
    let lab = opened.map_err(listening::explained).context("The lab can't start")?;
    let addresses: Vec<String> = lab.addresses().iter().map(|at| format!("{at}/p2p/{}", lab.peer_id())).collect();
    let ready = json!({
        "role": "lab",
        "peer_id": lab.peer_id().to_string(),
        "addresses": addresses,
        "hot_folder": hot_folder,
        "metrics": metrics.url(),
    });
    show::answer(json, &ready, |_| {
        let addresses = addresses.join("\n  ");
        let is_there = std::path::Path::new(&hot_folder).is_dir();
        let later = if is_there { "" } else { ", which is not there yet and is made with the first order" };
        format!(
            "The lab runs; Ctrl-C stops it.\nFinished orders appear in {hot_folder}{later}\nPhotographers reach it at\n  {addresses}"
        )
    })?;
    let watched = lab.clone();
    let figures = move || {
        let lab = watched.clone();
        async move { lab.figures().await }
    };
    Ok(metrics.beside(figures, lab.run(stop)).await?)
}

/// The lab's command for a verb; none means running.
fn command_of(verb: Verb) -> Option<Command> {
    Some(match verb {
        Verb::Run => return None,
        Verb::Enrol { host, code } => Command::Enrol { host, invitation: code },
        Verb::Photographers => Command::Photographers,
        Verb::Approve { photographer } => Command::Approve { who: photographer },
        Verb::Revoke { photographer } => Command::Revoke { who: photographer },
        Verb::Jobs => Command::Jobs,
        Verb::Printing { job } => Command::Printing { job },
        Verb::Shipped { job, carrier, tracking } => Command::Shipped { job, carrier, tracking },
        Verb::Problem { job, text } => Command::Problem { job, text },
        Verb::Hosts => Command::Hosts,
        Verb::HostAt { host } => Command::HostAt { host },
        Verb::LeaveHost { host } => Command::LeaveHost { host },
        Verb::Status => Command::Status,
    })
}
