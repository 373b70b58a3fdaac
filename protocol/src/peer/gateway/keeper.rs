//! Keeps ports open at the router: asks, asks again in good time, and gives them back.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::upnp::UpnpRouter;
use super::{Help, RouterHelp};
use crate::limits::{PORTS_ASKED_FOR_MAX, ROUTER_ASKED_EVERY, ROUTER_ASKED_EVERY_AT_LEAST, ROUTER_TIME};
use crate::peer::event_loop::Command;
use crate::peer::neighbours::Neighbours;
use crate::peer::outside::OpenPort;
use crate::peer::reach::{ip_of, is_near, towards};

/// The task that speaks with the router.
pub(in crate::peer) struct Keeper {
    neighbours: Arc<Neighbours>,
    commands: mpsc::Sender<Command>,
    help: Help,
    router: Option<Router>,
    leases: Vec<Lease>,
    /// Those of which the router said no more that it keeps them: it may all the same.
    doubtful: Vec<Lease>,
}

/// The way out of the local network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Router {
    gateway: Ipv4Addr,
    /// This machine's address on that network.
    here: Ipv4Addr,
}

impl Keeper {
    pub(in crate::peer) fn new(neighbours: Arc<Neighbours>, commands: mpsc::Sender<Command>, help: Help) -> Self {
        Self { neighbours, commands, help, router: None, leases: Vec::new(), doubtful: Vec::new() }
    }

    /// Runs until `shutdown`. What the router was asked just before that is awaited: what
    /// it opens then has to be closed, too.
    pub(in crate::peer) async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            self.look(&shutdown).await;
            tokio::select! {
                () = sleep(self.next_look()) => {}
                () = shutdown.cancelled() => {}
            }
        }
        self.give_back().await;
    }

    /// Asks for what is listened at now, and tells what came of it.
    async fn look(&mut self, shutdown: &CancellationToken) {
        let router = Router::find().await;
        if router != self.router {
            // Those of another network end by themselves.
            self.leases.clear();
            self.doubtful.clear();
            self.router = router;
        }
        let Some(router) = router else {
            self.help.set(None);
            return self.tell(Vec::new()).await;
        };
        let wanted = ports_at(router.here, &self.neighbours.read().listeners);
        if wanted.is_empty() {
            self.help.set(None);
            return self.tell(Vec::new()).await;
        }
        let asked = wanted.iter().map(|port| router.open(*port, self.lease_of(*port)));
        let leases = join_all(asked).await.into_iter().flatten().collect();
        self.doubtful.append(&mut std::mem::replace(&mut self.leases, leases));
        let others = self.wanted_by_upnp(wanted);
        self.leases.extend(router.open_by_upnp(&others, shutdown).await);
        self.forget_settled();
        if shutdown.is_cancelled() {
            return;
        }
        let help = router.help(&self.leases).await;
        tracing::debug!(?router, ?help, "the router was asked for ports");
        let is_of_use = matches!(help, RouterHelp::Opened(_));
        self.help.set(Some(help));
        let open = self.leases.iter().filter(|_| is_of_use).map(Lease::outside).collect();
        self.tell(open).await;
    }

    /// In good time before what is open is closed.
    fn next_look(&self) -> Duration {
        let shortest = self.leases.iter().map(|lease| lease.lifetime() / 2).min();
        shortest.unwrap_or(ROUTER_ASKED_EVERY).clamp(ROUTER_ASKED_EVERY_AT_LEAST, ROUTER_ASKED_EVERY)
    }

    fn lease_of(&self, port: OpenPort) -> Option<Lease> {
        self.leases.iter().find(|lease| lease.inside() == port).cloned()
    }

    /// What a router has not opened that knows nothing else.
    fn wanted_by_upnp(&self, wanted: Vec<OpenPort>) -> Vec<OpenPort> {
        if self.leases.iter().any(|lease| matches!(lease, Lease::Mapped(_))) {
            return Vec::new();
        }
        wanted.into_iter().filter(|port| self.lease_of(*port).is_none()).collect()
    }

    /// Of those in doubt, what is kept again, or over.
    fn forget_settled(&mut self) {
        let now = Instant::now();
        let mut known: Vec<_> = self.leases.iter().map(Lease::inside).collect();
        self.doubtful.retain(|lease| {
            let is_settled = lease.expiration() <= now || known.contains(&lease.inside());
            known.push(lease.inside());
            !is_settled
        });
    }

    async fn tell(&self, open: Vec<OpenPort>) {
        drop(self.commands.send(Command::RouterOpened { open }).await);
    }

    async fn give_back(self) {
        let given_back = join_all(self.leases.into_iter().chain(self.doubtful).map(Lease::give_back));
        if timeout(ROUTER_TIME, given_back).await.is_err() {
            tracing::debug!("the router did not say that it closed our ports; it will, within the hour");
        }
    }
}

