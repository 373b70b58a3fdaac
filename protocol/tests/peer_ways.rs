//! Ways from peer to peer: every transport, and through a host where there is none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{Node, eventually, eventually_so, job, job_request, node_with, range_request};
use enprint_protocol::Multiaddr;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::limits::{RELAY_CIRCUIT_BYTES, RELAY_CIRCUIT_TIME, RELAY_CIRCUITS_PER_PEER_MAX};
use enprint_protocol::multiaddr::Protocol;
use enprint_protocol::original::{FetchOriginal, OriginalReply};
use enprint_protocol::peer::{AskError, Carrier, LineWay, Path, PeerEvent, PeerRole, Relay};
use enprint_protocol::print_job::{JobRequest, OfferJob};
use enprint_protocol::signed::Signed;

/// A peer that listens at `addresses`, or nowhere, as behind a router that lets nobody in.
async fn at(role: PeerRole, addresses: &[&str]) -> Node {
    node_with(role, |config| {
        config.listen = addresses.iter().map(|address| address.parse().unwrap()).collect();
    })
    .await
}

async fn host(relay: Relay) -> Node {
    node_with(PeerRole::Host, |config| config.reach.relay = relay).await
}

/// `peer` is enrolled at `host`, and can be met there.
async fn goes_to(peer: &Node, host: &Node) {
    peer.meet(host).await;
    peer.client.use_relay(host.id(), vec![host.address()]).await.unwrap();
}

/// Where `peer` is met at `host`.
fn circuit(host: &Node, peer: &Node) -> Multiaddr {
    let at_host = host.address().with_p2p(host.id()).unwrap();
    at_host.with(Protocol::P2pCircuit).with_p2p(peer.id()).unwrap()
}

/// `lab` reaches `ana` at the host.
async fn meets(lab: &Node, ana: &Node, host: &Node) {
    for one in [lab, ana] {
        one.admission.admit(lab.id());
        one.admission.admit(ana.id());
    }
    eventually("she has a place at the host", || ana.client.is_met_at(&host.id())).await;
    lab.client.dial(ana.id(), vec![circuit(host, ana)]).await.unwrap();
}

#[tokio::test]
async fn a_range_crosses_by_tcp_by_quic_and_by_websocket_and_is_counted() {
    for (address, carrier) in [
        ("/ip4/127.0.0.1/tcp/0", Carrier::Tcp),
        ("/ip4/127.0.0.1/udp/0/quic-v1", Carrier::Quic),
        ("/ip4/127.0.0.1/tcp/0/ws", Carrier::Websocket),
        ("/ip6/::1/udp/0/quic-v1", Carrier::Quic),
    ] {
        let mut ana = at(PeerRole::Photographer, &[address]).await;
        ana.answer_all();
        let lab = at(PeerRole::Lab, &[]).await;
        lab.meet(&ana).await;
        let reply = lab.client.ask::<FetchOriginal>(ana.id(), range_request()).await.unwrap();
        assert!(matches!(reply, OriginalReply::Range(range) if range.len() == 1 << 20), "{address}");
        let received = lab.client.wire().received_bytes;
        assert!((1 << 20..(1 << 20) * 21 / 20).contains(&received), "{received} bytes were counted on {address}");
        let lines = [&lab, &ana].map(|node| <[_; 1]>::try_from(node.client.lines()).unwrap()[0].clone());
        assert!(lines.iter().all(|line| line.way == LineWay::Direct { carrier, is_local: true }), "{lines:?}");
        assert!(lines[0].received_bytes > 1 << 20 && lines[1].sent_bytes > 1 << 20, "{lines:?}");
        assert!(lines[0].received_bytes_per_s > 0, "{lines:?}");
    }
}

#[tokio::test]
async fn each_line_tells_its_round_trip_and_its_own_bytes() {
    let mut ana = at(PeerRole::Photographer, &["/ip4/127.0.0.1/tcp/0"]).await;
    ana.answer_all();
    let (busy, idle) = (at(PeerRole::Lab, &[]).await, at(PeerRole::Lab, &[]).await);
    busy.meet(&ana).await;
    let address = ana.address();
    let port = address.iter().find(|part| matches!(part, Protocol::Tcp(_))).unwrap();
    idle.admission.admit(ana.id());
    ana.admission.admit(idle.id());
    let by_name = Multiaddr::from(Protocol::Dns4("localhost".into())).with(port);
    idle.client.dial(ana.id(), vec![by_name]).await.unwrap();
    busy.client.ask::<FetchOriginal>(ana.id(), range_request()).await.unwrap();
    let line_of = |node: &Node| ana.client.lines().into_iter().find(|line| line.peer_id == node.id()).unwrap();
    assert!(line_of(&busy).sent_bytes > 1 << 20 && line_of(&idle).sent_bytes < 1 << 14);
    eventually("both lines were pinged", || ana.client.lines().iter().all(|line| line.round_trip_us.is_some())).await;
    eventually("the name's line was counted", || idle.client.lines()[0].received_bytes > 0).await;
}

