//! A customer: opens a gallery with its code, looks, orders, follows the order.

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use super::waiting::eventually_async;

/// A customer in front of one gallery.
pub struct Customer {
    pub http: Client,
    pub site: String,
    pub event_id: String,
    pub token: String,
}

/// An order that was placed.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    pub order_id: String,
    pub number: String,
    pub token: String,
    pub answer: Value,
}

impl Customer {
    /// Opens a gallery with its access code.
    pub async fn open(site: &str, access_code: &str) -> Self {
        let http = Client::new();
        let asked = http.post(format!("{site}/api/v1/open")).json(&json!({ "access_code": access_code }));
        let opened: Value = good(asked.send().await.unwrap()).await;
        let text = |name: &str| opened[name].as_str().unwrap().to_owned();
        Self { http, site: site.to_owned(), event_id: text("event_id"), token: text("token") }
    }

    /// All photos, as the API lists them.
    pub async fn photos(&self) -> Vec<Value> {
        let listed = self.get(&format!("/api/v1/galleries/{}/photos", self.event_id)).await;
        good(listed).await["photos"].as_array().unwrap().clone()
    }

    /// The photo of that file name.
    pub async fn photo(&self, file_name: &str) -> Value {
        let photos = self.photos().await;
        photos.into_iter().find(|photo| photo["file_name"] == file_name).expect("the photo is in the gallery")
    }

    /// The proof's bytes.
    pub async fn proof(&self, photo: &Value) -> Vec<u8> {
        let response = self.get(photo["proof_url"].as_str().unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.bytes().await.unwrap().to_vec()
    }

    /// Orders `quantity` small prints of each photo named.
    pub async fn order(&self, file_names: &[&str], quantity: u32) -> PlacedOrder {
        let mut lines = Vec::new();
        for file_name in file_names {
            lines.push(self.line(file_name, quantity).await);
        }
        let response = self.place(&format!("key-{}", file_names.join("-")), lines).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        placed(response.json().await.unwrap())
    }

    /// A line as the API takes it.
    pub async fn line(&self, file_name: &str, quantity: u32) -> Value {
        let photo_id = self.photo(file_name).await["photo_id"].clone();
        json!({ "photo_id": photo_id, "size": "10x15", "finish": "matte", "crop": "fill", "quantity": quantity })
    }

    /// Places an order under an idempotency key.
    pub async fn place(&self, key: &str, lines: Vec<Value>) -> Response {
        let order = json!({
            "idempotency_key": key,
            "name": "Kim Customer",
            "email": "kim@example.org",
            "delivery": "Post",
            "address": "1 Example Street\n12345 Exampletown",
            "note": "",
            "lines": lines,
        });
        let url = format!("{}/api/v1/galleries/{}/orders", self.site, self.event_id);
        self.http.post(url).bearer_auth(&self.token).json(&order).send().await.unwrap()
    }

    /// What the order's own page knows.
    pub async fn follow(&self, order: &PlacedOrder) -> Value {
        good(self.get(&format!("/api/v1/orders/{}", order.token)).await).await
    }

    /// Waits until the order's own page says `state`.
    pub async fn waits_for_state(&self, order: &PlacedOrder, state: &str) {
        eventually_async(&format!("the order's page says {state}"), || async {
            (self.follow(order).await["state"] == state).then_some(())
        })
        .await;
    }

    /// A GET with this customer's token; `url` may be a path. As browsers do, it is asked for
    /// once more where the host closed a connection that nobody had used for a while.
    pub async fn get(&self, url: &str) -> Response {
        let url = if url.starts_with("http") { url.to_owned() } else { format!("{}{url}", self.site) };
        let ask = || self.http.get(&url).bearer_auth(&self.token).send();
        match ask().await {
            Err(error) if error.is_request() && !error.is_connect() => ask().await.unwrap(),
            answer => answer.unwrap(),
        }
    }
}

/// The answer to a placed order.
pub fn placed(answer: Value) -> PlacedOrder {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    PlacedOrder { order_id: text("order_id"), number: text("number"), token: text("token"), answer: answer.clone() }
}

/// The JSON of a response that must be a success.
pub async fn good(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}
