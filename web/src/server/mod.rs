//! The accept loop that serves every page: bounded in connections, bytes and time,
//! and able to stop. warp's own `serve` has no deadline of any kind, so its filters
//! run here as a service. What each answer carries is `front`'s business.

mod body;
mod connection;
mod front;
mod pace;
mod room;
mod stream;

pub(crate) use body::BodyTooSlow;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use warp::{Filter, Rejection, Reply};

use crate::address::ClientAddress;
use crate::error::WebError;
use crate::limits::{ACCEPT_PAUSE_MS, ACCEPT_QUEUE_MAX, Limits};
use crate::site::Site;
use connection::Connection;
use front::Front;
use room::{Room, Seat};

/// A server that listens, but answers only once it is [`run`](Server::run).
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    site: Site,
    limits: Limits,
}

impl Server {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// [`WebError::CannotListen`] with what the system says.
    pub async fn bind(address: SocketAddr, site: Site, limits: Limits) -> Result<Self, WebError> {
        let cannot = |error: std::io::Error| WebError::CannotListen { address, reason: error.to_string() };
        let listener = listen(address).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        Ok(Self { listener, address, site, limits })
    }

    /// Where it listens, with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves `routes` until `shutdown` comes true, then stops accepting, lets the
    /// requests in flight finish within the limits' deadline, and cuts the rest.
    ///
    /// A handler is dropped where it stands when its client goes away or its deadline
    /// passes: what must be done whole belongs in one transaction or a task of its own.
    pub async fn run<F, R>(self, routes: F, shutdown: impl Future<Output = ()> + Send)
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let front = Front::new(routes, self.site, self.limits.clone());
        let room = Room::new(&self.limits);
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let (stream, seat) = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&self.listener, &room, &self.limits) => accepted,
            };
            while connections.try_join_next().is_some() {}
            let connection = Connection { stream, seat, front: Arc::clone(&front), stopping: stopping.clone() };
            connections.spawn(connection.serve());
        }
        drop(self.listener);
        stop.send_replace(true);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.shutdown_deadline, all).await.is_err() {
            tracing::warn!("requests were still in flight at the deadline and were cut");
            connections.shutdown().await;
        }
    }
}

/// Like [`TcpListener::bind`], but with a queue in which honest clients survive a storm.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts anew finds its port free; elsewhere this would share it.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(ACCEPT_QUEUE_MAX)
}

/// The next connection, once there is room for it. Until then the others wait in the
/// system's queue.
async fn accept(listener: &TcpListener, room: &Arc<Room>, limits: &Limits) -> (TcpStream, Seat) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                room.send_away_longest_idle();
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                continue;
            }
        };
        let client = ClientAddress::new(peer.ip());
        let is_proxy = limits.trusted_proxies.contains(&client.ip());
        if !is_proxy && !room.admits(client.network()).await {
            room::refuse(&stream);
            continue;
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let place = room.place().await;
        return (stream, room.seat(place, peer.ip(), client.network()));
    }
}