#[tokio::test]
async fn two_that_can_only_meet_at_the_host_exchange_messages_but_no_print_files() {
    let host = host(Relay::Meetings).await;
    let (mut ana, mut lab) = (at(PeerRole::Photographer, &[]).await, at(PeerRole::Lab, &[]).await);
    ana.answer_all();
    goes_to(&ana, &host).await;
    goes_to(&lab, &host).await;
    meets(&lab, &ana, &host).await;
    let path = lab.client.path(&ana.id()).unwrap();
    assert_eq!(path, Path::Relayed { relay: host.id(), takes_files: false });
    let asked = lab.client.ask::<FetchOriginal>(ana.id(), range_request()).await;
    assert_eq!(asked.unwrap_err(), AskError::OnlyRelayed { peer: ana.id() });
    let key = ana.key.clone();
    lab.answer_all();
    ana.client.ask::<OfferJob>(lab.id(), job_request(&key)).await.unwrap();
}

/// Whether `lab` can still be asked, which only a way through the host allows.
async fn is_there(ana: &Node, lab: &Node) -> bool {
    let request = job_request(&ana.key);
    ana.client.ask::<OfferJob>(lab.id(), request).await.is_ok()
}

#[tokio::test]
async fn a_host_for_meetings_cuts_a_circuit_at_its_bytes_and_lets_the_two_meet_again() {
    const NOTE_BYTES: usize = 20_000;
    let host = host(Relay::Meetings).await;
    let (ana, mut lab) = (at(PeerRole::Photographer, &[]).await, at(PeerRole::Lab, &[]).await);
    lab.answer_all();
    goes_to(&ana, &host).await;
    goes_to(&lab, &host).await;
    meets(&lab, &ana, &host).await;
    eventually("she knows of it", || ana.client.path(&lab.id()).is_some()).await;
    let long = JobRequest::Offer(Signed::sign(&job("x".repeat(NOTE_BYTES)), &ana.key).unwrap());
    let mut passed = 0;
    while ana.client.ask::<OfferJob>(lab.id(), long.clone()).await.is_ok() {
        passed += NOTE_BYTES as u64;
        assert!(passed < 2 * RELAY_CIRCUIT_BYTES, "{passed} bytes have passed");
    }
    // What the host has in hand when it sees that, it passes on.
    let most = RELAY_CIRCUIT_BYTES + 64 * 1024;
    assert!((RELAY_CIRCUIT_BYTES / 2..most).contains(&passed), "cut after {passed} bytes");
    eventually("both know that it is cut", || {
        ana.client.path(&lab.id()).is_none() && lab.client.path(&ana.id()).is_none()
    })
    .await;
    meets(&lab, &ana, &host).await;
    assert!(is_there(&ana, &lab).await);
}

#[tokio::test]
async fn a_host_for_meetings_cuts_a_circuit_when_its_time_is_over() {
    let host = node_with(PeerRole::Host, |config| {
        config.reach.relay = Relay::Meetings;
        config.limits.relay_circuit_time = Duration::from_secs(2);
    })
    .await;
    let (ana, mut lab) = (at(PeerRole::Photographer, &[]).await, at(PeerRole::Lab, &[]).await);
    lab.answer_all();
    goes_to(&ana, &host).await;
    goes_to(&lab, &host).await;
    meets(&lab, &ana, &host).await;
    let met = Instant::now();
    assert!(is_there(&ana, &lab).await);
    eventually("it is cut", || ana.client.path(&lab.id()).is_none()).await;
    assert!(met.elapsed() < RELAY_CIRCUIT_TIME / 2, "by the usual time");
}

#[tokio::test]
async fn a_peer_has_so_many_circuits_at_a_host_and_no_more_until_one_has_ended() {
    let host = host(Relay::Meetings).await;
    let lab = at(PeerRole::Lab, &[]).await;
    goes_to(&lab, &host).await;
    let mut photographers = Vec::new();
    for _ in 0..RELAY_CIRCUITS_PER_PEER_MAX {
        let ana = at(PeerRole::Photographer, &[]).await;
        goes_to(&ana, &host).await;
        meets(&lab, &ana, &host).await;
        photographers.push(ana);
    }
    let one_more = at(PeerRole::Photographer, &[]).await;
    goes_to(&one_more, &host).await;
    eventually("it has a place", || one_more.client.is_met_at(&host.id())).await;
    let call = async || lab.client.dial(one_more.id(), vec![circuit(&host, &one_more)]).await;
    for node in [&lab, &one_more] {
        node.admission.admit(one_more.id());
        node.admission.admit(lab.id());
    }
    assert!(matches!(call().await, Err(AskError::DialFailed { .. })));
    assert!(photographers.iter().all(|ana| lab.client.is_connected(&ana.id())), "the others stay");
    lab.client.disconnect(photographers[0].id()).await.unwrap();
    eventually_so("there is room for it", async || call().await.is_ok()).await;
}

