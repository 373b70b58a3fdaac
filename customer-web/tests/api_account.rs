//! A program makes an account, logs in and out, and changes the password.

mod api_kit;
mod kit;

use api_kit::{Answer, Program};
use kit::World;
use serde_json::json;

const PASSWORD: &str = "correct horse battery";

async fn sent(program: &Program, path: &str, account: &str, password: &str) -> Answer {
    program.post(path, &json!({ "account": account, "password": password })).await
}

#[tokio::test]
async fn an_account_carries_galleries_and_orders_to_another_program() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let mut phone = Program::inside(&world, &gallery).await;
    let made = sent(&phone, "/account", "Kim@Example.org", PASSWORD).await;
    assert_eq!((made.status.as_u16(), made.word("account")), (201, "kim@example.org".into()));
    phone.get("/account").await.assert_refused(401, "sign_in_needed");
    phone.token = Some(made.word("token"));
    let order = api_kit::order("key", json!([api_kit::line(&gallery, 0, 1)]));
    let placed = phone.post(&api_kit::orders(&gallery), &order).await;
    assert_eq!(placed.status, 201, "{}", placed.text());
    let mut laptop = Program::new(&world);
    laptop.token = Some(sent(&laptop, "/account/log-in", "kim@example.org", PASSWORD).await.word("token"));
    let account = laptop.get("/account").await.json();
    assert_eq!(account["galleries"][0]["event_id"], gallery.event_id.to_string());
    assert_eq!(account["orders"][0]["number"], placed.word("number"));
    assert_eq!(laptop.get(&gallery.path()).await.status, 200);
    assert_eq!(laptop.post("/account/log-out", &json!({})).await.status, 200);
    laptop.get("/account").await.assert_refused(401, "sign_in_needed");
    laptop.get(&gallery.path()).await.assert_refused(401, "sign_in_needed");
    assert_eq!(phone.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_wrong_password_costs_nobody_their_session() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let owner = Program::new(&world);
    assert_eq!(sent(&owner, "/account", "maria", PASSWORD).await.status, 201);
    let program = Program::inside(&world, &gallery).await;
    let mut words = Vec::new();
    for (account, password) in [("maria", "wrong wrong wrong"), ("nobody", PASSWORD), ("x", PASSWORD), ("🎉 🎉", "")]
    {
        let answer = sent(&program, "/account/log-in", account, password).await;
        answer.assert_refused(403, "not_allowed");
        words.push(answer.bytes);
    }
    words.dedup();
    assert_eq!(words.len(), 1);
    sent(&program, "/account", "maria", PASSWORD).await.assert_refused(409, "conflict");
    assert_eq!(program.get(&gallery.path()).await.status, 200);
    program.get("/account").await.assert_refused(401, "sign_in_needed");
}

#[tokio::test]
async fn what_can_be_no_account_is_named() {
    let world = World::start().await;
    let program = Program::new(&world);
    for (account, password, field) in [
        ("ab", PASSWORD.to_owned(), "account"),
        ("with space", PASSWORD.into(), "account"),
        ("tab\tbed", PASSWORD.into(), "account"),
        ("maria", "short".into(), "password"),
        ("maria", "x".repeat(1_001), "password"),
    ] {
        let answer = sent(&program, "/account", account, &password).await;
        answer.assert_refused(422, "bad_input");
        assert_eq!(answer.error().2.as_deref(), Some(field), "{account}");
    }
}

#[tokio::test]
async fn a_new_password_turns_every_other_token_out() {
    let world = World::start().await;
    let mut owner = Program::new(&world);
    owner.token = Some(sent(&owner, "/account", "maria", PASSWORD).await.word("token"));
    let mut thief = Program::new(&world);
    thief.token = Some(sent(&thief, "/account/log-in", "maria", PASSWORD).await.word("token"));
    let wrong = json!({ "old": "wrong wrong wrong", "new": "another good one" });
    owner.put("/account/password", &wrong).await.assert_refused(403, "not_allowed");
    let weak = json!({ "old": PASSWORD, "new": "short" });
    owner.put("/account/password", &weak).await.assert_refused(422, "bad_input");
    assert_eq!(thief.get("/account").await.status, 200);
    let right = json!({ "old": PASSWORD, "new": "another good one" });
    let changed = owner.put("/account/password", &right).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let before = owner.clone();
    owner.token = Some(changed.word("token"));
    assert_eq!(owner.get("/account").await.status, 200);
    before.get("/account").await.assert_refused(401, "sign_in_needed");
    thief.get("/account").await.assert_refused(401, "sign_in_needed");
    sent(&thief, "/account/log-in", "maria", PASSWORD).await.assert_refused(403, "not_allowed");
    Program::new(&world).put("/account/password", &right).await.assert_refused(401, "sign_in_needed");
}

#[tokio::test]
async fn guessing_at_a_password_is_stopped() {
    let world = World::start().await;
    let program = Program::new(&world);
    for _ in 0..10 {
        sent(&program, "/account/log-in", "maria", "guess guess").await.assert_refused(403, "not_allowed");
    }
    sent(&program, "/account/log-in", "maria", "guess guess").await.assert_refused(429, "too_many");
}
