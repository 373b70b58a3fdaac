//! Clients that are slow on purpose: whichever way they are, they are cut, and
//! nobody else notices.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

/// Counted from before the server could begin to count. The deadlines are 600 ms; a busy
/// machine may be late, an early cut is a fault.
fn assert_cut_in_time(after: Duration) {
    assert!(after >= Duration::from_millis(300), "cut too early: {after:?}");
    assert!(after < Duration::from_secs(8), "cut too late: {after:?}");
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let server = start(quick()).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    client.closed_after().await;
    assert_cut_in_time(start.elapsed());
}

#[tokio::test]
async fn a_half_head_is_cut() {
    let server = start(quick()).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    client.send(b"GET /hello HTTP/1.1\r\nhost: a").await;
    client.closed_after().await;
    assert_cut_in_time(start.elapsed());
}

#[tokio::test]
async fn a_trickling_head_is_cut() {
    let server = start(quick()).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    client.send(b"GET /hello HTTP/1.1\r\n").await;
    let mut lines = 0;
    let cut = loop {
        client.send(format!("x-{lines}: y\r\n").as_bytes()).await;
        lines += 1;
        let end = timeout(Duration::from_millis(50), client.closed_after()).await;
        if end.is_ok() || start.elapsed() > Duration::from_secs(10) {
            break start.elapsed();
        }
    };
    assert_cut_in_time(cut);
}

async fn is_greeted(client: &mut Client) {
    client.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn an_idle_keep_alive_connection_is_cut() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        is_greeted(&mut client).await;
    }
    let start = Instant::now();
    is_greeted(&mut client).await;
    client.closed_after().await;
    assert_cut_in_time(start.elapsed());
}

#[tokio::test]
async fn a_stalled_body_is_answered_and_cut() {
    let server = start(quick()).await;
    for head in [
        "POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\nabc",
        "POST /length HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ] {
        let mut client = server.connect().await;
        let start = Instant::now();
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 408, "{}", answer.head);
        assert_cut_in_time(start.elapsed());
        client.closed_after().await;
    }
}

#[tokio::test]
async fn a_stalled_body_that_no_route_reads_holds_nothing_up() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    client.send(b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\nabc").await;
    assert_eq!(client.answer().await.status, 404);
    assert!(client.closed_after().await < Duration::from_secs(8));
}

#[tokio::test]
async fn a_trickling_body_is_answered_and_cut() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    let start = Instant::now();
    client.send(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\n").await;
    let answer = loop {
        client.send(b"x").await;
        match timeout(Duration::from_millis(40), client.stream.readable()).await {
            Ok(_) => break client.answer().await,
            Err(_) => assert!(start.elapsed() < Duration::from_secs(10), "never cut"),
        }
    };
    assert_eq!(answer.status, 408);
    assert_cut_in_time(start.elapsed());
}

#[tokio::test]
async fn a_body_that_breaks_off_does_no_harm() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    client.send(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 900\r\n\r\nabc").await;
    drop(client);
    assert_eq!(server.get("/hello").await.status, 200);
}

#[tokio::test]
async fn a_reader_that_stops_reading_is_cut() {
    let mut limits = quick();
    limits.connections = 1;
    let server = start(limits).await;
    let mut idler = server.connect().await;
    let start = Instant::now();
    // More than the system's buffers hold.
    idler.send(b"GET /big/64 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut start_of_it = [0; 16];
    idler.stream.read_exact(&mut start_of_it).await.unwrap();
    // Its place is free again only once it has been cut.
    assert_eq!(server.get("/hello").await.status, 200);
    assert_cut_in_time(start.elapsed());
}

#[tokio::test]
async fn a_reader_that_reads_a_trickle_is_cut() {
    let mut limits = quick();
    limits.write_bytes_per_s = 1024 * 1024 * 1024;
    let server = start(limits).await;
    let mut idler = server.connect().await;
    idler.send(b"GET /big/64 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let start = Instant::now();
    let mut piece = vec![0; 64 * 1024];
    let mut seen = 0;
    let mut rhythm = tokio::time::interval(Duration::from_millis(5));
    while let Ok(Ok(count @ 1..)) = timeout(Duration::from_secs(5), idler.stream.read(&mut piece)).await {
        seen += count;
        assert!(start.elapsed() < Duration::from_secs(20), "never cut");
        rhythm.tick().await;
    }
    assert!(seen < 64 * 1024 * 1024, "it got everything");
}

#[tokio::test]
async fn a_fast_reader_gets_everything() {
    let server = start(quick()).await;
    let mut client = server.connect().await;
    client.send(b"GET /big/64 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let mut all = Vec::new();
    client.stream.read_to_end(&mut all).await.unwrap();
    assert!(all.len() > 64 * 1024 * 1024);
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_for() {
    let mut limits = quick();
    limits.request_deadline = Duration::from_millis(300);
    let server = start(limits).await;
    let answer = server.get("/slow/1").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("60"));
}
