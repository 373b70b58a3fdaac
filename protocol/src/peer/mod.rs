//! The swarm that carries the conversations. One task owns it; everything else
//! holds a [`Client`], and takes [`Incoming`] requests from a bounded channel.
//!
//! | file | owns |
//! |---|---|
//! | `config` | how a peer is to be |
//! | `roles` | who speaks which conversation |
//! | `client`, `ask` | our requests |
//! | `incoming`, `desk` | others' requests, the way to answer, a few at a time |
//! | `talk`, `apart`, `frame`, `marked` | one conversation in the swarm; its connections; its bytes; who opened them |
//! | `room`, `streams`, `shares` | the memory that others' requests take; how many streams; how much is one's own |
//! | `admission`, `conduct`, `rate` | who is known, who behaves, how often one may ask |
//! | `door`, `source`, `queue`, `connection_set` | how many, from where, in which order; who is told to come later |
//! | `open_files` | that the system lets so many in |
//! | `transport`, `congestion`, `wire_count`, `watched` | TCP, QUIC, websockets; TCP's pace; what they carry |
//! | `beside` | several connections to one peer, where nothing else finds the line's pace |
//! | `reach`, `relaying` | ways to peers behind routers; what a host passes on |
//! | `outside` | whether this peer can be reached from outside |
//! | `gateway` | ports that a router opens for this peer |
//! | `watch` | what a status and a monitoring program see |
//! | `event_loop`, `dial_words`, `reconnect`, `pulse`, `neighbours` | connections: wanted, dead, there |
//! | [`key_file`] | the peer's identity on disk |
//!
//! A stranger (a peer that is not in [`Admission`]) may enrol at a host, offer
//! a job to a lab, and show a code to a photographer. Anything else it asks is refused, in the same words, with
//! nothing of it read but its length; and after a minute it is disconnected.

mod admission;
mod apart;
mod ask;
mod behaviour;
mod beside;
mod client;
mod conduct;
mod config;
mod congestion;
mod connection_set;
mod desk;
mod dial_words;
mod door;
mod event_loop;
mod frame;
mod gateway;
mod incoming;
pub mod key_file;
mod marked;
mod neighbours;
mod open_files;
mod outside;
mod pulse;
mod queue;
mod rate;
mod reach;
mod reconnect;
mod relaying;
mod roles;
mod room;
mod shares;
mod slim;
mod source;
mod streams;
mod talk;
mod transport;
mod watch;
mod watched;
mod wire_count;

use std::collections::HashMap;
use std::sync::Arc;

use libp2p::swarm::{self, Swarm};
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use admission::Admission;
pub use ask::AskError;
pub use client::Client;
pub use conduct::Refused;
pub use config::{PeerConfig, PeerLimits, PeerReach, Relay};
pub use desk::answer_all;
pub use gateway::RouterHelp;
pub use incoming::{Asked, Incoming, ReplyTo};
pub use neighbours::PeerEvent;
pub use outside::Reachability;
pub use reach::Path;
pub use roles::{PeerRole, Spoken};
pub use watch::{BacklogFigures, Carrier, FIGURES_TYPE, Figures, Line, LineWay, PeerStatus, Sample};
pub use wire_count::WireCount;

use behaviour::{PeerBehaviour, Sharing};
use conduct::Conduct;
use event_loop::EventLoop;
use neighbours::Neighbours;
use reconnect::Reconnector;
use slim::Slim;
use wire_count::WireTotals;

use crate::error::ProtocolError;
use crate::limits::{COMMANDS_WAITING_MAX, IDLE_TIMEOUT, PEER_EVENTS_KEPT, STREAMS_NEGOTIATING_MAX};

/// A peer that runs.
pub struct RunningPeer {
    /// Speaks through the peer. May be cloned.
    pub client: Client,
    /// What others ask. If nobody takes from it, they are answered `Busy`.
    pub incoming: mpsc::Receiver<Incoming>,
    /// Ends after shutdown, when what was in flight is finished.
    pub task: JoinHandle<()>,
}

