//! A kept connection comes back by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Node, eventually, node, node_with};
use enprint_protocol::peer::{PeerEvent, PeerRole};
use enprint_protocol::publish::Publish;
use enprint_protocol::{Keypair, Multiaddr};

async fn host_at(key: &Keypair, address: Multiaddr) -> Node {
    let mut host = node_with(PeerRole::Host, |config| {
        config.key = key.clone();
        config.listen = vec![address];
    })
    .await;
    host.answer_all();
    host
}

async fn eager_photographer() -> Node {
    node_with(PeerRole::Photographer, |config| {
        config.limits.reconnect_first = Duration::from_millis(50);
        config.limits.reconnect_max = Duration::from_millis(400);
    })
    .await
}

#[tokio::test]
async fn host_restarts_on_the_same_port_and_is_found_again() {
    let key = Keypair::generate_ed25519();
    let host = host_at(&key, "/ip4/127.0.0.1/tcp/0".parse().unwrap()).await;
    let (id, address) = (host.id(), host.address());
    let ana = eager_photographer().await;
    host.admission.admit(ana.id());
    ana.client.keep_connected(id, vec![address.clone()]).await.unwrap();
    eventually("connected", || ana.client.is_connected(&id)).await;
    host.stop().await;
    eventually("the loss is noticed", || !ana.client.is_connected(&id)).await;
    let host = host_at(&key, address).await;
    host.admission.admit(ana.id());
    eventually("connected again", || ana.client.is_connected(&id)).await;
    ana.client.ask::<Publish>(id, common::publish_request()).await.unwrap();
}

#[tokio::test]
async fn host_that_is_off_at_first_is_found_when_it_comes() {
    let key = Keypair::generate_ed25519();
    let host = host_at(&key, "/ip4/127.0.0.1/tcp/0".parse().unwrap()).await;
    let (id, address) = (host.id(), host.address());
    host.stop().await;
    let ana = eager_photographer().await;
    let mut events = ana.client.events();
    ana.client.keep_connected(id, vec![address.clone()]).await.unwrap();
    for _ in 0..2 {
        let event = events.recv().await.unwrap();
        assert!(matches!(event, PeerEvent::DialFailed { peer, .. } if peer == id), "{event:?}");
    }
    let host = host_at(&key, address).await;
    eventually("connected", || ana.client.is_connected(&host.id())).await;
}

#[tokio::test]
async fn a_connection_that_the_other_side_closes_is_made_again() {
    let (host, ana) = (node(PeerRole::Host).await, eager_photographer().await);
    host.admission.admit(ana.id());
    ana.client.keep_connected(host.id(), vec![host.address()]).await.unwrap();
    // Either may see it first, and only what comes after it is to be heard.
    let is_seen = || host.client.is_connected(&ana.id()) && ana.client.is_connected(&host.id());
    eventually("connected", is_seen).await;
    let mut events = ana.client.events();
    host.client.disconnect(ana.id()).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), PeerEvent::Disconnected { peer: host.id() });
    let event = events.recv().await.unwrap();
    assert!(matches!(event, PeerEvent::Connected { peer, .. } if peer == host.id()));
}

#[tokio::test]
async fn another_peer_at_the_address_is_not_mistaken_for_the_wanted_one() {
    let (wanted, other) = (Keypair::generate_ed25519(), node(PeerRole::Host).await);
    let ana = eager_photographer().await;
    let mut events = ana.client.events();
    let id = wanted.public().to_peer_id();
    ana.client.keep_connected(id, vec![other.address()]).await.unwrap();
    let event = events.recv().await.unwrap();
    assert!(matches!(event, PeerEvent::DialFailed { peer, .. } if peer == id), "{event:?}");
    assert!(!ana.client.is_connected(&id) && !ana.client.is_connected(&other.id()));
}

#[tokio::test]
async fn disconnect_ends_the_keeping() {
    let (host, ana) = (node(PeerRole::Host).await, eager_photographer().await);
    host.admission.admit(ana.id());
    ana.client.keep_connected(host.id(), vec![host.address()]).await.unwrap();
    eventually("connected", || ana.client.is_connected(&host.id())).await;
    let mut events = ana.client.events();
    ana.client.disconnect(host.id()).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), PeerEvent::Disconnected { peer: host.id() });
    let waited = tokio::time::timeout(Duration::from_secs(1), events.recv()).await;
    assert!(waited.is_err(), "nothing more happens: {waited:?}");
}