impl Router {
    /// The default gateway, if it is one of a local network.
    async fn find() -> Option<Self> {
        let found = tokio::task::spawn_blocking(netdev::get_default_gateway).await.ok()?.ok()?;
        let gateway = found.ipv4.into_iter().find(|gateway| is_near((*gateway).into()) && !gateway.is_loopback())?;
        match towards(&Multiaddr::from(gateway))? {
            IpAddr::V4(here) => Some(Self { gateway, here }),
            IpAddr::V6(_) => None,
        }
    }

    /// Has a port opened, or kept open.
    async fn open(self, port: OpenPort, lease: Option<Lease>) -> Option<Lease> {
        let opened = timeout(ROUTER_TIME, self.ask(port, lease)).await;
        opened.ok().flatten().filter(|lease| !lease.lifetime().is_zero())
    }

    async fn ask(self, port: OpenPort, lease: Option<Lease>) -> Option<Lease> {
        if let Some(lease) = lease
            && let Some(renewed) = lease.renewed().await
        {
            return Some(renewed);
        }
        Lease::mapped(self.gateway, self.here, port).await
    }

    /// The same for a router that knows nothing else.
    async fn open_by_upnp(self, ports: &[OpenPort], shutdown: &CancellationToken) -> Vec<Lease> {
        if ports.is_empty() {
            return Vec::new();
        }
        // A search opens nothing, and is not awaited by who wants to stop.
        let found = shutdown.run_until_cancelled(UpnpRouter::find(self.gateway, self.here)).await;
        let Some(router) = found.flatten() else { return Vec::new() };
        let asked = ports.iter().map(|port| timeout(ROUTER_TIME, router.open(*port)));
        join_all(asked).await.into_iter().filter_map(|opened| opened.ok().flatten()).map(Lease::Upnp).collect()
    }

    async fn help(self, leases: &[Lease]) -> RouterHelp {
        let Some(lease) = leases.first() else { return RouterHelp::OpensNothing };
        let ports: Vec<u16> = leases.iter().map(|lease| lease.outside().number).collect();
        let ip = timeout(ROUTER_TIME, lease.router_ip(self.gateway)).await.ok().flatten();
        match ip {
            Some(ip) if !is_near(ip) && !is_shared(ip) => RouterHelp::Opened(ports),
            _ => RouterHelp::BehindAnother(ports),
        }
    }
}

/// Whether an address is one that a provider's customers share behind its own router.
fn is_shared(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
}

/// The ports of ours at `here`, plain TCP and QUIC alone.
fn ports_at(here: Ipv4Addr, listeners: &[Multiaddr]) -> Vec<OpenPort> {
    let mut ports = Vec::new();
    for address in listeners.iter().filter(|address| ip_of(address) == Some(here.into())) {
        let rest: Vec<_> = address.iter().skip(1).collect();
        let port = match rest.as_slice() {
            [Protocol::Tcp(number)] => OpenPort { is_quic: false, number: *number },
            [Protocol::Udp(number), Protocol::QuicV1] => OpenPort { is_quic: true, number: *number },
            _ => continue,
        };
        if !ports.contains(&port) && ports.len() < PORTS_ASKED_FOR_MAX {
            ports.push(port);
        }
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(listeners: &[&str]) -> Vec<OpenPort> {
        let listeners: Vec<Multiaddr> = listeners.iter().map(|address| address.parse().unwrap()).collect();
        ports_at(Ipv4Addr::new(192, 168, 1, 2), &listeners)
    }

    #[test]
    fn a_router_is_asked_for_what_is_listened_at_on_its_own_network_and_for_nothing_else() {
        let found = ports(&[
            "/ip4/127.0.0.1/tcp/4041",
            "/ip4/192.168.1.2/tcp/4041",
            "/ip4/192.168.1.2/udp/4041/quic-v1",
            "/ip4/10.9.0.2/tcp/4041",
            "/ip4/192.168.1.2/tcp/4043/ws",
            "/ip6/fd00::2/tcp/4041",
        ]);
        let port = |is_quic| OpenPort { is_quic, number: 4041 };
        assert_eq!(found, [port(false), port(true)]);
    }

    #[test]
    fn a_router_behind_another_one_is_told_from_one_that_is_outside() {
        assert!(is_shared("100.64.0.9".parse().unwrap()) && is_shared("100.127.255.1".parse().unwrap()));
        assert!(!is_shared("100.128.0.1".parse().unwrap()) && !is_shared("203.0.113.5".parse().unwrap()));
    }
}
