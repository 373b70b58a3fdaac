//! What a peer that nobody knows may do, and what it may not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Node, eventually, node, node_with};
use enprint_protocol::enrol::{Enrol, EnrolReply};
use enprint_protocol::order::{Deliver, OrderReply};
use enprint_protocol::original::{FetchOriginal, OriginalReply};
use enprint_protocol::peer::{Incoming, PeerRole};
use enprint_protocol::print_job::{JobReply, OfferJob};
use enprint_protocol::publish::{Publish, PublishReply};
use enprint_protocol::status::{Report, StatusReply};
use enprint_protocol::{ErrorCode, Refusal};
use libp2p::futures::future::join_all;

#[tokio::test]
async fn a_stranger_may_enrol_at_a_host_and_offer_to_a_lab() {
    let (mut host, mut lab) = (node(PeerRole::Host).await, node(PeerRole::Lab).await);
    host.answer_all();
    lab.answer_all();
    let stranger = node(PeerRole::Photographer).await;
    stranger.dial(&host).await;
    stranger.dial(&lab).await;
    let reply = stranger.client.ask::<Enrol>(host.id(), common::enrol_request()).await.unwrap();
    assert!(matches!(reply, EnrolReply::Directory { .. }));
    let job = common::job_request(&stranger.key);
    let reply = stranger.client.ask::<OfferJob>(lab.id(), job).await.unwrap();
    assert!(matches!(reply, JobReply::Needs { .. }));
}

#[tokio::test]
async fn all_else_that_a_stranger_asks_is_refused_in_the_same_words() {
    let (mut host, mut ana, mut lab) =
        (node(PeerRole::Host).await, node(PeerRole::Photographer).await, node(PeerRole::Lab).await);
    let (false_host, false_ana, false_lab) =
        (node(PeerRole::Host).await, node(PeerRole::Photographer).await, node(PeerRole::Lab).await);
    false_ana.dial(&host).await;
    false_host.dial(&ana).await;
    false_lab.dial(&ana).await;

    let request = common::publish_request();
    let reply = false_ana.client.ask::<Publish>(host.id(), request).await.unwrap();
    assert_eq!(reply, PublishReply::Refused(Refusal::uniform()));
    let request = common::status_request(&false_ana.key);
    let reply = false_ana.client.ask::<Report>(host.id(), request).await.unwrap();
    assert_eq!(reply, StatusReply::Refused(Refusal::uniform()));
    let request = common::order_request(&false_host.key);
    let reply = false_host.client.ask::<Deliver>(ana.id(), request).await.unwrap();
    assert_eq!(reply, OrderReply::Refused(Refusal::uniform()));
    let reply = false_lab.client.ask::<FetchOriginal>(ana.id(), common::range_request()).await.unwrap();
    assert_eq!(reply, OriginalReply::Refused(Refusal::uniform()));
    let request = common::status_request(&false_lab.key);
    let reply = false_lab.client.ask::<Report>(ana.id(), request).await.unwrap();
    assert_eq!(reply, StatusReply::Refused(Refusal::uniform()));

    for node in [&mut host, &mut ana, &mut lab] {
        assert!(node.incoming.as_mut().unwrap().try_recv().is_err(), "no handler heard of it");
    }
}

#[tokio::test]
async fn whom_we_dialled_is_no_less_a_stranger() {
    let (host, ana) = (node(PeerRole::Host).await, node(PeerRole::Photographer).await);
    ana.dial(&host).await;
    let request = common::order_request(&host.key);
    eventually("the host sees the connection", || host.client.is_connected(&ana.id())).await;
    let reply = host.client.ask::<Deliver>(ana.id(), request).await.unwrap();
    assert_eq!(reply, OrderReply::Refused(Refusal::uniform()));
}

#[tokio::test]
async fn strangers_are_bounded_and_do_not_keep_out_those_we_know() {
    let host = node_with(PeerRole::Host, |config| config.limits.strangers_max = 3).await;
    let mut strangers = Vec::new();
    for _ in 0..6 {
        let stranger = node(PeerRole::Photographer).await;
        stranger.client.dial(host.id(), vec![host.address()]).await.ok();
        strangers.push(stranger);
    }
    let inside = |strangers: &[Node]| strangers.iter().filter(|node| node.client.is_connected(&host.id())).count();
    // Each end sees for itself that a connection is gone.
    eventually("three are turned away", || inside(&strangers) == 3 && host.client.peers().len() == 3).await;

    let mut ana = node(PeerRole::Photographer).await;
    ana.meet(&host).await;
    let order = common::order_request(&host.key);
    ana.answer_all();
    eventually("the host sees ana", || host.client.is_connected(&ana.id())).await;
    host.client.ask::<Deliver>(ana.id(), order).await.unwrap();

    strangers.retain(|node| node.client.is_connected(&host.id()));
    strangers.pop().unwrap().stop().await;
    eventually("there is room again", || host.client.peers().len() == 3).await;
    let next = node(PeerRole::Photographer).await;
    next.dial(&host).await;
    eventually("the next stranger is in", || host.client.is_connected(&next.id())).await;
}

#[tokio::test]
async fn a_stranger_that_is_not_admitted_is_shown_out_and_one_that_is_stays() {
    let time = Duration::from_secs(3);
    let mut host = node_with(PeerRole::Host, |config| config.limits.stranger_time = time).await;
    let (ana, bo) = (node(PeerRole::Photographer).await, node(PeerRole::Photographer).await);
    ana.dial(&host).await;
    let (enrolled, ()) = tokio::join!(ana.client.ask::<Enrol>(host.id(), common::enrol_request()), async {
        let request = host.next().await;
        let Incoming::Enrol(asked) = &request else { panic!("another conversation") };
        host.admission.admit(asked.peer);
        common::answer(request);
    });
    enrolled.unwrap();
    host.answer_all();
    let stored = ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    assert_eq!(stored, PublishReply::Stored, "known at once, on the same connection");
    // He comes later than she, so that her time is over when his is.
    bo.dial(&host).await;
    eventually("bo is shown out", || !bo.client.is_connected(&host.id())).await;
    assert!(ana.client.is_connected(&host.id()));
    ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_peer_is_disconnected_and_comes_back_as_a_stranger() {
    let mut host = node(PeerRole::Host).await;
    host.answer_all();
    let ana = node(PeerRole::Photographer).await;
    ana.meet(&host).await;
    ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    host.admission.forget(ana.id());
    eventually("the connection is closed", || !ana.client.is_connected(&host.id())).await;
    ana.dial(&host).await;
    let reply = ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    assert_eq!(reply, PublishReply::Refused(Refusal::uniform()));
}

#[tokio::test]
async fn a_stranger_that_guesses_quickly_is_slowed() {
    let mut host = node(PeerRole::Host).await;
    host.answer_all();
    let stranger = node(PeerRole::Photographer).await;
    stranger.dial(&host).await;
    let asks = (0..30).map(|_| stranger.client.ask::<Enrol>(host.id(), common::enrol_request()));
    let mut busy = 0;
    for reply in join_all(asks).await {
        match reply.unwrap() {
            EnrolReply::Refused(refusal) if refusal.code == ErrorCode::Busy => busy += 1,
            other => assert!(matches!(other, EnrolReply::Directory { .. })),
        }
    }
    assert!(busy >= 10, "only {busy} of 30 were slowed");
}
