//! A customer's page of an order says what the photographer and the lab say of it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use enprint_customer_web::protocol::ids::OrderId;
use enprint_customer_web::protocol::status::StatusKind;
use kit::{Customer, World};

/// A guest, the path of their order's page, and the order.
async fn ordered(world: &World) -> (Customer, String, OrderId) {
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    let path = guest.order(&gallery).await;
    let order_id = world.index.orders().await.unwrap()[0].order_id;
    (guest, path, order_id)
}

/// The photographer has said this of the order.
async fn photographer_says<const WORDS: usize>(world: &World, order_id: OrderId, words: [StatusKind; WORDS]) {
    for kind in words {
        world.say(&world.photographer_key, order_id, kind).await;
    }
}

fn offered() -> StatusKind {
    StatusKind::Offered { lab: "The lab".into() }
}

fn received() -> StatusKind {
    StatusKind::Received { files: 1, bytes: 10, crossed_bytes: None }
}

/// As [`ordered`], of an order that the lab has received.
async fn at_the_lab(world: &World) -> (Customer, String, OrderId) {
    let (guest, path, order_id) = ordered(world).await;
    photographer_says(world, order_id, [StatusKind::Accepted, StatusKind::Paid, offered()]).await;
    world.say(&world.lab_key, order_id, received()).await;
    (guest, path, order_id)
}

#[tokio::test]
async fn each_step_is_shown_as_it_is_reached() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let (ana, lab) = (&world.photographer_key, &world.lab_key);
    let live = format!("{path}/live");
    assert!(guest.get(&live).await.has("On its way to the photographer"));
    world.say(ana, order_id, StatusKind::Held).await;
    assert!(guest.get(&live).await.has("The photographer is looking at it"));
    world.say(ana, order_id, StatusKind::Accepted).await;
    let page = guest.get(&live).await;
    assert!(page.has("Accepted by the photographer") && page.has("Waiting for payment"));
    world.say(ana, order_id, StatusKind::Paid).await;
    let page = guest.get(&live).await;
    assert!(page.has("Next: to the lab") && !page.has("To pay"));
    world.say(ana, order_id, offered()).await;
    assert!(guest.get(&live).await.has("on their way to the lab"));
    world.say(lab, order_id, received()).await;
    assert!(guest.get(&live).await.has("Next: printing"));
    world.say(lab, order_id, StatusKind::Printing).await;
    assert!(guest.get(&live).await.has("Being printed"));
    let shipped = StatusKind::Shipped { carrier: "CTT".into(), tracking: "RR123<4>PT".into() };
    world.say(lab, order_id, shipped).await;
    let page = guest.get(&path).await;
    for text in ["Ready for you", "CTT", "RR123&lt;4&gt;PT"] {
        assert!(page.has(text), "{text}");
    }
    assert!(guest.get("/orders").await.has("Shipped"));
}

#[tokio::test]
async fn a_declined_order_says_why_and_asks_for_no_money() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let declined = StatusKind::Declined { reason: "The negatives are <lost>.".into() };
    world.say(&world.photographer_key, order_id, declined).await;
    let page = guest.get(&path).await;
    assert!(page.has("The negatives are &lt;lost&gt;.") && page.has("nothing to pay"));
    assert!(!page.has("To pay") && !page.has("Waiting for payment") && !page.has("Printing"));
    assert!(guest.get("/orders").await.has("Declined"));
}

#[tokio::test]
async fn an_order_that_is_declined_after_it_was_paid_and_offered_does_not_say_that_there_is_nothing_to_pay() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let declined = StatusKind::Declined { reason: "The photo is lost.".into() };
    photographer_says(&world, order_id, [StatusKind::Accepted, StatusKind::Paid, offered(), declined]).await;
    let page = guest.get(&path).await;
    assert!(page.has("The photo is lost.") && page.has("Ask them for what you have paid"));
    assert!(!page.has("nothing to pay") && guest.get("/orders").await.has("Declined"));
}

#[tokio::test]
async fn a_problem_stands_on_the_page_until_it_is_over() {
    let world = World::start().await;
    let (guest, path, order_id) = at_the_lab(&world).await;
    let lab = &world.lab_key;
    world.say(lab, order_id, StatusKind::Problem { text: "Out of paper.".into() }).await;
    let page = guest.get(&path).await;
    assert!(page.has("There is a problem with this order") && page.has("Out of paper.") && page.has("class=\"stuck\""));
    world.say(lab, order_id, StatusKind::Printing).await;
    assert!(!guest.get(&path).await.has("Out of paper."));
}

