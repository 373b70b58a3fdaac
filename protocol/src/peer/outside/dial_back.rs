//! The host's side: dials whom it knows where they say they are, if that can harm nobody
//! else. libp2p's server dials whatever it is given; what is dialled here
//!
//! - is asked for by an enrolled peer, so often and no more
//! - is at the very address from which that peer is connected now, and on the internet:
//!   never another machine, nor this one or one of this network
//! - has little time; its connection ends when nothing crosses it any more: whoever was
//!   asked something meanwhile was perhaps asked by it

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::autonat::v2::server;
use libp2p::core::transport::PortUse;
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::swarm::{
    CloseConnection, ConnectionDenied, ConnectionId, DialError, DialFailure, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep_until};

use super::gate::{Caller, Gate};
use crate::limits::{
    CONNECTION_CLOSE_DEADLINE, DIAL_BACK_QUIET_BYTES, DIAL_BACK_TIME, DIAL_BACKS_MAX, DIAL_BACKS_PER_PEER_MAX,
    DIAL_BACKS_PER_PEER_WINDOW, PUBLISH_TIMEOUT, PULSE_LOOK, RATED_MAX,
};
use crate::peer::admission::Admission;
use crate::peer::conduct::Conduct;
use crate::peer::connection_set::ConnectionSet;
use crate::peer::reach::{Paths, ip_of, is_near};

/// Why a peer was not dialled.
#[derive(Debug, Error, PartialEq, Eq)]
enum NotDialled {
    #[error("only enrolled peers are dialled to see whether they can be reached")]
    Stranger,
    #[error("a peer is dialled at the address from which it is connected, and nowhere else")]
    Elsewhere,
    #[error("there were too many such tests; try again later")]
    TooMany,
}

/// Libp2p's server within bounds.
pub(in crate::peer) struct DialBacks {
    inner: server::Behaviour,
    conduct: Arc<Conduct>,
    permits: Permits,
    dials: HashMap<ConnectionId, Dial>,
    closing: Vec<(ConnectionId, PeerId)>,
    /// Requests of ours go over others, if there are any.
    apart: ConnectionSet,
    /// Rings when the first of them has had its time.
    bell: Option<Pin<Box<Sleep>>>,
}

/// A dial for a test.
struct Dial {
    peer: PeerId,
    stage: Stage,
    ends: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Dialling,
    /// Who asked for it was told that it failed; the swarm tries still.
    GivenUp,
    Connected,
    /// The test is over. Requests may have taken this way, and are not to go with it; by
    /// this time the slowest is answered.
    Over {
        at_the_latest: Instant,
    },
}

/// Who may be dialled where.
struct Permits {
    admission: Admission,
    paths: Paths,
    tests: HashMap<PeerId, usize>,
    counted_from: Instant,
}

impl DialBacks {
    pub(in crate::peer) fn new(
        admission: Admission,
        conduct: Arc<Conduct>,
        paths: Paths,
        apart: ConnectionSet,
    ) -> Self {
        Self {
            inner: server::Behaviour::default(),
            conduct,
            permits: Permits { admission, paths, tests: HashMap::new(), counted_from: Instant::now() },
            dials: HashMap::new(),
            closing: Vec::new(),
            apart,
            bell: None,
        }
    }

    /// The dials that have had their time are failures to who asked for them; libp2p would
    /// wait for longer than that one does.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) {
        let is_timed = |dial: &&Dial| dial.stage != Stage::GivenUp;
        while let Some(first) = self.dials.values().filter(is_timed).map(|dial| dial.ends).min() {
            let bell = self.bell.get_or_insert_with(|| Box::pin(sleep_until(first)));
            if bell.as_mut().poll(cx).is_pending() {
                return;
            }
            self.bell = None;
            self.end_overdue(Instant::now());
        }
    }

    fn end_overdue(&mut self, now: Instant) {
        for (connection_id, dial) in self.dials.iter_mut().filter(|(_, dial)| dial.ends <= now) {
            match dial.stage {
                Stage::Dialling => {
                    dial.stage = Stage::GivenUp;
                    let (peer_id, connection_id) = (Some(dial.peer), *connection_id);
                    let failed = DialFailure { peer_id, error: &DialError::Aborted, connection_id };
                    self.inner.on_swarm_event(FromSwarm::DialFailure(failed));
                }
                Stage::GivenUp => {}
                Stage::Connected => dial.is_over(now),
                // The swarm is told once; it says when the connection has closed.
                Stage::Over { at_the_latest }
                    if at_the_latest <= now
                        || self.permits.paths.lately_bytes(&dial.peer, *connection_id) <= DIAL_BACK_QUIET_BYTES =>
                {
                    self.closing.push((*connection_id, dial.peer));
                    dial.ends = now + CONNECTION_CLOSE_DEADLINE;
                }
                Stage::Over { .. } => dial.ends = now + PULSE_LOOK,
            }
        }
    }

    fn is_up(&mut self, connection: ConnectionId) {
        let Some(dial) = self.dials.get_mut(&connection) else { return };
        if dial.stage == Stage::GivenUp {
            self.closing.push((connection, dial.peer));
            self.dials.remove(&connection);
        } else {
            (dial.stage, dial.ends) = (Stage::Connected, Instant::now() + DIAL_BACK_TIME);
            self.bell = None;
        }
    }

    fn is_gone(&mut self, connection: ConnectionId) {
        self.dials.remove(&connection);
        self.apart.remove(connection);
    }

    fn test_is_over(&mut self, client: PeerId) {
        let now = Instant::now();
        let its = self.dials.values_mut().filter(|dial| dial.stage == Stage::Connected && dial.peer == client);
        its.for_each(|dial| dial.is_over(now));
        self.bell = None;
    }
}

