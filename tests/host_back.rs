//! A host that comes back in ways that no crash does: after its machine has slept, and from
//! an older copy of its folder.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::Path;

use serde_json::Value;
use world::waiting::eventually_async;
use world::{Customer, PlacedOrder, Process, World, eventually, photos, print_files};

async fn says(customer: &Customer, order: &PlacedOrder, state: &str) {
    eventually_async(&format!("the order's page says {state}"), || async {
        (customer.follow(order).await["state"] == state).then_some(())
    })
    .await;
}

fn is_at_host(node: &Process) -> bool {
    node.tries(&["hosts"]).is_ok_and(|hosts| hosts["hosts"][0]["connected"] == true)
}

fn waiting(node: &Process) -> Vec<Value> {
    node.says(&["status"])["waiting"].as_array().unwrap().clone()
}

/// Puts a copy of a folder in another's place.
fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).unwrap();
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_host_that_slept_longer_than_its_peers_wait_goes_on_where_it_was() {
    let world = World::start().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    eventually("the photographer has the order", || {
        world.photographer.says(&["orders"]).to_string().contains(&order.number)
    })
    .await;
    world.host.falls_asleep();
    // Two pings are missed, each after ten seconds, and the second is sent ten after the first.
    eventually("its peers have given it up", || !is_at_host(&world.photographer) && !is_at_host(&world.lab)).await;
    // They go on without it.
    world.photographer.says(&["paid", &order.number]);
    assert!(print_files(&world.order_folder(&order).await) == [original], "the print file is not the original");
    world.lab.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "T-1"]);

    world.host.wakes();
    eventually("its peers are back", || is_at_host(&world.photographer) && is_at_host(&world.lab)).await;
    let customer = world.customer(&gallery).await; // the old connection may be dead
    says(&customer, &order, "shipped").await;
    let later = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&later.number).await;
    world.order_folder(&later).await;
    says(&customer, &later, "received").await;
    // The host has the last word before its answer is noted.
    eventually("nothing waits", || waiting(&world.photographer).is_empty()).await;
}

#[tokio::test]
async fn a_host_that_is_restored_from_an_older_copy_goes_on_with_what_its_peers_have() {
    let mut world = World::start().await;
    let (first, second) = (photos::jpeg(800, 600, 1), photos::jpeg(800, 600, 2));
    let gallery = world.publish("Wedding", &[("a.jpg", first.clone())]);
    world.host.kill();
    let saved = world.path().join("saved");
    copy(world.host.data(), &saved);
    world.host.restart();

    let card = world.path().join("card");
    photos::put(&card, "b.jpg", &second);
    world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Wedding"]);
    world.publish("Wedding", &[]);
    let customer = world.customer(&gallery).await;
    let forgotten = customer.order(&["b.jpg"], 1).await;
    eventually("the photographer has the order", || {
        world.photographer.says(&["orders"]).to_string().contains(&forgotten.number)
    })
    .await;
    world.host.kill();
    copy(&saved, world.host.data());
    world.host.restart();
    eventually("its peers are back", || is_at_host(&world.photographer) && is_at_host(&world.lab)).await;

    // What the host has forgotten is printed all the same, and holds nothing up.
    world.photographer.says(&["paid", &forgotten.number]);
    assert!(print_files(&world.order_folder(&forgotten).await) == [second], "the print file is not the original");
    world.publish("Wedding", &[]);
    let customer = world.customer(&gallery).await;
    let later = customer.order(&["a.jpg", "b.jpg"], 1).await;
    world.is_paid(&later.number).await;
    assert_eq!(print_files(&world.order_folder(&later).await).len(), 2);
    says(&customer, &later, "received").await;
    world.lab.says(&["shipped", &later.number, "--carrier", "Post", "--tracking", "T-1"]);
    says(&customer, &later, "shipped").await;
    eventually("nothing waits but what was refused", || {
        waiting(&world.photographer).iter().all(|message| message["refused"] == true)
    })
    .await;
}
