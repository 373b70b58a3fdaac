//! The one task that owns the swarm. It dials, keeps connections, reports what
//! happens to them, and stops in order. Requests and replies don't pass here:
//! see `talk.rs`.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::transport::ListenerId;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{DialError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, mdns, ping, relay};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::ask::AskError;
use super::behaviour::{PeerBehaviour, PeerBehaviourEvent};
use super::dial_words::dial_words;
use super::neighbours::{Neighbours, PeerEvent};
use super::outside::{OpenPort, VerdictChanged};
use super::pulse::Pulses;
use super::reach::{Paths, SeenAnew};
use super::reconnect::{LostBy, Reconnector};
use super::slim::Slim;
use super::transport;
use super::watch::SwarmRecorder;
use crate::error::ProtocolError;
use crate::limits::{CLOSE_DEADLINE, COMMANDS_WAITING_MAX, CONNECT_TIMEOUT, LAST_REPLY_LEAD, PULSE_LOOK, STOP_LOOK};

/// What the `Client` may want of the loop.
pub(super) enum Command {
    Dial { peer: PeerId, addresses: Vec<Multiaddr>, answer: Answer },
    AddAddress { peer: PeerId, address: Multiaddr, answer: Answer },
    Keep { peer: PeerId, addresses: Vec<Multiaddr> },
    ReturnWithin { peer: PeerId, window: Duration },
    UseRelay { relay: PeerId, addresses: Vec<Multiaddr> },
    Release { peer: PeerId },
    Disconnect { peer: PeerId },
    RouterOpened { open: Vec<OpenPort> },
}

type Answer = oneshot::Sender<Result<(), AskError>>;

/// The swarm and what belongs to it.
pub(super) struct EventLoop {
    pub(super) swarm: Swarm<Slim<PeerBehaviour>>,
    pub(super) listeners: Vec<ListenerId>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) events: broadcast::Sender<PeerEvent>,
    pub(super) neighbours: Arc<Neighbours>,
    pub(super) reconnector: Reconnector,
    pub(super) dialling: HashMap<PeerId, Vec<Answer>>,
    pub(super) paths: Paths,
    pub(super) pulses: Pulses,
    pub(super) recorder: SwarmRecorder,
    /// Whether others meet here: then where we listen is where circuits lead.
    pub(super) relays: bool,
    pub(super) shutdown_deadline: Duration,
}

impl EventLoop {
    /// Opens the listeners, and waits until each has an address to tell.
    pub(super) async fn listen(&mut self, addresses: &[Multiaddr]) -> Result<(), ProtocolError> {
        let addresses: Vec<_> = addresses.iter().filter(|address| !transport::is_optional(address)).collect();
        for address in &addresses {
            transport::check_free(address).map_err(|error| cant_listen(address, &error))?;
        }
        for address in addresses {
            let listener = self.swarm.listen_on(address.clone());
            self.listeners.push(listener.map_err(|error| cant_listen(address, &error))?);
        }
        let mut silent = self.listeners.clone();
        let deadline = Instant::now() + CONNECT_TIMEOUT;
        while !silent.is_empty() {
            let event = timeout_at(deadline, self.swarm.select_next_some()).await;
            let event = event.map_err(|error| ProtocolError::PeerStart {
                reason: format!("no address to listen at was found: {error}"),
            })?;
            if let SwarmEvent::ListenerClosed { reason: Err(error), .. } = &event {
                return Err(ProtocolError::PeerStart { reason: error.to_string() });
            }
            if let SwarmEvent::NewListenAddr { listener_id, .. } = &event {
                silent.retain(|listener| listener != listener_id);
            }
            self.on_swarm_event(event);
        }
        Ok(())
    }

    /// Tells others of addresses that this peer can't know itself.
    pub(super) fn announce(&mut self, addresses: &[Multiaddr]) {
        for address in addresses {
            self.swarm.add_external_address(address.clone());
        }
    }

