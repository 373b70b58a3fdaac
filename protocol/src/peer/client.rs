//! The handle by which the rest of a program uses its peer. Holds no state of
//! its own: requests go straight to their conversation, the rest to the loop.

use std::sync::{Arc, PoisonError};

use libp2p::metrics::Registry;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::Instant;

use super::ask::{Ask, AskError};
use super::conduct::{Conduct, Refused};
use super::event_loop::Command;
use super::gateway::{Help, RouterHelp};
use super::neighbours::{Neighbours, PeerEvent};
use super::outside::{Reachability, Verdict};
use super::reach::{Path, Paths, SeenAt};
use super::reconnect::return_window;
use super::roles::{AskSenders, PeerRole, Spoken};
use super::watch::{Figures, Line, PeerStatus, Tally};
use super::wire_count::{WireCount, WireTotals};
use crate::limits::ADDRESSES_MAX;

/// Cheap to clone; all clones speak through the same peer.
#[derive(Clone)]
pub struct Client {
    pub(super) peer_id: PeerId,
    pub(super) role: PeerRole,
    pub(super) asks: AskSenders,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) events: broadcast::Sender<PeerEvent>,
    pub(super) neighbours: Arc<Neighbours>,
    pub(super) counted: Counted,
    pub(super) paths: Paths,
    pub(super) seen_at: SeenAt,
    pub(super) verdict: Verdict,
    pub(super) help: Help,
    pub(super) announce: Vec<Multiaddr>,
}

/// What is counted of this peer.
#[derive(Clone)]
pub(super) struct Counted {
    pub(super) totals: Arc<WireTotals>,
    pub(super) tally: Tally,
    pub(super) recorded: Arc<Registry>,
    pub(super) conduct: Arc<Conduct>,
}

impl Client {
    /// Who this peer is.
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Asks `peer`, and awaits its reply. Without a connection, addresses given by
    /// [`Self::add_address`] are dialled first.
    ///
    /// # Errors
    /// [`AskError`] if no reply came. A refusal is a reply.
    pub async fn ask<C: Spoken>(&self, peer: PeerId, request: C::Request) -> Result<C::Reply, AskError> {
        if !C::support(self.role).is_some_and(|support| support.outbound()) {
            return Err(AskError::NotSpoken { peer, conversation: C::NAME });
        }
        let (answer, answered) = oneshot::channel();
        let ask = Ask { peer, request, answer };
        C::asks(&self.asks).send(ask).await.map_err(|_| AskError::Stopped)?;
        answered.await.unwrap_or(Err(AskError::Stopped))
    }

    /// Connects to `peer` at one of `addresses`, unless it is connected already.
    ///
    /// # Errors
    /// [`AskError::DialFailed`] if none of them leads to it.
    pub async fn dial(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> Result<(), AskError> {
        let (answer, answered) = oneshot::channel();
        self.command(Command::Dial { peer, addresses, answer }).await?;
        answered.await.unwrap_or(Err(AskError::Stopped))
    }

    /// Remembers an address at which to dial `peer` when it is asked something.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn add_address(&self, peer: PeerId, address: Multiaddr) -> Result<(), AskError> {
        // Waits, so that a request sent next finds the address.
        let (answer, known) = oneshot::channel();
        self.command(Command::AddAddress { peer, address, answer }).await?;
        known.await.unwrap_or(Err(AskError::Stopped))
    }

