//! A program fills a basket: lines are added, replaced, taken out, and priced.

mod api_kit;
mod kit;

use api_kit::{Program, basket, line};
use kit::World;
use serde_json::{Value, json};

#[tokio::test]
async fn every_verb_answers_the_basket_as_it_then_is() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg", "b.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let empty = json!({ "lines": [], "prints": 0, "total_minor": 0, "currency": "EUR" });
    assert_eq!(program.basket(&gallery).await, empty);
    let added = program.post(&basket(&gallery), &line(&gallery, 0, 2)).await;
    assert_eq!(
        added.json()["lines"][0],
        json!({
            "photo_id": gallery.photos[0].to_string(),
            "file_name": "a.jpg",
            "size": "10x15",
            "finish": "matte",
            "crop": "fill",
            "quantity": 2,
            "price_minor": 150,
            "total_minor": 300,
            "problem": null,
        })
    );
    program.post(&basket(&gallery), &line(&gallery, 0, 3)).await;
    let grown = program.post(&basket(&gallery), &line(&gallery, 1, 1)).await.json();
    assert_eq!((&grown["prints"], &grown["total_minor"]), (&json!(6), &json!(900)));
    assert_eq!(program.basket(&gallery).await, grown);
    let replaced = program.put(&basket(&gallery), &json!({ "lines": [line(&gallery, 1, 7)] })).await.json();
    assert_eq!((replaced["lines"].as_array().unwrap().len(), &replaced["prints"]), (1, &json!(7)));
    assert_eq!(program.delete(&basket(&gallery)).await.json(), empty);
    assert_eq!(program.basket(&gallery).await, empty);
}

#[tokio::test]
async fn sizes_read_as_people_write_them_and_the_crop_may_be_left_out() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let photo_id = gallery.photos[0].to_string();
    let sent = json!({ "photo_id": photo_id, "size": "15 × 10 cm", "finish": "Matte", "quantity": 1 });
    let line = program.post(&basket(&gallery), &sent).await.json()["lines"][0].clone();
    assert_eq!((&line["size"], &line["finish"], &line["crop"]), (&json!("10x15"), &json!("matte"), &json!("fill")));
}

#[tokio::test]
async fn a_replacement_with_one_bad_line_changes_nothing() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg", "b.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    program.post(&basket(&gallery), &line(&gallery, 0, 2)).await;
    let before = program.basket(&gallery).await;
    let with = |name: &str, value: Value| {
        let mut line = line(&gallery, 1, 1);
        line[name] = value;
        line
    };
    for (bad, status, field) in [
        (with("quantity", json!(0)), 422, Some("quantity")),
        (with("finish", json!("satin")), 409, None),
        (with("size", json!("99x99")), 409, None),
        (with("size", json!("huge")), 422, Some("size")),
        (with("photo_id", json!("0".repeat(64))), 409, None),
        (with("photo_id", json!("../../etc")), 422, Some("photo_id")),
        (with("crop", json!("stretch")), 422, Some("crop")),
        (with("price_minor", json!(1)), 400, None),
    ] {
        let answer = program.put(&basket(&gallery), &json!({ "lines": [line(&gallery, 1, 5), bad] })).await;
        assert_eq!((answer.status.as_u16(), answer.error().2.as_deref()), (status, field), "{bad}: {}", answer.text());
        assert_eq!(program.basket(&gallery).await, before, "{bad}");
    }
}

#[tokio::test]
async fn a_basket_is_bounded_in_copies_and_in_lines() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    assert_eq!(program.post(&basket(&gallery), &line(&gallery, 0, 999)).await.status, 200);
    let over = program.post(&basket(&gallery), &line(&gallery, 0, 1)).await;
    over.assert_refused(422, "bad_input");
    assert_eq!(over.error().2.as_deref(), Some("quantity"));
    let twice = json!({ "lines": [line(&gallery, 0, 500), line(&gallery, 0, 500)] });
    program.put(&basket(&gallery), &twice).await.assert_refused(422, "bad_input");
    let many = json!({ "lines": vec![line(&gallery, 0, 1); 501] });
    program.put(&basket(&gallery), &many).await.assert_refused(422, "bad_input");
    assert_eq!(program.basket(&gallery).await["prints"], 999);
}

#[tokio::test]
async fn a_print_that_is_no_longer_sold_is_told_of_and_not_counted() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let mut large = line(&gallery, 0, 1);
    large["size"] = json!("20x30");
    program.put(&basket(&gallery), &json!({ "lines": [line(&gallery, 0, 2), large] })).await;
    let mut event = world.index.gallery(gallery.event_id).await.unwrap().unwrap().event;
    event.price_list.prints.retain(|print| print.size.to_string() != "10x15");
    world.index.put_event(world.photographer, &event, &gallery.code).await.unwrap();
    let shown = program.basket(&gallery).await;
    let lines = shown["lines"].as_array().unwrap();
    let gone = lines.iter().find(|line| line["size"] == "10x15").unwrap();
    assert_eq!((&gone["problem"], &gone["price_minor"]), (&json!("not_on_price_list"), &json!(null)));
    assert_eq!(shown["total_minor"], 1200);
    let order = api_kit::order("key", Value::Null);
    program.post(&api_kit::orders(&gallery), &order).await.assert_refused(409, "conflict");
}

#[tokio::test]
async fn a_withdrawn_photo_leaves_the_basket_and_cannot_come_back() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg", "b.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    program.put(&basket(&gallery), &json!({ "lines": [line(&gallery, 0, 2), line(&gallery, 1, 1)] })).await;
    world.index.withdraw(world.photographer, gallery.event_id, &gallery.photos[..1]).await.unwrap();
    program.post(&basket(&gallery), &line(&gallery, 0, 1)).await.assert_refused(409, "conflict");
    assert_eq!(program.basket(&gallery).await["total_minor"], 150);
}

#[tokio::test]
async fn baskets_of_two_programs_are_apart() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let (kim, lee) = (Program::inside(&world, &gallery).await, Program::inside(&world, &gallery).await);
    kim.post(&basket(&gallery), &line(&gallery, 0, 2)).await;
    assert_eq!(lee.basket(&gallery).await["prints"], 0);
    lee.delete(&basket(&gallery)).await;
    assert_eq!(kim.basket(&gallery).await["prints"], 2);
}