    /// Runs until `shutdown`, then finishes what is in flight.
    pub(super) async fn run(mut self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(PULSE_LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next_dial = self.reconnector.next_due();
            tokio::select! {
                _ = look.tick() => self.paths.look(Instant::now()),
                () = shutdown.cancelled() => break,
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                command = self.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                () = sleep_until(next_dial.unwrap_or_else(Instant::now)), if next_dial.is_some() => {
                    self.dial_wanted();
                }
            }
        }
        self.stop().await;
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Dial { peer, addresses, answer } => self.dial(peer, addresses, answer),
            Command::AddAddress { peer, address, answer } => {
                self.swarm.add_peer_address(peer, address);
                drop(answer.send(Ok(())));
            }
            Command::Keep { peer, addresses } => {
                let connected = self.swarm.is_connected(&peer);
                if !self.reconnector.keep(peer, addresses, connected, Instant::now()) {
                    tracing::warn!(peer.id = %peer, "too many connections to keep; this one is not kept");
                }
            }
            Command::ReturnWithin { peer, window } => self.reconnector.return_within(&peer, window),
            Command::UseRelay { relay, addresses } => self.swarm.behaviour_mut().reach.use_relay(relay, addresses),
            Command::RouterOpened { open } => {
                if let Some(tester) = self.swarm.behaviour_mut().tester.as_mut() {
                    tester.router_opened(open);
                }
            }
            Command::Release { peer } => self.reconnector.release(&peer),
            Command::Disconnect { peer } => {
                self.reconnector.release(&peer);
                self.swarm.behaviour_mut().reach.leave_relay(&peer);
                if self.swarm.disconnect_peer_id(peer).is_err() {
                    tracing::trace!(peer.id = %peer, "was not connected");
                }
            }
        }
    }

    fn dial(&mut self, peer: PeerId, addresses: Vec<Multiaddr>, answer: Answer) {
        if self.swarm.is_connected(&peer) {
            drop(answer.send(Ok(())));
            return;
        }
        match self.swarm.dial(self.options(peer, addresses)) {
            // Another dial to the same peer is on its way: its end is this one's too.
            Ok(()) | Err(DialError::DialPeerConditionFalse(_)) => {
                let waiting = self.dialling.entry(peer).or_default();
                if waiting.len() < COMMANDS_WAITING_MAX {
                    waiting.push(answer);
                } else {
                    drop(answer.send(Err(AskError::TooManyInFlight { peer })));
                }
            }
            Err(error) => drop(answer.send(Err(dial_failed(peer, &error)))),
        }
    }

    /// Dials unless there is a connection or a dial already. From a port of its own where a
    /// hole may have to be punched: a router that has seen this peer's own port call in vain
    /// lets the other end's call in, and no answer to it out.
    fn options(&self, peer: PeerId, addresses: Vec<Multiaddr>) -> DialOpts {
        let options = DialOpts::peer_id(peer).addresses(addresses).extend_addresses_through_behaviour();
        let may_punch = self.swarm.behaviour().reach.may_punch(&peer);
        if may_punch { options.allocate_new_port().build() } else { options.build() }
    }

    fn dial_wanted(&mut self) {
        while let Some((peer, addresses)) = self.reconnector.due(Instant::now()) {
            match self.swarm.dial(self.options(peer, addresses)) {
                Ok(()) => {}
                Err(DialError::DialPeerConditionFalse(_)) if self.swarm.is_connected(&peer) => {
                    self.reconnector.connected(&peer, Instant::now());
                }
                Err(DialError::DialPeerConditionFalse(_)) => {}
                Err(error) => self.on_dial_failed(peer, &error),
            }
        }
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<PeerBehaviourEvent>) {
        self.recorder.record(&event);
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, endpoint, num_established, .. } => {
                self.on_connected(peer_id);
                if num_established.get() == 1 {
                    let address = endpoint.get_remote_address().clone();
                    self.tell(PeerEvent::Connected { peer: peer_id, address });
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 1.., connection_id, .. } => {
                self.pulses.forget(connection_id);
                self.tell(PeerEvent::Rerouted { peer: peer_id });
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, connection_id, cause, .. } => {
                self.pulses.forget(connection_id);
                tracing::debug!(peer.id = %peer_id, ?cause, "disconnected");
                // Without a cause it was closed here: a dead line, or another network.
                let by = if cause.is_some() { LostBy::Peer } else { LostBy::Us };
                self.reconnector.lost(&peer_id, by, Instant::now(), rand::random());
                self.tell(PeerEvent::Disconnected { peer: peer_id });
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.on_dial_failed(peer, &error);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.on_listening(address),
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.tell(PeerEvent::NotListening { address });
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::debug!(?reason, "a listener closed");
                for address in addresses {
                    self.tell(PeerEvent::NotListening { address });
                }
            }
            SwarmEvent::Behaviour(PeerBehaviourEvent::Ping(ping)) => self.on_ping(&ping),
            SwarmEvent::Behaviour(PeerBehaviourEvent::Circuits(event)) => self.on_circuit(event),
            SwarmEvent::Behaviour(
                PeerBehaviourEvent::Reach(SeenAnew(address)) | PeerBehaviourEvent::Tester(VerdictChanged(address)),
            ) => {
                self.tell(PeerEvent::SeenAt { address });
            }
            SwarmEvent::Behaviour(PeerBehaviourEvent::Neighbourhood(mdns::Event::Discovered(found))) => {
                self.on_found(found);
            }
            SwarmEvent::Behaviour(PeerBehaviourEvent::Punch(punch)) => {
                tracing::debug!(peer.id = %punch.remote_peer_id, result = ?punch.result, "a hole was tried");
                if let (Ok(connection), Some(beside)) = (punch.result, self.swarm.behaviour_mut().beside.as_mut()) {
                    beside.punched(punch.remote_peer_id, connection);
                }
            }
            other => tracing::trace!(event = ?other, "swarm"),
        }
    }

    fn on_listening(&mut self, address: Multiaddr) {
        if is_circuit(&address) {
            return;
        }
        if self.relays {
            self.swarm.add_external_address(address.clone());
        }
        // What leads out of here may have changed: the missing are tried at once.
        self.reconnector.hurry(Instant::now(), rand::random());
        self.tell(PeerEvent::Listening { address });
    }

    fn on_circuit(&mut self, event: relay::client::Event) {
        if let relay::client::Event::ReservationReqAccepted { relay_peer_id, limit, .. } = event {
            self.paths.set_terms(relay_peer_id, limit.and_then(|limit| limit.data_in_bytes()));
            self.swarm.behaviour_mut().reach.granted(&relay_peer_id);
        }
    }

    /// Peers on the local network: those that are wanted are dialled now, where they
    /// were found; strangers are not.
    fn on_found(&mut self, found: Vec<(PeerId, Multiaddr)>) {
        for (peer, _) in found {
            self.reconnector.hurry_to(&peer, Instant::now());
        }
    }

    fn on_connected(&mut self, peer: PeerId) {
        self.reconnector.connected(&peer, Instant::now());
        for answer in self.dialling.remove(&peer).unwrap_or_default() {
            drop(answer.send(Ok(())));
        }
    }

    fn on_dial_failed(&mut self, peer: PeerId, error: &DialError) {
        if self.swarm.is_connected(&peer) {
            return;
        }
        let failure = dial_failed(peer, error);
        for answer in self.dialling.remove(&peer).unwrap_or_default() {
            drop(answer.send(Err(failure.clone())));
        }
        self.reconnector.lost(&peer, LostBy::Us, Instant::now(), rand::random());
        self.tell(PeerEvent::DialFailed { peer, reason: dial_words(error) });
    }

    /// A connection that lets pings die is dead, though TCP may not know for hours.
    fn on_ping(&mut self, ping: &ping::Event) {
        let is_answered = match ping.result {
            Ok(time) => {
                self.paths.pinged(&ping.peer, ping.connection, time);
                true
            }
            Err(ping::Failure::Unsupported) => return,
            // On a dead line even the stream for the next ping does not come about.
            Err(_) => false,
        };
        let lately_bytes = self.paths.lately_bytes(&ping.peer, ping.connection);
        if self.pulses.is_dead(ping.connection, is_answered, lately_bytes) {
            tracing::info!(peer.id = %ping.peer, "no answer to pings; closing the connection");
            self.swarm.close_connection(ping.connection);
        }
    }

    /// Shows an event to everyone. That nobody listens is no fault.
    fn tell(&self, event: PeerEvent) {
        tracing::debug!(?event, "peer");
        self.neighbours.apply(&event);
        drop(self.events.send(event));
    }

    /// In this order: no new connections, no new requests; what is in flight gets
    /// its time; then the connections are closed.
    async fn stop(mut self) {
        let deadline = Instant::now() + self.shutdown_deadline;
        self.commands.close();
        for listener in std::mem::take(&mut self.listeners) {
            self.swarm.remove_listener(listener);
        }
        self.swarm.behaviour_mut().stop();
        if timeout_at(deadline, self.run_until(|swarm| swarm.behaviour().is_idle())).await.is_err() {
            tracing::warn!("requests were still in flight when time was up");
        }
        // A peer that meets the end of the connection in the same read as a reply
        // loses the reply, so the end keeps a distance.
        let gone = self.run_until(|swarm| swarm.network_info().num_peers() == 0);
        if timeout(LAST_REPLY_LEAD, gone).await.is_ok() {
            return;
        }
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            if self.swarm.disconnect_peer_id(peer).is_err() {
                tracing::trace!(peer.id = %peer, "has gone by itself");
            }
        }
        let closed = self.run_until(|swarm| swarm.network_info().num_peers() == 0);
        if timeout(CLOSE_DEADLINE, closed).await.is_err() {
            tracing::debug!("some connections were cut rather than closed");
        }
    }

    /// Runs the swarm until `done`, which is looked at whenever the swarm has worked, since
    /// most of its work makes no event, and now and then: who has asked may go away meanwhile.
    async fn run_until(&mut self, done: impl Fn(&Swarm<Slim<PeerBehaviour>>) -> bool) {
        let mut look = tokio::time::interval(STOP_LOOK);
        poll_fn(|cx| {
            while look.poll_tick(cx).is_ready() {}
            while let Poll::Ready(Some(event)) = self.swarm.poll_next_unpin(cx) {
                self.on_swarm_event(event);
            }
            if done(&self.swarm) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn dial_failed(peer: PeerId, error: &DialError) -> AskError {
    AskError::DialFailed { peer, reason: dial_words(error) }
}

fn is_circuit(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::P2pCircuit)
}

fn cant_listen(address: &Multiaddr, error: &dyn std::fmt::Display) -> ProtocolError {
    ProtocolError::CantListen { address: address.to_string(), reason: error.to_string() }
}
