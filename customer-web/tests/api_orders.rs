//! A program places orders and follows them. The same key is the same order.

mod api_kit;
mod kit;

use api_kit::{Program, basket, line, order, orders};
use enprint_customer_web::protocol::ids::OrderId;
use enprint_customer_web::protocol::status::StatusKind;
use kit::World;
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_is_placed_and_followed_by_its_own_token() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let mut sent = order("key", json!([line(&gallery, 0, 2), line(&gallery, 1, 1)]));
    sent["delivery"] = json!("Post");
    sent["address"] = json!("1 Example Street\n12345 Exampletown");
    let placed = program.post(&orders(&gallery), &sent).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    let placed = placed.json();
    assert_eq!((&placed["total_minor"], &placed["currency"]), (&json!(3 * 150 + 490), &json!("EUR")));
    let token = placed["token"].as_str().unwrap();
    assert_eq!(placed["order_url"], format!("{}/orders/{token}", world.base));
    assert_eq!(world.customer().get(&format!("/orders/{token}")).await.status, 200);
    let followed = Program::new(&world).get(&format!("/orders/{token}")).await.json();
    for name in ["order_id", "number", "total_minor", "currency"] {
        assert_eq!(followed[name], placed[name], "{name}");
    }
    assert_eq!((&followed["state"], &followed["paid"]), (&json!("placed"), &json!(false)));
    assert_eq!((&followed["lines"][0]["file_name"], &followed["lines"][0]["quantity"]), (&json!("a.jpg"), &json!(2)));
    assert_eq!(followed["delivery"], json!({ "name": "Post", "price_minor": 490 }));
    assert!(!followed.to_string().contains("Example Street"), "whoever follows an order needs no address");
    let listed = program.get("/orders").await.json();
    assert_eq!((&listed["orders"][0]["number"], &listed["orders"][0]["token"]), (&placed["number"], &placed["token"]));
    let other = Program::inside(&world, &gallery).await;
    assert_eq!(other.get("/orders").await.json(), json!({ "orders": [] }));
}

#[tokio::test]
async fn a_repeated_key_answers_the_first_order() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let first = program.post(&orders(&gallery), &order("key", json!([line(&gallery, 0, 2)]))).await;
    let again = program.post(&orders(&gallery), &order("key", json!([line(&gallery, 0, 2)]))).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.bytes, again.bytes);
    let other = program.post(&orders(&gallery), &order("other", json!([line(&gallery, 0, 2)]))).await;
    assert_eq!(other.status, 201);
    assert_eq!(world.index.orders().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_key_at_the_same_time_is_one_order() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let (path, sent) = (orders(&gallery), order("key", json!([line(&gallery, 0, 2)])));
    let post = || program.post(&path, &sent);
    let (a, b, c, d) = tokio::join!(post(), post(), post(), post());
    let mut statuses = [a.status, b.status, c.status, d.status].map(|status| status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    assert!([&b, &c, &d].iter().all(|other| other.bytes == a.bytes));
    assert_eq!(world.index.orders().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_repeated_after_the_gallery_was_withdrawn_still_answers() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let mut sent = order("key", json!([line(&gallery, 0, 2)]));
    sent["expected_total_minor"] = json!(300);
    let first = program.post(&orders(&gallery), &sent).await;
    assert_eq!(first.status, 201, "{}", first.text());
    world.index.withdraw_event(world.photographer, gallery.event_id).await.unwrap();
    let again = program.post(&orders(&gallery), &sent).await;
    assert_eq!((again.status.as_u16(), again.bytes), (200, first.bytes));
    sent["idempotency_key"] = json!("another");
    program.post(&orders(&gallery), &sent).await.assert_refused(404, "not_found");
}

#[tokio::test]
async fn the_same_key_of_another_customer_is_another_order() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let (kim, lee) = (Program::inside(&world, &gallery).await, Program::inside(&world, &gallery).await);
    let sent = order("key", json!([line(&gallery, 0, 2)]));
    let (first, second) = (kim.post(&orders(&gallery), &sent).await, lee.post(&orders(&gallery), &sent).await);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_ne!(first.word("token"), second.word("token"));
}

#[tokio::test]
async fn without_lines_the_basket_is_ordered_and_emptied() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let empty = program.post(&orders(&gallery), &order("key", Value::Null)).await;
    empty.assert_refused(422, "bad_input");
    program.post(&basket(&gallery), &line(&gallery, 0, 4)).await;
    let lines = program.post(&orders(&gallery), &order("lines", json!([line(&gallery, 0, 1)]))).await;
    assert_eq!((lines.status.as_u16(), &program.basket(&gallery).await["prints"]), (201, &json!(4)));
    let placed = program.post(&orders(&gallery), &order("key", Value::Null)).await;
    assert_eq!((placed.status.as_u16(), &placed.json()["total_minor"]), (201, &json!(600)));
    assert_eq!(program.basket(&gallery).await["prints"], 0);
}

