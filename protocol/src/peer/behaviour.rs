//! What the swarm is made of: limits first, since they may turn a connection
//! away before anything else is set up for it.

use std::sync::Arc;

use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, connection_limits, dcutr, identify, mdns, ping, relay};
use tokio::sync::mpsc;

use super::ask::Ask;
use super::beside::{Beside, Transfers};
use super::conduct::Conduct;
use super::config::PeerConfig;
use super::connection_set::ConnectionSet;
use super::door::Door;
use super::incoming::Incoming;
use super::outside::{DialBacks, Tester, Verdict};
use super::rate::Rates;
use super::reach::{Observed, Paths, Reach, SeenAt};
use super::relaying;
use super::roles::{AskReceivers, PeerRole, Spoken};
use super::slim::Slim;
use super::streams::Streams;
use super::talk::{Shared, Talk};
use super::watch::{NewLines, Tally};
use crate::enrol::Enrol;
use crate::home::Pair;
use crate::limits::{NEIGHBOURS_LOOKED_FOR_EVERY, PING_INTERVAL, PING_TIMEOUT};
use crate::order::Deliver;
use crate::original::FetchOriginal;
use crate::print_job::OfferJob;
use crate::publish::Publish;
use crate::replica::Follow;
use crate::status::Report;

/// The name of the whole set of conversations, told by `identify`.
const PROTOCOL_VERSION: &str = "/enprint/1";

#[derive(NetworkBehaviour)]
pub(super) struct PeerBehaviour {
    limits: connection_limits::Behaviour,
    door: Door,
    ping: ping::Behaviour,
    identify: Observed,
    pub(super) reach: Reach,
    circuits: Toggle<relay::client::Behaviour>,
    relay: Toggle<relay::Behaviour>,
    punch: Toggle<dcutr::Behaviour>,
    pub(super) tester: Toggle<Tester>,
    dial_backs: Toggle<DialBacks>,
    neighbourhood: Toggle<mdns::tokio::Behaviour>,
    enrol: MaybeTalk<Enrol>,
    publish: MaybeTalk<Publish>,
    deliver: MaybeTalk<Deliver>,
    offer_job: MaybeTalk<OfferJob>,
    fetch: MaybeTalk<FetchOriginal>,
    report: MaybeTalk<Report>,
    pair: MaybeTalk<Pair>,
    follow: MaybeTalk<Follow>,
    /// Behind the talks, which tell it what is carried.
    pub(super) beside: Toggle<Beside>,
}

/// A conversation, if this peer's role speaks it: one that it does not speak would take
/// memory with each connection all the same.
type MaybeTalk<C> = Toggle<Slim<Talk<C>>>;

/// What of a peer the behaviour shares with others.
pub(super) struct Sharing {
    pub(super) incoming: mpsc::Sender<Incoming>,
    pub(super) paths: Paths,
    pub(super) new_lines: NewLines,
    pub(super) tally: Tally,
    pub(super) seen_at: SeenAt,
    pub(super) verdict: Verdict,
    pub(super) circuits: Option<relay::client::Behaviour>,
    pub(super) conduct: Arc<Conduct>,
    /// Whether TCP finds its pace by the line's rate.
    pub(super) has_pace: bool,
}

