//! A wedding guest with a phone: opens the gallery with the code on the card, puts
//! prints into the basket and orders. A real browser, with and without JavaScript's help.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use world::browser::Browser;
use world::{World, photos};

#[tokio::test]
async fn a_guest_opens_the_gallery_with_the_code_puts_prints_in_the_basket_and_orders() {
    let Some(browser) = Browser::open(390, 844).await else {
        eprintln!("left out: there is no Chromium with chromedriver here");
        return;
    };
    let world = World::start().await;
    let files = [("reception/a.jpg", photos::jpeg(1200, 800, 1)), ("ceremony/b.jpg", photos::jpeg(1200, 800, 2))];
    let gallery = world.publish("John's Wedding", &files);

    browser.page.goto(&world.host.site()).await.unwrap();
    browser.types("access_code", "AAAA-AAAA-AAAA").await;
    browser.clicks("Open the gallery").await;
    browser.sees("No gallery opens with this code").await;
    assert!(!browser.page.current_url().await.unwrap().as_str().contains("AAAA"), "a code stands in no address");

    browser.types("access_code", &gallery.access_code.to_lowercase().replace('-', " ")).await;
    browser.clicks("Open the gallery").await;
    browser.sees("John's Wedding").await;
    browser.clicks("reception").await;
    browser.clicks_on("main a[href*='/photos/']").await;
    browser.clicks_on("input[value='10x15/matte']").await;
    browser.types("quantity", "3").await;
    browser.clicks("Add to the basket").await;
    browser.sees("In your basket: 10 × 15 cm, matte").await;
    browser.clicks("To the basket").await;
    browser.sees("Go to checkout").await;
    browser.sees("€4.50").await;

    browser.clicks("Go to checkout").await;
    browser.types("name", "Kim Guest").await;
    browser.types("email", "kim@example.org").await;
    browser.types("address", "1 Example Street, Exampletown").await;
    browser.clicks_on("main form[action$='/orders'] button").await;
    browser.sees("€9.40").await;
    let address = browser.page.current_url().await.unwrap();
    assert!(address.path().starts_with("/orders/"), "{address}");

    let number = world.photographer_hears_of_an_order().await;
    assert!(browser.reads().await.contains(&number));
    world.is_paid(&number).await;
    browser.sees("At the lab").await;
    browser.close().await;
}
