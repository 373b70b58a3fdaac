//! The main job with the host's database on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use enprint_store::ledger::LedgerLocation;
use enprint_store::ledger::scratch::{POSTGRES_ENV, ScratchDatabase};
use world::process::Process;
use world::{Customer, Gallery, World, photos, print_files};

/// An empty database on the server that the tests have, and where it is.
async fn database() -> Option<(ScratchDatabase, String)> {
    let Some(scratch) = ScratchDatabase::from_env().await.unwrap() else {
        eprintln!("LEFT OUT on PostgreSQL: {POSTGRES_ENV} names no server");
        return None;
    };
    let LedgerLocation::Postgres(url) = scratch.location() else { panic!("no PostgreSQL") };
    Some((scratch, url))
}

#[tokio::test]
async fn an_order_goes_its_way_with_the_host_on_postgresql_though_it_is_killed_meanwhile() {
    let Some((scratch, url)) = database().await else { return };
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

/// Another process of the world's host: a folder and a peer key of its own, the same host
/// key, the same database.
async fn another_process_of_the_host(world: &World, url: &str) -> Process {
    let dir = world.path().join("another");
    std::fs::create_dir_all(dir.join("host")).unwrap();
    std::fs::copy(world.host.data().join("host.key"), dir.join("host/host.key")).unwrap();
    Process::host(&dir, &["--database", url]).await
}

/// The photographer and the lab enrol at a host's process.
fn enrol_at(world: &World, host: &Process) {
    let code = |role| host.says(&["invite", "--role", role])["invitation"].as_str().unwrap().to_owned();
    world.lab.says(&["enrol", &host.address(), "--code", &code("lab")]);
    world.photographer.says(&["enrol", &host.address(), "--code", &code("photographer"), "--name", "Ana"]);
}

async fn customer(host: &Process, gallery: &Gallery) -> Customer {
    Customer::open(&host.site(), &gallery.access_code).await
}

#[tokio::test]
async fn orders_at_either_process_of_a_host_and_at_another_host_arrive_though_one_process_is_killed() {
    let Some((scratch, url)) = database().await else { return };
    let mut world = World::start_on(&url).await;
    let second = another_process_of_the_host(&world, &url).await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("At two hosts", &[("a.jpg", original.clone())]);
    let other = Process::host_named("The other host", &world.path().join("other"), &[]).await;
    enrol_at(&world, &other);
    world.photographer.says(&["publish", "--event", "At two hosts", "--host", "The other host"]);

    // Neither the photographer nor the lab knows the second process.
    for host in [&second, &other] {
        let order = customer(host, &gallery).await.order(&["a.jpg"], 1).await;
        world.is_paid(&order.number).await;
        assert_eq!(print_files(&world.order_folder(&order).await), [original.as_slice()]);
    }
    enrol_at(&world, &second);
    world.host.kill();
    let order = customer(&second, &gallery).await.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
    let hosts = world.photographer.says(&["hosts"]);
    assert_eq!(hosts["hosts"].as_array().unwrap().len(), 2, "two processes are one host: {hosts}");
    drop((second, other, world));
    scratch.remove().await.unwrap();
}
