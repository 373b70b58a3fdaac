//! Invitations, enrolled peers, and what they publish, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::collections::BTreeSet;
use std::time::Duration;

use enprint_host_index::index::Enrolment;
use enprint_host_index::protocol::access_code::{AccessCode, InvitationCode};
use enprint_host_index::protocol::enrol::Role;
use enprint_host_index::protocol::ids::EventId;
use enprint_host_index::protocol::limits::ADDRESSES_MAX;
use enprint_host_index::protocol::{Multiaddr, PeerId};
use enprint_host_index::views::{PageRequest, PhotoFilter, PhotoWords, RenditionKind};
use enprint_host_index::{HostError, Index};
use kit::{Bench, Shop, enrolled, event, photo, revisions, with_exif};

const HOUR: Duration = Duration::from_secs(60 * 60);

on_both_engines!(
    an_invitation_works_once_in_time_and_for_its_role,
    a_suspended_photographers_galleries_are_closed_and_open_again,
    who_does_not_fit_into_the_directory_is_found_by_its_id,
    many_who_announce_at_once_are_all_written_down,
    all_who_are_connected_are_noted_together_and_seldom,
    an_event_is_its_photographers_alone,
    a_publish_resumes_and_repeats_without_sending,
    a_batch_with_one_bad_photo_stores_none,
    what_is_withdrawn_is_gone_with_its_bytes,
    a_photos_words_come_change_and_go_with_it,
    galleries_are_filtered_paged_and_searched,
    another_access_code_shuts_visitors_out,
    two_processes_see_the_same_and_another_host_key_is_refused,
);

async fn an_invitation_works_once_in_time_and_for_its_role(bench: Bench) {
    let index = bench.index().await;
    let code = index.invite(Role::Lab, HOUR).await.unwrap();
    let as_role = |role, invitation: &InvitationCode| Enrolment {
        invitation: invitation.clone(),
        role,
        name: "The lab".into(),
        addresses: Vec::new(),
    };
    let (first, second) = (PeerId::random(), PeerId::random());
    let wrong = index.enrol(first, &as_role(Role::Photographer, &code)).await.unwrap_err();
    assert!(matches!(wrong, HostError::BadInvitation), "{wrong}");
    for _ in 0..2 {
        let known = index.enrol(first, &as_role(Role::Lab, &code)).await.unwrap();
        assert_eq!((known.peer_id, known.name.as_str()), (first, "The lab"));
    }
    assert!(index.enrol(second, &as_role(Role::Lab, &code)).await.is_err(), "the code is used up");
    let late = index.invite(Role::Lab, HOUR).await.unwrap();
    bench.clock.advance(HOUR);
    assert!(index.enrol(second, &as_role(Role::Lab, &late)).await.is_err(), "the code is too old");
    for _ in 0..20 {
        drop(index.enrol(second, &as_role(Role::Lab, &InvitationCode::random())).await);
    }
    let right = index.invite(Role::Lab, HOUR).await.unwrap();
    let stopped = index.enrol(second, &as_role(Role::Lab, &right)).await.unwrap_err();
    assert!(matches!(stopped, HostError::TooManyTries), "{stopped}");
    bench.clock.advance(HOUR / 2);
    index.enrol(second, &as_role(Role::Lab, &right)).await.unwrap();
    assert!(index.invite(Role::Lab, Duration::from_secs(1)).await.is_err());
}

async fn a_suspended_photographers_galleries_are_closed_and_open_again(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    index.suspend_peer(shop.ana.id).await.unwrap();
    assert!(!index.admitted().await.unwrap().contains(&shop.ana.id));
    assert_eq!(index.open_gallery(&shop.code).await.unwrap(), None);
    assert_eq!(index.gallery(shop.event.event_id).await.unwrap(), None);
    let refused = index.put_event(shop.ana.id, &shop.event, &shop.code).await.unwrap_err();
    assert!(matches!(refused, HostError::NotHere), "{refused}");
    index.restore_peer(shop.ana.id).await.unwrap();
    assert_eq!(index.open_gallery(&shop.code).await.unwrap(), Some(shop.event.event_id));
    index.remove_peer(shop.ana.id).await.unwrap();
    assert_eq!(index.open_gallery(&shop.code).await.unwrap(), None);
    assert!(index.events().await.unwrap().is_empty());
}