impl PeerBehaviour {
    pub(super) fn new(config: &PeerConfig, asks: AskReceivers, sharing: Sharing) -> Self {
        let limits = &config.limits;
        let me = config.key.public().to_peer_id();
        let is_host = config.role == PeerRole::Host;
        let (waiting_room, apart, conduct) = (ConnectionSet::default(), ConnectionSet::default(), sharing.conduct);
        let transfers = Transfers::default();
        let shared = Shared {
            role: config.role,
            admission: config.admission.clone(),
            conduct: conduct.clone(),
            waiting_room: waiting_room.clone(),
            apart: apart.clone(),
            rates: Arc::new(Rates::new(limits.requests_per_second, limits.stranger_requests_per_second)),
            streams: Streams::new(conduct.clone()),
            incoming: sharing.incoming,
            paths: sharing.paths.clone(),
            transfers: transfers.clone(),
            tally: sharing.tally,
            timeout_max: limits.request_timeout_max,
            step_time: limits.message_step_time,
            counts_loopback: limits.counts_loopback,
        };
        Self {
            limits: connection_limits::Behaviour::new(limits.connections(config.role)),
            door: Door::new(config.admission.clone(), conduct.clone(), waiting_room, limits),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT)),
            identify: Observed::new(identify_config(config), config.admission.clone()),
            reach: Reach::new(sharing.paths.clone(), sharing.new_lines, transfers.clone(), sharing.seen_at),
            beside: (!is_host).then(|| Beside::new(config, sharing.has_pace, sharing.paths.clone(), transfers)).into(),
            circuits: sharing.circuits.into(),
            relay: relaying::behaviour(me, config).into(),
            punch: (!is_host).then(|| dcutr::Behaviour::new(me)).into(),
            tester: (!is_host)
                .then(|| Tester::new(sharing.verdict, config.reach.map_ports, sharing.paths.clone(), apart.clone()))
                .into(),
            dial_backs: is_host
                .then(|| DialBacks::new(config.admission.clone(), conduct.clone(), sharing.paths, apart))
                .into(),
            neighbourhood: neighbourhood(config, me).into(),
            enrol: talk(&shared, asks.enrol),
            publish: talk(&shared, asks.publish),
            deliver: talk(&shared, asks.deliver),
            offer_job: talk(&shared, asks.offer_job),
            fetch: talk(&shared, asks.fetch),
            report: talk(&shared, asks.report),
            pair: talk(&shared, asks.pair),
            follow: talk(&shared, asks.follow),
        }
    }

    /// Takes nothing new in any conversation.
    pub(super) fn stop(&mut self) {
        stop(&mut self.enrol);
        stop(&mut self.publish);
        stop(&mut self.deliver);
        stop(&mut self.offer_job);
        stop(&mut self.fetch);
        stop(&mut self.report);
        stop(&mut self.pair);
        stop(&mut self.follow);
    }

    /// Whether nothing is in flight in any conversation.
    pub(super) fn is_idle(&self) -> bool {
        is_idle(&self.enrol)
            && is_idle(&self.publish)
            && is_idle(&self.deliver)
            && is_idle(&self.offer_job)
            && is_idle(&self.fetch)
            && is_idle(&self.report)
            && is_idle(&self.pair)
            && is_idle(&self.follow)
    }
}

fn talk<C: Spoken>(shared: &Shared, asks: mpsc::Receiver<Ask<C>>) -> MaybeTalk<C> {
    C::support(shared.role).map(|support| Slim(Talk::new(support, shared.clone(), asks))).into()
}

fn stop<C: Spoken>(talk: &mut MaybeTalk<C>) {
    if let Some(talk) = talk.as_mut() {
        talk.stop();
    }
}

fn is_idle<C: Spoken>(talk: &MaybeTalk<C>) -> bool {
    talk.as_ref().is_none_or(|talk| talk.is_idle())
}

/// Remembers no addresses that others announce of themselves: we dial only
/// where a person or the host has told us to.
fn identify_config(config: &PeerConfig) -> identify::Config {
    identify::Config::new(PROTOCOL_VERSION.to_owned(), config.key.public())
        .with_agent_version(concat!("enprint/", env!("CARGO_PKG_VERSION")).to_owned())
        .with_cache_size(0)
}

/// A machine that lets nobody look at its interfaces finds nobody, and runs.
fn neighbourhood(config: &PeerConfig, me: PeerId) -> Option<mdns::tokio::Behaviour> {
    if !config.reach.mdns {
        return None;
    }
    let often = mdns::Config { query_interval: NEIGHBOURS_LOOKED_FOR_EVERY, ..mdns::Config::default() };
    let found = mdns::tokio::Behaviour::new(often, me);
    found.inspect_err(|error| tracing::warn!(%error, "peers on the local network can't be looked for")).ok()
}