impl Dial {
    /// Its connection is looked at from now on, when what the test sent is forgotten.
    fn is_over(&mut self, now: Instant) {
        self.stage = Stage::Over { at_the_latest: now + PUBLISH_TIMEOUT };
        self.ends = now + 3 * PULSE_LOOK;
    }

    fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Over { .. })
    }
}

impl Permits {
    fn check(&mut self, peer: PeerId, at: &[Multiaddr], under_way: usize, now: Instant) -> Result<(), NotDialled> {
        if !self.admission.is_admitted(&peer) {
            return Err(NotDialled::Stranger);
        }
        let is_its_own = |address: &Multiaddr| {
            ip_of(address).is_some_and(|ip| !is_near(ip) && self.paths.is_straight_from(&peer, ip))
        };
        if at.is_empty() || !at.iter().all(is_its_own) {
            return Err(NotDialled::Elsewhere);
        }
        if now.duration_since(self.counted_from) >= DIAL_BACKS_PER_PEER_WINDOW {
            self.tests.clear();
            self.counted_from = now;
        }
        let is_new = !self.tests.contains_key(&peer);
        if under_way > DIAL_BACKS_MAX || (is_new && self.tests.len() >= RATED_MAX) {
            return Err(NotDialled::TooMany);
        }
        let tests = self.tests.entry(peer).or_default();
        *tests += 1;
        if *tests > DIAL_BACKS_PER_PEER_MAX { Err(NotDialled::TooMany) } else { Ok(()) }
    }
}

