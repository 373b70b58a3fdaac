//! One command for a photographer's node or a lab: asked of the process that runs, or
//! carried out here where none does.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use enprint_node::NodeError;
use enprint_node::control::{self, Commands, ProgressLine};
use enprint_node::lab::{Lab, LabAnswer, LabCommand, LabConfig};
use enprint_node::photographer::{Photographer, PhotographerAnswer, PhotographerCommand, PhotographerConfig};
use enprint_protocol::Multiaddr;
use enprint_store::StoreError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::stopping::{BEFORE_IT_BEGAN, or_stopped, unless_stopped, until_stopped};
use super::{lab, listening, photographer};
use crate::progress::Bar;

/// How long a node that is just starting may take to listen for commands.
const STARTING: Duration = Duration::from_secs(15);
/// How a command ends that somebody stopped while a process had it.
const WHILE_IT_WAS_ASKED: &str = "Stopped as asked; what was done of it by then stays done";
/// How often it is tried meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// What can be opened for one command.
pub trait Node: Commands + Clone {
    /// How it is opened.
    type Config: Clone + Send + 'static;
    /// What asks how it is.
    const STATUS: Self::Command;
    /// Where its data is.
    fn data_dir(config: &Self::Config) -> &Path;
    /// Opens the data and starts the peer.
    fn start(config: Self::Config) -> impl Future<Output = Result<Self, NodeError>> + Send;
    /// How it is while no process runs on the data.
    fn look(config: Self::Config) -> impl Future<Output = Result<Self::Answer, NodeError>> + Send;
    /// Runs until the token is cancelled.
    fn serve(&self, stop: CancellationToken) -> impl Future<Output = Result<(), NodeError>> + Send;
    /// Waits a little for what a command left to send.
    fn send_rest(&self) -> impl Future<Output = Result<(), NodeError>> + Send;
}

/// Does `command`, with a bar on the terminal unless `quiet`.
pub async fn ask<N: Node>(config: N::Config, command: N::Command, quiet: bool) -> Result<N::Answer>
where
    N::Command: Clone,
{
    let bar = Bar::new(quiet);
    let show = |line: &ProgressLine| bar.show(line);
    let (data_dir, again) = (N::data_dir(&config).to_owned(), command.clone());
    ask_or::<N, _>(&data_dir, again, show, || here::<N>(config.clone(), command.clone(), show)).await
}

/// How a node is, whether or not a process runs on its data: then nothing is started.
pub async fn look<N: Node>(config: N::Config) -> Result<N::Answer>
where
    N::Command: Clone,
{
    let data_dir = N::data_dir(&config).to_owned();
    ask_or::<N, _>(&data_dir, N::STATUS, |_| {}, || before_it_began(N::look(config.clone()))).await
}

/// What is opened for a command, unless somebody stops the program meanwhile.
pub async fn before_it_began<T, E>(opening: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T>
where
    T: Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    let Some(opened) = unless_stopped(opening).await? else { bail!(BEFORE_IT_BEGAN) };
    opened.map_err(listening::explained)
}

/// Asks the process that runs on `data_dir`; where none does, it is done `here`.
pub async fn ask_or<C: Commands, F>(
    data_dir: &Path,
    command: C::Command,
    show: impl FnMut(&ProgressLine) + Copy,
    here: impl Fn() -> F,
) -> Result<C::Answer>
where
    C::Command: Clone,
    F: Future<Output = Result<C::Answer>>,
{
    let deadline = Instant::now() + STARTING;
    loop {
        match or_stopped(WHILE_IT_WAS_ASKED, control::ask::<C>(data_dir, command.clone(), show)).await? {
            Err(NodeError::NotRunning { .. }) => {}
            answered => return Ok(answered?),
        }
        match here().await {
            // Another process has the data, and does not listen yet.
            Err(error) if is_in_use(&error) && Instant::now() < deadline => tokio::time::sleep(LOOK).await,
            done => return done,
        }
    }
}

fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(NodeError::Store(StoreError::DataInUse { .. })))
}

async fn here<N: Node>(config: N::Config, command: N::Command, show: impl FnMut(&ProgressLine)) -> Result<N::Answer> {
    let node = before_it_began(N::start(config)).await?;
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (node, stop) = (node.clone(), stop.clone());
        async move { node.serve(stop).await }
    });
    let answer = control::run_here(&node, command, until_stopped(), show).await;
    if answer.is_ok() {
        node.send_rest().await?;
    }
    stop.cancel();
    drop(running.await);
    Ok(answer?)
}

/// Whether another program has the usual `port`. One command does without it; what `listen`
/// says otherwise was typed, and is kept to.
fn is_elsewhere(error: &NodeError, listen: &[Multiaddr], port: u16) -> bool {
    listening::is_taken(error) && listen == listening::at(Vec::new(), port)
}

impl Node for Photographer {
    type Config = PhotographerConfig;
    const STATUS: PhotographerCommand = PhotographerCommand::Status;

    fn data_dir(config: &PhotographerConfig) -> &Path {
        &config.data_dir
    }

    async fn start(config: PhotographerConfig) -> Result<Self, NodeError> {
        match Self::open(config.clone()).await {
            Err(error) if is_elsewhere(&error, &config.listen, photographer::PORT) => {
                Self::open(PhotographerConfig { listen: listening::at(Vec::new(), 0), ..config }).await
            }
            opened => opened,
        }
    }

    async fn look(config: PhotographerConfig) -> Result<PhotographerAnswer, NodeError> {
        Self::look(config).await
    }

    async fn serve(&self, stop: CancellationToken) -> Result<(), NodeError> {
        self.run(stop).await
    }

    async fn send_rest(&self) -> Result<(), NodeError> {
        self.finish_sending().await
    }
}

impl Node for Lab {
    type Config = LabConfig;
    const STATUS: LabCommand = LabCommand::Status;

    fn data_dir(config: &LabConfig) -> &Path {
        &config.data_dir
    }

    async fn start(config: LabConfig) -> Result<Self, NodeError> {
        match Self::open(config.clone()).await {
            Err(error) if is_elsewhere(&error, &config.listen, lab::PORT) => {
                Self::open(LabConfig { listen: listening::at(Vec::new(), 0), ..config }).await
            }
            opened => opened,
        }
    }

    async fn look(config: LabConfig) -> Result<LabAnswer, NodeError> {
        Self::look(config).await
    }

    async fn serve(&self, stop: CancellationToken) -> Result<(), NodeError> {
        self.run(stop).await
    }

    async fn send_rest(&self) -> Result<(), NodeError> {
        self.finish_sending().await
    }
}
