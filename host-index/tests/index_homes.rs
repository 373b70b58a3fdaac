//! Homes of a photographer, and which of them an order is bound to, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::time::Duration;

use enprint_host_index::index::Enrolment;
use enprint_host_index::limits::ORDERS_MOVED_AT_ONCE;
use enprint_host_index::protocol::enrol::Role;
use enprint_host_index::protocol::home::Home;
use enprint_host_index::protocol::ids::{CommandId, OrderId};
use enprint_host_index::protocol::signed::Signed;
use enprint_host_index::protocol::status::{Status, StatusKind};
use enprint_host_index::protocol::time::UnixMs;
use enprint_host_index::protocol::{Keypair, PeerId};
use enprint_host_index::{HostError, Index};
use enprint_store::ledger::Clock;
use kit::{Bench, Peer, Shop, enrolled, event};

on_both_engines!(
    a_home_is_taken_by_its_photographers_word_alone_and_the_later_word_holds,
    a_word_on_somebody_who_never_agreed_neither_removes_nor_renames_them,
    a_home_publishes_nothing_and_is_suspended_with_its_photographer,
    an_order_goes_to_the_home_that_is_here_and_only_its_words_count,
    many_orders_that_wait_for_their_home_hold_up_nobody_elses,
    what_a_home_takes_over_or_gives_back_is_told_to_the_other,
    what_a_first_home_could_not_take_goes_to_the_second_unless_it_may_have_it,
    a_home_that_the_operator_removed_does_not_enrol_itself_again,
    a_home_that_names_the_last_moment_there_is_can_be_removed_and_stays_so,
    a_home_that_was_ended_stays_so_when_its_photographer_is_invited_anew,
    a_photographer_gone_bad_takes_nobody_along_when_it_is_suspended_or_removed,
);

fn word(photographer: &Peer, home: PeerId, since: i64, ended: bool) -> Signed<Home> {
    let word = Home { photographer: photographer.id, home, since: UnixMs(since), ended };
    Signed::sign(&word, &photographer.key).unwrap()
}

fn peer() -> Peer {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    Peer { key, id }
}

/// To whom something waits, with its kind, in the order in which it goes.
async fn waiting(index: &Index) -> Vec<(String, String)> {
    index.waiting().await.unwrap().into_iter().map(|parcel| (parcel.peer, parcel.kind)).collect()
}

