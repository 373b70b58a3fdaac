//! Routers that speak UPnP (WANIPConnection): found by a call on the local network, asked
//! over HTTP. Only an answer of the default gateway itself counts, and only ports that it
//! closes by itself are opened: nobody would close the others after a power cut.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use igd_next::aio::Gateway;
use igd_next::aio::tokio::{Tokio, search_gateway};
use igd_next::{AddPortError, PortMappingProtocol, SearchOptions};

use crate::limits::{PORT_LEASE, ROUTER_SEARCH_TIME};
use crate::peer::outside::OpenPort;

/// What stands beside the port in the router's own list.
const DESCRIPTION: &str = "Enprint";
/// The port at which such devices are called.
const CALLED_AT: u16 = 1900;
/// The address at which all of them listen.
const ALL_DEVICES: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);

/// A router that answered.
#[derive(Debug, Clone)]
pub(super) struct UpnpRouter {
    router: Gateway<Tokio>,
    here: Ipv4Addr,
}

impl UpnpRouter {
    /// Calls the gateway by its own address, and then all devices.
    pub(super) async fn find(gateway: Ipv4Addr, here: Ipv4Addr) -> Option<Self> {
        for called in [gateway, ALL_DEVICES] {
            let mut options = SearchOptions::default();
            options.bind_addr = (here, 0).into();
            options.broadcast_address = (called, CALLED_AT).into();
            options.timeout = Some(ROUTER_SEARCH_TIME);
            options.single_search_timeout = Some(ROUTER_SEARCH_TIME);
            match search_gateway(options).await {
                Ok(router) if router.addr.ip() == IpAddr::V4(gateway) => return Some(Self { router, here }),
                Ok(other) => tracing::debug!(%other.addr, "another device says that it is the router"),
                Err(error) => tracing::debug!(%error, %called, "no router answers by UPnP"),
            }
        }
        None
    }

    /// Has a port opened: outside by the same number, or by another where that is taken.
    pub(super) async fn open(&self, inside: OpenPort) -> Option<UpnpLease> {
        let (way, here) = (way(inside), SocketAddr::from((self.here, inside.number)));
        let asked = self.router.add_port(way, inside.number, here, seconds(PORT_LEASE), DESCRIPTION).await;
        let number = match asked {
            Ok(()) => inside.number,
            Err(AddPortError::PortInUse) => {
                let other = self.router.add_any_port(way, here, seconds(PORT_LEASE), DESCRIPTION).await;
                other.inspect_err(|error| tracing::debug!(%error, ?inside, "the router opened no port")).ok()?
            }
            Err(error) => {
                tracing::debug!(%error, ?inside, "the router opened no port");
                return None;
            }
        };
        let outside = OpenPort { number, ..inside };
        Some(UpnpLease { router: self.clone(), inside, outside, expiration: Instant::now() + PORT_LEASE })
    }
}

/// A port that such a router opened.
#[derive(Debug, Clone)]
pub(super) struct UpnpLease {
    router: UpnpRouter,
    pub(super) inside: OpenPort,
    pub(super) outside: OpenPort,
    pub(super) expiration: Instant,
}

impl UpnpLease {
    /// The same again for as long: a router that was restarted has forgotten it.
    pub(super) async fn renewed(self) -> Option<Self> {
        let here = SocketAddr::from((self.router.here, self.inside.number));
        let (way, number) = (way(self.outside), self.outside.number);
        let asked = self.router.router.add_port(way, number, here, seconds(PORT_LEASE), DESCRIPTION).await;
        asked.is_ok().then(|| Self { expiration: Instant::now() + PORT_LEASE, ..self })
    }

    pub(super) async fn router_ip(&self) -> Option<IpAddr> {
        self.router.router.get_external_ip().await.ok()
    }

    pub(super) async fn give_back(self) {
        drop(self.router.router.remove_port(way(self.outside), self.outside.number).await);
    }
}

fn way(port: OpenPort) -> PortMappingProtocol {
    if port.is_quic { PortMappingProtocol::UDP } else { PortMappingProtocol::TCP }
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