#[tokio::test]
async fn a_host_that_takes_print_files_passes_them_on() {
    let host = host(Relay::Files).await;
    let (mut ana, lab) = (at(PeerRole::Photographer, &[]).await, at(PeerRole::Lab, &[]).await);
    ana.answer_all();
    goes_to(&ana, &host).await;
    goes_to(&lab, &host).await;
    meets(&lab, &ana, &host).await;
    eventually("the host says that it takes print files", || {
        lab.client.path(&ana.id()).is_some_and(|path| path.takes_files())
    })
    .await;
    let reply = lab.client.ask::<FetchOriginal>(ana.id(), range_request()).await.unwrap();
    assert!(matches!(reply, OriginalReply::Range(_)));
    let line = lab.client.lines().into_iter().find(|line| line.peer_id == ana.id()).unwrap();
    assert_eq!(line.way, LineWay::Relayed { relay: host.id(), takes_files: true });
    assert!(line.received_bytes > 1 << 20, "{line:?}");
}

#[tokio::test]
async fn two_that_met_at_the_host_go_on_directly_and_leave_the_relay() {
    let host = host(Relay::Meetings).await;
    for listen in ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"] {
        let (mut ana, lab) = (at(PeerRole::Photographer, &[listen]).await, at(PeerRole::Lab, &[listen]).await);
        ana.answer_all();
        goes_to(&ana, &host).await;
        goes_to(&lab, &host).await;
        meets(&lab, &ana, &host).await;
        let is_direct = |from: &Node, to: &Node| matches!(from.client.path(&to.id()), Some(Path::Direct { .. }));
        eventually("both have a direct way", || is_direct(&lab, &ana) && is_direct(&ana, &lab)).await;
        lab.client.ask::<FetchOriginal>(ana.id(), range_request()).await.unwrap();
    }
}

/// From where `other` sees `peer`.
async fn seen_from(other: &Node, peer: &Node) -> Multiaddr {
    eventually("they are connected", || other.client.path(&peer.id()).is_some()).await;
    match other.client.path(&peer.id()) {
        Some(Path::Direct { address }) => address,
        way => panic!("no direct way: {way:?}"),
    }
}

#[tokio::test]
async fn whose_router_may_have_to_be_punched_is_called_from_another_port_than_the_hole_is_punched_from() {
    let host = host(Relay::Meetings).await;
    let listen = "/ip4/127.0.0.1/tcp/0";
    let (ana, lab) = (at(PeerRole::Photographer, &[listen]).await, at(PeerRole::Lab, &[listen]).await);
    goes_to(&ana, &host).await;
    assert_eq!(seen_from(&host, &ana).await, ana.address(), "the host sees the port at which she listens");
    ana.meet(&lab).await;
    assert_ne!(seen_from(&lab, &ana).await, ana.address(), "her port is kept for the hole");
}

#[tokio::test]
async fn a_stranger_gets_no_place_at_the_relay() {
    let host = host(Relay::Meetings).await;
    let (stranger, lab) = (at(PeerRole::Photographer, &[]).await, at(PeerRole::Lab, &[]).await);
    goes_to(&lab, &host).await;
    stranger.dial(&host).await;
    stranger.client.use_relay(host.id(), vec![host.address()]).await.unwrap();
    let found = lab.client.dial(stranger.id(), vec![circuit(&host, &stranger)]).await;
    assert!(matches!(found, Err(AskError::DialFailed { .. })));
    let called = stranger.client.dial(lab.id(), vec![circuit(&host, &lab)]).await;
    assert!(matches!(called, Err(AskError::DialFailed { .. })), "nor a circuit to who has one");
}

#[tokio::test]
async fn where_we_are_is_learnt_from_those_we_know_and_told_at_once_not_from_strangers() {
    let known = at(PeerRole::Host, &["/ip6/::1/tcp/0"]).await;
    let ana = at(PeerRole::Photographer, &["/ip4/127.0.0.1/tcp/0"]).await;
    let mut events = ana.client.events();
    ana.dial(&known).await;
    // The answer comes after what the other says of itself.
    drop(ana.client.ask::<Enrol>(known.id(), common::enrol_request()).await);
    let is_seen = || ana.client.addresses().iter().any(|address| address.to_string().starts_with("/ip6/::1/"));
    assert!(!is_seen(), "a stranger's word is announced");
    ana.admission.admit(known.id());
    ana.client.keep_connected(known.id(), vec![known.address()]).await.unwrap();
    eventually("the word of one that we know counts", is_seen).await;
    let mut told = false;
    while let Ok(event) = events.try_recv() {
        told |= matches!(event, PeerEvent::SeenAt { .. });
    }
    assert!(told, "and whoever announces us hears of it");
}
