//! The main job with the host's database on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use enprint_store::ledger::LedgerLocation;
use enprint_store::ledger::scratch::{POSTGRES_ENV, ScratchDatabase};
use world::{World, photos, print_files};

#[tokio::test]
async fn an_order_goes_its_way_with_the_host_on_postgresql_though_it_is_killed_meanwhile() {
    let Some(scratch) = ScratchDatabase::from_env().await.unwrap() else {
        eprintln!("LEFT OUT on PostgreSQL: {POSTGRES_ENV} names no server");
        return;
    };
    let LedgerLocation::Postgres(url) = scratch.location() else { panic!("no PostgreSQL") };
    let mut world = World::start_on(&url).await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("On PostgreSQL", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    world.host.kill();
    world.host.restart();
    assert_eq!(world.host.says(&["paid", &order.number])["was_paid"], false);
    world.photographer.restart();
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
    assert_eq!(world.host.says(&["orders"])["orders"][0]["paid"], true);
    assert!(!world.host.data().join("host.db").exists(), "nothing is kept beside PostgreSQL");
    drop(world);
    scratch.remove().await.unwrap();
}
