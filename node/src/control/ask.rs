//! Gives a command to the running node, or carries it out in this process. Decides
//! neither: whoever can take the data folder's lock carries out, the others ask.

use std::path::Path;
use std::pin::pin;

use reqwest::{Client, Response, StatusCode};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Commands;
use super::address::ControlAddress;
use super::line::{Line, Lines};
use super::progress::{Progress, ProgressLine};
use crate::error::NodeError;
use crate::limits::{CONTROL_CONNECT_TIMEOUT, CONTROL_LINE_BYTES_MAX, CONTROL_SILENCE_MAX};

/// Gives `command` to the node that runs on `data_dir`, and awaits its answer.
/// Dropping the future tells the node that the command is no longer wanted: what is
/// done by then is kept.
///
/// # Errors
/// [`NodeError::NotRunning`] when no node answers there, [`NodeError::FromNode`] with
/// the node's own sentence, [`NodeError::ControlLost`] when it went away meanwhile.
pub async fn ask<C: Commands>(
    data_dir: &Path,
    command: C::Command,
    mut on_progress: impl FnMut(&ProgressLine),
) -> Result<C::Answer, NodeError> {
    let mut response = send(data_dir, &command).await?;
    let mut lines = Lines::default();
    while let Some(piece) = response.chunk().await.map_err(|_| NodeError::ControlLost)? {
        let whole = lines.take(&piece, CONTROL_LINE_BYTES_MAX).ok_or(NodeError::ControlLost)?;
        for line in whole {
            match serde_json::from_slice(&line).map_err(|_| NodeError::ControlLost)? {
                Line::Working => {}
                Line::Progress(progress) => on_progress(&progress),
                Line::Answer(answer) => return Ok(answer),
                Line::Error { message } => return Err(NodeError::FromNode { message }),
            }
        }
    }
    Err(NodeError::ControlLost)
}

/// Carries out `command` in this process, until it is done or `stop` asks it to end.
///
/// # Errors
/// The command's own.
pub async fn run_here<C: Commands>(
    commands: &C,
    command: C::Command,
    stop: CancellationToken,
    mut on_progress: impl FnMut(&ProgressLine),
) -> Result<C::Answer, NodeError> {
    let (progress, mut lines) = Progress::channel(stop);
    let mut work = pin!(commands.execute(command, progress));
    loop {
        tokio::select! {
            biased;
            Some(line) = lines.recv() => on_progress(&line),
            done = &mut work => return done,
        }
    }
}

/// What no node takes for a command.
#[derive(Serialize)]
struct NoCommand {}

async fn send(data_dir: &Path, command: &impl Serialize) -> Result<Response, NodeError> {
    let not_running = || NodeError::NotRunning { data_dir: data_dir.display().to_string() };
    let control = ControlAddress::read(data_dir).ok_or_else(not_running)?;
    let client = Client::builder()
        .no_proxy()
        .connect_timeout(CONTROL_CONNECT_TIMEOUT)
        .read_timeout(CONTROL_SILENCE_MAX)
        .build()
        .map_err(|_| not_running())?;
    let url = format!("http://{}/command", control.address);
    let request = client.post(url).bearer_auth(&control.token);
    let is_known = control.is_of_this_version();
    // Another version is given nothing that it could do in part: that it is there, it says to no
    // command as well.
    let request = if is_known { request.json(command) } else { request.json(&NoCommand {}) };
    // Nobody there, or somebody else: the file is of a node that was killed.
    let response = request.send().await.map_err(|_| not_running())?;
    match response.status() {
        StatusCode::OK if is_known => Ok(response),
        StatusCode::PAYLOAD_TOO_LARGE => Err(NodeError::CommandTooLarge),
        StatusCode::BAD_REQUEST => Err(NodeError::OtherVersion),
        StatusCode::SERVICE_UNAVAILABLE => Err(NodeError::ShuttingDown),
        StatusCode::TOO_MANY_REQUESTS => Err(NodeError::TooManyCommands),
        _ => Err(not_running()),
    }
}