async fn who_does_not_fit_into_the_directory_is_found_by_its_id(bench: Bench) {
    let index = bench.index().await;
    let lab = enrolled(&index, Role::Lab, "The lab").await.id;
    let moved = enrolled(&index, Role::Photographer, "Moved").await.id;
    let at: Vec<Multiaddr> = vec!["/ip4/203.0.113.7/tcp/4041".parse().unwrap()];
    index.announce(moved, &at).await.unwrap();
    bench.clock.advance(HOUR);
    // Few who say much fill it as many do.
    let name = "x".repeat(60);
    let far: Vec<Multiaddr> = (0..ADDRESSES_MAX)
        .map(|port| format!("/dns4/{name}.{name}.{name}.example/tcp/{port}").parse().unwrap())
        .collect();
    for number in 0..60 {
        let id = enrolled(&index, Role::Photographer, &format!("Photographer {number}")).await.id;
        index.announce(id, &far).await.unwrap();
    }
    let listed = index.announce(lab, &[]).await.unwrap();
    assert!(listed.iter().all(|contact| contact.peer_id != moved), "more were seen later than fit");
    let found = index.find_contacts(lab, &[moved, PeerId::random(), lab]).await.unwrap();
    assert_eq!((found.len(), found[0].peer_id, &found[0].addresses), (1, moved, &at));
    index.suspend_peer(moved).await.unwrap();
    assert!(index.find_contacts(lab, &[moved]).await.unwrap().is_empty());
    assert!(index.find_contacts(moved, &[lab]).await.is_err(), "nor does a suspended peer learn anything");
}

async fn many_who_announce_at_once_are_all_written_down(bench: Bench) {
    let index = bench.index().await;
    let at =
        |number: usize| -> Vec<Multiaddr> { vec![format!("/ip4/203.0.113.7/tcp/{}", 4_000 + number).parse().unwrap()] };
    let mut peers = Vec::new();
    for number in 0..40 {
        peers.push(enrolled(&index, Role::Photographer, &format!("Photographer {number}")).await.id);
    }
    let announced = peers.iter().enumerate().map(|(number, peer)| {
        let (index, peer) = (index.clone(), *peer);
        tokio::spawn(async move {
            // The first word is overtaken by the second, or comes before it.
            index.announce(peer, &at(1_000)).await.unwrap();
            index.announce(peer, &at(number)).await.unwrap();
        })
    });
    for announced in announced.collect::<Vec<_>>() {
        announced.await.unwrap();
    }
    // Another process reads what is written, not what one remembers.
    let index = bench.index().await;
    for (number, peer) in peers.iter().enumerate() {
        assert_eq!(index.peer(*peer).await.unwrap().unwrap().addresses, at(number));
    }
}

async fn all_who_are_connected_are_noted_together_and_seldom(bench: Bench) {
    let index = bench.index().await;
    let mut peers = Vec::new();
    for number in 0..20 {
        peers.push(enrolled(&index, Role::Photographer, &format!("Photographer {number}")).await.id);
    }
    let seen = async || {
        let peers = index.peers().await.unwrap();
        peers.iter().map(|peer| peer.seen.unwrap().0).collect::<BTreeSet<_>>()
    };
    let first = seen().await;
    bench.clock.advance(Duration::from_secs(60));
    index.seen(&peers).await.unwrap();
    assert_eq!(seen().await, first, "a minute is not worth a write for each of ten thousand");
    bench.clock.advance(HOUR);
    index.seen(&peers).await.unwrap();
    let later = seen().await;
    assert!(later.len() == 1 && later.first() > first.last(), "{later:?}");
}

async fn an_event_is_its_photographers_alone(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let eve = enrolled(&index, Role::Photographer, "Eve").await;
    let lab = enrolled(&index, Role::Lab, "Lab").await;
    let (own, none) = (shop.event.event_id, EventId::random());
    for stranger in [eve.id, lab.id, PeerId::random()] {
        for event_id in [own, none] {
            let refusals = [
                index.needs(stranger, event_id, &revisions(&[photo("a.jpg")])).await.unwrap_err(),
                index.publish(stranger, event_id, vec![photo("b.jpg")]).await.unwrap_err(),
                index.withdraw(stranger, event_id, &[photo("a.jpg").record.photo_id]).await.unwrap_err(),
                index.withdraw_event(stranger, event_id).await.unwrap_err(),
            ];
            assert!(refusals.iter().all(|error| matches!(error, HostError::NotHere)), "{refusals:?}");
        }
        let taken = index.put_event(stranger, &shop.event, &AccessCode::random()).await.unwrap_err();
        assert!(matches!(taken, HostError::NotHere), "{taken}");
    }
    let taken = index.put_event(eve.id, &event("Another"), &shop.code).await.unwrap_err();
    assert!(matches!(taken, HostError::AccessCodeTaken), "{taken}");
    assert_eq!(index.gallery(own).await.unwrap().unwrap().photos, 1);
}

