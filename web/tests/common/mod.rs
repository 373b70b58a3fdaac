//! What the tests of the pages share: a server with deadlines of milliseconds, a
//! site with a route of each kind, and a client that speaks plain bytes.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests; each uses part of this")]

pub mod waiting;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use enprint_web::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use warp::{Filter, Rejection, Reply};

/// A running server; stops when dropped.
pub struct TestServer {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub ended: tokio::task::JoinHandle<()>,
}

/// Deadlines that a test can wait for, and that a busy machine still keeps.
pub fn quick() -> Limits {
    Limits {
        head_deadline: Duration::from_millis(600),
        request_deadline: Duration::from_secs(5),
        body_grace: Duration::from_millis(600),
        write_grace: Duration::from_millis(600),
        shutdown_deadline: Duration::from_secs(3),
        ..Limits::default()
    }
}

/// A server with these limits and the routes of [`routes`].
pub async fn start(limits: Limits) -> TestServer {
    start_with(Site::new("Ana & Co", "enprint_test"), limits, routes()).await
}

pub async fn start_with<F, R>(site: Site, limits: Limits, routes: F) -> TestServer
where
    F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
    R: Reply + 'static,
{
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, site, limits).await.unwrap();
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(routes, async {
        let _ = stopped.await;
    }));
    TestServer { address, stop: Some(stop), ended }
}

impl TestServer {
    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        Client { stream }
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub async fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(request.as_bytes()).await;
        client.answer().await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address)).await
    }

    /// Posts a form with more headers.
    pub async fn post(&self, path: &str, form: &str, headers: &str) -> Answer {
        let (address, length) = (self.address, form.len());
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\
             content-type: application/x-www-form-urlencoded\r\n\
             content-length: {length}\r\n\r\n{form}"
        ))
        .await
    }
}

/// One connection.
pub struct Client {
    pub stream: TcpStream,
}

impl Client {
    /// Sends bytes; a server that has hung up is for the reading side to find.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Reads one answer with a length or until the end.
    pub async fn answer(&mut self) -> Answer {
        let mut read = Vec::new();
        let patience = Duration::from_secs(20);
        tokio::time::timeout(patience, async {
            let mut piece = [0; 4096];
            while !Answer::is_whole(&read) {
                match self.stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => read.extend_from_slice(&piece[..count]),
                }
            }
        })
        .await
        .expect("an answer within 20 seconds");
        Answer::parse(&read)
    }

    /// Waits until the server closes, and says how long that took.
    pub async fn closed_after(&mut self) -> Duration {
        let start = Instant::now();
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(20), self.stream.read_to_end(&mut rest));
        let _ = end.await.expect("the server to close within 20 seconds");
        start.elapsed()
    }
}

/// What came back; status 0 if nothing did.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn is_whole(read: &[u8]) -> bool {
        let answer = Self::parse(read);
        let expected = answer.header("content-length").and_then(|it| it.parse().ok());
        answer.status >= 200
            && (answer.status == 304
                || expected.is_some_and(|it: usize| answer.body.len() >= it)
                || answer.body.ends_with("0\r\n\r\n"))
    }

    fn parse(read: &[u8]) -> Self {
        let text = String::from_utf8_lossy(read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Self::default();
        };
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        Self { status: status.unwrap_or(0), head: head.to_owned(), body: body.to_owned() }
    }
}

/// A route of each kind.
pub fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone + Send + Sync {
    let site = Site::new("Ana & Co", "enprint_test");
    let hello = warp::path!("hello").and(warp::get()).then(move || page(site.clone()));
    let length = warp::path!("length")
        .and(warp::post())
        .and(limited_body(1000))
        .then(|body: bytes::Bytes| async move { body.len().to_string() });
    let form = warp::path!("form")
        .and(warp::post())
        .and(visit())
        .and(form_body())
        .then(|visit, form| async move { save(&visit, &form) });
    let json = warp::path!("api" / "json")
        .and(warp::post())
        .and(json_body())
        .then(|value: Vec<u8>| async move { json(&value) });
    let slow = warp::path!("slow" / u64).and(warp::get()).then(|_: u64| std::future::pending::<String>());
    let big = warp::path!("big" / usize).and(warp::get()).map(|mb: usize| vec![b'x'; mb * 1024 * 1024]);
    let picture = warp::path!("picture").and(warp::get()).map(|| Picture {
        bytes: "jpeg".into(),
        content_type: "image/jpeg",
        etag: "abc".into(),
    });
    let faults = warp::path!("panic").map(|| -> String { panic!("as asked") });
    let whose = warp::path!("whose").and(client_address()).map(|address: ClientAddress| address.to_string());
    let query = warp::path!("query")
        .and(query_form())
        .then(|form: Form| async move { form.integer::<u8>("n").map(|n| n.to_string()) });
    hello.or(length).or(form).or(json).or(slow).or(big).or(picture).or(faults).or(whose).or(query).or(assets(&[]))
}

async fn page(site: Site) -> Result<Page, WebError> {
    Ok(Page::new(&site, "Hello").main(html! { p { "Hello" } }))
}

fn save(visit: &Visit, form: &Form) -> Result<String, WebError> {
    visit.check_csrf(form)?;
    Ok(form.text("name")?.to_owned())
}