impl NetworkBehaviour for DialBacks {
    type ConnectionHandler = Gate;
    type ToSwarm = server::Event;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let (admission, conduct) = (self.permits.admission.clone(), self.conduct.clone());
        let (local, remote) = (local.clone(), remote.clone());
        Ok(Gate::of(Caller { peer, connection, local, remote, admission, conduct }))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        _: Option<PeerId>,
        addresses: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let Some(dial) = self.dials.get(&connection) else { return Ok(Vec::new()) };
        let under_way = self.dials.values().filter(|dial| dial.is_under_way()).count();
        let permit = self.permits.check(dial.peer, addresses, under_way, Instant::now());
        permit.map(|()| Vec::new()).map_err(|why| {
            tracing::debug!(peer.id = %dial.peer, ?addresses, %why, "a peer is not tested");
            ConnectionDenied::new(why)
        })
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let handler = self.inner.handle_established_outbound_connection(connection, peer, address, role, port)?;
        if self.dials.contains_key(&connection) {
            self.apart.add(connection);
        }
        Ok(Gate::open(handler))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ConnectionEstablished(up) => self.is_up(up.connection_id),
            FromSwarm::ConnectionClosed(down) => self.is_gone(down.connection_id),
            FromSwarm::DialFailure(failed) => self.is_gone(failed.connection_id),
            _ => {}
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, connection, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.poll_overdue(cx);
        if let Some((connection, peer_id)) = self.closing.pop() {
            return Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(connection) });
        }
        let action = std::task::ready!(self.inner.poll(cx));
        match &action {
            ToSwarm::Dial { opts } => {
                if let Some(peer) = opts.get_peer_id() {
                    let dial = Dial { peer, stage: Stage::Dialling, ends: Instant::now() + DIAL_BACK_TIME };
                    self.dials.insert(opts.connection_id(), dial);
                    self.bell = None;
                    cx.waker().wake_by_ref();
                }
            }
            ToSwarm::GenerateEvent(event) => self.test_is_over(event.client),
            _ => {}
        }
        Poll::Ready(action)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use libp2p::core::ConnectedPoint;

    use super::*;
    use crate::peer::reach::Way;

    struct Host {
        permits: Permits,
        ana: PeerId,
        now: Instant,
    }

    impl Host {
        /// To which an enrolled peer is connected from `address`.
        fn called_from(address: &str) -> Self {
            let (admission, paths, ana, now) =
                (Admission::default(), Paths::default(), PeerId::random(), Instant::now());
            admission.admit(ana);
            let endpoint = ConnectedPoint::Listener {
                local_addr: "/ip4/203.0.113.1/tcp/4040".parse().unwrap(),
                send_back_addr: address.parse().unwrap(),
            };
            paths.add(ana, Way::new(ConnectionId::new_unchecked(1), &endpoint, Default::default()));
            Self { permits: Permits { admission, paths, tests: HashMap::new(), counted_from: now }, ana, now }
        }

        fn may_dial(&mut self, at: &str) -> Result<(), NotDialled> {
            self.permits.check(self.ana, &[at.parse().unwrap()], 1, self.now)
        }
    }

    #[test]
    fn an_enrolled_peer_gone_bad_has_only_its_own_address_dialled() {
        let mut host = Host::called_from("/ip4/203.0.113.5/tcp/50123");
        assert_eq!(host.may_dial("/ip4/203.0.113.5/tcp/4041"), Ok(()));
        assert_eq!(host.may_dial("/ip4/203.0.113.5/udp/4041/quic-v1"), Ok(()));
        for elsewhere in [
            "/ip4/203.0.113.6/tcp/4041",
            "/ip4/127.0.0.1/tcp/8080",
            "/ip4/192.168.1.1/tcp/80",
            "/ip6/::1/tcp/8080",
            "/dns4/intranet.example/tcp/80",
        ] {
            assert_eq!(host.may_dial(elsewhere), Err(NotDialled::Elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_test_is_over_while_a_request_takes_its_way_and_the_connection_outlasts_that() {
        let (paths, ana, line) = (Paths::default(), PeerId::random(), ConnectionId::new_unchecked(7));
        let mut host = DialBacks::new(Admission::default(), Arc::default(), paths.clone(), ConnectionSet::default());
        let dialled = ConnectedPoint::Dialer {
            address: "/ip4/203.0.113.5/tcp/4041".parse().unwrap(),
            role_override: Endpoint::Dialer,
            port_use: PortUse::Reuse,
        };
        let count = std::sync::Arc::<crate::peer::wire_count::WireTotals>::default();
        paths.add(ana, Way::new(line, &dialled, count.clone()));
        host.dials.insert(line, Dial { peer: ana, stage: Stage::Connected, ends: Instant::now() + DIAL_BACK_TIME });
        let mut now = Instant::now();
        host.test_is_over(ana);
        let mut later = |host: &mut DialBacks, bytes| {
            count.add(&crate::peer::WireCount { sent_bytes: bytes, received_bytes: 0 });
            for _ in 0..3 {
                now += PULSE_LOOK + Duration::from_millis(1);
                paths.look(now);
            }
            count.add(&crate::peer::WireCount { sent_bytes: bytes, received_bytes: 0 });
            host.end_overdue(now);
            host.closing.len()
        };
        assert_eq!(later(&mut host, 300), 0, "a request crosses it");
        assert_eq!(later(&mut host, 64), 1, "pings alone");
        host.closing.clear();
        assert_eq!(later(&mut host, 64), 1, "it has not closed, and is closed again");
        host.dials.insert(line, Dial { peer: ana, stage: Stage::Connected, ends: Instant::now() + DIAL_BACK_TIME });
        host.closing.clear();
        host.test_is_over(ana);
        let looks = (0..20).find(|_| later(&mut host, 300) > 0);
        assert!(looks.is_some(), "a peer gone bad keeps it busy for ever");
    }

    #[test]
    fn behind_a_proxy_or_on_the_hosts_own_network_nobody_has_anything_dialled() {
        for (from, at) in [
            ("/ip4/127.0.0.1/tcp/50123", "/ip4/127.0.0.1/tcp/5432"),
            ("/ip4/10.0.0.7/tcp/50123", "/ip4/10.0.0.7/tcp/22"),
            ("/ip4/203.0.113.9/tcp/50123/ws", "/ip4/203.0.113.9/tcp/22"),
        ] {
            assert_eq!(Host::called_from(from).may_dial(at), Err(NotDialled::Elsewhere), "{from}");
        }
    }

    #[test]
    fn strangers_have_nobody_dialled_and_enrolled_peers_not_for_ever() {
        let mut host = Host::called_from("/ip4/203.0.113.5/tcp/50123");
        let asked = (0..1_000).filter(|_| host.may_dial("/ip4/203.0.113.5/tcp/4041").is_ok()).count();
        assert_eq!(asked, DIAL_BACKS_PER_PEER_MAX);
        host.now += DIAL_BACKS_PER_PEER_WINDOW;
        assert_eq!(host.may_dial("/ip4/203.0.113.5/tcp/4041"), Ok(()));
        host.ana = PeerId::random();
        assert_eq!(host.may_dial("/ip4/203.0.113.5/tcp/4041"), Err(NotDialled::Stranger));
    }
}
