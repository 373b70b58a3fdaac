//! Cookies, forms that others made, and signing in and out.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use enprint_web::*;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use warp::{Filter, Rejection, Reply};

#[derive(Default)]
struct Sessions(Mutex<HashMap<SessionKey, String>>);

impl SessionStore for Sessions {
    type Session = String;

    async fn find(&self, key: SessionKey) -> Result<Option<String>, WebError> {
        Ok(self.0.lock().unwrap().get(&key).cloned())
    }

    async fn keep(&self, key: SessionKey, who: String, _life_s: u64) -> Result<(), WebError> {
        self.0.lock().unwrap().insert(key, who);
        Ok(())
    }

    async fn end(&self, key: SessionKey) -> Result<(), WebError> {
        self.0.lock().unwrap().remove(&key);
        Ok(())
    }
}

async fn enter(store: Arc<Sessions>, visit: Visit, form: Form) -> Result<SeeOther, WebError> {
    visit.check_csrf(&form)?;
    sign_in(&*store, &visit, form.text("who")?.to_owned()).await?;
    Ok(SeeOther::to("/me"))
}

async fn leave(store: Arc<Sessions>, visit: Visit) -> Result<SeeOther, WebError> {
    sign_out(&*store, &visit).await?;
    Ok(SeeOther::to("/"))
}

fn site_routes(store: Arc<Sessions>) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync {
    let with = with(Arc::clone(&store));
    let door = warp::path!("door").and(warp::get()).and(visit()).map(|visit: Visit| visit.csrf_token());
    let enter = warp::path!("enter").and(warp::post()).and(with.clone()).and(visit()).and(form_body()).then(enter);
    let leave = warp::path!("leave").and(warp::post()).and(with).and(visit()).then(leave);
    let me = warp::path!("me")
        .and(warp::get())
        .and(signed_in(store))
        .map(|who: Option<String>| who.unwrap_or_else(|| "nobody".into()));
    door.or(enter).or(leave).or(me).or(routes())
}

async fn start_site(site: Site) -> (TestServer, Arc<Sessions>) {
    let store = Arc::new(Sessions::default());
    let routes = site_routes(Arc::clone(&store));
    (start_with(site, quick(), routes).await, store)
}

fn plain() -> Site {
    Site::new("Ana & Co", "enprint_test")
}

/// The cookie that an answer sets, as the browser sends it back.
fn cookie(answer: &Answer) -> String {
    let line = answer.header("set-cookie").unwrap();
    format!("cookie: {}\r\n", line.split(';').next().unwrap())
}

async fn me(server: &TestServer, cookie: &str) -> String {
    server.ask(&format!("GET /me HTTP/1.1\r\nhost: a\r\n{cookie}\r\n")).await.body
}

#[tokio::test]
async fn signing_in_gives_a_new_cookie_and_signing_out_takes_it() {
    let (server, store) = start_site(plain()).await;
    let door = server.get("/door").await;
    let before = cookie(&door);
    let form = format!("who=ana&csrf={}", door.body);
    let entered = server.post("/enter", &form, &before).await;
    assert_eq!((entered.status, entered.header("location")), (303, Some("/me")));
    let after = cookie(&entered);
    assert_ne!(before, after, "a planted cookie would be signed in");
    assert_eq!(me(&server, &after).await, "ana");
    assert_eq!(me(&server, &before).await, "nobody");
    assert_eq!(me(&server, "").await, "nobody");
    let left = server.post("/leave", "", &after).await;
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(me(&server, &after).await, "nobody");
    assert!(store.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_store_never_sees_the_cookie_itself() {
    let (server, store) = start_site(plain()).await;
    let door = server.get("/door").await;
    let form = format!("who=ana&csrf={}", door.body);
    let entered = server.post("/enter", &form, &cookie(&door)).await;
    let token: SessionToken = cookie(&entered).trim().split('=').nth(1).unwrap().parse().unwrap();
    assert!(store.0.lock().unwrap().contains_key(&token.key()));
    assert!(!format!("{token:?} {:?}", token.key()).contains(|c: char| c.is_ascii_digit()));
}

#[tokio::test]
async fn a_form_without_the_right_token_is_403() {
    let (server, store) = start_site(plain()).await;
    let door = server.get("/door").await;
    let other = server.get("/door").await;
    for (form, cookie) in [
        ("who=eve".to_owned(), cookie(&door)),
        ("who=eve&csrf=".to_owned(), cookie(&door)),
        (format!("who=eve&csrf={}", other.body), cookie(&door)),
        (format!("who=eve&csrf={}", door.body), String::new()),
        (format!("who=eve&csrf={}", door.body), cookie(&other)),
    ] {
        let answer = server.post("/enter", &form, &cookie).await;
        assert_eq!(answer.status, 403, "{form}");
        assert!(answer.body.contains("reload"), "{}", answer.body);
    }
    assert!(store.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_form_from_another_site_is_403() {
    let (server, store) = start_site(plain()).await;
    let door = server.get("/door").await;
    let form = format!("who=eve&csrf={}", door.body);
    for header in [
        "origin: https://evil.example\r\n",
        "origin: null\r\n",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
    ] {
        let headers = format!("{header}{}", cookie(&door));
        assert_eq!(server.post("/enter", &form, &headers).await.status, 403, "{header}");
    }
    assert!(store.0.lock().unwrap().is_empty());
    let own = format!("origin: http://{}\r\nsec-fetch-site: same-origin\r\n", server.address);
    let headers = format!("{own}{}", cookie(&door));
    assert_eq!(server.post("/enter", &form, &headers).await.status, 303);
}

#[tokio::test]
async fn malformed_forms_are_400_and_other_types_415() {
    let (server, _) = start_site(plain()).await;
    let door = server.get("/door").await;
    let many = format!("csrf={}{}", door.body, "&a=b".repeat(600));
    for form in ["a=%FF", "a=%C3%28", &many] {
        assert_eq!(server.post("/enter", form, &cookie(&door)).await.status, 400);
    }
    let unnamed = format!("csrf={}", door.body);
    let answer = server.post("/enter", &unnamed, &cookie(&door)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("who"), "{}", answer.body);
    let huge = format!("a={}", "x".repeat(70_000));
    assert_eq!(server.post("/enter", &huge, "").await.status, 413);
    let multipart = "POST /enter HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data\r\n\
        content-length: 0\r\n\r\n";
    assert_eq!(server.ask(multipart).await.status, 415);
    let untyped = "POST /enter HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(server.ask(untyped).await.status, 415);
}

#[tokio::test]
async fn cookies_come_only_with_forms_and_are_secure_on_https() {
    let (server, _) = start_site(plain().at("https://photos.example.org").unwrap()).await;
    assert_eq!(server.get("/hello").await.header("set-cookie"), None);
    let door = server.get("/door").await;
    let line = door.header("set-cookie").unwrap();
    assert!(line.starts_with("__Host-enprint_test="), "{line}");
    for part in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(door.header("strict-transport-security").is_some());
}
