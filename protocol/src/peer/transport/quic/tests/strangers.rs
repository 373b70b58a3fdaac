//! Callers who are not known: how much they can make a peer hold.

use futures::FutureExt;

use super::*;
use crate::limits::{QUIC_STRANGER_BYTES, STRANGER_STREAMS_MAX};
use crate::peer::transport::quic::handshakes::{Handshakes, Turn};

/// A call by a line that nothing comes back on.
async fn call_in_vain(to: &Peer) -> tokio::task::JoinHandle<()> {
    let line = Line::to(to.socket(), false).await;
    let mut caller = Peer::new().await;
    let dial = caller.dial(line.address.clone());
    tokio::spawn(async move {
        drop(dial.await);
        drop((caller, line));
    })
}

#[test]
fn past_a_few_handshakes_an_address_is_proven_first_and_past_all_nobody_is_let_in() {
    let handshakes = Handshakes::new(3, 1);
    let Turn::Begin(first) = handshakes.turn(false) else { panic!("the first begins") };
    assert!(matches!(handshakes.turn(false), Turn::Prove));
    let places = [handshakes.turn(true), handshakes.turn(true)];
    assert!(places.iter().all(|turn| matches!(turn, Turn::Begin(_))));
    assert!(matches!((handshakes.turn(true), handshakes.turn(false)), (Turn::Refuse, Turn::Refuse)));
    drop((first, places));
    assert!(matches!(handshakes.turn(false), Turn::Begin(_)));
}

#[tokio::test]
async fn calls_that_lead_nowhere_leave_room_for_one_who_proves_its_address() {
    let mut ana = Peer::new().await;
    ana.quic.callers = Handshakes::new(3, 2);
    let mut begun = Vec::new();
    for _ in 0..2 {
        let vain = call_in_vain(&ana).await;
        begun.push((ana.called().await, vain));
    }
    let mut lab = Peer::new().await;
    let ((them, _), (us, _)) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    assert_eq!((them, us), (ana.id, lab.id));
    begun.iter().for_each(|(_, vain)| vain.abort());
}

#[tokio::test]
async fn when_all_places_are_taken_a_caller_is_told_at_once_and_later_gets_one() {
    let mut ana = Peer::new().await;
    ana.quic.callers = Handshakes::new(1, 1);
    let vain = call_in_vain(&ana).await;
    let begun = ana.called().await;
    let mut lab = Peer::new().await;
    let mut dial = lab.dial(ana.named());
    let refused = tokio::select! {
        refused = &mut dial => refused.err().unwrap(),
        _ = ana.called() => panic!("it was let in"),
    };
    assert!(refused.to_string().contains("refused"), "{refused}");
    vain.abort();
    drop(begun);
    joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
}

#[tokio::test]
async fn a_stranger_leaves_little_unread_and_more_once_it_is_admitted() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    let ((_, here), (_, mut there)) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    let mut unread = 0;
    let (mut sends, _receives) = here.quinn.open_bi().await.unwrap();
    while let Some(wrote) = sends.write(&[0; 64 * 1024]).now_or_never() {
        unread += wrote.unwrap();
    }
    assert_eq!(unread, QUIC_STRANGER_BYTES as usize);
    // That its stream is taken gives it no leave to go on: a byte comes back, and no more.
    let _taken = future::poll_fn(|cx| there.poll_inbound_unpin(cx)).await.unwrap();
    let mut answer = future::poll_fn(|cx| there.poll_outbound_unpin(cx)).await.unwrap();
    answer.write_all(&[1]).await.unwrap();
    here.quinn.accept_bi().await.unwrap().1.read_exact(&mut [0]).await.unwrap();
    assert!(sends.write(&[0]).now_or_never().is_none());
    ana.admission.admit(lab.id);
    let _next = future::poll_fn(|cx| there.poll_outbound_unpin(cx)).await.unwrap();
    sends.write_all(&vec![0; QUIC_STRANGER_BYTES as usize / 2]).await.unwrap();
}

#[tokio::test]
async fn a_stranger_opens_so_many_streams_and_no_more() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    let ((_, here), _there) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    let mut streams = Vec::new();
    while let Some(stream) = here.quinn.open_bi().now_or_never() {
        streams.push(stream.unwrap());
    }
    assert_eq!(streams.len(), STRANGER_STREAMS_MAX);
}
