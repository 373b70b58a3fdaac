//! What a connection is: its pace, its peer, its ports; with libp2p's own QUIC at the
//! other end, too.

use libp2p::multiaddr::Protocol;
use quinn::ConnectionError;

use super::*;
use crate::peer::transport::quic::QuicError;
use crate::peer::transport::quic::pace::Pace;

#[tokio::test]
async fn both_ends_of_a_connection_go_by_what_comes_and_not_by_single_losses() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    let ((_, here), (_, there)) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    for connection in [here, there] {
        assert!(connection.quinn.congestion_state().into_any().is::<Pace>());
    }
}

#[tokio::test]
async fn a_peer_and_one_of_libp2ps_own_quic_understand_each_other_whoever_calls() {
    let key = Keypair::generate_ed25519();
    let mut theirs = libp2p_quic::tokio::Transport::new(libp2p_quic::Config::new(&key));
    theirs.listen_on(ListenerId::next(), "/ip4/127.0.0.1/udp/0/quic-v1".parse().unwrap()).unwrap();
    let address = next(&mut theirs).await.into_new_address().unwrap();
    let mut ours = Peer::new().await;
    let ((them, mut here), (us, mut there)) = joined(address, &mut ours.quic, &mut theirs).await;
    assert_eq!((them, us), (key.public().to_peer_id(), ours.id));
    exchange(&mut here, &mut there).await;
    let ((us, mut there), (them, mut here)) = joined(ours.named(), &mut theirs, &mut ours.quic).await;
    assert_eq!((them, us), (key.public().to_peer_id(), ours.id));
    exchange(&mut there, &mut here).await;
    exchange(&mut here, &mut there).await;
}

#[tokio::test]
async fn another_peer_at_the_dialled_address_is_refused() {
    let (mut ana, mut lab, bo) = (Peer::new().await, Peer::new().await, PeerId::random());
    let dial = lab.dial(ana.address.clone().with_p2p(bo).unwrap());
    let (dialled, _) = future::join(dial, async { ana.called().await.await }).await;
    let refused = dialled.err().unwrap();
    assert!(
        matches!(refused, QuicError::WrongPeer { expected, found } if expected == bo && found == ana.id),
        "{refused}"
    );
}

#[tokio::test]
async fn a_dial_leaves_by_the_port_that_is_listened_at() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    let dial = tokio::spawn(lab.dial(ana.named()));
    let TransportEvent::Incoming { send_back_addr, .. } = next(&mut ana.quic).await else { panic!("no call") };
    assert_eq!(send_back_addr, lab.address);
    dial.abort();
}

#[tokio::test]
async fn at_a_wildcard_calls_come_to_the_machines_addresses_of_both_families_on_one_port() {
    let mut ana = Peer::with(&Keypair::generate_ed25519(), "/ip4/0.0.0.0/udp/0/quic-v1").await;
    let port = ana.socket().port();
    ana.quic.listen_on(ListenerId::next(), format!("/ip6/::/udp/{port}/quic-v1").parse().unwrap()).unwrap();
    let loopback: Multiaddr = format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().unwrap();
    let mut told = vec![ana.address.clone()];
    while !told.contains(&loopback) {
        told.extend(next(&mut ana.quic).await.into_new_address());
    }
    let is_one = |address: &Multiaddr| address::callable(address).is_some_and(|(socket, _)| socket.port() == port);
    assert!(told.iter().all(is_one), "{told:?}");
    let mut lab = Peer::new().await;
    let dial = tokio::spawn(lab.dial(loopback.clone()));
    let local_addr = loop {
        if let TransportEvent::Incoming { local_addr, .. } = next(&mut ana.quic).await {
            break local_addr;
        }
    };
    assert_eq!(local_addr.iter().next(), Some(Protocol::Ip4([127, 0, 0, 1].into())));
    dial.abort();
}

#[tokio::test]
async fn who_takes_no_more_calls_finishes_what_is_under_way() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    let ((_, mut here), (_, mut there)) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    assert!(ana.quic.remove_listener(ana.listener));
    let closed = next(&mut ana.quic).await;
    assert!(matches!(closed, TransportEvent::ListenerClosed { reason: Ok(()), .. }));
    exchange(&mut here, &mut there).await;
}

/// Where a second machine's address is this one's.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_peer_was_killed_and_started_again_and_its_old_connections_end_at_once() {
    let key = Keypair::generate_ed25519();
    let mut ana = Peer::with(&key, "/ip4/127.0.0.1/udp/0/quic-v1").await;
    let anew = Peer::with(&key, &format!("/ip4/127.0.0.2/udp/{}/quic-v1", ana.socket().port())).await;
    let line = Line::to(ana.socket(), true).await;
    let mut lab = Peer::new().await;
    let ((_, mut here), _there) = joined(line.address.clone(), &mut lab.quic, &mut ana.quic).await;
    line.to.send(anew.socket()).unwrap();
    let mut stream = future::poll_fn(|cx| here.poll_outbound_unpin(cx)).await.unwrap();
    stream.write_all(&[0; 1_000]).await.unwrap();
    let ended = future::poll_fn(|cx| here.poll_inbound_unpin(cx)).await.err().unwrap();
    assert!(matches!(ended, QuicError::Ended(ConnectionError::Reset)), "{ended}");
}

#[tokio::test]
async fn another_port_of_the_same_peer_ends_no_connection_that_it_does_not_know() {
    let key = Keypair::generate_ed25519();
    let mut ana = Peer::with(&key, "/ip4/127.0.0.1/udp/0/quic-v1").await;
    let elsewhere = Peer::with(&key, "/ip4/127.0.0.1/udp/0/quic-v1").await;
    let line = Line::to(ana.socket(), true).await;
    let mut lab = Peer::new().await;
    let ((_, mut here), (_, mut there)) = joined(line.address.clone(), &mut lab.quic, &mut ana.quic).await;
    line.to.send(elsewhere.socket()).unwrap();
    let mut stream = future::poll_fn(|cx| here.poll_outbound_unpin(cx)).await.unwrap();
    stream.write_all(&[0; 1_000]).await.unwrap();
    tokio::select! {
        () = line.passes(3) => {}
        ended = future::poll_fn(|cx| here.poll_inbound_unpin(cx)) => panic!("it ended: {:?}", ended.err()),
    }
    line.to.send(ana.socket()).unwrap();
    stream.close().await.unwrap();
    let mut taken = future::poll_fn(|cx| there.poll_inbound_unpin(cx)).await.unwrap();
    let mut came = Vec::new();
    taken.read_to_end(&mut came).await.unwrap();
    assert_eq!(came, [0; 1_000]);
}
