//! What people read of an order is true and whole: its customer, its photographer, its lab.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::process::Command;

use enprint_darkroom::{Recipe, print_file};
use serde_json::{Value, json};
use world::damage::{flip, lose_volumes};
use world::waiting::eventually_async;
use world::{Customer, PlacedOrder, Process, World, cli, eventually, photos, print_files};

/// What a photographer's command says in words.
fn in_words(node: &Process, args: &[&str]) -> String {
    let mut command = Command::new(world::cli::PROGRAM);
    let output = command.args(["photographer", "--data"]).arg(node.data()).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A paid order whose print job is made, while its lab is away and before the photographer's disk
/// loses something: the photographer's node does not run.
struct Halted {
    world: World,
    customer: Customer,
    order: PlacedOrder,
}

impl Halted {
    /// Of these photos, turned first if `are_turned`.
    async fn of(event: &str, photos: &[(&str, Vec<u8>)], are_turned: bool) -> Self {
        let mut world = World::start().await;
        let gallery = world.publish(event, photos);
        if are_turned {
            world.photographer.says(&["edit", "--event", event, "--all", "--turn", "right"]);
        }
        let customer = world.customer(&gallery).await;
        world.lab.kill();
        let names: Vec<&str> = photos.iter().map(|(name, _)| *name).collect();
        let order = customer.order(&names, 1).await;
        world.is_paid(&order.number).await;
        eventually("the job is made", || world.photographer.says(&["orders"])["orders"][0]["lab"] == "The lab").await;
        world.photographer.kill();
        Self { world, customer, order }
    }

    /// The photographer's node runs again, and the lab.
    fn goes_on(&mut self) {
        self.world.photographer.restart();
        self.world.lab.restart();
    }

    /// Waits until the order's page has a problem that is of this kind.
    async fn is_told(&self, is_it: impl Fn(&str) -> bool) {
        eventually_async("the page says what keeps the order", || async {
            let problem = self.customer.follow(&self.order).await["problem"].clone();
            problem.as_str().is_some_and(&is_it).then_some(())
        })
        .await;
    }

    /// The photographer imports the files anew; what that says.
    fn imports_again(&self, event: &str) -> Value {
        let card = self.world.path().join("card");
        self.world.photographer.says(&["import", card.to_str().unwrap(), "--event", event])
    }

    /// Waits until the lab has it; and then nobody reads of a problem.
    async fn is_over(&self) {
        self.customer.waits_for_state(&self.order, "received").await;
        assert!(self.customer.follow(&self.order).await["problem"].is_null(), "it is over");
    }
}

#[tokio::test]
async fn a_customer_whose_photo_the_disk_has_damaged_reads_so_until_the_order_goes_on() {
    let mut world = World::start().await;
    let original = photos::heavy_jpeg(700_000, 5);
    let gallery = world.publish("Damaged", &[("b.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    flip(world.photographer.data(), &original, 400_000);
    world.photographer.restart();
    let order = customer.order(&["b.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually_async("the page says what keeps the order", || async {
        let problem = customer.follow(&order).await["problem"].clone();
        problem.as_str().is_some_and(|problem| problem.contains("b.jpg")).then_some(())
    })
    .await;
    let page = customer.get(&format!("/orders/{}", order.token)).await.text().await.unwrap();
    assert!(page.contains("Waits to go to the lab") && !page.contains("Next: to the lab"), "{page}");

    let card = world.path().join("card");
    world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Damaged"]);
    customer.waits_for_state(&order, "received").await;
    let followed = customer.follow(&order).await;
    assert!(followed["problem"].is_null(), "it is over: {followed}");
}

#[tokio::test]
async fn a_customer_whose_photo_went_with_its_whole_volume_reads_so_until_the_order_goes_on() {
    for lost in ["slabs", ""] {
        let mut world = World::start().await;
        let gallery = world.publish("Lost", &[("a.jpg", photos::busy_jpeg(1)), ("b.jpg", photos::busy_jpeg(2))]);
        let customer = world.customer(&gallery).await;
        let before = customer.order(&["b.jpg"], 1).await;
        customer.waits_for_state(&before, "accepted").await;
        world.photographer.kill();
        lose_volumes(world.photographer.data(), lost);
        world.photographer.restart();
        let since = customer.order(&["a.jpg"], 1).await;
        for (order, name) in [(&before, "b.jpg"), (&since, "a.jpg")] {
            world.is_paid(&order.number).await;
            eventually_async("the page says what keeps the order", || async {
                let followed = customer.follow(order).await;
                assert_ne!(followed["state"], "declined", "{followed}");
                let problem = followed["problem"].as_str()?.to_owned();
                // Without its folder nobody can say that a volume is damaged: it is gone.
                let word = if lost.is_empty() { "has lost" } else { "has damaged" };
                assert!(problem.contains(word), "{problem}");
                problem.contains(name).then_some(())
            })
            .await;
        }
        let card = world.path().join("card");
        world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Lost"]);
        for order in [&before, &since] {
            customer.waits_for_state(order, "received").await;
            assert!(customer.follow(order).await["problem"].is_null(), "it is over");
        }
    }
}

#[tokio::test]
async fn a_photo_that_is_lost_with_its_volume_while_its_lab_is_away_is_said_to_its_customer_until_it_is_whole() {
    for lost in ["slabs", ""] {
        let mut halted = Halted::of("Lost", &[("b.jpg", photos::heavy_jpeg(700_000, 5))], false).await;
        lose_volumes(halted.world.photographer.data(), lost);
        halted.goes_on();
        halted.is_told(|problem| problem.contains("b.jpg")).await;
        let status = halted.world.photographer.reports(&["status"])["halted"].clone();
        assert!(status[0]["why"].as_str().unwrap().contains("b.jpg"), "{status}");
        halted.imports_again("Lost");
        halted.is_over().await;
    }
}

#[tokio::test]
async fn an_order_whose_lab_waits_for_a_photo_that_is_lost_for_good_is_said_to_be_so_and_can_be_declined() {
    let mut halted = Halted::of("Lost", &[("b.jpg", photos::heavy_jpeg(700_000, 5))], false).await;
    lose_volumes(halted.world.photographer.data(), "");
    halted.goes_on();
    halted.is_told(|problem| problem.contains("lost b.jpg") && problem.contains("there again")).await;
    let (photographer, number) = (&halted.world.photographer, &halted.order.number);
    let forgotten = photographer.says(&["forget-lost", "Lost"]);
    assert_eq!((&forgotten["orders"], &forgotten["photos"]), (&json!([number]), &json!(["b.jpg"])), "{forgotten}");
    halted.is_told(|problem| problem.contains("lost b.jpg for good")).await;
    let hint = photographer.says(&["orders"])["orders"][0]["hint"].clone();
    assert!(hint.as_str().unwrap().contains("decline"), "{hint}");

    photographer.says(&["decline", number, "--reason", "That photo is lost."]);
    halted.customer.waits_for_state(&halted.order, "declined").await;
    eventually("the lab waits no more", || halted.world.lab.says(&["jobs"])["jobs"][0]["state"] == "withdrawn").await;
}

#[tokio::test]
async fn an_order_of_a_made_print_file_that_went_with_its_volume_goes_on_when_its_photo_is_here_again() {
    let photos = [("a.jpg", photos::busy_jpeg(1)), ("b.jpg", photos::busy_jpeg(2))];
    let mut halted = Halted::of("Made", &photos, true).await;
    lose_volumes(halted.world.photographer.data(), "");
    halted.goes_on();
    halted.is_told(|problem| problem.contains("lost") && !problem.contains("damaged")).await;
    let again = halted.imports_again("Made");
    assert_eq!(again["edits_given_back"], 2, "{again}");
    halted.is_over().await;
    eventually("nothing halts", || halted.world.photographer.tries(&["status"]).is_ok()).await;
}

#[tokio::test]
async fn a_made_print_file_that_the_disk_damaged_while_its_lab_was_away_is_made_anew_of_its_photo() {
    let original = photos::heavy_jpeg(700_000, 5);
    let made = print_file(&original, &Recipe::default().turned_right()).unwrap().unwrap().bytes;
    let mut halted = Halted::of("Made", &[("b.jpg", original)], true).await;
    flip(halted.world.photographer.data(), &made, made.len() / 2);
    halted.goes_on();
    let photographer = &halted.world.photographer;
    eventually("the lab has asked for it", || {
        let hint = photographer.says(&["orders"])["orders"][0]["hint"].clone();
        hint.as_str().is_some_and(|hint| hint.contains("b.jpg") && hint.contains("damaged"))
    })
    .await;
    // What lay beside it in the same part of the volume may be damaged, too.
    halted.imports_again("Made");
    assert_eq!(print_files(&halted.world.order_folder(&halted.order).await), [made]);
    halted.is_over().await;
    eventually("nothing halts", || photographer.tries(&["status"]).is_ok()).await;
}

#[tokio::test]
async fn a_photo_that_is_damaged_while_its_lab_is_away_is_said_to_its_customer_until_it_is_whole() {
    let original = photos::heavy_jpeg(700_000, 5);
    let mut halted = Halted::of("Damaged", &[("b.jpg", original.clone())], false).await;
    flip(halted.world.photographer.data(), &original, 400_000);
    halted.goes_on();
    let Halted { mut world, customer, order } = halted;
    eventually_async("the page says what keeps the order", || async {
        let followed = customer.follow(&order).await;
        let says_so = followed["problem"].as_str().is_some_and(|problem| problem.contains("b.jpg"));
        (says_so && followed["state"] == "offered").then_some(())
    })
    .await;
    let page = customer.get(&format!("/orders/{}", order.token)).await.text().await.unwrap();
    assert!(page.contains("The photos wait to go on to the lab"), "{page}");

    world.lab.kill(); // that the photo is whole is said before the lab has it
    let card = world.path().join("card");
    world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Damaged"]);
    eventually_async("it is over", || async { customer.follow(&order).await["problem"].is_null().then_some(()) }).await;
    let (status, code, said) = cli::reports(&world.photographer.command_line(&["status"]));
    assert_eq!((code, &status["halted"], &status["orders_halted"]), (0, &json!([]), &json!(0)), "{status} {said}");
    let hint = world.photographer.says(&["orders"])["orders"][0]["hint"].clone();
    assert!(hint.as_str().is_none_or(|hint| !hint.contains("damaged")), "it waits for the lab alone: {hint}");
    world.lab.restart();
    customer.waits_for_state(&order, "received").await;
}

#[tokio::test]
async fn a_parcel_that_is_said_again_without_its_carrier_keeps_it() {
    let world = World::start().await;
    let gallery = world.publish("Parcel", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    world.order_folder(&order).await;
    world.lab.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "T-1"]);
    world.lab.says(&["shipped", &order.number]);
    assert_eq!(world.lab.says(&["jobs"])["jobs"][0]["hint"], "Post T-1");
    world.lab.says(&["shipped", &order.number, "--tracking", "T-2"]);
    assert_eq!(world.lab.says(&["jobs"])["jobs"][0]["hint"], "Post T-2");
    eventually_async("the page has the other number", || async {
        let followed = customer.follow(&order).await;
        assert_ne!(followed["carrier"], "", "the carrier is lost: {followed}");
        (followed["tracking"] == "T-2" && followed["carrier"] == "Post").then_some(())
    })
    .await;
    let listed = in_words(&world.photographer, &["orders"]);
    assert!(listed.contains("shipped: Post, T-2") && listed.contains("received"), "{listed}");

    world.lab.says(&["problem", &order.number, "The parcel came back"]);
    world.lab.says(&["shipped", &order.number, "--tracking", "T-3"]);
    assert_eq!(world.lab.says(&["jobs"])["jobs"][0]["hint"], "Post T-3", "the carrier is lost");
    eventually_async("the page has the new parcel", || async {
        let followed = customer.follow(&order).await;
        (followed["tracking"] == "T-3" && followed["carrier"] == "Post").then_some(())
    })
    .await;
    world.lab.says(&["problem", &order.number, "It came back again"]);
    world.lab.says(&["shipped", &order.number]);
    assert_eq!(world.lab.says(&["jobs"])["jobs"][0]["hint"], "Post", "another parcel's number");
}

#[tokio::test]
async fn a_declined_order_is_listed_with_its_day_and_its_reason_and_waits_for_nothing() {
    let world = World::start().await;
    let gallery = world.publish("Declined", &[("a.jpg", photos::jpeg(300, 200, 1))]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    eventually("the order is here", || {
        world.photographer.tries(&["decline", &order.number, "--reason", "Too dark."]).is_ok()
    })
    .await;
    let month = || jiff::Timestamp::now().strftime("%Y-%m-").to_string();
    let before = month();
    let listed = world.photographer.says(&["orders"])["orders"][0].clone();
    assert_eq!((&listed["said"][0]["word"], &listed["said"][0]["text"]), (&"declined".into(), &"Too dark.".into()));
    let listed = in_words(&world.photographer, &["orders"]);
    assert!(listed.contains("declined: Too dark.") && !listed.contains("waiting"), "{listed}");
    assert!(listed.contains(&before) || listed.contains(&month()), "{listed}");
}