#[tokio::test]
async fn a_total_that_the_customer_did_not_see_is_not_ordered() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let mut sent = order("key", json!([line(&gallery, 0, 2)]));
    sent["expected_total_minor"] = json!(299);
    program.post(&orders(&gallery), &sent).await.assert_refused(409, "conflict");
    assert!(world.index.orders().await.unwrap().is_empty());
    sent["expected_total_minor"] = json!(300);
    assert_eq!(program.post(&orders(&gallery), &sent).await.status, 201);
}

#[tokio::test]
async fn a_field_that_is_missing_or_wrong_is_named() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    for (name, value) in [
        ("idempotency_key", json!("")),
        ("idempotency_key", json!("k".repeat(101))),
        ("name", json!("  ")),
        ("name", json!("Kim\u{202e}miK")),
        ("email", json!("kim")),
        ("email", json!("kim@example.org\nBcc: all@example.org")),
        ("delivery", json!("By dragon")),
        ("address", json!("x".repeat(2_000))),
        ("note", json!("x".repeat(3_000))),
        ("expected_total_minor", json!(-1)),
    ] {
        let mut sent = order("key", json!([line(&gallery, 0, 1)]));
        sent[name] = value.clone();
        let answer = program.post(&orders(&gallery), &sent).await;
        answer.assert_refused(422, "bad_input");
        assert_eq!(answer.error().2.as_deref(), Some(name), "{value}");
    }
    for name in ["idempotency_key", "name", "email", "delivery"] {
        for left_out in [true, false] {
            let mut sent = order("key", json!([line(&gallery, 0, 1)]));
            sent[name] = Value::Null;
            if left_out {
                sent.as_object_mut().unwrap().remove(name);
            }
            let answer = program.post(&orders(&gallery), &sent).await;
            answer.assert_refused(422, "bad_input");
            assert_eq!(answer.error().2.as_deref(), Some(name));
        }
    }
    let mut posted = order("post", json!([line(&gallery, 0, 1)]));
    posted["delivery"] = json!("Post");
    assert_eq!(program.post(&orders(&gallery), &posted).await.error().2.as_deref(), Some("address"));
    assert!(world.index.orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_order_is_followed_until_it_is_shipped() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let placed = program.post(&orders(&gallery), &order("key", json!([line(&gallery, 0, 1)]))).await;
    let order_id: OrderId = placed.word("order_id").parse().unwrap();
    let path = format!("/orders/{}", placed.word("token"));
    let (ana, lab) = (&world.photographer_key, &world.lab_key);
    world.say(ana, order_id, StatusKind::Accepted).await;
    world.index.mark_paid(order_id).await.unwrap();
    world.say(lab, order_id, StatusKind::Problem { text: "No paper.".into() }).await;
    let seen = program.get(&path).await.json();
    assert_eq!((&seen["state"], &seen["paid"]), (&json!("accepted"), &json!(true)));
    assert_eq!((&seen["problem"], &seen["tracking"]), (&json!("No paper."), &json!(null)));
    world.say(lab, order_id, StatusKind::Shipped { carrier: "CTT".into(), tracking: "RR1".into() }).await;
    let seen = program.get(&path).await.json();
    assert_eq!(
        (&seen["state"], &seen["carrier"], &seen["tracking"]),
        (&json!("shipped"), &json!("CTT"), &json!("RR1"))
    );
    let steps: Vec<_> = seen["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(steps, ["placed", "accepted", "paid", "received", "printing", "shipped"]);
    assert!(seen["steps"][5]["reached_at"].as_str().unwrap().ends_with('Z'));
    let token = "0".repeat(26);
    program.get(&format!("/orders/{token}")).await.assert_refused(404, "not_found");
}
