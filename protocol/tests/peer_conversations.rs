//! Peers that know each other ask and answer, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{Node, answer, eventually, node, node_with};
use enprint_protocol::enrol::{Enrol, EnrolReply};
use enprint_protocol::ids::{ContentHash, EventId, PhotoId};
use enprint_protocol::limits::{REQUESTS_IN_FLIGHT_MAX, SHUTDOWN_DEADLINE};
use enprint_protocol::order::{Deliver, OrderReply};
use enprint_protocol::original::{FetchOriginal, OriginalReply};
use enprint_protocol::peer::{AskError, Incoming, PeerEvent, PeerRole, key_file};
use enprint_protocol::print_job::{JobReply, OfferJob};
use enprint_protocol::publish::{PhotoRecord, Picture, Publish, PublishReply, PublishRequest, PublishedPhoto};
use enprint_protocol::status::{Report, StatusReply};
use enprint_protocol::{ErrorCode, PeerId, ProtocolError, Refusal};
use libp2p::futures::{StreamExt, stream};

async fn host_and_photographer() -> (Node, Node) {
    let (host, photographer) = (node(PeerRole::Host).await, node(PeerRole::Photographer).await);
    photographer.meet(&host).await;
    (host, photographer)
}

#[tokio::test]
async fn every_conversation_is_asked_and_answered() {
    let (mut host, mut ana) = host_and_photographer().await;
    let mut lab = node(PeerRole::Lab).await;
    lab.meet(&host).await;
    ana.meet(&lab).await;
    [&mut host, &mut ana, &mut lab].into_iter().for_each(Node::answer_all);

    let enrolled = ana.client.ask::<Enrol>(host.id(), common::enrol_request()).await.unwrap();
    assert!(matches!(enrolled, EnrolReply::Directory { .. }));
    let enrolled = lab.client.ask::<Enrol>(host.id(), common::enrol_request()).await.unwrap();
    assert!(matches!(enrolled, EnrolReply::Directory { .. }));
    let stored = ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    assert!(matches!(stored, PublishReply::Stored));
    let order = common::order_request(&host.key);
    let noted = host.client.ask::<Deliver>(ana.id(), order).await.unwrap();
    assert!(matches!(noted, OrderReply::Noted));
    let job = common::job_request(&ana.key);
    let needs = ana.client.ask::<OfferJob>(lab.id(), job).await.unwrap();
    assert!(matches!(needs, JobReply::Needs { files } if files == [7]));
    let range = lab.client.ask::<FetchOriginal>(ana.id(), common::range_request()).await.unwrap();
    assert!(matches!(range, OriginalReply::Range(bytes) if bytes.len() == 1 << 20));
    for (from, to) in [(&lab, &ana), (&ana, &host)] {
        let status = common::status_request(&from.key);
        let noted = from.client.ask::<Report>(to.id(), status).await.unwrap();
        assert!(matches!(noted, StatusReply::Noted));
    }
}

#[tokio::test]
async fn the_handler_sees_who_asks_and_what() {
    let (mut host, ana) = host_and_photographer().await;
    let request = common::publish_request();
    let (_, ()) = tokio::join!(ana.client.ask::<Publish>(host.id(), request.clone()), async {
        let Incoming::Publish(asked) = host.next().await else { panic!("another conversation") };
        assert_eq!((asked.peer, asked.request), (ana.id(), request.clone()));
        asked.reply.send(PublishReply::Stored);
    });
}

