//! How a peer is to be. Owns no default of its own: they are in `limits.rs`.

use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::connection_limits::ConnectionLimits;
use libp2p::identity::Keypair;

use super::admission::Admission;
use super::roles::PeerRole;
use crate::limits;

/// What a peer is started with.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// The peer's identity (see [`super::key_file`]).
    pub key: Keypair,
    /// Which conversations it takes part in.
    pub role: PeerRole,
    /// Where it listens. May be empty: a photographer's node only dials.
    pub listen: Vec<Multiaddr>,
    /// Whom it knows. The caller keeps a clone, and admits peers as they enrol.
    pub admission: Admission,
    /// How it finds and is found.
    pub reach: PeerReach,
    /// Bounds.
    pub limits: PeerLimits,
}

/// How a peer finds others, and is found. Nothing, unless it is set.
#[derive(Debug, Clone, Default)]
pub struct PeerReach {
    /// Addresses of this peer that it can't know itself: those of a proxy or a router
    /// in front of it.
    pub announce: Vec<Multiaddr>,
    /// Known peers may meet here who can't reach each other.
    pub relay: Relay,
    /// Finds known peers on the local network, and is found by them.
    pub mdns: bool,
    /// Asks the router of the local network to let callers in.
    pub map_ports: bool,
    /// Leaves TCP the system's usual congestion control, as on a system that offers no
    /// choice.
    pub usual_tcp: bool,
}

/// What a peer passes on between others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Relay {
    /// Nothing.
    #[default]
    Nothing,
    /// What two peers need to find a direct way, and short messages.
    Meetings,
    /// All they have to say, print files too. They are encrypted from end to end.
    Files,
}

impl PeerConfig {
    /// A peer that listens nowhere yet, knows nobody, and has the usual limits.
    pub fn new(key: Keypair, role: PeerRole) -> Self {
        Self {
            key,
            role,
            listen: Vec::new(),
            admission: Admission::default(),
            reach: PeerReach::default(),
            limits: PeerLimits::default(),
        }
    }
}

/// Those bounds that an operator or a test may have reason to change.
#[derive(Debug, Clone)]
pub struct PeerLimits {
    /// [`limits::CONNECTIONS_MAX`]
    pub connections_max: u32,
    /// [`limits::CONNECTIONS_PER_ADDRESS_MAX`]
    pub connections_per_address_max: usize,
    /// Counts this machine's own address as one, which it is not for a host behind a
    /// proxy on the same machine.
    pub counts_loopback: bool,
    /// [`limits::STRANGERS_MAX`]
    pub strangers_max: usize,
    /// [`limits::STRANGER_TIME`]
    pub stranger_time: Duration,
    /// [`limits::INCOMING_WAITING_MAX`]; at least 1.
    pub incoming_waiting_max: usize,
    /// [`limits::SEVERAL_AFTER`]
    pub several_after: Duration,
    /// [`limits::SEVERAL_IDLE`]
    pub several_idle: Duration,
    /// Opens several connections on the local network too, where they are of no use.
    pub several_nearby: bool,
    /// Cuts each conversation's own timeout; by default it cuts none.
    pub request_timeout_max: Duration,
    /// [`limits::MESSAGE_STEP_TIME`]
    pub message_step_time: Duration,
    /// [`limits::REQUESTS_PER_SECOND`]
    pub requests_per_second: u32,
    /// [`limits::STRANGER_REQUESTS_PER_SECOND`]
    pub stranger_requests_per_second: u32,
    /// [`limits::RELAY_CIRCUIT_TIME`]
    pub relay_circuit_time: Duration,
    /// [`limits::RECONNECT_FIRST`]
    pub reconnect_first: Duration,
    /// [`limits::RECONNECT_MAX`]
    pub reconnect_max: Duration,
    /// [`limits::SHUTDOWN_DEADLINE`]
    pub shutdown_deadline: Duration,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            connections_max: limits::CONNECTIONS_MAX,
            connections_per_address_max: limits::CONNECTIONS_PER_ADDRESS_MAX,
            counts_loopback: false,
            strangers_max: limits::STRANGERS_MAX,
            stranger_time: limits::STRANGER_TIME,
            incoming_waiting_max: limits::INCOMING_WAITING_MAX,
            several_after: limits::SEVERAL_AFTER,
            several_idle: limits::SEVERAL_IDLE,
            several_nearby: false,
            request_timeout_max: Duration::MAX,
            message_step_time: limits::MESSAGE_STEP_TIME,
            requests_per_second: limits::REQUESTS_PER_SECOND,
            stranger_requests_per_second: limits::STRANGER_REQUESTS_PER_SECOND,
            relay_circuit_time: limits::RELAY_CIRCUIT_TIME,
            reconnect_first: limits::RECONNECT_FIRST,
            reconnect_max: limits::RECONNECT_MAX,
            shutdown_deadline: limits::SHUTDOWN_DEADLINE,
        }
    }
}

impl PeerLimits {
    /// What no reason lets pass. Within it the door decides.
    pub(super) fn connections(&self, role: PeerRole) -> ConnectionLimits {
        let visitors = self.strangers_max.saturating_add(limits::TURNED_AWAY_MAX);
        let most = self.connections_max.saturating_add(u32::try_from(visitors).unwrap_or(u32::MAX));
        let of_one = match role {
            PeerRole::Host => limits::CONNECTIONS_PER_PEER_MAX,
            // The door counts those of strangers.
            PeerRole::Photographer | PeerRole::Lab => limits::CONNECTIONS_PER_SEVERAL_MAX,
        };
        ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits::CONNECTIONS_PENDING_MAX))
            .with_max_pending_outgoing(Some(limits::CONNECTIONS_PENDING_MAX))
            .with_max_established_incoming(Some(most.saturating_add(limits::CONNECTIONS_SPARE)))
            .with_max_established_per_peer(Some(of_one))
    }
}
