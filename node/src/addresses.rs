//! Addresses as people paste them: where a peer is, with its peer id at the end.

use enprint_protocol::{Multiaddr, PeerId, ProtocolError, multiaddr::Protocol, text};

/// Splits `/ip4/…/tcp/…/p2p/…` into the peer and where it is.
///
/// # Errors
/// [`ProtocolError::Unreadable`] without a peer id at the end.
pub fn split_peer(mut address: Multiaddr) -> Result<(PeerId, Multiaddr), ProtocolError> {
    let given = address.to_string();
    match address.pop() {
        Some(Protocol::P2p(peer)) if !address.is_empty() => Ok((peer, address)),
        _ => Err(ProtocolError::Unreadable {
            given: text::shown(&given),
            expected: "a host's address with its peer id, such as /ip4/192.0.2.7/tcp/4040/p2p/12D3…",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_peer_id_is_refused_in_words() {
        let peer = PeerId::random();
        let whole: Multiaddr = format!("/ip4/127.0.0.1/tcp/4040/p2p/{peer}").parse().unwrap();
        assert_eq!(split_peer(whole).unwrap(), (peer, "/ip4/127.0.0.1/tcp/4040".parse().unwrap()));
        for wrong in ["/ip4/127.0.0.1/tcp/4040".to_owned(), format!("/p2p/{peer}")] {
            assert!(split_peer(wrong.parse().unwrap()).is_err(), "{wrong}");
        }
    }
}
