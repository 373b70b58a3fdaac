//! A port that the router opened for a while, whichever way it was asked.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use crab_nat::{InternetProtocol, PortMapping, PortMappingOptions, PortMappingType, TimeoutConfig, natpmp};

use super::upnp::UpnpLease;
use crate::limits::{PORT_LEASE, ROUTER_FIRST_WAIT, ROUTER_RETRIES};
use crate::peer::outside::OpenPort;

/// An open port. It closes by itself in its time, or when it is given back.
#[derive(Debug, Clone)]
pub(super) enum Lease {
    /// By PCP or NAT-PMP.
    Mapped(PortMapping),
    /// By UPnP.
    Upnp(UpnpLease),
}

impl Lease {
    /// Asks the router by PCP, and by NAT-PMP where it does not know that.
    pub(super) async fn mapped(gateway: Ipv4Addr, here: Ipv4Addr, port: OpenPort) -> Option<Self> {
        let number = NonZeroU16::new(port.number)?;
        let protocol = if port.is_quic { InternetProtocol::Udp } else { InternetProtocol::Tcp };
        let options = PortMappingOptions {
            external_port: Some(number),
            lifetime_seconds: u32::try_from(PORT_LEASE.as_secs()).ok(),
            timeout_config: Some(patience()),
        };
        let opened = PortMapping::new(gateway.into(), here.into(), protocol, number, options).await;
        opened.inspect_err(|error| tracing::debug!(%error, ?port, "the router opened no port")).ok().map(Self::Mapped)
    }

    /// Has it kept open for as long again; None where the router does not.
    pub(super) async fn renewed(self) -> Option<Self> {
        match self {
            Self::Mapped(mut mapping) => mapping.renew().await.is_ok().then_some(Self::Mapped(mapping)),
            Self::Upnp(lease) => lease.renewed().await.map(Self::Upnp),
        }
    }

    /// Which port of ours it is.
    pub(super) fn inside(&self) -> OpenPort {
        match self {
            Self::Mapped(mapping) => OpenPort { is_quic: is_udp(mapping), number: mapping.internal_port().get() },
            Self::Upnp(lease) => lease.inside,
        }
    }

    /// Which port it is outside.
    pub(super) fn outside(&self) -> OpenPort {
        match self {
            Self::Mapped(mapping) => OpenPort { is_quic: is_udp(mapping), number: mapping.external_port().get() },
            Self::Upnp(lease) => lease.outside,
        }
    }

    /// How long the router keeps it open.
    pub(super) fn lifetime(&self) -> Duration {
        match self {
            Self::Mapped(mapping) => Duration::from_secs(mapping.lifetime().into()),
            Self::Upnp(_) => PORT_LEASE,
        }
    }

    /// When the router closes it by itself.
    pub(super) fn expiration(&self) -> Instant {
        match self {
            Self::Mapped(mapping) => mapping.expiration(),
            Self::Upnp(lease) => lease.expiration,
        }
    }

    /// The router's own address outside, as it says.
    pub(super) async fn router_ip(&self, gateway: Ipv4Addr) -> Option<IpAddr> {
        match self {
            Self::Upnp(lease) => lease.router_ip().await,
            Self::Mapped(mapping) => match mapping.mapping_type() {
                PortMappingType::Pcp { external_ip, .. } => Some(unmapped(external_ip)),
                PortMappingType::NatPmp => {
                    natpmp::external_address(gateway.into(), Some(patience())).await.ok().map(IpAddr::V4)
                }
            },
        }
    }

    /// Has it closed.
    pub(super) async fn give_back(self) {
        match self {
            Self::Mapped(mapping) => drop(mapping.try_drop().await),
            Self::Upnp(lease) => lease.give_back().await,
        }
    }
}

fn is_udp(mapping: &PortMapping) -> bool {
    matches!(mapping.protocol(), InternetProtocol::Udp)
}

fn patience() -> TimeoutConfig {
    TimeoutConfig { initial_timeout: ROUTER_FIRST_WAIT, max_retries: ROUTER_RETRIES, max_retry_timeout: None }
}

/// PCP writes IPv4 as IPv6.
fn unmapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_pcp_wrote_as_ipv6_is_told_from_one_that_is() {
        assert_eq!(unmapped("::ffff:203.0.113.5".parse().unwrap()), IpAddr::from([203, 0, 113, 5]));
        let v6: IpAddr = "2001:db8::5".parse().unwrap();
        assert_eq!(unmapped(v6), v6);
    }
}
