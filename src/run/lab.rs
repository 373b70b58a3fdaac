//! Runs a lab, or asks the running one.

use anyhow::{Context, Result};
use enprint_node::NodeError;
use enprint_node::control::{self, ProgressLine};
use enprint_node::lab::{Lab, LabAnswer, LabCommand as Command, LabConfig};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::photographer::listen;
use crate::cli::lab::{LabOptions, LabVerb as Verb};
use crate::config::data_dir;
use crate::progress::Bar;
use crate::show;

/// Where a lab listens unless told otherwise.
const LISTEN: &str = "/ip4/0.0.0.0/tcp/4042";

/// Runs the lab, or one command.
pub async fn run(options: LabOptions, verb: Option<Verb>, json: bool) -> Result<()> {
    let config = config(options)?;
    match verb.and_then(command) {
        None => serve(config, json).await,
        Some(command) => ask(config, command, json).await,
    }
}

fn config(options: LabOptions) -> Result<LabConfig> {
    let usual = LabConfig::new(data_dir(options.data, "lab")?);
    Ok(LabConfig {
        name: options.name.unwrap_or_else(|| usual.name.clone()),
        listen: listen(options.listen, LISTEN)?,
        hot_folder: options.hot_folder.unwrap_or_else(|| usual.hot_folder.clone()),
        ..usual
    })
}

async fn serve(config: LabConfig, json: bool) -> Result<()> {
    let stop = super::until_stopped();
    let hot_folder = config.hot_folder.display().to_string();
    let lab = Lab::open(config).await.context("The lab can't start")?;
    let addresses: Vec<String> = lab.addresses().iter().map(|at| format!("{at}/p2p/{}", lab.peer_id())).collect();
    let ready = json!({
        "role": "lab",
        "peer_id": lab.peer_id().to_string(),
        "addresses": addresses,
        "hot_folder": hot_folder,
    });
    show::answer(json, &ready, |_| {
        let addresses = addresses.join("\n  ");
        format!(
            "The lab runs; Ctrl-C stops it.\nFinished orders appear in {hot_folder}\nPhotographers reach it at\n  {addresses}"
        )
    })?;
    Ok(lab.run(stop).await?)
}

/// Asks the running lab; where none runs, opens the data and does it here.
async fn ask(config: LabConfig, command: Command, json: bool) -> Result<()> {
    let bar = Bar::new(json);
    let show_line = |line: &ProgressLine| bar.show(line);
    let answer = match control::ask::<Lab>(&config.data_dir, command.clone(), show_line).await {
        Err(NodeError::NotRunning { .. }) => here(config, command, show_line).await,
        answer => answer,
    };
    drop(bar);
    show::answer(json, &answer?, show::lab::words)
}

async fn here(
    config: LabConfig,
    command: Command,
    on_progress: impl FnMut(&ProgressLine),
) -> Result<LabAnswer, NodeError> {
    let lab = Lab::open(config).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (lab, stop) = (lab.clone(), stop.clone());
        async move { lab.run(stop).await }
    });
    let answer = control::run_here(&lab, command, super::until_stopped(), on_progress).await;
    if answer.is_ok() {
        lab.finish_sending().await?;
    }
    stop.cancel();
    drop(running.await);
    answer
}

/// The lab's command for a verb; none means running.
fn command(verb: Verb) -> Option<Command> {
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
        Verb::Status => Command::Status,
    })
}