async fn a_publish_resumes_and_repeats_without_sending(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, event_id) = (shop.ana.id, shop.event.event_id);
    let mut photos = vec![photo("a.jpg"), photo("b.jpg")];
    let needed = index.needs(ana, event_id, &revisions(&photos)).await.unwrap();
    assert_eq!(needed, [photos[1].record.photo_id]);
    for _ in 0..2 {
        index.publish(ana, event_id, vec![photos[1].clone()]).await.unwrap();
    }
    assert!(index.needs(ana, event_id, &revisions(&photos)).await.unwrap().is_empty());
    photos[0].record.rating = Some(5);
    let needed = index.needs(ana, event_id, &revisions(&photos)).await.unwrap();
    assert_eq!(needed, [photos[0].record.photo_id], "a changed photo is needed again");
    index.publish(ana, event_id, vec![photos[0].clone()]).await.unwrap();
    let summary = &index.events().await.unwrap()[0];
    let bytes = |photo: &enprint_host_index::protocol::publish::PublishedPhoto| {
        (photo.thumbnail.jpeg.len() + photo.proof.jpeg.len()) as u64
    };
    assert_eq!((summary.photos, summary.bytes), (2, photos.iter().map(bytes).sum()));
}

async fn a_batch_with_one_bad_photo_stores_none(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let bad = |change: fn(&mut enprint_host_index::protocol::publish::PublishedPhoto)| {
        let mut bad = photo("bad.jpg");
        change(&mut bad);
        bad
    };
    let cases = [
        bad(|photo| photo.proof = with_exif(&photo.proof)),
        bad(|photo| photo.thumbnail = with_exif(&photo.thumbnail)),
        bad(|photo| photo.record.category = "nowhere".into()),
        bad(|photo| photo.record.file_name = "../bad.jpg".into()),
        bad(|photo| photo.record.file_name = "bad\0.jpg".into()),
        bad(|photo| photo.proof.width_px = 9000),
        bad(|photo| photo.proof.jpeg = b"<html>".to_vec().into()),
        bad(|photo| photo.record.width_px = 0),
    ];
    for bad in cases {
        let name = format!("{:?} {:?}", bad.record.file_name, bad.record.category);
        let batch = vec![photo("good.jpg"), bad];
        assert!(index.publish(shop.ana.id, shop.event.event_id, batch).await.is_err(), "{name}");
        assert_eq!(index.gallery(shop.event.event_id).await.unwrap().unwrap().photos, 1, "{name}");
    }
}

async fn what_is_withdrawn_is_gone_with_its_bytes(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg", "b.jpg"]).await;
    let (ana, event_id) = (shop.ana.id, shop.event.event_id);
    let gone = photo("a.jpg").record.photo_id;
    let proof = index.rendition(event_id, gone, RenditionKind::Proof).await.unwrap().unwrap();
    assert_eq!(proof.jpeg, photo("a.jpg").proof.jpeg.into_vec());
    assert_eq!(index.withdraw(ana, event_id, &[gone]).await.unwrap(), 1);
    assert_eq!(index.withdraw(ana, event_id, &[gone]).await.unwrap(), 0);
    assert_eq!(index.rendition(event_id, gone, RenditionKind::Proof).await.unwrap(), None);
    assert_eq!(index.events().await.unwrap()[0].photos, 1);
    assert_eq!(index.withdraw_event(ana, event_id).await.unwrap(), 1);
    assert_eq!(index.withdraw_event(ana, event_id).await.unwrap(), 0);
    assert_eq!(index.open_gallery(&shop.code).await.unwrap(), None);
    assert_eq!(index.counts().await.unwrap().rendition_bytes, 0);
    index.put_event(ana, &shop.event, &shop.code).await.unwrap();
    assert_eq!(index.gallery(event_id).await.unwrap().unwrap().photos, 0);
}

