//! Customers fill a basket, order, and follow their order; nobody else can.

#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use kit::{Answer, Customer, Gallery, World};

const WHO: [(&str, &str); 2] = [("name", "Maria Silva"), ("email", "maria@example.org")];

/// Sends the checkout's form as it was shown, with these fields filled in.
async fn order(guest: &Customer, gallery: &Gallery, form: &Answer, typed: &[(&str, &str)]) -> Answer {
    let (csrf, key) = (form.field("csrf").unwrap(), form.field("key").unwrap());
    let totals = form.fields("expected_total");
    let mut fields = vec![("csrf", csrf.as_str()), ("key", key.as_str())];
    fields.extend(totals.iter().map(|total| ("expected_total", total.as_str())));
    fields.extend(typed);
    guest.send_bare(&format!("{}/orders", gallery.path()), &fields).await
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    WHO.iter().chain(more).copied().collect()
}

async fn checkout(guest: &Customer, gallery: &Gallery) -> Answer {
    let form = guest.get(&format!("{}/checkout", gallery.path())).await;
    assert_eq!(form.status, 200, "{}", form.text());
    form
}

#[tokio::test]
async fn prints_are_put_in_changed_taken_out_and_put_back() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let basket = format!("{}/basket", gallery.path());
    assert!(guest.get(&basket).await.has("Nothing in it yet"));
    let answer = guest.add(&gallery, 0, "10x15/matte", "2").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, basket.as_str()));
    guest.add(&gallery, 1, "20x30/matte", "1").await;
    let page = guest.get(&basket).await;
    assert!(page.has("€15.00") && page.has("3 prints") && page.has("Basket (3)"));
    let photo = gallery.photos[0].to_string();
    let line = [("photo", photo.as_str()), ("print", "10x15/matte"), ("crop", "fill")];
    let set = format!("{basket}/set");
    let fields = |quantity| [&line[..], &[("quantity", quantity)]].concat();
    assert_eq!(guest.send(&set, &fields("5")).await.status, 303);
    assert!(guest.get(&basket).await.has("€19.50"));
    let removed = guest.send(&set, &fields("0")).await;
    let page = guest.get(removed.location()).await;
    assert!(page.has("Removed: 5 × 10 × 15 cm, matte") && page.has("Undo") && page.has("€12.00"));
    guest.send(&basket, &fields("5")).await;
    let page = guest.get(removed.location()).await;
    assert!(page.has("€19.50") && !page.has("Undo"));
    guest.send(&format!("{basket}/empty"), &[]).await;
    assert!(guest.get(&basket).await.has("Nothing in it yet"));
}

#[tokio::test]
async fn a_choice_that_cannot_be_changes_nothing() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let basket = format!("{}/basket", gallery.path());
    let photo = gallery.photos[0].to_string();
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    for (print, quantity) in [
        ("10x15/matte", "0"),
        ("10x15/matte", "-1"),
        ("10x15/matte", "1000"),
        ("10x15/matte", "1e3"),
        ("10x15/matte", "999"),
        ("99x99/matte", "1"),
        ("10x15/satin", "1"),
        ("10x15", "1"),
        ("", "1"),
    ] {
        let answer = guest.add(&gallery, 0, print, quantity).await;
        assert!(answer.status.is_client_error(), "{print} {quantity}: {}", answer.status);
    }
    let set = [("photo", photo.as_str()), ("print", "10x15/matte"), ("crop", "fill"), ("quantity", "1001")];
    let answer = guest.send(&format!("{basket}/set"), &set).await;
    assert_eq!(answer.status, 422);
    assert!(answer.has("a whole number from 1 to 999"));
    let gone = "0".repeat(64);
    let answer = guest.send(&basket, &[("photo", &gone), ("print", "10x15/matte")]).await;
    assert_eq!(answer.status, 409);
    let page = guest.get(&basket).await;
    assert!(page.has("1 print<") && page.has("€1.50"));
}

#[tokio::test]
async fn a_script_that_adds_gets_the_sum_and_nothing_else() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let photo = gallery.photos[0].to_string();
    let fields = [("photo", photo.as_str()), ("print", "10x15/glossy"), ("fragment", "yes")];
    let answer = guest.send(&format!("{}/basket", gallery.path()), &fields).await;
    assert_eq!(answer.status, 200);
    assert!(answer.has("1 print · €1.50") && answer.has("class=\"mark\"") && !answer.has("<html"));
}

#[tokio::test]
async fn the_same_form_sent_twice_is_one_order() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "2").await;
    let form = checkout(&guest, &gallery).await;
    let typed = with(&[("delivery", "Post"), ("address", "Rua A 1\n1000 Lisboa"), ("note", "Thank you!")]);
    let first = order(&guest, &gallery, &form, &typed).await;
    assert_eq!(first.status, 303, "{}", first.text());
    let second = order(&guest, &gallery, &form, &typed).await;
    assert_eq!((second.status.as_u16(), second.location()), (303, first.location()));
    assert_eq!(world.index.orders().await.unwrap().len(), 1);
    let page = guest.get(first.location()).await;
    for text in
        ["a.jpg", "€7.90", "By transfer to DE00 1234.", "Rua A 1", "Maria Silva", "Thank you!", "thumbnail.jpg?v="]
    {
        assert!(page.has(text), "{text}");
    }
    assert!(guest.get(&format!("{}/basket", gallery.path())).await.has("Nothing in it yet"));
    assert!(guest.get("/orders").await.has(first.location()));
}

