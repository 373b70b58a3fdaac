//! Clocks that are wrong by weeks, and peers that are away for a month: everything completes
//! without a hand, and the customer reads the dates of the host alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use jiff::Timestamp;
use serde_json::{Value, json};
use world::waiting::eventually_async;
use world::{Clock, Customer, PlacedOrder, World, photos, print_files};

/// What a customer reads of an order: when each step was reached, and the page.
async fn assert_dates_make_sense(customer: &Customer, order: &PlacedOrder, began: Timestamp) {
    let seen = customer.follow(order).await;
    let steps = seen["steps"].as_array().unwrap();
    let reached: Vec<Timestamp> = steps.iter().filter_map(|step| step["reached_at"].as_str()?.parse().ok()).collect();
    assert_eq!(reached.len(), 6, "{seen}");
    let inside = |at: &Timestamp| (began..=Timestamp::now()).contains(at);
    assert!(reached.iter().all(inside), "a step has another's date: {seen}");
    let unpaid: Vec<_> = [&reached[..2], &reached[3..]].concat();
    assert!(unpaid.is_sorted(), "the steps are not in their order: {seen}");
    let page = customer.get(&format!("/orders/{}", order.token)).await.text().await.unwrap();
    let dates: Vec<String> = [began, Timestamp::now()].map(|at| at.strftime("%-d %B %Y").to_string()).to_vec();
    let told: Vec<&str> = page.match_indices(" UTC").map(|(at, _)| &page[..at]).collect();
    assert!(!told.is_empty());
    for before in told {
        let date = before.rsplit_once(", ").unwrap().0;
        assert!(dates.iter().any(|known| date.ends_with(known.as_str())), "the page has another date: {page}");
    }
}

/// An order from the customer to the shelf where it is shipped.
async fn goes_all_its_way(world: &World, customer: &Customer, file_name: &str, original: &[u8]) -> PlacedOrder {
    let order = customer.order(&[file_name], 1).await;
    world.is_paid(&order.number).await;
    assert!(print_files(&world.order_folder(&order).await) == [original], "the print file is not the original");
    customer.waits_for_state(&order, "received").await;
    world.lab.says(&["printing", &order.number]);
    customer.waits_for_state(&order, "printing").await;
    world.lab.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "TR-77"]);
    customer.waits_for_state(&order, "shipped").await;
    order
}

/// Opens a gallery as a browser does; what the host answers.
async fn opens(world: &World, access_code: &str) -> u16 {
    let asked = reqwest::Client::new().post(format!("{}/api/v1/open", world.host.site()));
    asked.json(&json!({ "access_code": access_code })).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn photographer_is_forty_days_ahead_and_the_lab_forty_behind_and_then_both_are_set_right() {
    let (Some(ahead), Some(behind), Some(right)) = (Clock::ahead(40), Clock::ahead(-40), Clock::ahead(0)) else {
        return;
    };
    let began = Timestamp::now();
    let mut world = World::start_with_clocks(ahead, behind).await;
    let (a, b) = (photos::jpeg(800, 600, 1), photos::jpeg(800, 600, 2));
    let gallery = world.publish("Wrong clocks", &[("a.jpg", a.clone()), ("b.jpg", b.clone())]);
    let customer = world.customer(&gallery).await;
    let order = goes_all_its_way(&world, &customer, "a.jpg", &a).await;
    assert_dates_make_sense(&customer, &order, began).await;

    world.photographer.says(&["withdraw", "--event", "Wrong clocks"]);
    assert_eq!(opens(&world, &gallery.access_code).await, 403, "the gallery is open though it was withdrawn");
    let gallery = world.publish("Wrong clocks", &[]);
    let customer = world.customer(&gallery).await;
    assert_eq!(customer.photos().await.len(), 2);

    for process in [&mut world.photographer, &mut world.lab] {
        process.kill();
        process.set_clock(right.clone());
        process.restart_at(&["/ip4/127.0.0.1/tcp/0"]);
    }
    let order = goes_all_its_way(&world, &customer, "b.jpg", &b).await;
    assert_dates_make_sense(&customer, &order, began).await;
    world.photographer.says(&["withdraw", "--event", "Wrong clocks", "--file", "a.jpg"]);
    assert_eq!(customer.photos().await.len(), 1, "what was published by the wrong clock is withdrawn by the right one");
    world.photographer.says(&["publish", "--event", "Wrong clocks", "--file", "a.jpg"]);
    assert_eq!(customer.photos().await.len(), 2);
}

/// The order, as its customer's page has it: what it waits for, and the whole page.
async fn told(customer: &Customer, order: &PlacedOrder) -> (Value, String) {
    let waits_for = customer.follow(order).await["waits_for"].clone();
    let page = customer.get(&format!("/orders/{}", order.token)).await.text().await.unwrap();
    (waits_for, page)
}

#[tokio::test]
async fn all_are_away_for_a_month_with_orders_on_their_way_and_come_back() {
    let Some(a_month_on) = Clock::ahead(31) else { return };
    let mut world = World::start().await;
    let (a, b) = (photos::jpeg(800, 600, 3), photos::jpeg(800, 600, 4));
    let gallery = world.publish("Away", &[("a.jpg", a.clone()), ("b.jpg", b.clone())]);
    let turned = world.photographer.says(&["edit", "--event", "Away", "--file", "a.jpg", "--turn", "right"]);
    assert_eq!(turned["edited"], 1, "{turned}");
    let unused = world.invite("lab");
    let customer = world.customer(&gallery).await;
    world.lab.kill();
    let paid = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&paid.number).await;
    world.photographer.kill();
    let unheard = customer.order(&["b.jpg"], 1).await;
    let last_seen = Timestamp::now().strftime("%-d %B %Y").to_string();
    world.host.kill();

    world.host.set_clock(a_month_on.clone());
    world.host.restart();
    for order in [&paid, &unheard] {
        let (waits_for, page) = told(&customer, order).await;
        assert_eq!(waits_for, "photographer");
        assert!(page.contains(&format!("It was last here on {last_seen}")), "{page}");
    }
    assert_eq!(customer.get(&format!("/api/v1/galleries/{}/photos", customer.event_id)).await.status(), 401);
    let late = world.lab_enrols_late(&unused).await;
    assert!(late.contains("invitation"), "{late}");

    world.photographer.set_clock(a_month_on.clone());
    world.photographer.restart();
    world.is_paid(&unheard.number).await;
    eventually_async("the page says that the photographer is back, and what the order waits for", || async {
        let (waits_for, page) = told(&customer, &paid).await;
        let since = format!("has waited to go to the lab since {last_seen}");
        (waits_for == "sending" && page.contains(&since)).then_some(())
    })
    .await;
    assert!(world.find_order_folder(&paid).is_none());

    world.lab.set_clock(a_month_on);
    world.lab.restart();
    assert_eq!(print_files(&world.order_folder(&paid).await).len(), 1);
    assert!(print_files(&world.order_folder(&unheard).await) == [b], "the print file is not the original");
    for order in [&paid, &unheard] {
        customer.waits_for_state(order, "received").await;
        assert_eq!(told(&customer, order).await.0, Value::Null);
    }
    assert_eq!(opens(&world, &gallery.access_code).await, 200, "the gallery is open to whoever has its code");
}

impl World {
    /// What a new lab is told that comes with an invitation of long ago.
    async fn lab_enrols_late(&self, code: &str) -> String {
        let lab = world::Process::lab_named(&self.path().join("late"), "Late lab", &[]).await;
        lab.refuses(&["enrol", &self.host.address(), "--code", code])
    }
}
