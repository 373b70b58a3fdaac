//! Starting and stopping the host's web server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use enprint_host_index::Index;
use enprint_web::{Limits, Server, Site, WebError};

use crate::routes;
use crate::visitor::Shop;

/// The cookie's name, before the prefix that https adds.
const COOKIE: &str = "enprint_customer";

/// What the web server has to know.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where customers reach the pages, such as `https://photos.example.org`. Without
    /// it, the address that the server listens on.
    pub public_url: Option<String>,
    /// A proxy whose `X-Forwarded-For` is believed.
    pub trust_proxy: Option<IpAddr>,
    /// Whether the host passes print files on, encrypted from end to end, between peers that
    /// find no direct way; the pages say so.
    pub passes_files_on: bool,
}

/// A server that listens, but answers only once it is [`run`](Bound::run).
#[derive(Debug)]
pub struct Bound {
    server: Server,
    shop: Shop,
}

/// Listens for customers of `index`.
///
/// # Errors
/// [`WebError::CannotListen`], or [`WebError::BadPublicUrl`].
pub async fn bind(config: SiteConfig, index: Index) -> Result<Bound, WebError> {
    let mut site = Site::new(index.host_name(), COOKIE);
    if let Some(url) = &config.public_url {
        site = site.at(url)?;
    }
    let limits = Limits { trusted_proxies: config.trust_proxy.into_iter().collect(), ..Limits::default() };
    let server = Server::bind(config.listen, site.clone(), limits).await?;
    let listens = format!("http://{}", reachable(server.local_addr()));
    let base_url = site.public_url().unwrap_or(listens);
    let shop = Shop::new(site, index, base_url, config.passes_files_on);
    Ok(Bound { server, shop })
}

impl Bound {
    /// Where it listens, with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Where customers reach it, without a slash at the end.
    pub fn public_url(&self) -> &str {
        self.shop.base_url()
    }

    /// Serves until `shutdown` comes true, then lets the requests in flight finish.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        self.server.run(routes::all(&self.shop), shutdown).await;
    }
}

/// `address`, or this machine where it stands for every address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