#[tokio::test]
async fn an_order_page_opens_by_its_address_alone_and_shows_each_step() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    let form = checkout(&guest, &gallery).await;
    let placed = order(&guest, &gallery, &form, &with(&[("delivery", "Pick up at the studio")])).await;
    assert_eq!(placed.status, 303, "{}", placed.text());
    let stranger = world.customer();
    let page = stranger.get(placed.location()).await;
    assert!(page.status == 200 && page.has("To pay: €1.50") && !page.has("thumbnail.jpg"));
    assert!(!stranger.get("/orders").await.has(placed.location()));
    let live = stranger.get(&format!("{}/live", placed.location())).await;
    assert!(live.has("To pay: €1.50") && !live.has("<html"));
    let summary = world.index.orders().await.unwrap().remove(0);
    world.index.mark_paid(summary.order_id).await.unwrap();
    let live = stranger.get(&format!("{}/live", placed.location())).await;
    assert!(!live.has("To pay"), "{}", live.text());
}

#[tokio::test]
async fn what_was_typed_is_kept_and_the_problem_stands_beside_its_field() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    let form = checkout(&guest, &gallery).await;
    let name = "Maria \"M\" <b>Silva</b>";
    for (field, typed) in [
        ("address", vec![("name", name), ("email", "maria@example.org"), ("delivery", "Post"), ("address", "")]),
        ("email", vec![("name", name), ("email", "not an address"), ("delivery", "Pick up at the studio")]),
        ("delivery", vec![("name", name), ("email", "maria@example.org"), ("delivery", "By pigeon")]),
    ] {
        let answer = order(&guest, &gallery, &form, &typed).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(answer.has("Maria &quot;M&quot; &lt;b&gt;Silva&lt;/b&gt;"), "{field}");
        assert_eq!(answer.field("key"), form.field("key"), "{field}");
        let is_marked = field == "delivery" || answer.has(&format!("id=\"field-{field}-error\""));
        assert!(is_marked && answer.has("class=\"error\""), "{field}");
    }
    assert!(world.index.orders().await.unwrap().is_empty());
    let answer = order(&guest, &gallery, &form, &with(&[("delivery", "Pick up at the studio")])).await;
    assert_eq!(answer.status, 303);
}

#[tokio::test]
async fn a_price_that_changed_meanwhile_is_shown_before_anything_is_ordered() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    let form = checkout(&guest, &gallery).await;
    let mut dearer = kit::event("John’s Wedding");
    dearer.event_id = gallery.event_id;
    dearer.price_list.prints[1].price.minor = 200;
    world.index.put_event(world.photographer, &dearer, &gallery.code).await.unwrap();
    let typed = with(&[("delivery", "Pick up at the studio")]);
    let answer = order(&guest, &gallery, &form, &typed).await;
    assert_eq!(answer.status, 409);
    assert!(answer.has("The prices have changed") && answer.has("€2.00"));
    assert!(world.index.orders().await.unwrap().is_empty());
    assert_eq!(order(&guest, &gallery, &answer, &typed).await.status, 303);
}

#[tokio::test]
async fn a_photo_that_went_away_is_named_in_the_basket() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    guest.add(&gallery, 1, "10x15/glossy", "1").await;
    let mut fewer = kit::event("John’s Wedding");
    fewer.event_id = gallery.event_id;
    fewer.price_list.prints.remove(0);
    world.index.put_event(world.photographer, &fewer, &gallery.code).await.unwrap();
    let page = guest.get(&format!("{}/basket", gallery.path())).await;
    assert!(page.has("This size is not offered any more") && !page.has("Go to checkout"));
    let answer = guest.get(&format!("{}/checkout", gallery.path())).await;
    assert_eq!(answer.status, 303, "back to the basket");
    let photo = gallery.photos[1].to_string();
    let fields = [("photo", photo.as_str()), ("print", "10x15/glossy"), ("crop", "fill"), ("quantity", "0")];
    guest.send(&format!("{}/basket/set", gallery.path()), &fields).await;
    assert!(guest.get(&format!("{}/basket", gallery.path())).await.has("Go to checkout"));
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.guest(&gallery).await;
    guest.add(&gallery, 0, "10x15/matte", "1").await;
    let other = world.guest(&gallery).await;
    let others_token = other.get("/").await.field("csrf").unwrap();
    let photo = gallery.photos[0].to_string();
    let basket = format!("{}/basket", gallery.path());
    for path in ["/open", "/account/log-in", "/account/create", "/account/password", "/account/log-out"] {
        assert_eq!(guest.send_bare(path, &[]).await.status, 403, "{path}");
    }
    for below in ["/basket", "/basket/set", "/basket/empty", "/orders"] {
        let path = format!("{}{below}", gallery.path());
        let fields = [("photo", photo.as_str()), ("print", "10x15/matte"), ("quantity", "9")];
        assert_eq!(guest.send_bare(&path, &fields).await.status, 403, "{below}");
        let stolen = [&fields[..], &[("csrf", &others_token)]].concat();
        assert_eq!(guest.send_bare(&path, &stolen).await.status, 403, "{below}");
    }
    assert!(guest.get(&basket).await.has("1 print<"));
    assert!(guest.get("/account").await.status == 200);
}
