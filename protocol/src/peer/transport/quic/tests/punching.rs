//! Being called through a router.

use std::time::Duration;

use super::*;
use crate::limits::QUIC_PUNCH_BYTES;
use crate::peer::transport::quic::QuicError;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn who_is_to_be_called_opens_its_router_from_the_port_that_it_listens_at() {
    let mut ana = Peer::new().await;
    let lab = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = address::of(lab.local_addr().unwrap()).with_p2p(PeerId::random()).unwrap();
    let dial = tokio::spawn(ana.quic.dial(at, as_listener()).unwrap());
    for _ in 0..3 {
        let (length, from) = lab.recv_from(&mut [0; 2048]).await.unwrap();
        assert_eq!((length, from), (QUIC_PUNCH_BYTES, ana.socket()));
    }
    dial.abort();
}

#[tokio::test]
async fn the_awaited_call_is_what_comes_of_the_dial() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    ana.quic.patience = FOR_EVER;
    let awaited = ana.quic.dial(lab.named(), as_listener()).unwrap();
    let dial = lab.dial(ana.named());
    let (dialled, awaited) = tokio::select! {
        both = future::join(dial, awaited) => both,
        _ = ana.called() => panic!("it came as somebody else's call"),
    };
    let ((ana_id, mut here), (lab_id, mut there)) = (dialled.unwrap(), awaited.unwrap());
    assert_eq!((ana_id, lab_id), (ana.id, lab.id));
    exchange(&mut here, &mut there).await;
}

#[tokio::test]
async fn a_call_from_there_by_somebody_else_is_refused() {
    let (mut ana, mut lab, bo) = (Peer::new().await, Peer::new().await, PeerId::random());
    ana.quic.patience = FOR_EVER;
    let awaited = ana.quic.dial(lab.address.clone().with_p2p(bo).unwrap(), as_listener()).unwrap();
    let dial = lab.dial(ana.named());
    let refused = tokio::select! {
        (_, awaited) = future::join(dial, awaited) => awaited.err().unwrap(),
        _ = ana.called() => panic!("it came as somebody else's call"),
    };
    assert!(matches!(refused, QuicError::WrongPeer { .. }), "{refused}");
}

#[tokio::test]
async fn where_no_call_gets_through_the_one_who_waits_calls() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    ana.quic.patience = Duration::ZERO;
    let dial = ana.quic.dial(lab.named(), as_listener()).unwrap();
    let (dialled, called) = future::join(dial, async { lab.called().await.await }).await;
    assert_eq!((dialled.unwrap().0, called.unwrap().0), (lab.id, ana.id));
}

#[tokio::test]
async fn one_call_from_an_address_is_awaited_at_a_time() {
    let (mut ana, lab) = (Peer::new().await, Peer::new().await);
    let first = ana.quic.dial(lab.named(), as_listener()).unwrap();
    assert!(ana.quic.dial(lab.named(), as_listener()).is_err());
    drop(first);
    assert!(ana.quic.dial(lab.named(), as_listener()).is_ok());
}