/// Starts a peer, which listens when this returns and runs until `shutdown`.
/// Must be called within a Tokio runtime.
///
/// # Errors
/// [`ProtocolError::CantListen`] if it can't listen where it should, or
/// [`ProtocolError::PeerStart`].
pub async fn start(config: PeerConfig, shutdown: CancellationToken) -> Result<RunningPeer, ProtocolError> {
    if config.role == PeerRole::Host {
        open_files::raise();
    }
    let (asks, ask_receivers) = roles::ask_channels();
    let (incoming_sender, incoming) = mpsc::channel(config.limits.incoming_waiting_max.max(1));
    let (commands, command_receiver) = mpsc::channel(COMMANDS_WAITING_MAX);
    let (events, _) = broadcast::channel(PEER_EVENTS_KEPT);
    let totals = Arc::new(WireTotals::default());
    let neighbours = Arc::new(Neighbours::default());
    let peer_id = config.key.public().to_peer_id();
    // A host is where others meet, and never comes by a circuit itself.
    let uses_circuits = config.role != PeerRole::Host;
    let (circuit_transport, circuits) = uses_circuits.then(|| libp2p::relay::client::new(peer_id)).unzip();
    let new_lines = watch::NewLines::default();
    let has_pace = !config.reach.usual_tcp && congestion::finds_pace();
    let lines = transport::Lines { totals: totals.clone(), new_lines: new_lines.clone(), has_pace };
    let transport = transport::build(&config.key, config.admission.clone(), &lines, circuit_transport)?;
    let (announce, conduct) = (config.reach.announce.clone(), Arc::new(Conduct::default()));
    let (paths, seen_at) = (reach::Paths::default(), reach::SeenAt::default());
    let (tally, verdict) = (watch::Tally::default(), outside::Verdict::default());
    let sharing = Sharing {
        incoming: incoming_sender,
        paths: paths.clone(),
        new_lines,
        tally: tally.clone(),
        seen_at: seen_at.clone(),
        verdict: verdict.clone(),
        circuits,
        conduct: conduct.clone(),
        has_pace,
    };
    let behaviour = Slim(PeerBehaviour::new(&config, ask_receivers, sharing));
    let (recorder, recorded) = watch::SwarmRecorder::new();
    let mut event_loop = EventLoop {
        swarm: Swarm::new(transport, behaviour, peer_id, swarm_config()),
        listeners: Vec::new(),
        commands: command_receiver,
        events: events.clone(),
        neighbours: neighbours.clone(),
        reconnector: Reconnector::new(config.limits.reconnect_first, config.limits.reconnect_max),
        dialling: HashMap::new(),
        paths: paths.clone(),
        pulses: pulse::Pulses::default(),
        recorder,
        relays: config.reach.relay != Relay::Nothing,
        shutdown_deadline: config.limits.shutdown_deadline,
    };
    event_loop.listen(&config.listen).await?;
    event_loop.announce(&announce);
    let (help, to_loop) = (gateway::Help::default(), commands.clone());
    let counted = client::Counted { totals, tally, recorded, conduct };
    let client = Client {
        peer_id,
        role: config.role,
        asks,
        commands,
        events,
        neighbours: neighbours.clone(),
        counted,
        paths,
        seen_at,
        verdict,
        help: help.clone(),
        announce,
    };
    let keeper = config.reach.map_ports.then(|| gateway::Keeper::new(neighbours, to_loop, help));
    let task = tokio::spawn(run(event_loop, keeper, shutdown));
    Ok(RunningPeer { client, incoming, task })
}

/// Until `shutdown`; the router is told, too, that it is over.
async fn run(event_loop: EventLoop, keeper: Option<gateway::Keeper>, shutdown: CancellationToken) {
    let asks_router = keeper.map(|keeper| tokio::spawn(keeper.run(shutdown.clone())));
    event_loop.run(shutdown).await;
    if let Some(asks_router) = asks_router {
        drop(asks_router.await);
    }
}

fn swarm_config() -> swarm::Config {
    swarm::Config::with_tokio_executor()
        .with_idle_connection_timeout(IDLE_TIMEOUT)
        .with_max_negotiating_inbound_streams(STREAMS_NEGOTIATING_MAX)
}
