//! What comes back: the right status in words, the headers that every answer
//! carries, and nothing that tells of internals.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;

fn assert_secure(answer: &Answer) {
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
    assert!(answer.header("x-robots-tag").unwrap().contains("noindex"));
    assert!(answer.header("permissions-policy").is_some());
    assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"));
    assert!(answer.header("cache-control").is_some());
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = start(quick()).await;
    let huge = "x".repeat(5000);
    for (answer, status) in [
        (server.get("/hello").await, 200),
        (server.get("/nowhere").await, 404),
        (server.post("/length", &huge, "").await, 413),
        (server.post("/hello", "", "").await, 405),
        (server.get("/panic").await, 500),
        (server.get("/query?n=300").await, 400),
    ] {
        assert_eq!(answer.status, status);
        assert_secure(&answer);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_chunked_or_not() {
    let server = start(quick()).await;
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let head = "POST /length HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    let fits = server.ask(&format!("{head}{chunk}0\r\n\r\n")).await;
    assert_eq!((fits.status, fits.body.as_str()), (200, "1000"));
    let over = server.ask(&format!("{head}{chunk}1\r\nx\r\n0\r\n\r\n")).await;
    assert_eq!(over.status, 413);
    assert!(over.body.contains("1000 bytes"), "{}", over.body);
    let announced = "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n";
    assert_eq!(server.ask(announced).await.status, 413);
    let endless = chunk.repeat(2000);
    assert_eq!(server.ask(&format!("{head}{endless}")).await.status, 413);
}

#[tokio::test]
async fn requests_that_are_no_http_are_refused() {
    let server = start(quick()).await;
    for nonsense in ["\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET /hello HTTP/9.9\r\n\r\n"] {
        let status = server.ask(nonsense).await.status;
        assert!(matches!(status, 0 | 400..500), "{status} for {nonsense:?}");
    }
    let long = format!("GET /hello HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(40_000));
    assert_eq!(server.ask(&long).await.status, 431);
    let many = format!("GET /hello HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(500));
    assert_eq!(server.ask(&many).await.status, 431);
}

#[tokio::test]
async fn malformed_requests_are_the_clients_fault() {
    let server = start(quick()).await;
    assert_eq!(server.get("/query?n=%FF").await.status, 400);
    assert_eq!(server.get("/query").await.status, 400);
    assert_eq!(server.get(&format!("/query?n={}", "1".repeat(5000))).await.status, 400);
    assert_eq!(server.get("/query?n=7").await.body, "7");
    assert_eq!(server.get("/slow/-1").await.status, 404);
    assert_eq!(server.get("/slow/%00").await.status, 404);
    assert_eq!(server.get("/assets/../Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_method_that_does_not_fit_is_405_and_says_what_would() {
    let server = start(quick()).await;
    let answer = server.post("/hello", "", "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let answer = server.get("/length").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn programs_get_errors_as_json() {
    let server = start(quick()).await;
    for answer in [
        server.get("/api/nowhere").await,
        server.ask("GET /nowhere HTTP/1.1\r\nhost: a\r\naccept: application/json\r\n\r\n").await,
    ] {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["error"]["code"], "not_found");
        assert!(body["error"]["message"].as_str().unwrap().ends_with('.'));
    }
    let page = server.get("/nowhere").await;
    assert!(page.body.starts_with("<!DOCTYPE html>"), "{}", page.body);
    assert!(page.body.contains("Ana &amp; Co"), "{}", page.body);
}

#[tokio::test]
async fn json_is_bounded_in_depth_and_type() {
    let server = start(quick()).await;
    for (body, kind, status) in [
        ("[1,2]", "application/json; charset=utf-8", 200),
        ("[1,2", "application/json", 400),
        ("[1,2000]", "application/json", 400),
        (&"[".repeat(10_000), "application/json", 400),
        ("[1,2]", "text/plain", 415),
        (&"[".repeat(300_000), "application/json", 413),
    ] {
        let length = body.len();
        let head = format!("POST /api/json HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\n");
        let answer = server.ask(&format!("{head}content-length: {length}\r\n\r\n{body}")).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_panic_is_answered_without_its_words() {
    let server = start(quick()).await;
    let answer = server.get("/panic").await;
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("as asked"));
    assert_eq!(server.get("/hello").await.status, 200);
}

#[tokio::test]
async fn pictures_are_kept_by_the_browser_and_asked_for_once() {
    let server = start(quick()).await;
    let answer = server.get("/picture").await;
    assert_eq!((answer.body.as_str(), answer.header("content-type")), ("jpeg", Some("image/jpeg")));
    assert_eq!(answer.header("content-length"), Some("4"));
    assert!(answer.header("cache-control").unwrap().contains("private"));
    assert!(answer.header("cache-control").unwrap().contains("immutable"));
    let etag = answer.header("etag").unwrap();
    let again = format!("GET /picture HTTP/1.1\r\nhost: a\r\nif-none-match: {etag}\r\n\r\n");
    let answer = server.ask(&again).await;
    assert_eq!((answer.status, answer.body.as_str()), (304, ""));
    let other = "GET /picture HTTP/1.1\r\nhost: a\r\nif-none-match: \"other\"\r\n\r\n";
    assert_eq!(server.ask(other).await.status, 200);
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    client.send(b"HEAD /picture HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), Some("4"));
}

#[tokio::test]
async fn the_pages_own_files_are_there_and_immutable() {
    let server = start(quick()).await;
    let page = server.get("/hello").await;
    assert!(!page.body.contains("<style") && !page.body.contains(" style="));
    let links = page.body.split('"').filter(|it| it.starts_with("/assets/"));
    let links: Vec<_> = links.collect();
    assert_eq!(links.len(), 3, "{links:?}");
    for link in links {
        let answer = server.get(link).await;
        assert_eq!(answer.status, 200, "{link}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
        let kind = answer.header("content-type").unwrap();
        assert!(["text/css", "text/javascript", "image/svg+xml"].iter().any(|it| kind.starts_with(it)));
    }
    assert_eq!(server.get("/assets/style.0000000000000000.css").await.status, 404);
}

#[tokio::test]
async fn a_client_cannot_choose_its_address_but_a_trusted_proxy_can() {
    let request = "GET /whose HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 198.51.100.7\r\n\r\n";
    let server = start(quick()).await;
    assert_eq!(server.ask(request).await.body, "127.0.0.1");
    let mut limits = quick();
    limits.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let server = start(limits).await;
    assert_eq!(server.ask(request).await.body, "198.51.100.7");
}