fn parcels(of: &[(&Peer, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(peer, kind)| (peer.id.to_string(), (*kind).to_owned())).collect()
}

async fn a_home_is_taken_by_its_photographers_word_alone_and_the_later_word_holds(bench: Bench) {
    let index = bench.index().await;
    let (ana, bo) =
        (enrolled(&index, Role::Photographer, "Ana").await, enrolled(&index, Role::Photographer, "Bo").await);
    let (lab, home, stranger) = (enrolled(&index, Role::Lab, "Lab").await, peer(), peer());
    for (asks, word) in [
        (home.id, word(&stranger, home.id, 1, false)),
        (home.id, word(&lab, home.id, 1, false)),
        (stranger.id, word(&ana, home.id, 1, false)),
        (bo.id, word(&ana, bo.id, 1, false)),
        (lab.id, word(&ana, lab.id, 1, false)),
    ] {
        let refused = index.stand_in(asks, &word, &[]).await.unwrap_err();
        assert!(matches!(refused, HostError::NotHere), "{refused}");
    }
    let taken = index.stand_in(ana.id, &word(&ana, home.id, 5, false), &[]).await.unwrap();
    assert_eq!(taken, (home.id, false), "a home says itself that it is one");
    for _ in 0..2 {
        let taken = index.stand_in(home.id, &word(&ana, home.id, 5, false), &[]).await.unwrap();
        assert_eq!(taken, (home.id, true));
    }
    assert!(index.admitted().await.unwrap().contains(&home.id));
    assert_eq!(index.peer(home.id).await.unwrap().unwrap().name, "Ana (second home)");
    assert!(index.stand_in(home.id, &word(&bo, home.id, 9, false), &[]).await.is_err(), "it is another's");
    assert_eq!(index.stand_in(ana.id, &word(&ana, home.id, 7, true), &[]).await.unwrap(), (home.id, false));
    assert!(index.stand_in(home.id, &word(&ana, home.id, 5, false), &[]).await.is_err(), "an earlier word");
    assert!(!index.admitted().await.unwrap().contains(&home.id));
    let mut taken = 1;
    while index.stand_in(ana.id, &word(&ana, peer().id, 1, true), &[]).await.is_ok() {
        taken += 1;
        assert!(taken <= 20, "a photographer fills the list of homes");
    }
}

async fn a_home_that_names_the_last_moment_there_is_can_be_removed_and_stays_so(bench: Bench) {
    let index = bench.index().await;
    let (ana, home, other) = (enrolled(&index, Role::Photographer, "Ana").await, peer(), peer());
    let last = |home: &Peer, ended| word(&ana, home.id, i64::MAX, ended);
    for home in [&home, &other] {
        assert_eq!(index.stand_in(home.id, &last(home, false), &[]).await.unwrap(), (home.id, true));
    }
    index.remove_peer(home.id).await.unwrap();
    assert_eq!(index.stand_in(ana.id, &last(&other, true), &[]).await.unwrap(), (other.id, false));
    for home in [&home, &other] {
        assert!(!index.admitted().await.unwrap().contains(&home.id));
        let again = index.stand_in(home.id, &last(home, false), &[]).await;
        assert!(again.is_err(), "it is a home again: {again:?}");
        assert!(index.peer(home.id).await.unwrap().is_none(), "it is enrolled again");
    }
}

async fn a_word_on_somebody_who_never_agreed_neither_removes_nor_renames_them(bench: Bench) {
    let index = bench.index().await;
    let (bad, ana, other) = (enrolled(&index, Role::Photographer, "Bad").await, peer(), peer());
    // Said before the other comes, and after it has enrolled by itself.
    index.stand_in(bad.id, &word(&bad, ana.id, 1, true), &[]).await.unwrap();
    enrol(&index, &ana, "Ana").await;
    for ended in [true, false] {
        assert!(index.stand_in(bad.id, &word(&bad, ana.id, 2, ended), &[]).await.is_err());
    }
    assert_eq!(index.peer(ana.id).await.unwrap().unwrap().name, "Ana");
    // Nor does an ended word keep a home from the photographer whose it is.
    index.stand_in(bad.id, &word(&bad, other.id, 3, true), &[]).await.unwrap();
    let taken = index.stand_in(other.id, &word(&ana, other.id, 1, false), &[]).await.unwrap();
    assert_eq!(taken, (other.id, true));
    assert!(index.stand_in(bad.id, &word(&bad, other.id, 9, true), &[]).await.is_err());
    assert!(index.admitted().await.unwrap().contains(&other.id));
}

async fn a_home_publishes_nothing_and_is_suspended_with_its_photographer(bench: Bench) {
    let index = bench.index().await;
    let (ana, home) = (enrolled(&index, Role::Photographer, "Ana").await, peer());
    index.stand_in(home.id, &word(&ana, home.id, 1, false), &[]).await.unwrap();
    let code = enprint_host_index::protocol::access_code::AccessCode::random();
    assert!(index.put_event(home.id, &event("Wedding"), &code).await.is_err());
    index.suspend_peer(ana.id).await.unwrap();
    assert!(index.admitted().await.unwrap().is_empty());
    assert!(index.stand_in(home.id, &word(&ana, home.id, 2, false), &[]).await.is_err());
    index.restore_peer(ana.id).await.unwrap();
    assert_eq!(index.admitted().await.unwrap().len(), 2);
    let contacts = index.announce(home.id, &[]).await.unwrap();
    assert!(contacts.iter().any(|contact| contact.peer_id == ana.id), "a home finds the first");
    index.remove_peer(ana.id).await.unwrap();
    assert!(index.admitted().await.unwrap().is_empty());
}

async fn an_order_goes_to_the_home_that_is_here_and_only_its_words_count(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, home) = (&shop.ana, peer());
    index.stand_in(home.id, &word(ana, home.id, 1, false), &[]).await.unwrap();
    let order = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let is_home = |peer: &PeerId| *peer == home.id;
    assert_eq!(index.bind_anew(is_home).await.unwrap(), 0, "another process may be asking the first");
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(index.bind_anew(|_| true).await.unwrap(), 0, "the first is here");
    assert_eq!(index.bind_anew(is_home).await.unwrap(), 1);
    assert_eq!(waiting(&index).await, parcels(&[(&home, "order")]));
    index.mark_paid(order).await.unwrap();
    assert_eq!(waiting(&index).await, parcels(&[(&home, "order"), (&home, "paid")]));
    let accepted = |peer: &Peer| {
        let (status_id, at) = (CommandId::random(), UnixMs(1));
        let status = Status { status_id, order_id: order, job_id: None, at, kind: StatusKind::Accepted };
        Signed::sign(&status, &peer.key).unwrap()
    };
    assert!(index.note_status(ana.id, &accepted(ana)).await.is_err(), "it is not bound to that home");
    index.note_status(home.id, &accepted(&home)).await.unwrap();
    assert_eq!(index.bind_anew(|peer| *peer == ana.id).await.unwrap(), 0, "it is answered, and stays");
}

