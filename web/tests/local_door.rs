//! APIs for this machine alone, and answers that grow line by line.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::*;
use enprint_web::*;
use std::time::Duration;
use tokio::sync::oneshot;
use warp::{Filter, Rejection, Reply};

fn control(door: LocalDoor) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync {
    warp::path!("api" / "count" / u32).and(warp::get()).and(local_only(door)).map(|to: u32| {
        let (lines, reply) = ndjson();
        tokio::spawn(async move {
            for number in 0..to {
                lines.send(&number).await?;
            }
            Ok::<_, WebError>(())
        });
        reply
    })
}

struct Control {
    server: Server,
    door: LocalDoor,
}

async fn bind() -> Control {
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, Site::new("Node", "node"), quick()).await.unwrap();
    let door = LocalDoor::at(server.local_addr());
    Control { server, door }
}

#[tokio::test]
async fn only_this_machine_with_the_secret_gets_in() {
    let Control { server, door } = bind().await;
    let address = server.local_addr();
    let port = address.port();
    let secret = door.secret().to_owned();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(server.run(control(door), async {
        let _ = stopped.await;
    }));
    let ask = async |headers: String| {
        let mut client = Client { stream: tokio::net::TcpStream::connect(address).await.unwrap() };
        let request = format!("GET /api/count/3 HTTP/1.1\r\n{headers}\r\n");
        client.send(request.as_bytes()).await;
        client.answer().await
    };
    let own = format!("host: 127.0.0.1:{port}\r\n");
    let key = format!("authorization: Bearer {secret}\r\n");
    let right = ask(format!("{own}{key}")).await;
    assert_eq!(right.status, 200);
    assert_eq!(right.header("content-type"), Some("application/x-ndjson"));
    assert!(["0\n", "1\n", "2\n"].iter().all(|line| right.body.contains(line)));
    assert_eq!(ask(format!("host: localhost:{port}\r\n{key}")).await.status, 200);
    assert_eq!(ask(own.clone()).await.status, 401);
    assert_eq!(ask(format!("{own}authorization: Bearer {secret}x\r\n")).await.status, 401);
    assert_eq!(ask(format!("host: rebound.example:{port}\r\n{key}")).await.status, 403);
    assert_eq!(ask(format!("host: 127.0.0.1\r\n{key}")).await.status, 403);
    assert_eq!(ask(format!("{own}{key}origin: http://evil.example\r\n")).await.status, 403);
    assert_eq!(ask(format!("{own}{key}origin: http://127.0.0.1:{port}\r\n")).await.status, 200);
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_writer_waits_for_its_reader_and_stops_when_it_has_gone() {
    let (told, tell) = oneshot::channel();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Some(told)));
    let routes = warp::path!("endless").map(move || {
        let (lines, reply) = ndjson();
        let told = told.lock().unwrap().take();
        tokio::spawn(async move {
            while lines.send(&"x".repeat(4096)).await.is_ok() {}
            told.unwrap().send(()).unwrap();
        });
        reply
    });
    let server = start_with(Site::new("Node", "node"), quick(), routes).await;
    let mut client = server.connect().await;
    client.send(b"GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut piece = [0; 1024];
    tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut piece).await.unwrap();
    drop(client);
    tokio::time::timeout(Duration::from_secs(60), tell).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_text_for_this_machine_is_given_to_no_other_name_or_site() {
    let page = LocalText::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = page.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let said = || async { Ok("up 1\n".to_owned()) };
    let running = tokio::spawn(page.run("metrics", "text/plain; version=0.0.4", said, async {
        let _ = stopped.await;
    }));
    let ask = async |line: &str, headers: &str| {
        let mut client = Client { stream: tokio::net::TcpStream::connect(address).await.unwrap() };
        client.send(format!("{line} HTTP/1.1\r\n{headers}\r\n").as_bytes()).await;
        client.answer().await
    };
    let own = format!("host: {address}\r\n");
    let right = ask("GET /metrics", &own).await;
    assert_eq!((right.status, right.body.as_str()), (200, "up 1\n"));
    assert_eq!(right.header("content-type"), Some("text/plain; version=0.0.4"));
    assert_eq!(ask("GET /metrics", &format!("host: rebound.example:{}\r\n", address.port())).await.status, 403);
    assert_eq!(ask("GET /metrics", &format!("{own}origin: http://evil.example\r\n")).await.status, 403);
    assert_eq!(ask("GET /", &own).await.status, 404);
    assert_eq!(ask("DELETE /metrics", &own).await.status, 405);
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_text_for_this_machine_listens_nowhere_else() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let error = LocalText::bind(address.parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
    }
}
