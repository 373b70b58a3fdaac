//! How our QUIC is: libp2p's certificate, whose other end must show one too; our pace; and
//! how much may be under way.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use libp2p::identity::Keypair;
use libp2p::tls;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::crypto::{CryptoError, HmacKey};
use quinn::rustls::client::Resumption;
use quinn::{EndpointConfig, IdleTimeout, TransportConfig};
use quinn_proto::HashedConnectionIdGenerator;

use super::pace::Paces;
use crate::error::ProtocolError;
use crate::limits::{
    QUIC_CALL_BYTES, QUIC_CALLS_WAITING_MAX, QUIC_IDLE_TIMEOUT, QUIC_KEEP_ALIVE, QUIC_ROUND_TRIP_GUESSED,
    QUIC_SEND_BYTES, QUIC_STRANGER_BYTES, QUIC_STREAM_BYTES, STRANGER_STREAMS_MAX,
};

/// The version in which libp2p speaks QUIC: RFC 9000.
const VERSION: u32 = 1;

/// What every port of one peer has in common.
#[derive(Clone)]
pub(in crate::peer::transport) struct Settings {
    secret: [u8; 32],
    pub(super) server: quinn::ServerConfig,
    pub(super) client: quinn::ClientConfig,
}

impl Settings {
    /// As the peer with `key` has them.
    ///
    /// # Errors
    /// [`ProtocolError::PeerStart`] if no certificate can be made.
    pub(in crate::peer::transport) fn new(key: &Keypair) -> Result<Self, ProtocolError> {
        let carriage = Arc::new(carriage()?);
        let secret = key.derive_secret(b"enprint quic reset").unwrap_or_else(rand::random);
        Ok(Self { secret, server: server(key, carriage.clone())?, client: client(key, carriage)? })
    }

    /// How a port is where calls are taken. Its secrets follow from the peer's key, so that
    /// a peer that was killed and started again can tell the others at once that their
    /// connections are gone; and from the port, so that no port ends what is another's.
    pub(super) fn port(&self, at: SocketAddr) -> EndpointConfig {
        let port = format!("{} {}", if at.is_ipv4() { "udp4" } else { "udp6" }, at.port());
        endpoint(*blake3::keyed_hash(&self.secret, port.as_bytes()).as_bytes())
    }

    /// How a port is that is for dialling alone: nobody looks for it again.
    pub(super) fn passing_port() -> EndpointConfig {
        endpoint(rand::random())
    }
}

fn carriage() -> Result<TransportConfig, ProtocolError> {
    let mut carriage = TransportConfig::default();
    carriage
        .initial_rtt(QUIC_ROUND_TRIP_GUESSED)
        .congestion_controller_factory(Arc::new(Paces))
        .max_concurrent_uni_streams(0_u8.into())
        .max_concurrent_bidi_streams(varint(STRANGER_STREAMS_MAX))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(QUIC_STREAM_BYTES.into())
        .receive_window(QUIC_STRANGER_BYTES.into())
        .send_window(QUIC_SEND_BYTES)
        .keep_alive_interval(Some(QUIC_KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::try_from(QUIC_IDLE_TIMEOUT).map_err(no_start)?))
        .allow_spin(false);
    Ok(carriage)
}

fn client(key: &Keypair, carriage: Arc<TransportConfig>) -> Result<quinn::ClientConfig, ProtocolError> {
    let mut crypto = tls::make_client_config(key, None).map_err(no_start)?;
    // Each connection proves both keys anew.
    crypto.resumption = Resumption::disabled();
    let mut client = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(crypto).map_err(no_start)?));
    client.transport_config(carriage);
    client.version(VERSION);
    Ok(client)
}

fn server(key: &Keypair, carriage: Arc<TransportConfig>) -> Result<quinn::ServerConfig, ProtocolError> {
    let mut crypto = tls::make_server_config(key).map_err(no_start)?;
    crypto.send_tls13_tickets = 0;
    let crypto = QuicServerConfig::try_from(crypto).map_err(no_start)?;
    let mut server = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    server
        .transport_config(carriage)
        // The swarm is not told of a peer's new address; a peer that has moved dials.
        .migration(false)
        .max_incoming(QUIC_CALLS_WAITING_MAX)
        .incoming_buffer_size(QUIC_CALL_BYTES)
        .incoming_buffer_size_total(QUIC_CALL_BYTES * QUIC_CALLS_WAITING_MAX as u64);
    Ok(server)
}

fn endpoint(reset_key: [u8; 32]) -> EndpointConfig {
    let id_key = blake3::derive_key("enprint quic connection ids", &reset_key);
    let id_key = id_key.into_iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(byte));
    let mut endpoint = EndpointConfig::new(Arc::new(ResetKey(reset_key)));
    endpoint.supported_versions(vec![VERSION]);
    endpoint.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(id_key)));
    endpoint
}

/// Signs the tokens by which the end of a forgotten connection is believed.
struct ResetKey([u8; blake3::KEY_LEN]);

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature: &mut [u8]) {
        let signed = blake3::keyed_hash(&self.0, data);
        for (to, from) in signature.iter_mut().zip(signed.as_bytes()) {
            *to = *from;
        }
    }

    fn signature_len(&self) -> usize {
        blake3::OUT_LEN
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        // Compared in a time that does not depend on the bytes.
        if blake3::keyed_hash(&self.0, data) == *signature { Ok(()) } else { Err(CryptoError) }
    }
}

/// A count as QUIC writes it.
pub(super) fn varint(count: usize) -> quinn::VarInt {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}

fn no_start(error: impl Display) -> ProtocolError {
    ProtocolError::PeerStart { reason: error.to_string() }
}
