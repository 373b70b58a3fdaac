//! More connections than there is room for, and a server that stops.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::waiting::wait_until;
use common::*;
use enprint_web::{Limits, Site};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use warp::Filter;

/// A server with a route that keeps its requests in flight until it is opened.
struct Gated {
    server: TestServer,
    inside: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Gated {
    async fn start(limits: Limits) -> Self {
        let inside = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let (counter, closed) = (Arc::clone(&inside), Arc::clone(&gate));
        let route = warp::path!("gate").then(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let closed = Arc::clone(&closed);
            async move {
                let _passed = closed.acquire().await.unwrap();
                "through"
            }
        });
        let site = Site::new("Ana & Co", "enprint_test");
        let server = start_with(site, limits, route.or(routes())).await;
        Self { server, inside, gate }
    }

    /// So many connections with a request in flight.
    async fn fill(&self, count: usize) -> Vec<Client> {
        let mut busy = Vec::new();
        for place in 1..=count {
            let mut client = self.server.connect().await;
            client.send(b"GET /gate HTTP/1.1\r\nhost: a\r\n\r\n").await;
            busy.push(client);
            wait_until(|| self.inside.load(Ordering::SeqCst) == place).await;
        }
        busy
    }

    fn open(&self) {
        self.gate.add_permits(100);
    }
}

fn patient() -> Limits {
    Limits { head_deadline: Duration::from_secs(60), ..quick() }
}

#[tokio::test]
async fn idle_connections_of_an_address_give_way_to_its_newer_ones() {
    let mut limits = patient();
    limits.connections_per_address = 3;
    let server = start(limits).await;
    let mut first = server.connect().await;
    first.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n").await;
    assert_eq!(server.get("/hello").await.status, 200);
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(server.connect().await);
    }
    assert_eq!(server.get("/hello").await.status, 200);
    assert!(first.closed_after().await < Duration::from_secs(8));
}

#[tokio::test]
async fn an_address_with_too_many_requests_at_once_is_refused() {
    let mut limits = patient();
    limits.connections_per_address = 3;
    let gated = Gated::start(limits).await;
    let mut busy = gated.fill(3).await;
    let refused = gated.server.connect().await.answer().await;
    assert_eq!(refused.status, 503);
    gated.open();
    for client in &mut busy {
        assert_eq!(client.answer().await.status, 200, "those inside are served");
    }
    assert_eq!(gated.server.get("/hello").await.status, 200);
}

#[tokio::test]
async fn a_trusted_proxy_may_have_more_connections_than_one_address() {
    let mut limits = patient();
    limits.connections_per_address = 1;
    limits.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let gated = Gated::start(limits).await;
    let mut busy = gated.fill(5).await;
    gated.open();
    for client in &mut busy {
        assert_eq!(client.answer().await.status, 200);
    }
}

#[tokio::test]
async fn idle_connections_give_way_when_the_server_is_full() {
    let mut limits = patient();
    limits.connections = 4;
    let server = start(limits).await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        let mut client = server.connect().await;
        client.send(b"GET /hello HTTP/1.1\r\nhost").await;
        idle.push(client);
    }
    let start = Instant::now();
    assert_eq!(server.get("/hello").await.status, 200);
    assert!(start.elapsed() < Duration::from_secs(8));
    assert!(idle[0].closed_after().await < Duration::from_secs(8));
}

#[tokio::test]
async fn a_full_server_serves_those_inside_first_and_then_the_next() {
    let mut limits = patient();
    limits.connections = 2;
    let gated = Gated::start(limits).await;
    let mut busy = gated.fill(2).await;
    let mut next = gated.server.connect().await;
    next.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let early = tokio::time::timeout(Duration::from_millis(300), next.stream.readable()).await;
    assert!(early.is_err(), "it was let in beyond the bound");
    gated.open();
    for client in &mut busy {
        assert_eq!(client.answer().await.status, 200, "those inside are served");
    }
    assert_eq!(next.answer().await.status, 200);
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let mut limits = patient();
    limits.shutdown_deadline = Duration::from_secs(60);
    let mut gated = Gated::start(limits).await;
    let mut idle = gated.server.connect().await;
    idle.send(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(idle.answer().await.status, 200);
    let mut busy = gated.fill(1).await;
    gated.server.stop();
    idle.closed_after().await;
    assert!(!gated.server.ended.is_finished());
    gated.open();
    let answer = busy[0].answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "through"));
    busy[0].closed_after().await;
    (&mut gated.server.ended).await.unwrap();
    let late = tokio::net::TcpStream::connect(gated.server.address).await;
    assert!(late.is_err());
}

#[tokio::test]
async fn shutdown_does_not_cut_an_answer_that_is_being_read() {
    let mut limits = patient();
    limits.write_grace = Duration::from_secs(60);
    limits.shutdown_deadline = Duration::from_secs(60);
    let mut server = start(limits).await;
    let mut reader = server.connect().await;
    reader.send(b"GET /big/64 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut seen = vec![0; 1024];
    reader.stream.read_exact(&mut seen).await.unwrap();
    server.stop();
    wait_until(|| std::net::TcpStream::connect(server.address).is_err()).await;
    reader.stream.read_to_end(&mut seen).await.unwrap();
    assert!(seen.len() > 64 * 1024 * 1024);
    (&mut server.ended).await.unwrap();
}

#[tokio::test]
async fn shutdown_keeps_its_deadline() {
    let mut limits = patient();
    limits.request_deadline = Duration::from_secs(60);
    limits.shutdown_deadline = Duration::from_millis(300);
    let mut gated = Gated::start(limits).await;
    let mut stalled = gated.fill(1).await;
    let start = Instant::now();
    gated.server.stop();
    (&mut gated.server.ended).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(8));
    stalled[0].closed_after().await;
}
