//! What no friendly program sends: every bit of it is refused in JSON, and nothing is
//! stored.

#![allow(clippy::unwrap_used, reason = "tests end by it")]

mod api_kit;
mod kit;

use api_kit::{Answer, Program, basket, line, order, orders};
use kit::{Gallery, World};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Bodies that are wrong wherever they are sent.
fn wrong_anywhere() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("half an object", r#"{"lines":[{"photo_id":"#.into()),
        ("no object", "[]".into()),
        ("a number", "7".into()),
        ("null", "null".into()),
        ("deep arrays", "[".repeat(100_000)),
        ("deep objects", format!("{}1{}", r#"{"lines":"#.repeat(20), "}".repeat(20))),
        ("bad escapes", r#"{"name":"\ud800"}"#.into()),
        ("a comment", "{} // hello".into()),
        ("two values", "{}{}".into()),
        ("a number past all numbers", r#"{"quantity":1e999}"#.into()),
        ("an unknown field", r#"{"constructor":{},"__proto__":1}"#.into()),
        ("an empty name", r#"{"":""}"#.into()),
    ]
}

/// A good line of prints with one field made bad.
fn bad_lines(gallery: &Gallery) -> Vec<Value> {
    let mut bad = Vec::new();
    for (name, values) in [
        (
            "quantity",
            vec![json!(0), json!(-1), json!(1.5), json!(1000), json!(u64::MAX), json!("2"), json!([2]), json!(null)],
        ),
        (
            "size",
            vec![
                json!(""),
                json!("0x0"),
                json!("4294967295x4294967295"),
                json!("10x15x20"),
                json!(10),
                json!("٣x٤"),
                json!("11x11"),
            ],
        ),
        ("finish", vec![json!("velvet"), json!("satin"), json!(""), json!({}), json!("матовый")]),
        ("crop", vec![json!("stretch"), json!(""), json!(1), json!("FILL")]),
        (
            "photo_id",
            vec![
                json!(""),
                json!("../../../etc/passwd"),
                json!("🎉".repeat(16)),
                json!("f".repeat(64)),
                json!(0),
                json!("' OR 1=1"),
            ],
        ),
        ("price_minor", vec![json!(0)]),
        ("QUANTITY", vec![json!(2)]),
    ] {
        for value in values {
            let mut line = line(gallery, 0, 1);
            line[name] = value;
            bad.push(line);
        }
    }
    bad
}

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.text());
    let (code, message, _) = answer.error();
    assert!(!code.is_empty() && message.ends_with('.') && message.len() < 500, "{what}: {message}");
    assert_eq!(answer.headers["content-type"], "application/json", "{what}");
}

#[tokio::test]
async fn bodies_that_are_wrong_are_refused_everywhere_and_nothing_is_stored() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    program.post(&basket(&gallery), &line(&gallery, 0, 3)).await;
    let before = program.basket(&gallery).await;
    for (method, path) in [
        (Method::POST, "/open".to_owned()),
        (Method::PUT, basket(&gallery)),
        (Method::POST, basket(&gallery)),
        (Method::POST, orders(&gallery)),
        (Method::POST, "/account".into()),
        (Method::POST, "/account/log-in".into()),
        (Method::PUT, "/account/password".into()),
    ] {
        for (what, body) in wrong_anywhere() {
            let answer = program.send(method.clone(), &path, Some(&body)).await;
            assert_refused(&answer, &format!("{method} {path}: {what}"));
        }
    }
    assert_eq!(program.basket(&gallery).await, before);
    assert!(world.index.orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn lines_that_are_wrong_are_refused_and_nothing_is_stored() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    for bad in bad_lines(&gallery) {
        let lines = json!({ "lines": [line(&gallery, 0, 1), bad] });
        assert_refused(&program.post(&basket(&gallery), &bad).await, &bad.to_string());
        assert_refused(&program.put(&basket(&gallery), &lines).await, &bad.to_string());
        let sent = order("key", lines["lines"].clone());
        assert_refused(&program.post(&orders(&gallery), &sent).await, &bad.to_string());
    }
    for lines in [json!([]), json!({}), json!("all"), json!([7]), json!([null]), json!([[line(&gallery, 0, 1)]])] {
        assert_refused(&program.post(&orders(&gallery), &order("key", lines.clone())).await, &lines.to_string());
    }
    assert_eq!(program.basket(&gallery).await["prints"], 0);
    assert!(world.index.orders().await.unwrap().is_empty());
}

/// A good body for every address that takes one.
fn good_bodies(gallery: &Gallery) -> Vec<(Method, String, Value)> {
    let account = json!({ "account": "maria", "password": "correct horse battery" });
    let passwords = json!({ "old": "correct horse battery", "new": "another good one" });
    vec![
        (Method::POST, "/open".into(), json!({ "access_code": gallery.code.to_string() })),
        (Method::PUT, basket(gallery), json!({ "lines": [line(gallery, 0, 1)] })),
        (Method::POST, basket(gallery), line(gallery, 0, 1)),
        (Method::POST, orders(gallery), order("key", json!([line(gallery, 0, 1)]))),
        (Method::POST, "/account".into(), account.clone()),
        (Method::POST, "/account/log-in".into(), account),
        (Method::PUT, "/account/password".into(), passwords),
    ]
}

#[tokio::test]
async fn one_field_too_many_is_refused_by_its_name() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let mut program = Program::inside(&world, &gallery).await;
    let account = json!({ "account": "kim", "password": "correct horse battery" });
    program.token = Some(program.post("/account", &account).await.word("token"));
    for (method, path, mut body) in good_bodies(&gallery) {
        body["discount"] = json!(100);
        let answer = program.send(method, &path, Some(&body.to_string())).await;
        answer.assert_refused(400, "bad_request");
        assert!(answer.error().1.starts_with("There is no field “discount” here. There are: "), "{path}");
    }
    assert_eq!(program.basket(&gallery).await["prints"], 0);
    assert!(world.index.orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_past_its_limit_is_refused() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let mut sent = order("key", json!([line(&gallery, 0, 1)]));
    sent["note"] = json!("x".repeat(300_000));
    program.post(&orders(&gallery), &sent).await.assert_refused(413, "too_large");
    assert!(world.index.orders().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let world = World::start().await;
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"] {
        let request = Client::new().post(format!("{}/api/v1/open", world.base)).header("content-type", content_type);
        let answer = Answer::of(request.body(r#"{"access_code":"7K3M-Q9XA-2BTD"}"#).send().await.unwrap()).await;
        answer.assert_refused(415, "unsupported_type");
    }
}

#[tokio::test]
async fn unknown_addresses_are_404_and_wrong_verbs_405() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let basket = basket(&gallery);
    let photo = format!("{}/extra", gallery.photo(0));
    for path in ["//api/", "//api/v2/galleries", "/", "/nothing", "/galleries/x", "/orders/x", "/galleries/%00", &photo]
    {
        program.get(path).await.assert_refused(404, "not_found");
    }
    for (method, path) in [
        (Method::GET, "/open"),
        (Method::DELETE, "/galleries"),
        (Method::PATCH, basket.as_str()),
        (Method::GET, "/account/log-in"),
        (Method::POST, "/account/password"),
        (Method::PUT, "/orders"),
    ] {
        program.send(method, path, None).await.assert_refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn a_cookie_alone_looks_at_everything_but_changes_nothing() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let browser = Client::builder().cookie_store(true).build().unwrap();
    let code = gallery.code.to_string();
    let form = [("csrf", csrf(&browser, &world).await), ("access_code", code)];
    browser.post(format!("{}/open", world.base)).form(&form).send().await.unwrap();
    let csrf = csrf(&browser, &world).await;
    let url = format!("{}/api/v1{}", world.base, basket(&gallery));
    for (token, status) in [("", 403), (&"0".repeat(64), 403), ("a&csrf=b", 403), (csrf.as_str(), 200)] {
        let request = browser.post(&url).json(&line(&gallery, 0, 1)).header("x-csrf-token", token);
        let answer = Answer::of(request.send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{token}: {}", answer.text());
    }
    for (method, path, body) in good_bodies(&gallery) {
        let request = browser.request(method, format!("{}/api/v1{path}", world.base)).json(&body);
        Answer::of(request.send().await.unwrap()).await.assert_refused(403, "stale_form");
    }
    for bare in [browser.delete(&url), browser.post(format!("{}/api/v1/account/log-out", world.base))] {
        Answer::of(bare.send().await.unwrap()).await.assert_refused(403, "stale_form");
    }
    let basket = Answer::of(browser.get(&url).send().await.unwrap()).await;
    assert_eq!(basket.json()["prints"], 1);
}

async fn csrf(browser: &Client, world: &World) -> String {
    let page = browser.get(&world.base).send().await.unwrap().text().await.unwrap();
    let rest = page.split_once("name=\"csrf\" value=\"").unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn another_sites_page_changes_nothing_even_with_a_token() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let request = Client::new().post(format!("{}/api/v1{}", world.base, basket(&gallery)));
    let request = request.bearer_auth(program.token.as_ref().unwrap()).header("origin", "https://evil.example");
    let answer = Answer::of(request.json(&line(&gallery, 0, 1)).send().await.unwrap()).await;
    answer.assert_refused(403, "cross_origin");
    assert_eq!(program.basket(&gallery).await["prints"], 0);
}
