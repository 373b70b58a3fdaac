//! Runs a photographer's node, or asks the running one.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, bail, ensure};
use enprint_node::control;
use enprint_node::photographer::commands::EventDetails;
use enprint_node::photographer::proof_mark::MarkWish;
use enprint_node::photographer::selection::Selection;
use enprint_node::photographer::{
    Photographer, PhotographerAnswer, PhotographerCommand as Command, PhotographerConfig,
};
use enprint_protocol::peer::PeerReach;
use serde_json::json;

use super::data_folder::{check_is_not_of_another, say_if_it_begins};
use super::metrics::Metrics;
use super::stopping::{self, unless_stopped, until_stopped};
use super::{command, listening};
use crate::cli::photographer::{PhotographerOptions, PhotographerVerb as Verb, SecondHomeVerb};
use crate::config::data_dir;
use crate::show;

/// The port on which a node listens unless told otherwise.
pub const PORT: u16 = 4041;

const LOOK_ALONE: &str = "--watermark-place, --watermark-size and --watermark-opacity say how a mark looks: say which, \
                          with --watermark TEXT or --watermark-logo FILE. Nothing was changed";

/// Runs the node, or one command.
pub async fn run(options: PhotographerOptions, verb: Option<Verb>, json: bool) -> Result<()> {
    let (metrics, is_mark_typed) = (options.metrics, options.watermark.is_typed);
    let is_look_alone = options.watermark.is_look_typed && !is_mark_typed;
    let config = config(options)?;
    // A mark that the configuration has is the node's, and none of an event's.
    let is_of_a_mark = config.watermark.is_some() && !matches!(verb, Some(Verb::Event { .. }));
    ensure!(!is_look_alone || is_of_a_mark, LOOK_ALONE);
    check_is_not_of_another("photographer", &config.data_dir)?;
    match verb.map(command_of).transpose()?.flatten() {
        None => serve(config, metrics, json).await,
        Some(Command::Status) => {
            check_is_there(&config)?;
            show_all(json, &command::look::<Photographer>(config).await?)
        }
        Some(mut command) => {
            if !begins(&command) {
                check_is_there(&config)?;
            }
            say_mark(&config, is_mark_typed, &mut command)?;
            check_mark(&config, is_mark_typed, &command).await?;
            say_if_it_begins("photographer", &config.data_dir);
            show_all(json, &command::ask::<Photographer>(config, command, json).await?)
        }
    }
}

/// Shows an answer, and ends as it says.
fn show_all(json: bool, answer: &PhotographerAnswer) -> Result<()> {
    show::answer(json, answer, show::photographer::words)?;
    show::work::failure(answer).map_or(Ok(()), |words| Err(anyhow!(words)))
}

/// The node's configuration from its options.
pub fn config(options: PhotographerOptions) -> Result<PhotographerConfig> {
    let usual = PhotographerConfig::new(data_dir(options.data, "photographer")?);
    let reserve_bytes = options.reserve_mb.map_or(usual.reserve_bytes, |mb| mb.saturating_mul(1024 * 1024));
    let ballast_bytes = if reserve_bytes == 0 { 0 } else { usual.ballast_bytes };
    Ok(PhotographerConfig {
        listen: listening::at(options.listen, PORT),
        reach: PeerReach {
            mdns: !options.no_mdns,
            map_ports: !options.no_port_mapping,
            usual_tcp: options.usual_tcp,
            ..PeerReach::default()
        },
        approve: options.approve,
        workers: options.workers.unwrap_or(0),
        reserve_bytes,
        ballast_bytes,
        watermark: options.watermark.read()?,
        upload_limit: options.upload_limit,
        upload_hours: options.upload_hours,
        ..usual
    })
}

/// A mark that is typed with `event` is that event's.
fn say_mark(config: &PhotographerConfig, is_typed: bool, command: &mut Command) -> Result<()> {
    let Command::Event { details, .. } = command else { return Ok(()) };
    if is_typed {
        ensure!(details.mark.is_none(), "Say --watermark or --no-watermark, not both. Nothing was changed");
        details.mark = config.watermark.clone().map(|mark| MarkWish::Mark(Box::new(mark)));
    }
    Ok(())
}

/// A running node marks proofs as it was started: another mark would be lost without a word.
/// So would one that is typed with `publish`, which makes no proofs.
async fn check_mark(config: &PhotographerConfig, is_typed: bool, command: &Command) -> Result<()> {
    let makes_proofs = matches!(command, Command::Import { .. } | Command::Edit { .. } | Command::Publish { .. });
    let Some(wanted) = config.mark_words().filter(|_| makes_proofs) else {
        return Ok(());
    };
    let asked = control::ask::<Photographer>(&config.data_dir, Command::Status, |_| {}).await;
    // One that can't be asked is met when the command itself is given.
    let Ok(PhotographerAnswer::Status(status)) = asked else {
        let is_lost = is_typed && matches!(command, Command::Publish { .. });
        ensure!(
            !is_lost,
            "“publish” makes no proofs: it shows those that there are. “edit --event NAME --all --anew” with this mark \
             makes them again and shows them where they are published. Nothing was published"
        );
        return Ok(());
    };
    if status.mark.as_ref() == Some(&wanted) {
        return Ok(());
    }
    let now = status.mark.map_or_else(|| "does not mark proofs".to_owned(), |mark| format!("marks proofs with {mark}"));
    bail!(
        "The node that runs {now}, and the mark is set where it starts: stop it and start it with --watermark or \
         --watermark-logo, or say it in the configuration file. “edit --event NAME --all --anew” then marks the \
         photos that are there already; “event NAME --watermark TEXT” gives one event a mark of its own. Nothing was \
         changed"
    )
}