async fn a_photos_words_come_change_and_go_with_it(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (ana, event_id, all) = (shop.ana.id, shop.event.event_id, PhotoFilter::default());
    let words = async || {
        let page = index.photos(event_id, &all, PageRequest::number(1)).await.unwrap();
        page.photos[0].words.clone()
    };
    assert_eq!(words().await, PhotoWords::default());
    let mut spoken = photo("a.jpg");
    spoken.record.captured_offset_minutes = Some(-210);
    spoken.record.caption = Some("The first dance\nof Tom".into());
    spoken.record.keywords = vec!["dance".into(), "first".into()];
    spoken.record.placeholder = Some(vec![0, 1, 255].into());
    index.publish(ana, event_id, vec![spoken.clone()]).await.unwrap();
    let expected = PhotoWords {
        captured_offset_minutes: Some(-210),
        caption: spoken.record.caption.clone(),
        keywords: spoken.record.keywords.clone(),
        placeholder: Some(vec![0, 1, 255]),
        ..PhotoWords::default()
    };
    assert_eq!(words().await, expected);
    let one = index.photo(event_id, spoken.record.photo_id, &all).await.unwrap().unwrap();
    assert_eq!(one.photo.words, expected);
    index.withdraw(ana, event_id, &[spoken.record.photo_id]).await.unwrap();
    index.publish(ana, event_id, vec![photo("a.jpg")]).await.unwrap();
    assert_eq!(words().await, PhotoWords::default(), "nothing of it was left behind");
}

async fn galleries_are_filtered_paged_and_searched(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["IMG_1.jpg", "IMG_2.jpg", "IMGX3.jpg", "100%.jpg", "Ångström.jpg"]).await;
    let mut party = photo("party.jpg");
    party.record.category = "party".into();
    party.record.captured = None;
    index.publish(shop.ana.id, shop.event.event_id, vec![party]).await.unwrap();
    let search = async |index: &Index, text: &str| {
        let filter = PhotoFilter { search: Some(text.into()), ..PhotoFilter::default() };
        index.photos(shop.event.event_id, &filter, PageRequest::number(1)).await.unwrap().total
    };
    for (text, found) in [("img_", 2), ("%", 1), ("ångström", 1), ("'; DROP TABLE photo", 0), ("", 6), ("\\", 0)] {
        assert_eq!(search(&index, text).await, found, "{text:?}");
    }
    let all = PhotoFilter::default();
    let page = |number| PageRequest { number, size: 4 };
    let second = index.photos(shop.event.event_id, &all, page(2)).await.unwrap();
    assert_eq!((second.photos.len(), second.pages, second.total, second.number), (2, 2, 6, 2));
    let last = index.photos(shop.event.event_id, &all, page(99)).await.unwrap();
    assert_eq!(last, second, "a page past the end is the last");
    assert_eq!(last.photos[1].file_name, "party.jpg", "photos without a time come last");
    let first = index.photos(shop.event.event_id, &all, page(1)).await.unwrap().photos;
    let middle = index.photo(shop.event.event_id, first[1].photo_id, &all).await.unwrap().unwrap();
    assert_eq!((middle.previous, middle.next), (Some(first[0].photo_id), Some(first[2].photo_id)));
    assert_eq!((middle.position, middle.total), (2, 6));
    let gallery = index.gallery(shop.event.event_id).await.unwrap().unwrap();
    assert_eq!(gallery.categories, [("ceremony".to_owned(), 5), ("party".to_owned(), 1)]);
}

async fn another_access_code_shuts_visitors_out(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    assert!(index.basket(shop.session, shop.event.event_id).await.is_ok());
    index.put_event(shop.ana.id, &shop.event, &AccessCode::random()).await.unwrap();
    let shut = index.basket(shop.session, shop.event.event_id).await.unwrap_err();
    assert!(matches!(shut, HostError::NotHere), "{shut}");
    assert_eq!(index.open_gallery(&shop.code).await.unwrap(), None);
}

async fn two_processes_see_the_same_and_another_host_key_is_refused(bench: Bench) {
    let (one, two) = (bench.index().await, bench.index().await);
    let shop = Shop::open(&one, &["a.jpg"]).await;
    assert_eq!(two.open_gallery(&shop.code).await.unwrap(), Some(shop.event.event_id));
    let proof = two.rendition(shop.event.event_id, photo("a.jpg").record.photo_id, RenditionKind::Proof).await;
    assert!(proof.unwrap().is_some());
    one.withdraw_event(shop.ana.id, shop.event.event_id).await.unwrap();
    let gone = two.rendition(shop.event.event_id, photo("a.jpg").record.photo_id, RenditionKind::Proof).await;
    assert_eq!(gone.unwrap(), None, "a process's memory does not outlive what another withdrew");
    let mut config = bench.config();
    config.database = config.database.or_else(|| Some(bench.folder.path().join("host/host.db").display().to_string()));
    config.data_dir = bench.folder.path().join("another");
    let refused = Index::open(&config).await.err().unwrap();
    assert!(matches!(refused, HostError::AnotherHostKey { .. }), "{refused}");
}
