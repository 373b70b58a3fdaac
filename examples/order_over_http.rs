//! Opens a gallery over the HTTP API, and orders a print of its first photo.
//!
//! Run the demo, then, with the address and the access code that it prints:
//!
//! ```sh
//! cargo run --example order_over_http -- http://127.0.0.1:8080 7K3M-Q9XA-2BTD
//! ```

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let site = args.next().context("Usage: order_over_http SITE ACCESS_CODE")?;
    let access_code = args.next().context("Usage: order_over_http SITE ACCESS_CODE")?;
    let http = Client::new();

    // The code opens the gallery; the token stands for it from then on.
    let opened = http.post(format!("{site}/api/v1/open")).json(&json!({ "access_code": access_code }));
    let opened: Value = opened.send().await?.error_for_status()?.json().await?;
    let token = opened["token"].as_str().context("no token")?;
    let gallery = format!("{site}/api/v1/galleries/{}", opened["event_id"].as_str().context("no event")?);

    let photos: Value = http.get(format!("{gallery}/photos")).bearer_auth(token).send().await?.json().await?;
    let photo = photos["photos"].get(0).context("the gallery is empty")?;
    println!("{} has {} photos; the first is {}", opened["name"], photos["total"], photo["file_name"]);

    // Sent twice with the same key, it is one order: safe to repeat after a lost answer.
    let order = json!({
        "idempotency_key": "example-1",
        "name": "An example",
        "email": "customer@example.org",
        "delivery": "Post",
        "address": "1 Example Street\n12345 Exampletown",
        "note": "",
        "lines": [{
            "photo_id": photo["photo_id"],
            "size": "10x15",
            "finish": "matte",
            "crop": "fill",
            "quantity": 1,
        }],
    });
    for _ in 0..2 {
        let placed = http.post(format!("{gallery}/orders")).bearer_auth(token).json(&order).send().await?;
        println!("{}: {}", placed.status(), placed.text().await?);
    }
    Ok(())
}
