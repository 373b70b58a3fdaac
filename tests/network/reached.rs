//! A print file finds its way from home to home, or waits and says why.

use crate::net::Router::{KeepsPorts, RandomPorts};
use crate::town::{Line, Plan, Town};
use crate::world::waiting::eventually;
use crate::world::{PlacedOrder, World, photos, print_files};

async fn ordered(world: &World, original: &[u8]) -> PlacedOrder {
    let gallery = world.publish("Behind routers", &[("a.jpg", original.to_vec())]);
    let order = world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    order
}

fn verified_bytes(world: &World) -> u64 {
    let jobs = world.lab.says(&["jobs"]);
    let jobs = jobs["jobs"].as_array().cloned().unwrap_or_default();
    jobs.iter().filter_map(|job| job["verified_bytes"].as_u64()).sum()
}

/// The host passes no print files on: what arrives has come directly.
async fn arrives_directly(line: Line) {
    let plan = Plan { line, photographers_router: KeepsPorts, labs_router: KeepsPorts, relay: "meetings" };
    let Some(town) = Town::build(plan).await else { return };
    let original = photos::heavy_jpeg(3_000_000, 1);
    let order = ordered(&town.world, &original).await;
    assert!(print_files(&town.world.order_folder(&order).await) == [original]);
}

#[tokio::test]
async fn a_hole_is_punched_by_tcp_through_two_home_routers_and_the_order_arrives() {
    arrives_directly(Line::Tcp).await;
}

#[tokio::test]
async fn a_hole_is_punched_by_quic_through_two_home_routers_and_the_order_arrives() {
    arrives_directly(Line::Quic).await;
}

#[tokio::test]
async fn through_a_router_with_random_ports_the_order_is_relayed_where_the_host_allows_it() {
    let plan = Plan { line: Line::Tcp, photographers_router: RandomPorts, labs_router: KeepsPorts, relay: "files" };
    let Some(town) = Town::build(plan).await else { return };
    let original = photos::heavy_jpeg(3_000_000, 2);
    let order = ordered(&town.world, &original).await;
    assert!(print_files(&town.world.order_folder(&order).await) == [original]);
}

#[tokio::test]
async fn through_a_router_with_random_ports_the_order_waits_and_the_lab_is_told_why() {
    let plan = Plan { line: Line::Tcp, photographers_router: RandomPorts, labs_router: KeepsPorts, relay: "meetings" };
    let Some(town) = Town::build(plan).await else { return };
    let order = ordered(&town.world, &photos::jpeg(800, 600, 3)).await;
    let mut said = String::new();
    eventually("the lab says that there is no direct way", || {
        said = town.world.lab.says(&["jobs"]).to_string();
        said.contains("only through the host")
    })
    .await;
    assert!(town.world.find_order_folder(&order).is_none());
}

#[tokio::test]
async fn the_line_is_cut_in_mid_transfer_and_mended_and_nothing_verified_comes_twice() {
    let plan = Plan { line: Line::Tcp, photographers_router: KeepsPorts, labs_router: KeepsPorts, relay: "meetings" };
    let Some(town) = Town::build(plan).await else { return };
    let (world, original) = (&town.world, photos::heavy_jpeg(48 * 1024 * 1024, 4));
    town.net.slow("ana", 80);
    let order = ordered(world, &original).await;
    eventually("some ranges are verified", || verified_bytes(world) > 4 * 1024 * 1024).await;
    town.net.cut("lab-r", true);
    let mut before = 0;
    eventually("nothing comes any more", || std::mem::replace(&mut before, verified_bytes(world)) == before).await;
    town.net.cut("lab-r", false);
    assert!(print_files(&world.order_folder(&order).await) == [original.clone()]);
    assert!(verified_bytes(world) <= original.len() as u64 + 16 * 1024 * 1024);
}

#[tokio::test]
async fn a_router_forgets_its_connections_in_mid_transfer_and_the_rest_comes_by_new_ones() {
    let plan = Plan { line: Line::Both, photographers_router: KeepsPorts, labs_router: KeepsPorts, relay: "meetings" };
    let Some(town) = Town::build(plan).await else { return };
    let (world, original) = (&town.world, photos::heavy_jpeg(48 * 1024 * 1024, 5));
    town.net.slow("ana", 80);
    let order = ordered(world, &original).await;
    eventually("some ranges are verified", || verified_bytes(world) > 4 * 1024 * 1024).await;
    town.net.renumber("lab", 3, 33);
    let before = verified_bytes(world) + 4 * 1024 * 1024;
    eventually("more comes by a new way", || verified_bytes(world) > before).await;
    assert!(print_files(&world.order_folder(&order).await) == [original.clone()]);
    assert!(verified_bytes(world) <= original.len() as u64 + 16 * 1024 * 1024);
}
