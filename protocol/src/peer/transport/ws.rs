//! Websockets over a transport of bytes: `/ws`, and `/wss` to a proxy that speaks TLS.
//! A host behind such a proxy listens at `/ws`; the proxy holds the certificate.

use libp2p::core::transport::Boxed;
use libp2p::websocket;

use super::tcp::Stream;

/// Websockets over `bytes`.
pub(super) fn over(bytes: Boxed<Stream>) -> websocket::Config<Boxed<Stream>> {
    websocket::Config::new(bytes)
}
