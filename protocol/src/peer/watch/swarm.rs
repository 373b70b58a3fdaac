//! What libp2p counts of the swarm and of its own protocols.

use std::sync::Arc;

use libp2p::metrics::{Metrics, Recorder, Registry};
use libp2p::swarm::SwarmEvent;

use crate::peer::behaviour::PeerBehaviourEvent;

/// Records what happens in the swarm.
pub(in crate::peer) struct SwarmRecorder {
    metrics: Metrics,
}

impl SwarmRecorder {
    /// A recorder, and where its figures can be read.
    pub(in crate::peer) fn new() -> (Self, Arc<Registry>) {
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        (Self { metrics }, Arc::new(registry))
    }

    /// Records one event. What identify receives is left out: libp2p would keep a copy of
    /// it for each peer.
    pub(in crate::peer) fn record(&self, event: &SwarmEvent<PeerBehaviourEvent>) {
        self.metrics.record(event);
        match event {
            SwarmEvent::Behaviour(PeerBehaviourEvent::Ping(ping)) => self.metrics.record(ping),
            SwarmEvent::Behaviour(PeerBehaviourEvent::Punch(punch)) => self.metrics.record(punch),
            SwarmEvent::Behaviour(PeerBehaviourEvent::Relay(relay)) => self.metrics.record(relay),
            _ => {}
        }
    }
}
