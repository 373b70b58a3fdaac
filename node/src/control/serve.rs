//! The running node's end: takes one command a request, from this machine and with
//! the secret, and streams what comes of it. The commands are the node's business.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use enprint_web::{Limits, LocalDoor, NdjsonSender, Server, Site, WebError, json_body_within, local_only, ndjson};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::{Filter, Rejection, Reply};

use super::Commands;
use super::address::ControlAddress;
use super::line::Line;
use super::progress::{Progress, ProgressLine};
use crate::error::NodeError;
use crate::limits::{COMMAND_BYTES_MAX, COMMANDS_AT_ONCE, CONTROL_SIGN_OF_LIFE};

/// Takes commands for the node on `data_dir` until `shutdown`. Commands under way are
/// then asked to end, and awaited. The caller holds the folder's lock.
///
/// # Errors
/// [`NodeError::ControlClosed`] when no port can be had, [`NodeError::File`] when
/// `control.json` can't be written.
pub async fn serve<C: Commands>(
    commands: Arc<C>,
    data_dir: &Path,
    shutdown: CancellationToken,
) -> Result<(), NodeError> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(any_port, Site::new("Enprint", "enprint_control"), Limits::default())
        .await
        .map_err(|error| NodeError::ControlClosed { reason: error.to_string() })?;
    let door = LocalDoor::at(server.local_addr());
    let control = ControlAddress::new(server.local_addr(), door.secret());
    control.write(data_dir)?;
    let counter = Counter {
        commands,
        room: Arc::new(Semaphore::new(COMMANDS_AT_ONCE)),
        under_way: TaskTracker::new(),
        stop: shutdown.child_token(),
    };
    let under_way = counter.under_way.clone();
    server.run(routes(door, Arc::new(counter)), shutdown.cancelled()).await;
    control.remove(data_dir);
    under_way.close();
    under_way.wait().await;
    Ok(())
}

/// Where commands are taken in.
struct Counter<C> {
    commands: Arc<C>,
    room: Arc<Semaphore>,
    under_way: TaskTracker,
    stop: CancellationToken,
}

fn routes<C: Commands>(
    door: LocalDoor,
    counter: Arc<Counter<C>>,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    warp::path!("command")
        .and(warp::post())
        .and(local_only(door))
        .and(json_body_within::<C::Command>(COMMAND_BYTES_MAX))
        .map(move |command| counter.take(command))
}

impl<C: Commands> Counter<C> {
    /// Begins to carry out `command`; the reply streams what comes of it.
    fn take(&self, command: C::Command) -> warp::reply::Response {
        if self.stop.is_cancelled() {
            return WebError::Unavailable.into_response();
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            return WebError::TooMany { retry_after_s: 1 }.into_response();
        };
        let (sender, reply) = ndjson();
        let carry_out = carry_out(self.commands.clone(), command, sender, self.stop.child_token(), permit);
        self.under_way.spawn(carry_out);
        reply.into_response()
    }
}

/// Carries out one command to its end, whether or not the asker still listens: one
/// who goes away cancels it, and a command that is cancelled ends in good order.
async fn carry_out<C: Commands>(
    commands: Arc<C>,
    command: C::Command,
    sender: NdjsonSender,
    cancelled: CancellationToken,
    _permit: OwnedSemaphorePermit,
) {
    let (progress, lines) = Progress::channel(cancelled.clone());
    let work = async {
        match commands.execute(command, progress).await {
            Ok(answer) => Line::Answer(answer),
            Err(error) => Line::Error { message: error.to_string() },
        }
    };
    let pass_on = pass_on(&sender, lines, &cancelled);
    tokio::pin!(work, pass_on);
    let last = tokio::select! {
        last = &mut work => last,
        () = &mut pass_on => work.await,
    };
    // An asker who has gone does not mind.
    drop(sender.send(&last).await);
}

/// Passes reports on, in between signs of life. When the asker has gone, cancels the
/// command.
async fn pass_on(sender: &NdjsonSender, mut lines: mpsc::Receiver<ProgressLine>, cancelled: &CancellationToken) {
    let mut pulse = tokio::time::interval(CONTROL_SIGN_OF_LIFE);
    loop {
        let line: Line<()> = tokio::select! {
            Some(line) = lines.recv() => Line::Progress(line),
            _ = pulse.tick() => Line::Working,
            () = sender.closed() => break,
        };
        if sender.send(&line).await.is_err() {
            break;
        }
    }
    cancelled.cancel();
}