async fn many_orders_that_wait_for_their_home_hold_up_nobody_elses(bench: Bench) {
    let index = bench.index().await;
    let (many, one) = (Shop::open(&index, &["a.jpg"]).await, Shop::open(&index, &["a.jpg"]).await);
    let (home_of_many, home_of_one) = (peer(), peer());
    for (home, photographer) in [(&home_of_many, &many.ana), (&home_of_one, &one.ana)] {
        index.stand_in(home.id, &word(photographer, home.id, 1, false), &[]).await.unwrap();
    }
    for number in 0..=ORDERS_MOVED_AT_ONCE {
        let order = index.place(&many.order(&number.to_string(), &["a.jpg"])).await.unwrap();
        index.note_asking(order.order_id, &many.ana.id.to_string()).await.unwrap();
    }
    for shop in [&many, &one] {
        bench.clock.advance(Duration::from_secs(1));
        index.place(&shop.order("last", &["a.jpg"])).await.unwrap();
    }
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(index.bind_anew(|peer| *peer == home_of_one.id).await.unwrap(), 1, "of another photographer");
    assert_eq!(index.bind_anew(|peer| *peer == home_of_many.id).await.unwrap(), 1, "of the same, never asked for");
    bench.clock.advance(Duration::from_secs(2 * 60 * 60));
    let in_turn = [ORDERS_MOVED_AT_ONCE, 1, 0];
    for moved in in_turn {
        assert_eq!(index.bind_anew(|peer| *peer == home_of_many.id).await.unwrap(), u64::from(moved));
    }
}

async fn what_a_home_takes_over_or_gives_back_is_told_to_the_other(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, home, bo) = (&shop.ana, peer(), enrolled(&index, Role::Photographer, "Bo").await);
    let order = index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    assert!(index.take_over(home.id, None).await.is_err(), "it is no home yet");
    index.stand_in(home.id, &word(ana, home.id, 1, false), &[]).await.unwrap();
    assert!(index.note_asking(order.order_id, &ana.id.to_string()).await.unwrap());
    assert_eq!(index.take_over(bo.id, None).await.unwrap(), 0, "another's orders are not there");
    assert!(index.take_over(bo.id, Some(&order.number)).await.is_err());
    assert_eq!(index.take_over(home.id, Some(&order.number)).await.unwrap(), 1);
    assert_eq!(index.take_over(home.id, None).await.unwrap(), 0, "it has it");
    assert_eq!(waiting(&index).await, parcels(&[(ana, "moved"), (&home, "moved"), (&home, "order")]));
    asked_elsewhere(&index, order.order_id, ana).await;
    index.stand_in(ana.id, &word(ana, home.id, 2, true), &[]).await.unwrap();
    assert_eq!(waiting(&index).await, parcels(&[(ana, "moved"), (ana, "order")]));
}

