//! More peers than there is room for, in all and from one address.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Node, eventually, node, node_with};
use enprint_protocol::ErrorCode;
use enprint_protocol::limits::STRANGERS_PER_ADDRESS_MAX;
use enprint_protocol::peer::PeerRole;
use enprint_protocol::publish::{Publish, PublishReply};

async fn host_for(connections_max: u32) -> Node {
    let mut host = node_with(PeerRole::Host, |config| config.limits.connections_max = connections_max).await;
    host.answer_all();
    host
}

/// A photographer whom `host` knows, and who has come to it.
async fn photographer(host: &Node) -> Node {
    let ana = node(PeerRole::Photographer).await;
    ana.meet(host).await;
    ana
}

/// A host for which this machine has two addresses like any others.
async fn host_of_two_addresses(per_address_max: usize) -> Node {
    node_with(PeerRole::Host, |config| {
        config.limits.counts_loopback = true;
        config.limits.connections_per_address_max = per_address_max;
        config.listen = ["/ip4/127.0.0.1/tcp/0", "/ip6/::1/tcp/0"].map(|at| at.parse().unwrap()).into();
    })
    .await
}

/// A photographer that connects from one of the addresses, whether it is let in or not.
async fn from(is_second: bool, host: &Node, is_known: bool) -> Node {
    let ana = node(PeerRole::Photographer).await;
    if is_known {
        host.admission.admit(ana.id());
    }
    let listeners = host.client.listeners().into_iter();
    let at = listeners.filter(|at| at.to_string().starts_with("/ip6/") == is_second).collect();
    ana.client.dial(host.id(), at).await.ok();
    ana
}

async fn is_served(ana: &Node, host: &Node) -> bool {
    match ana.client.ask::<Publish>(host.id(), common::publish_request()).await {
        Ok(PublishReply::Refused(refusal)) => {
            assert_eq!(refusal.code, ErrorCode::Busy, "{}", refusal.text);
            assert!(refusal.text.contains("no room") && refusal.is_temporary());
            false
        }
        served => served.is_ok(),
    }
}

#[tokio::test]
async fn a_full_host_says_come_later_and_lets_in_who_has_waited_longest() {
    let host = host_for(2).await;
    let (ana, bo) = (photographer(&host).await, photographer(&host).await);
    let (cy, dora) = (photographer(&host).await, photographer(&host).await);
    assert!(!is_served(&cy, &host).await && !is_served(&dora, &host).await, "there is no room");
    assert!(is_served(&ana, &host).await && is_served(&bo, &host).await);
    eventually("they are shown out", || !host.client.is_connected(&cy.id()) && !host.client.is_connected(&dora.id()))
        .await;
    let stranger = from(false, &host, false).await;
    eventually("no stranger gets in before them", || !host.client.is_connected(&stranger.id())).await;
    let gone = ana.id();
    ana.stop().await;
    eventually("ana has left", || !host.client.is_connected(&gone)).await;
    dora.client.dial(host.id(), vec![host.address()]).await.ok();
    assert!(!is_served(&dora, &host).await, "the place is the other's");
    cy.client.dial(host.id(), vec![host.address()]).await.unwrap();
    assert!(is_served(&cy, &host).await);
    assert!(host.client.refused().connections >= 3);
}

#[tokio::test]
async fn one_address_cannot_take_all_places_of_strangers() {
    let host = host_of_two_addresses(512).await;
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS_PER_ADDRESS_MAX + 4 {
        strangers.push(from(false, &host, false).await);
    }
    eventually("the rest is turned away", || host.client.peers().len() == STRANGERS_PER_ADDRESS_MAX).await;
    let another = from(true, &host, false).await;
    eventually("another address has its places", || host.client.is_connected(&another.id())).await;
}

#[tokio::test]
async fn one_address_has_its_share_of_connections_though_its_peers_are_enrolled() {
    let host = host_of_two_addresses(3).await;
    let mut fair = Vec::new();
    for _ in 0..5 {
        fair.push(from(false, &host, true).await);
    }
    eventually("the rest is turned away", || host.client.peers().len() == 3).await;
    let another = from(true, &host, true).await;
    eventually("another address has its share", || host.client.is_connected(&another.id())).await;
    let leaver = fair.iter().position(|ana| host.client.is_connected(&ana.id())).unwrap();
    fair.remove(leaver).stop().await;
    eventually("a place is free", || host.client.peers().len() == 3).await;
    let next = from(false, &host, true).await;
    eventually("the next of the fair is in", || host.client.is_connected(&next.id())).await;
}
