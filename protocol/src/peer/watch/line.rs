//! A connection as a status shows it. A plain record: it crosses the control channel as
//! JSON.

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

/// One connection to a peer, as it is at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// To whom.
    pub peer_id: PeerId,
    /// Where the peer is as seen from here; through a relay, as the relay tells it.
    pub address: Multiaddr,
    /// By which way.
    pub way: LineWay,
    /// How long the last ping took there and back, once one was answered.
    pub round_trip_us: Option<u64>,
    /// How long it has been up.
    pub up_s: u64,
    /// Bytes of its streams, without the framing of Noise, Yamux and QUIC.
    pub sent_bytes: u64,
    /// See `sent_bytes`.
    pub received_bytes: u64,
    /// The rate of the last few seconds.
    pub sent_bytes_per_s: u64,
    /// See `sent_bytes_per_s`.
    pub received_bytes_per_s: u64,
}

/// By which way a connection leads to its peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum LineWay {
    /// Straight to it.
    Direct {
        /// What carries it.
        carrier: Carrier,
        /// Whether it stays on this machine or its network.
        is_local: bool,
    },
    /// Through a host.
    Relayed {
        /// That host.
        relay: PeerId,
        /// Whether that host passes print files on.
        takes_files: bool,
    },
}

/// What carries a direct connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// TCP with Noise and Yamux.
    Tcp,
    /// QUIC.
    Quic,
    /// A websocket, with Noise and Yamux.
    Websocket,
}

impl Carrier {
    /// What carries a connection to `address`.
    pub(in crate::peer) fn of(address: &Multiaddr) -> Self {
        for part in address {
            match part {
                Protocol::QuicV1 | Protocol::Quic => return Self::Quic,
                Protocol::Ws(_) | Protocol::Wss(_) => return Self::Websocket,
                _ => {}
            }
        }
        Self::Tcp
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Quic => "QUIC",
            Self::Websocket => "websocket",
        }
    }
}

impl LineWay {
    /// One word, for a monitoring program.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Relayed { .. } => "relayed",
            Self::Direct { is_local: true, .. } => "local",
            Self::Direct { carrier: Carrier::Tcp, .. } => "tcp",
            Self::Direct { carrier: Carrier::Quic, .. } => "quic",
            Self::Direct { carrier: Carrier::Websocket, .. } => "websocket",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_carries_a_connection_to_it() {
        let carriers = [
            ("/ip4/192.0.2.1/tcp/4042", Carrier::Tcp),
            ("/ip4/192.0.2.1/udp/4042/quic-v1", Carrier::Quic),
            ("/dns4/peers.photos.example/tcp/443/wss", Carrier::Websocket),
            ("/ip4/127.0.0.1/tcp/4043/ws", Carrier::Websocket),
        ];
        for (address, carrier) in carriers {
            assert_eq!(Carrier::of(&address.parse().unwrap()), carrier, "{address}");
        }
    }
}