async fn asked_elsewhere(index: &Index, order: OrderId, home: &Peer) {
    assert!(!index.note_asking(order, &home.id.to_string()).await.unwrap(), "a late parcel is asked");
}

async fn what_a_first_home_could_not_take_goes_to_the_second_unless_it_may_have_it(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, home) = (&shop.ana, peer());
    let anas = ana.id.to_string();
    index.stand_in(home.id, &word(ana, home.id, 1, false), &[]).await.unwrap();
    let order = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let asked = UnixMs(bench.clock.now_ms());
    assert!(index.note_asking(order, &anas).await.unwrap());
    bench.clock.advance(Duration::from_secs(20));
    // It was asked before, and its answer may have been lost.
    index.not_taken_yet(order, &anas, UnixMs(bench.clock.now_ms())).await.unwrap();
    assert_eq!(index.bind_anew(|peer| *peer == home.id).await.unwrap(), 0);
    index.not_taken_yet(order, &anas, asked).await.unwrap();
    assert_eq!(index.bind_anew(|peer| *peer == home.id).await.unwrap(), 1);
}

async fn a_home_that_the_operator_removed_does_not_enrol_itself_again(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, home) = (&shop.ana, peer());
    index.stand_in(home.id, &word(ana, home.id, 1, false), &[]).await.unwrap();
    index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    bench.clock.advance(Duration::from_secs(20));
    assert_eq!(index.bind_anew(|peer| *peer == home.id).await.unwrap(), 1);
    index.remove_peer(home.id).await.unwrap();
    assert_eq!(waiting(&index).await, parcels(&[(ana, "order")]), "what it had goes back");
    assert!(index.stand_in(home.id, &word(ana, home.id, 1, false), &[]).await.is_err(), "it is back by itself");
    index.stand_in(ana.id, &word(ana, home.id, 1, false), &[]).await.unwrap();
    assert!(!index.admitted().await.unwrap().contains(&home.id));
    let paired_anew = index.stand_in(home.id, &word(ana, home.id, 9, false), &[]).await.unwrap();
    assert_eq!(paired_anew, (home.id, true));
}

async fn a_home_that_was_ended_stays_so_when_its_photographer_is_invited_anew(bench: Bench) {
    let index = bench.index().await;
    let (ana, gone, home) = (enrolled(&index, Role::Photographer, "Ana").await, peer(), peer());
    for home in [&gone, &home] {
        index.stand_in(home.id, &word(&ana, home.id, 1, false), &[]).await.unwrap();
    }
    index.stand_in(ana.id, &word(&ana, gone.id, 2, true), &[]).await.unwrap();
    index.remove_peer(ana.id).await.unwrap();
    assert!(index.admitted().await.unwrap().is_empty());
    enrol(&index, &ana, "Ana").await;
    assert!(index.stand_in(gone.id, &word(&ana, gone.id, 1, false), &[]).await.is_err(), "its old word counts");
    let taken = index.stand_in(home.id, &word(&ana, home.id, 1, false), &[]).await.unwrap();
    assert_eq!(taken, (home.id, true), "that one was never ended");
}

async fn a_photographer_gone_bad_takes_nobody_along_when_it_is_suspended_or_removed(bench: Bench) {
    let index = bench.index().await;
    let (bad, ana) = (enrolled(&index, Role::Photographer, "Bad").await, peer());
    index.stand_in(bad.id, &word(&bad, ana.id, 1, true), &[]).await.unwrap();
    enrol(&index, &ana, "Ana").await;
    index.suspend_peer(bad.id).await.unwrap();
    assert_eq!(index.admitted().await.unwrap(), [ana.id]);
    index.remove_peer(bad.id).await.unwrap();
    assert_eq!(index.admitted().await.unwrap(), [ana.id]);
}

async fn enrol(index: &Index, peer: &Peer, name: &str) {
    let invitation = index.invite(Role::Photographer, Duration::from_secs(3_600)).await.unwrap();
    let enrolment = Enrolment { invitation, role: Role::Photographer, name: name.into(), addresses: Vec::new() };
    index.enrol(peer.id, &enrolment).await.unwrap();
}
