//! What the swarm is made of: limits first, since they may turn a connection
//! away before anything else is set up for it.

use std::sync::Arc;

use libp2p::swarm::NetworkBehaviour;
use libp2p::{connection_limits, identify, ping};
use tokio::sync::mpsc;

use super::config::PeerConfig;
use super::door::Door;
use super::incoming::Incoming;
use super::rate::Rates;
use super::roles::AskReceivers;
use super::talk::{Shared, Talk};
use crate::enrol::Enrol;
use crate::limits::{PING_INTERVAL, PING_TIMEOUT};
use crate::order::Deliver;
use crate::original::FetchOriginal;
use crate::print_job::OfferJob;
use crate::publish::Publish;
use crate::status::Report;

/// The name of the whole set of conversations, told by `identify`.
const PROTOCOL_VERSION: &str = "/enprint/1";

#[derive(NetworkBehaviour)]
pub(super) struct PeerBehaviour {
    limits: connection_limits::Behaviour,
    door: Door,
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    enrol: Talk<Enrol>,
    publish: Talk<Publish>,
    deliver: Talk<Deliver>,
    offer_job: Talk<OfferJob>,
    fetch: Talk<FetchOriginal>,
    report: Talk<Report>,
}

impl PeerBehaviour {
    pub(super) fn new(config: &PeerConfig, asks: AskReceivers, incoming: mpsc::Sender<Incoming>) -> Self {
        let limits = &config.limits;
        let shared = Shared {
            role: config.role,
            admission: config.admission.clone(),
            rates: Arc::new(Rates::new(limits.requests_per_second, limits.stranger_requests_per_second)),
            incoming,
            timeout_max: limits.request_timeout_max,
        };
        Self {
            limits: connection_limits::Behaviour::new(limits.connections()),
            door: Door::new(config.admission.clone(), limits.strangers_max, limits.stranger_time),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT)),
            identify: identify::Behaviour::new(identify_config(config)),
            enrol: Talk::new(shared.clone(), asks.enrol),
            publish: Talk::new(shared.clone(), asks.publish),
            deliver: Talk::new(shared.clone(), asks.deliver),
            offer_job: Talk::new(shared.clone(), asks.offer_job),
            fetch: Talk::new(shared.clone(), asks.fetch),
            report: Talk::new(shared, asks.report),
        }
    }

    /// Takes nothing new in any conversation.
    pub(super) fn stop(&mut self) {
        self.enrol.stop();
        self.publish.stop();
        self.deliver.stop();
        self.offer_job.stop();
        self.fetch.stop();
        self.report.stop();
    }

    /// Whether nothing is in flight in any conversation.
    pub(super) fn is_idle(&self) -> bool {
        self.enrol.is_idle()
            && self.publish.is_idle()
            && self.deliver.is_idle()
            && self.offer_job.is_idle()
            && self.fetch.is_idle()
            && self.report.is_idle()
    }
}

/// Remembers no addresses that others announce of themselves: we dial only
/// where a person or the host has told us to.
fn identify_config(config: &PeerConfig) -> identify::Config {
    identify::Config::new(PROTOCOL_VERSION.to_owned(), config.key.public())
        .with_agent_version(concat!("enprint/", env!("CARGO_PKG_VERSION")).to_owned())
        .with_cache_size(0)
}