#[tokio::test]
async fn a_conversation_that_the_other_role_lacks_is_said_not_to_be_spoken() {
    let (host, ana) = host_and_photographer().await;
    let job = common::job_request(&ana.key);
    let error = ana.client.ask::<OfferJob>(host.id(), job.clone()).await.unwrap_err();
    assert!(matches!(error, AskError::NotSpoken { .. }), "{error}");
    assert!(!error.is_temporary());
    // Nor does a host ask what it has no part in.
    let error = host.client.ask::<OfferJob>(ana.id(), job).await.unwrap_err();
    assert!(matches!(error, AskError::NotSpoken { .. }), "{error}");
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_an_error_and_not_a_wait() {
    let ana = node(PeerRole::Photographer).await;
    let nobody = PeerId::random();
    let error = ana.client.ask::<Publish>(nobody, common::publish_request()).await.unwrap_err();
    assert_eq!(error, AskError::NotConnected { peer: nobody });

    let gone = node(PeerRole::Host).await;
    let (id, address) = (gone.id(), gone.address());
    gone.stop().await;
    let error = ana.client.dial(id, vec![address]).await.unwrap_err();
    assert!(matches!(error, AskError::DialFailed { .. }), "{error}");
}

#[tokio::test]
async fn a_known_address_is_dialled_when_its_peer_is_asked() {
    let (mut host, ana) = (node(PeerRole::Host).await, node(PeerRole::Photographer).await);
    host.admission.admit(ana.id());
    host.answer_all();
    ana.client.add_address(host.id(), host.address()).await.unwrap();
    ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
    assert!(ana.client.is_connected(&host.id()));
}

#[tokio::test]
async fn a_handler_that_drops_its_request_refuses_it() {
    let (mut host, ana) = host_and_photographer().await;
    let (reply, ()) = tokio::join!(ana.client.ask::<Publish>(host.id(), common::publish_request()), async {
        drop(host.next().await);
    });
    assert_eq!(reply.unwrap(), PublishReply::Refused(Refusal::uniform()));
}

#[tokio::test]
async fn a_handler_that_never_answers_times_out_and_harms_nobody() {
    let mut host = node(PeerRole::Host).await;
    let ana = node_with(PeerRole::Photographer, |config| {
        // What is answered later must be answered within it, too.
        config.limits.request_timeout_max = Duration::from_secs(4);
    })
    .await;
    ana.meet(&host).await;
    let error = ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap_err();
    assert_eq!(error, AskError::Timeout { peer: host.id() });
    let hung = host.next().await;
    host.answer_all();
    ana.client.ask::<Enrol>(host.id(), common::enrol_request()).await.unwrap();
    answer(hung);
    ana.client.ask::<Publish>(host.id(), common::publish_request()).await.unwrap();
}

#[tokio::test]
async fn a_full_channel_answers_busy_at_once_and_recovers() {
    let mut host = node_with(PeerRole::Host, |config| config.limits.incoming_waiting_max = 2).await;
    let ana = node(PeerRole::Photographer).await;
    ana.meet(&host).await;
    let asks: Vec<_> = (0..5)
        .map(|_| {
            let (client, host) = (ana.client.clone(), host.id());
            tokio::spawn(async move { client.ask::<Publish>(host, common::publish_request()).await.unwrap() })
        })
        .collect();
    eventually("three are refused", || asks.iter().filter(|ask| ask.is_finished()).count() == 3).await;
    host.answer_all();
    let mut replies = Vec::new();
    for ask in asks {
        replies.push(ask.await.unwrap());
    }
    let busy =
        |reply: &PublishReply| matches!(reply, PublishReply::Refused(refusal) if refusal.code == ErrorCode::Busy);
    assert_eq!(replies.iter().filter(|reply| busy(reply)).count(), 3, "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| **reply == PublishReply::Stored).count(), 2);
}

#[tokio::test]
async fn more_requests_in_flight_than_may_be_are_refused_here() {
    let (mut host, ana) = host_and_photographer().await;
    let asks: Vec<_> = (0..REQUESTS_IN_FLIGHT_MAX + 8)
        .map(|_| {
            let (client, host) = (ana.client.clone(), host.id());
            tokio::spawn(async move { client.ask::<Publish>(host, common::publish_request()).await })
        })
        .collect();
    eventually("eight are refused", || asks.iter().filter(|ask| ask.is_finished()).count() == 8).await;
    host.answer_all();
    let mut answered = 0;
    for ask in asks {
        match ask.await.unwrap() {
            Ok(reply) => {
                assert_eq!(reply, PublishReply::Stored);
                answered += 1;
            }
            Err(error) => assert_eq!(error, AskError::TooManyInFlight { peer: host.id() }),
        }
    }
    assert_eq!(answered, REQUESTS_IN_FLIGHT_MAX);
}

#[tokio::test]
async fn an_oversized_request_is_refused_before_it_is_sent() {
    let (host, ana) = host_and_photographer().await;
    let before = ana.client.wire().sent_bytes;
    let request = PublishRequest::Batch { event_id: EventId::random(), photos: vec![photo(5 << 20)] };
    let error = ana.client.ask::<Publish>(host.id(), request).await.unwrap_err();
    assert!(matches!(&error, AskError::Message { error: ProtocolError::TooMany { .. }, .. }), "{error}");
    assert!(ana.client.wire().sent_bytes - before < 1 << 20);
}

#[tokio::test]
async fn a_reply_that_does_not_fit_becomes_a_failure_that_is_said() {
    let (mut ana, lab) = (node(PeerRole::Photographer).await, node(PeerRole::Lab).await);
    lab.meet(&ana).await;
    let (reply, ()) = tokio::join!(lab.client.ask::<FetchOriginal>(ana.id(), common::range_request()), async {
        let Incoming::FetchOriginal(asked) = ana.next().await else { panic!("another") };
        asked.reply.send(OriginalReply::Range(vec![0; 2 << 20].into()));
    });
    let OriginalReply::Refused(refusal) = reply.unwrap() else { panic!("not refused") };
    assert_eq!(refusal.code, ErrorCode::Failed);
}

#[tokio::test]
async fn ranges_cost_hardly_more_on_the_wire_than_they_carry() {
    let (mut ana, lab) = (node(PeerRole::Photographer).await, node(PeerRole::Lab).await);
    lab.meet(&ana).await;
    ana.answer_all();
    let started = Instant::now();
    let (before_sent, before_received) = (ana.client.wire().sent_bytes, lab.client.wire().received_bytes);
    stream::iter(0..64)
        .map(|_| lab.client.ask::<FetchOriginal>(ana.id(), common::range_request()))
        .buffer_unordered(16)
        .for_each(|reply| async move {
            assert!(matches!(reply.unwrap(), OriginalReply::Range(_)));
        })
        .await;
    let payload = 64 << 20;
    for wire in [ana.client.wire().sent_bytes - before_sent, lab.client.wire().received_bytes - before_received] {
        assert!(wire >= payload, "{wire} bytes for {payload}");
        assert!(wire <= payload / 20 * 21, "{wire} bytes for {payload}");
    }
    println!("64 ranges of 1 MiB in {:?}", started.elapsed());
}

#[tokio::test]
async fn shutdown_of_the_answering_side_finishes_what_is_in_flight() {
    let (mut host, ana) = host_and_photographer().await;
    let client = ana.client.clone();
    let id = host.id();
    let in_flight = tokio::spawn(async move { client.ask::<Publish>(id, common::publish_request()).await });
    let asked = host.next().await;
    host.shutdown.cancel();
    let host_client = host.client.clone();
    eventually("the host stops listening", || host_client.listeners().is_empty()).await;
    let late = ana.client.ask::<Publish>(id, common::publish_request()).await.unwrap();
    assert!(matches!(late, PublishReply::Refused(refusal) if refusal.code == ErrorCode::Busy));
    answer(asked);
    assert_eq!(in_flight.await.unwrap().unwrap(), PublishReply::Stored);
    let promptly = SHUTDOWN_DEADLINE / 2;
    tokio::time::timeout(promptly, host.task).await.unwrap().unwrap();
    eventually("the connection is closed", || !ana.client.is_connected(&id)).await;
    assert_eq!(host_client.dial(ana.id(), vec![]).await, Err(AskError::Stopped), "a stopped peer says so");
}

#[tokio::test]
async fn shutdown_of_the_asking_side_waits_for_its_reply() {
    let (mut host, ana) = host_and_photographer().await;
    let (client, id) = (ana.client.clone(), host.id());
    let in_flight = tokio::spawn({
        let client = client.clone();
        async move { client.ask::<Publish>(id, common::publish_request()).await }
    });
    let asked = host.next().await;
    ana.shutdown.cancel();
    eventually("it stops listening", || client.listeners().is_empty()).await;
    assert_eq!(client.ask::<Publish>(id, common::publish_request()).await, Err(AskError::Stopped));
    answer(asked);
    assert_eq!(in_flight.await.unwrap().unwrap(), PublishReply::Stored);
    tokio::time::timeout(SHUTDOWN_DEADLINE / 2, ana.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_handler_that_hangs() {
    let mut host = node_with(PeerRole::Host, |config| {
        config.limits.shutdown_deadline = Duration::from_millis(300);
    })
    .await;
    let ana = node(PeerRole::Photographer).await;
    ana.meet(&host).await;
    let (client, id) = (ana.client.clone(), host.id());
    let in_flight = tokio::spawn(async move { client.ask::<Publish>(id, common::publish_request()).await });
    let hung = host.next().await;
    host.stop().await;
    assert!(in_flight.await.unwrap().is_err());
    answer(hung);
}

#[tokio::test]
async fn events_tell_of_connections() {
    let (host, ana) = (node(PeerRole::Host).await, node(PeerRole::Photographer).await);
    let mut events = ana.client.events();
    ana.meet(&host).await;
    let event = events.recv().await.unwrap();
    assert!(matches!(event, PeerEvent::Connected { peer, .. } if peer == host.id()));
    assert_eq!(ana.client.peers(), [host.id()]);
    ana.client.disconnect(host.id()).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), PeerEvent::Disconnected { peer: host.id() });
    assert!(ana.client.peers().is_empty());
}

#[tokio::test]
async fn a_peer_keeps_its_identity_in_its_key_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("peer.key");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let key = key_file::load_or_create(&path).unwrap();
        let node = node_with(PeerRole::Lab, |config| config.key = key).await;
        ids.push(node.id());
        node.stop().await;
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_it() {
    let host = node(PeerRole::Host).await;
    let mut config =
        enprint_protocol::peer::PeerConfig::new(enprint_protocol::Keypair::generate_ed25519(), PeerRole::Host);
    config.listen = vec![host.address()];
    let error = enprint_protocol::peer::start(config, host.shutdown.clone()).await.err().unwrap();
    assert!(error.to_string().contains(&host.address().to_string()), "{error}");
}

fn photo(proof_bytes: usize) -> PublishedPhoto {
    let picture = |bytes| Picture { width_px: 3, height_px: 2, jpeg: vec![0; bytes].into() };
    PublishedPhoto {
        record: PhotoRecord {
            photo_id: PhotoId(ContentHash::of(b"a")),
            file_name: "a.jpg".into(),
            category: "reception".into(),
            captured: None,
            camera: None,
            width_px: 6000,
            height_px: 4000,
            rating: None,
            captured_offset_minutes: None,
            lens: None,
            exposure: None,
            author: None,
            caption: None,
            keywords: Vec::new(),
            placeholder: None,
            not_for_print: None,
        },
        thumbnail: picture(10),
        proof: picture(proof_bytes),
    }
}
