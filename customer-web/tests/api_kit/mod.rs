//! A customer's program: speaks JSON with a bearer token, and keeps no cookie.

#![allow(dead_code, reason = "each test file uses part of this")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end by them")]

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::{Gallery, World};

/// A program, with or without a token.
#[derive(Clone)]
pub struct Program {
    pub token: Option<String>,
    http: Client,
    base: String,
}

/// What a program was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Program {
    /// One that has opened nothing.
    pub fn new(world: &World) -> Self {
        Self { token: None, http: Client::new(), base: world.base.clone() }
    }

    /// One that has this gallery open.
    pub async fn inside(world: &World, gallery: &Gallery) -> Self {
        let mut program = Self::new(world);
        let answer = program.open(&gallery.code.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        program.token = Some(answer.word("token"));
        program
    }

    pub async fn open(&self, code: &str) -> Answer {
        self.post("/open", &json!({ "access_code": code })).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(&body.to_string())).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(&body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends exactly this. Paths are below `/api/v1`, but for those that start with `//`.
    pub async fn send(&self, method: Method, path: &str, body: Option<&str>) -> Answer {
        let path = path.strip_prefix('/').filter(|it| it.starts_with('/')).map_or(format!("/api/v1{path}"), Into::into);
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_owned());
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// The basket of a gallery.
    pub async fn basket(&self, gallery: &Gallery) -> Value {
        self.get(&basket(gallery)).await.json()
    }
}

impl Answer {
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// A text of the answer's object.
    pub fn word(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap().to_owned()
    }

    /// The error's code, sentence and field, as every refusal has them.
    pub fn error(&self) -> (String, String, Option<String>) {
        let json = self.json();
        let error = json["error"].as_object().unwrap_or_else(|| panic!("no error: {} {json}", self.status));
        assert!(error.contains_key("field"), "{json}");
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        (text("code").unwrap(), text("message").unwrap(), text("field"))
    }

    /// Checks that this is a refusal with that status and code.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.error().0.as_str()), (status, code), "{}", self.text());
    }
}

pub fn basket(gallery: &Gallery) -> String {
    format!("{}/basket", gallery.path())
}

pub fn orders(gallery: &Gallery) -> String {
    format!("{}/orders", gallery.path())
}

/// A line of small matte prints.
pub fn line(gallery: &Gallery, place: usize, quantity: u32) -> Value {
    let photo_id = gallery.photos[place].to_string();
    json!({ "photo_id": photo_id, "size": "10x15", "finish": "matte", "crop": "fill", "quantity": quantity })
}

/// An order of these lines, to be picked up.
pub fn order(key: &str, lines: Value) -> Value {
    let mut order = json!({
        "idempotency_key": key,
        "name": "Kim Customer",
        "email": "kim@example.org",
        "delivery": "Pick up at the studio",
    });
    if !lines.is_null() {
        order["lines"] = lines;
    }
    order
}
