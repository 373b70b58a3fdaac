//! A customer of the demo: opens the gallery with its code, looks, orders. Speaks
//! the host's HTTP API and nothing else.

use anyhow::{Context, Result, ensure};
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// A customer in front of one gallery.
pub struct Customer {
    http: Client,
    site: String,
    event_id: String,
    token: String,
}

/// A photo as the API lists it.
#[derive(Debug, Clone, Deserialize)]
pub struct ListedPhoto {
    /// Its id.
    pub photo_id: String,
    /// Where its proof is.
    pub proof_url: String,
}

/// An order as the API answers it.
#[derive(Debug, Clone, Deserialize)]
pub struct PlacedOrder {
    /// Its number for people.
    pub number: String,
    /// What opens the order's own page.
    pub token: String,
}

#[derive(Deserialize)]
struct Opened {
    event_id: String,
    token: String,
}

#[derive(Deserialize)]
struct FollowedOrder {
    state: String,
}

#[derive(Deserialize)]
struct PhotoPage {
    photos: Vec<ListedPhoto>,
    pages: u32,
}

impl Customer {
    /// Opens a gallery with its access code.
    pub async fn open(site: &str, access_code: &str) -> Result<Self> {
        let http = Client::new();
        let asked = http.post(format!("{site}/api/v1/open")).json(&json!({ "access_code": access_code }));
        let opened: Opened = answered(asked).await?.json().await?;
        Ok(Self { http, site: site.to_owned(), event_id: opened.event_id, token: opened.token })
    }

    /// All photos of the gallery.
    pub async fn photos(&self) -> Result<Vec<ListedPhoto>> {
        let mut photos = Vec::new();
        for page in 1.. {
            let listed: PhotoPage = self.get(&format!("photos?page={page}")).await?.json().await?;
            photos.extend(listed.photos);
            if page >= listed.pages {
                break;
            }
        }
        Ok(photos)
    }

    /// The proof's bytes.
    pub async fn proof(&self, photo: &ListedPhoto) -> Result<Vec<u8>> {
        let asked = self.http.get(self.absolute(&photo.proof_url)).bearer_auth(&self.token);
        Ok(answered(asked).await?.bytes().await?.to_vec())
    }

    /// Orders one small print of each of `photos`, and a large one of the first.
    pub async fn order(&self, photos: &[ListedPhoto]) -> Result<PlacedOrder> {
        ensure!(!photos.is_empty(), "The gallery has no photo to order");
        let mut lines: Vec<Value> = photos
            .iter()
            .map(|photo| json!({ "photo_id": photo.photo_id, "size": "10x15", "finish": "matte", "crop": "fill", "quantity": 2 }))
            .collect();
        lines.push(
            json!({ "photo_id": photos[0].photo_id, "size": "20x30", "finish": "matte", "crop": "fit", "quantity": 1 }),
        );
        let order = json!({
            "idempotency_key": format!("demo-{}", std::process::id()),
            "name": "A demo customer",
            "email": "customer@example.org",
            "delivery": "Post",
            "address": "1 Example Street\n12345 Exampletown",
            "note": "",
            "lines": lines,
        });
        let url = format!("{}/api/v1/galleries/{}/orders", self.site, self.event_id);
        let asked = self.http.post(url).bearer_auth(&self.token).json(&order);
        answered(asked).await?.json().await.context("The host's answer to the order can't be read")
    }

    /// Whether the order's page says that the lab has all files, or is further.
    pub async fn is_received(&self, order: &PlacedOrder) -> Result<Option<()>> {
        let asked = self.http.get(format!("{}/api/v1/orders/{}", self.site, order.token));
        let followed: FollowedOrder = answered(asked).await?.json().await?;
        Ok(["received", "printing", "shipped"].contains(&followed.state.as_str()).then_some(()))
    }

    async fn get(&self, what: &str) -> Result<Response> {
        let url = format!("{}/api/v1/galleries/{}/{what}", self.site, self.event_id);
        answered(self.http.get(url).bearer_auth(&self.token)).await
    }

    fn absolute(&self, url: &str) -> String {
        if url.starts_with("http") { url.to_owned() } else { format!("{}{url}", self.site) }
    }
}

async fn answered(asked: RequestBuilder) -> Result<Response> {
    let response = asked.send().await.context("The host does not answer")?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let words = response.text().await.unwrap_or_default();
    anyhow::bail!("The host answered {status}: {words}")
}
