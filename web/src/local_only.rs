//! The guard before pages and APIs that are for this machine alone: the right
//! `Host` (against DNS rebinding), no other site as origin, and a secret made anew
//! at each start.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use subtle::ConstantTimeEq;
use warp::{Filter, Rejection};

use crate::address::{ClientAddress, client_address};
use crate::error::WebError;

/// What a request must bring to pass [`local_only`].
#[derive(Clone)]
pub struct LocalDoor {
    secret: Arc<str>,
    names: LocalNames,
}

/// The loopback names under which a server may be asked.
#[derive(Debug, Clone)]
pub(crate) struct LocalNames {
    hosts: Arc<[String]>,
}

/// A filter that lets through only what comes from this machine, asks for it under a
/// loopback name with the right port, comes from no other site, and carries
/// `Authorization: Bearer` with the door's secret.
///
/// # Errors
/// Rejects with [`WebError::Forbidden`] (403) or, for the secret alone,
/// [`WebError::SignInNeeded`] (401).
pub fn local_only(door: LocalDoor) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::header::headers_cloned()
        .and(client_address())
        .and_then(move |headers: HeaderMap, address: ClientAddress| {
            let checked = door.check(&headers, address.ip());
            async move { checked.map_err(warp::reject::custom) }
        })
        .untuple_one()
}

impl LocalDoor {
    /// A door for the server that listens on `address`, with a new secret.
    pub fn at(address: SocketAddr) -> Self {
        let secret: [u8; 32] = rand::random();
        let secret = blake3::Hash::from_bytes(secret).to_hex().to_string();
        Self { secret: secret.into(), names: LocalNames::at(address) }
    }

    /// The secret, to be put into a file that only this user can read.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    fn check(&self, headers: &HeaderMap, peer: IpAddr) -> Result<(), WebError> {
        self.names.check(headers, peer)?;
        let sent = text(headers, AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        let right: bool = match sent {
            Some(sent) => sent.as_bytes().ct_eq(self.secret.as_bytes()).into(),
            None => false,
        };
        if right { Ok(()) } else { Err(WebError::SignInNeeded) }
    }
}

impl LocalNames {
    /// Those of the server that listens on `address`.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let (names, port) = (["127.0.0.1", "localhost", "[::1]"], address.port());
        Self { hosts: names.map(|name| format!("{name}:{port}")).into() }
    }

    /// Lets through what comes from this machine, under one of the names, and from no
    /// other site.
    pub(crate) fn check(&self, headers: &HeaderMap, peer: IpAddr) -> Result<(), WebError> {
        let is_own = |authority: &str| self.hosts.iter().any(|own| own == authority);
        let host_fits = text(headers, HOST).is_some_and(is_own);
        let origin_fits = text(headers, ORIGIN).is_none_or(|from| from.strip_prefix("http://").is_some_and(is_own));
        if peer.is_loopback() && host_fits && origin_fits { Ok(()) } else { Err(WebError::Forbidden) }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

impl fmt::Debug for LocalDoor {
    /// The secret stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalDoor").field("names", &self.names).finish_non_exhaustive()
    }
}