#[tokio::test]
async fn an_order_that_is_printed_again_after_its_parcel_was_lost_is_not_said_to_be_on_its_way() {
    let world = World::start().await;
    let (guest, path, order_id) = at_the_lab(&world).await;
    let lab = &world.lab_key;
    world.say(lab, order_id, StatusKind::Printing).await;
    let parcel = |tracking: &str| StatusKind::Shipped { carrier: "CTT".into(), tracking: tracking.into() };
    world.say(lab, order_id, parcel("T-1")).await;
    assert!(guest.get("/orders").await.has("Shipped"));
    world.say(lab, order_id, StatusKind::Problem { text: "The parcel was lost.".into() }).await;
    let page = guest.get(&path).await;
    assert!(page.has("The parcel was lost.") && !page.has("T-1"));

    world.say(lab, order_id, StatusKind::Printing).await;
    let (page, listed) = (guest.get(&path).await, guest.get("/orders").await);
    assert!(page.has("Being printed") && !page.has("Ready for you") && !page.has("The parcel was lost."));
    assert!(listed.has("Printing") && !listed.has("Shipped"));
    // A home that took the order over has the lab say its receipt once more.
    world.say(lab, order_id, received()).await;
    assert!(guest.get(&path).await.has("Being printed"));
    world.say(lab, order_id, parcel("T-2")).await;
    let page = guest.get(&path).await;
    assert!(page.has("Ready for you") && page.has("T-2") && !page.has("T-1") && !page.has("Being printed"));
    assert!(guest.get("/orders").await.has("Shipped"));
}

#[tokio::test]
async fn an_order_outlives_its_gallery() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let event_id = world.index.order_by_id(order_id).await.unwrap().unwrap().order.event_id;
    assert!(guest.get(&path).await.has("thumbnail.jpg"));
    world.index.withdraw_event(world.photographer, event_id).await.unwrap();
    let page = guest.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.has("a.jpg") && page.has("John’s Wedding") && !page.has("thumbnail.jpg"));
}

#[tokio::test]
async fn a_paid_order_that_does_not_go_to_the_lab_is_not_said_to_be_the_next_to_go() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let (ana, live) = (&world.photographer_key, format!("{path}/live"));
    photographer_says(&world, order_id, [StatusKind::Accepted, StatusKind::Paid]).await;
    world.minutes_pass(20);
    let page = guest.get(&live).await;
    assert!(page.has("computer is not connected") && page.has("Waits to go to the lab"));
    assert!(!page.has("Next: to the lab"));
    world.index.seen(&[world.photographer]).await.unwrap();
    let page = guest.get(&live).await;
    assert!(page.has("has waited to go to the lab since") && !page.has("Next: to the lab"));
    // In words of the photographer, at once; and when it goes on, they are over.
    world.say(ana, order_id, StatusKind::Problem { text: "The photo is being repaired.".into() }).await;
    assert!(guest.get(&live).await.has("The photo is being repaired."));
    world.say(ana, order_id, StatusKind::Accepted).await;
    assert!(!guest.get(&live).await.has("being repaired"));
}

#[tokio::test]
async fn a_page_says_when_the_photographers_computer_is_off_and_when_the_files_take_long() {
    let world = World::start().await;
    let (guest, path, order_id) = ordered(&world).await;
    let live = format!("{path}/live");
    let away = "computer is not connected";
    assert!(!guest.get(&live).await.has(away), "it was there just now");
    world.minutes_pass(20);
    let page = guest.get(&live).await;
    assert!(page.has(away) && page.has("It was last here on") && page.has("goes by itself"));
    photographer_says(&world, order_id, [StatusKind::Accepted, StatusKind::Paid, offered()]).await;
    world.minutes_pass(40);
    assert!(guest.get(&live).await.has("go on to the lab when it is back"));
    world.index.seen(&[world.photographer]).await.unwrap();
    let page = guest.get(&live).await;
    assert!(page.has("lab’s computer is not connected") && page.has("The photos wait to go on to the lab"));
    world.index.seen(&[world.lab_key.public().to_peer_id()]).await.unwrap();
    let page = guest.get(&live).await;
    assert!(page.has("have been on their way since") && !page.has(away));
    world.say(&world.lab_key, order_id, received()).await;
    assert!(!guest.get(&live).await.has("have been on their way since"));
}

/// What the order's page says while the files take long, and what the site says of photos.
async fn said_of_the_way(world: &World) -> (String, String) {
    let (guest, path, order_id) = ordered(world).await;
    photographer_says(world, order_id, [StatusKind::Accepted, StatusKind::Paid, offered()]).await;
    world.minutes_pass(40);
    world.index.seen(&[world.photographer, world.lab_key.public().to_peer_id()]).await.unwrap();
    let page = guest.get(&path).await;
    assert!(page.has("have been on their way since"), "{}", page.text());
    (page.text().to_owned(), guest.get("/about").await.text().to_owned())
}

#[tokio::test]
async fn where_the_host_passes_print_files_on_the_pages_say_so_and_who_can_read_them() {
    let (order, about) = said_of_the_way(&World::that_passes_files_on().await).await;
    for page in [order, about] {
        for text in ["no direct way", "through this site’s computer", "encrypted", "keeps nothing"] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("do not pass through this site"), "{page}");
    }
}

#[tokio::test]
async fn where_the_host_passes_no_print_files_on_the_pages_say_that_none_pass_through_it() {
    let (order, about) = said_of_the_way(&World::start().await).await;
    for page in [order, about] {
        assert!(page.contains("do not pass through this site"), "{page}");
        assert!(!page.contains("no direct way") && !page.contains("keeps nothing"), "{page}");
    }
}
