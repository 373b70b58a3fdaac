//! Who asks for what is not theirs is refused, whoever it is, in the same words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use enprint_protocol::ids::{ContentHash, JobId, OrderId};
use enprint_protocol::order::{Customer, Deliver, Delivery, Order, OrderLine, OrderReply, OrderRequest};
use enprint_protocol::original::{FetchOriginal, OriginalReply, OriginalRequest};
use enprint_protocol::peer::{PeerRole, key_file};
use enprint_protocol::publish::{Publish, PublishReply, PublishRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{Keypair, PeerId, Refusal};
use serde_json::Value;
use world::impostor::Impostor;
use world::{World, eventually, photos};

#[tokio::test]
async fn an_original_is_refused_to_a_stranger_to_another_lab_and_without_a_grant_alike() {
    let mut world = World::start().await;
    let (sold, kept) = (photos::jpeg(800, 600, 1), photos::jpeg(800, 600, 2));
    let gallery = world.publish("Originals", &[("sold.jpg", sold.clone()), ("kept.jpg", kept.clone())]);
    let order = world.customer(&gallery).await.order(&["sold.jpg"], 1).await;
    world.is_paid(&order.number).await;
    world.order_folder(&order).await;
    let job_id: JobId = world.lab.says(&["jobs"])["jobs"][0]["job_id"].as_str().unwrap().parse().unwrap();
    world.lab.kill();

    let (of_sold, of_kept) = (ContentHash::of(&sold), ContentHash::of(&kept));
    let photographer = world.photographer.address();
    let stranger = Impostor::stranger(PeerRole::Lab).await;
    let other_lab = Impostor::stranger(PeerRole::Lab).await;
    world.enrols_as_lab(&other_lab).await;
    let known: PeerId = world.photographer.peer_id().parse().unwrap();
    let lab = Impostor::with_key_of(world.lab.data(), PeerRole::Lab, "/ip4/127.0.0.1/tcp/0", known).await;

    let mut refusals = Vec::new();
    for (asks, job_id, root) in [
        (&stranger, job_id, of_sold),
        (&other_lab, job_id, of_sold),
        (&lab, job_id, of_kept),
        (&lab, JobId::random(), of_sold),
        (&lab, job_id, ContentHash::of(b"not there")),
    ] {
        let peer = asks.dials(&photographer).await;
        refusals.push(refused(asks, peer, OriginalRequest::Range { job_id, root, offset: 0 }).await);
        refusals.push(refused(asks, peer, OriginalRequest::Subtrees { job_id, root }).await);
    }
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");

    let peer = lab.dials(&photographer).await;
    let granted = OriginalRequest::Range { job_id, root: of_sold, offset: 0 };
    let reply = lab.peer.client.ask::<FetchOriginal>(peer, granted).await.unwrap();
    assert!(matches!(reply, OriginalReply::Range(bytes) if *bytes == sold), "the lab itself gets its file");
}

#[tokio::test]
async fn an_order_message_that_comes_twice_is_one_order_and_a_forged_one_is_none() {
    let mut world = World::start().await;
    let gallery = world.publish("Orders", &[("a.jpg", photos::jpeg(800, 600, 3))]);
    let customer = world.customer(&gallery).await;
    let photo = customer.photo("a.jpg").await;
    let host_key = key_file::load_or_create(&world.host.data().join("host.key")).unwrap();
    let address = world.host.address();
    world.host.kill();

    let known: PeerId = world.photographer.peer_id().parse().unwrap();
    let listen = address.split("/p2p/").next().unwrap();
    let host = Impostor::with_key_of(world.host.data(), PeerRole::Host, listen, known).await;
    eventually("the photographer is back at the host", || host.peer.client.is_connected(&known)).await;

    let order = order(&customer.event_id, &photo);
    let deliver = |key: &Keypair| OrderRequest::Deliver(Signed::sign(&order, key).unwrap());
    for _ in 0..3 {
        let reply = host.peer.client.ask::<Deliver>(known, deliver(&host_key)).await.unwrap();
        assert_eq!(reply, OrderReply::Accepted);
    }
    let forged = host.peer.client.ask::<Deliver>(known, deliver(&Keypair::generate_ed25519())).await.unwrap();
    assert!(matches!(forged, OrderReply::Refused(_)), "{forged:?}");
    assert_eq!(world.photographer.says(&["orders"])["orders"].as_array().unwrap().len(), 1);

    let stranger = Impostor::stranger(PeerRole::Host).await;
    stranger.dials(&world.photographer.address()).await;
    let reply = stranger.peer.client.ask::<Deliver>(known, deliver(&host_key)).await.unwrap();
    assert!(matches!(reply, OrderReply::Refused(_)), "even the host's words, from a stranger");
}

#[tokio::test]
async fn a_stranger_publishes_nothing_and_an_invitation_works_once() {
    let world = World::start().await;
    let stranger = Impostor::stranger(PeerRole::Photographer).await;
    let host = stranger.dials(&world.host.address()).await;
    let request = PublishRequest::WithdrawEvent { event_id: enprint_protocol::ids::EventId::random() };
    let reply = stranger.peer.client.ask::<Publish>(host, request).await.unwrap();
    assert!(matches!(reply, PublishReply::Refused(_)), "{reply:?}");

    let code = world.invite("lab");
    let (first, second) = (Impostor::stranger(PeerRole::Lab).await, Impostor::stranger(PeerRole::Lab).await);
    assert!(world.uses_invitation(&first, &code).await);
    assert!(world.uses_invitation(&first, &code).await, "a repeat by the same peer gets the first answer");
    assert!(!world.uses_invitation(&second, &code).await);
}

async fn refused(asks: &Impostor, peer: PeerId, request: OriginalRequest) -> Refusal {
    match asks.peer.client.ask::<FetchOriginal>(peer, request).await.unwrap() {
        OriginalReply::Refused(refusal) => refusal,
        granted => panic!("it was granted: {granted:?}"),
    }
}

fn order(event_id: &str, photo: &Value) -> Order {
    let price = "EUR 1.50".parse().unwrap();
    let delivery = Delivery { name: "Pick up at the studio".into(), price: "EUR 0.00".parse().unwrap(), address: None };
    let lines = vec![OrderLine {
        line: 1,
        photo_id: photo["photo_id"].as_str().unwrap().parse().unwrap(),
        file_name: "a.jpg".into(),
        size: "10x15".parse().unwrap(),
        finish: "matte".parse().unwrap(),
        crop: enprint_protocol::order::Crop::Fill,
        quantity: 1,
        price,
    }];
    Order {
        order_id: OrderId::random(),
        event_id: event_id.parse().unwrap(),
        placed_at: UnixMs(1_700_000_000_000),
        customer: Customer { name: "Kim".into(), email: "kim@example.org".into() },
        total: Order::sum(&lines, &delivery).unwrap(),
        delivery,
        lines,
        note: String::new(),
    }
}