    /// Keeps a connection to `peer` from now on: whenever there is none, `addresses`
    /// are dialled, after waits that double up to a minute. Called again, it
    /// replaces the addresses and tries at once. At most
    /// [`crate::limits::KEPT_PEERS_MAX`] peers; more are traced and left out.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn keep_connected(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> Result<(), AskError> {
        self.command(Command::Keep { peer, addresses }).await
    }

    /// A kept `peer` has `crowd` others connected beside us: should it go away, we come
    /// back at some time within a second for each [`crate::limits::RETURNS_PER_SECOND`]
    /// of them.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn one_of(&self, peer: PeerId, crowd: u32) -> Result<(), AskError> {
        self.command(Command::ReturnWithin { peer, window: return_window(crowd) }).await
    }

    /// No longer wants the connection to `peer` that was to be kept; one that stands ends
    /// when it is idle.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn release(&self, peer: PeerId) -> Result<(), AskError> {
        self.command(Command::Release { peer }).await
    }

    /// Reaches others through `relay` from now on where there is no direct way, and can
    /// be reached so. At most [`crate::limits::RELAYS_MAX`]; more are left out.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn use_relay(&self, relay: PeerId, addresses: Vec<Multiaddr>) -> Result<(), AskError> {
        self.command(Command::UseRelay { relay, addresses }).await
    }

    /// Closes all connections to `peer`, no longer keeps one, and is not reached through
    /// it any more.
    ///
    /// # Errors
    /// [`AskError::Stopped`]
    pub async fn disconnect(&self, peer: PeerId) -> Result<(), AskError> {
        self.command(Command::Disconnect { peer }).await
    }

    /// Where this peer listens, without its peer id.
    pub fn listeners(&self) -> Vec<Multiaddr> {
        self.neighbours.read().listeners.clone()
    }

    /// Where others may find this peer, the best first: what its operator says, where a
    /// host has reached it from outside, where it listens, what others have seen or let guess. Without its peer id; at most
    /// [`crate::limits::ADDRESSES_MAX`].
    pub fn addresses(&self) -> Vec<Multiaddr> {
        let seen = self.seen_at.read().unwrap_or_else(PoisonError::into_inner).clone();
        let told = self.announce.iter().cloned().chain(self.verdict.confirmed());
        let mut addresses: Vec<Multiaddr> = Vec::new();
        for address in told.chain(self.listeners()).chain(seen) {
            if addresses.len() < ADDRESSES_MAX && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// Whether this peer can be reached from outside, if a host has tried.
    pub fn reachability(&self) -> Option<Reachability> {
        self.verdict.reachability()
    }

    /// What the router did when it was asked to let callers in, if it was.
    pub fn router(&self) -> Option<RouterHelp> {
        self.help.read()
    }

    /// By which way `peer` is reached, if it is connected.
    pub fn path(&self, peer: &PeerId) -> Option<Path> {
        self.paths.path(peer)
    }

    /// How many connections to `peer` there are.
    pub fn lines_to(&self, peer: &PeerId) -> usize {
        self.paths.count(peer)
    }

    /// All connections as they are now, in no order of peers; of one peer the best first.
    pub fn lines(&self) -> Vec<Line> {
        self.paths.lines(Instant::now())
    }

    /// Those whom the caller has `known`, as they are now, and whoever else is connected.
    pub fn peer_statuses(&self, known: Vec<PeerStatus>) -> Vec<PeerStatus> {
        let troubles = self.neighbours.read().troubles.clone();
        PeerStatus::joined(known, self.lines(), troubles)
    }

    /// Whether others can reach this peer through `relay` now.
    pub fn is_met_at(&self, relay: &PeerId) -> bool {
        self.paths.has_place(relay)
    }

    /// Whether there is a connection to `peer`.
    pub fn is_connected(&self, peer: &PeerId) -> bool {
        self.neighbours.read().connected.contains(peer)
    }

    /// Who is connected, in no order.
    pub fn peers(&self) -> Vec<PeerId> {
        self.neighbours.read().connected.iter().copied().collect()
    }

    /// Bytes on all connections since the start: TCP's payload, with what Noise
    /// and Yamux add; QUIC's streams.
    pub fn wire(&self) -> WireCount {
        self.counted.totals.read()
    }

    /// What is counted of this peer, for a monitoring program: bytes, requests, and what
    /// libp2p counts. Whoever knows more adds to it.
    pub fn figures(&self) -> Figures {
        let mut figures = Figures::of_swarm(self.counted.recorded.clone());
        let wire = self.wire();
        figures.counter("sent_bytes", "Bytes sent on all connections.", wire.sent_bytes);
        figures.counter("received_bytes", "Bytes received on all connections.", wire.received_bytes);
        self.counted.tally.add_to(&mut figures);
        self.refused().add_to(&mut figures);
        figures
    }

    /// What this peer has refused since the start, and whom.
    pub fn refused(&self) -> Refused {
        self.counted.conduct.read()
    }

    /// What happens from now on. A receiver that falls
    /// [`crate::limits::PEER_EVENTS_KEPT`] behind misses some, and is told so.
    pub fn events(&self) -> broadcast::Receiver<PeerEvent> {
        self.events.subscribe()
    }

    async fn command(&self, command: Command) -> Result<(), AskError> {
        self.commands.send(command).await.map_err(|_| AskError::Stopped)
    }
}