/// Whether a node may begin with it: every other command asks of what is there.
fn begins(command: &Command) -> bool {
    matches!(
        command,
        Command::Enrol { .. } | Command::Event { .. } | Command::Import { .. } | Command::JoinFirstHome { .. }
    )
}

/// A folder that was never used is the wrong folder, and stays as it is.
fn check_is_there(config: &PhotographerConfig) -> Result<()> {
    if !config.data_dir.join("catalogue.db").is_file() {
        bail!(
            "There is no photographer’s node in {}. Another folder is said with --data; “enprint photographer” starts a \
             node here. Nothing was written there",
            config.data_dir.display()
        );
    }
    Ok(())
}

async fn serve(config: PhotographerConfig, metrics: Option<SocketAddr>, json: bool) -> Result<()> {
    let metrics = Metrics::open(metrics).await?;
    let stop = until_stopped();
    let Some(opened) = unless_stopped(Photographer::open(config)).await? else {
        return stopping::before_it_ran("The node");
    };
    let node = opened.map_err(listening::explained).context("The node can't start")?;
    let addresses: Vec<String> = node.addresses().iter().map(|at| format!("{at}/p2p/{}", node.peer_id())).collect();
    let ready = json!({
        "role": "photographer",
        "peer_id": node.peer_id().to_string(),
        "addresses": addresses,
        "metrics": metrics.url(),
    });
    show::answer(json, &ready, |_| {
        format!("The node runs; Ctrl-C stops it.\nLabs reach it at\n  {}", addresses.join("\n  "))
    })?;
    let watched = node.clone();
    let figures = move || {
        let node = watched.clone();
        async move { node.figures().await }
    };
    Ok(metrics.beside(figures, node.run(stop)).await?)
}

/// The node's command for a verb; none means running.
fn command_of(verb: Verb) -> Result<Option<Command>> {
    Ok(Some(match verb {
        Verb::Run => return Ok(None),
        Verb::Enrol { host, code, name } => Command::Enrol { host, invitation: code, name },
        Verb::Event { event, rename, no_watermark, details } => {
            let mark = no_watermark.then_some(MarkWish::NoMark);
            Command::Event { event, details: EventDetails { name: rename, mark, ..details.into() } }
        }
        Verb::RemoveEvent { event, with_originals } => Command::RemoveEvent { event, with_originals },
        Verb::ForgetLost { event, anyway } => Command::ForgetLost { event, anyway },
        Verb::Events => Command::Events,
        Verb::Import { folder, event, category, publish, hosts, details } => {
            let details = details.into();
            let folder = std::path::absolute(&folder).context("The folder's path can't be read")?;
            Command::Import { folder, event, category, details, publish, hosts }
        }
        Verb::Photos { event, selection } => Command::Photos { event, selection: selection.into() },
        Verb::Edit { event, selection, all, edits } => {
            let (edits, selection) = (edits.in_order(), Selection::from(selection));
            if edits.is_empty() {
                bail!(
                    "Say what to do with the photos: --turn, --flip, --straighten, --crop, --shape, --undo, --reset or --anew"
                );
            }
            if selection.is_all() && !all {
                bail!(
                    "Say which photos: --file NAME (may be repeated; * stands for anything), --category or --rating; \
                     or --all for every photo of the event"
                );
            }
            Command::Edit { event, selection, edits }
        }
        Verb::Publish { event, selection, withdrawn, hosts } => {
            Command::Publish { event, selection: selection.into(), hosts, withdrawn }
        }
        Verb::Withdraw { event, selection, hosts } => Command::Withdraw { event, selection: selection.into(), hosts },
        Verb::Hosts => Command::Hosts,
        Verb::HostAt { host } => Command::HostAt { host },
        Verb::LeaveHost { host, anyway } => Command::LeaveHost { host, anyway },
        Verb::Orders => Command::Orders,
        Verb::Approve { order } => Command::Approve { order },
        Verb::Decline { order, reason } => Command::Decline { order, reason },
        Verb::Paid { order } => Command::Paid { order },
        Verb::Send { order, lab } => Command::Send { order, lab },
        Verb::Labs => Command::Labs,
        Verb::UseLab { lab, hosts, rules } => Command::UseLab { lab, hosts, rules: rules.read()? },
        Verb::SecondHome(SecondHomeVerb::Invite) => Command::InviteSecondHome,
        Verb::SecondHome(SecondHomeVerb::Join { line, name }) => Command::JoinFirstHome { line: line.join(" "), name },
        Verb::SecondHome(SecondHomeVerb::List) => Command::SecondHomes,
        Verb::SecondHome(SecondHomeVerb::Remove { home }) => Command::RemoveSecondHome { home },
        Verb::TakeOver { order, .. } => Command::TakeOver { order },
        Verb::Custody { event, selection } => Command::Custody { event, selection: selection.into() },
        Verb::Status => Command::Status,
        Verb::Verify { event } => Command::Verify { event },
        Verb::Export { event, folder } => {
            let folder = std::path::absolute(&folder).context("The folder's path can't be read")?;
            Command::Export { event, folder }
        }
    }))
}
