//! One page of plain text for programs on this machine, such as one that watches others.
//! It needs no secret, and is given to nobody who asks from elsewhere: under another
//! name than a loopback one (against DNS rebinding), or for another site.

use std::net::SocketAddr;

use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use crate::address::{ClientAddress, client_address};
use crate::error::WebError;
use crate::limits::{LOCAL_TEXT_CONNECTIONS_MAX, Limits};
use crate::local_only::LocalNames;
use crate::server::Server;
use crate::site::Site;

/// A page that is listened for, and answered once it is [`run`](Self::run).
#[derive(Debug)]
pub struct LocalText {
    server: Server,
}

impl LocalText {
    /// Listens on `address`, which is this machine's alone; port 0 takes a free one.
    ///
    /// # Errors
    /// [`WebError::CannotListen`] with what the system says, and for an address that
    /// others could reach.
    pub async fn bind(address: SocketAddr) -> Result<Self, WebError> {
        if !address.ip().is_loopback() {
            let reason = "it would tell others about this machine; an address like 127.0.0.1 does not".to_owned();
            return Err(WebError::CannotListen { address, reason });
        }
        let limits = Limits { connections: LOCAL_TEXT_CONNECTIONS_MAX, ..Limits::default() };
        let server = Server::bind(address, Site::new("Enprint", "enprint_local"), limits).await?;
        Ok(Self { server })
    }

    /// Where it listens, with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Answers `GET /path` with what `text` says each time, until `shutdown` comes true.
    pub async fn run<F, A>(
        self,
        path: &'static str,
        content_type: &'static str,
        text: F,
        shutdown: impl Future<Output = ()> + Send,
    ) where
        F: Fn() -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Result<String, WebError>> + Send,
    {
        let names = LocalNames::at(self.local_addr());
        let routes =
            warp::path(path).and(warp::path::end()).and(warp::get()).and(from_here(names)).and_then(move || {
                let text = text();
                async move { text.await.map(|text| page(text, content_type)).map_err(warp::reject::custom) }
            });
        self.server.run(routes, shutdown).await;
    }
}

fn from_here(names: LocalNames) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::header::headers_cloned()
        .and(client_address())
        .and_then(move |headers: HeaderMap, address: ClientAddress| {
            let checked = names.check(&headers, address.ip());
            async move { checked.map_err(warp::reject::custom) }
        })
        .untuple_one()
}

fn page(text: String, content_type: &'static str) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
