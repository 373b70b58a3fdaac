//! Watching it: what each role says of itself to people and to a monitoring program,
//! while it runs and when it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use serde_json::Value;
use world::figures::Figures;
use world::{Process, World, eventually, eventually_some, photos};

/// The figures of one role now.
async fn figures(role: &Process) -> Figures {
    Figures::at(&role.metrics()).await
}

/// All roles below a folder, as `enprint status` tells them.
fn machine(world: &World) -> Vec<Value> {
    let data = world.path().to_str().unwrap();
    let args = ["status", "--json", "--data", data].map(str::to_owned);
    let said = world::cli::enprint(&args).unwrap();
    said["roles"].as_array().unwrap().clone()
}

/// What a status says of the peer that has this role.
fn peer(status: &Value, role: &str) -> Option<Value> {
    status["peers"].as_array().unwrap().iter().find(|peer| peer["role"] == role).cloned()
}

#[tokio::test]
async fn every_role_gives_figures_that_a_monitoring_program_reads_and_they_move() {
    let world = World::start_watched().await;
    let before = [figures(&world.host).await, figures(&world.photographer).await, figures(&world.lab).await];
    assert_eq!(before[1].of("enprint_ranges_served_total"), 0.0);
    let gallery = world.publish("John's Wedding", &[("reception/a.jpg", photos::heavy_jpeg(2_500_000, 1))]);
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 2).await;
    world.is_paid(&order.number).await;
    world.order_folder(&order).await;
    customer.waits_for_state(&order, "received").await;

    let [host, photographer, lab] =
        [figures(&world.host).await, figures(&world.photographer).await, figures(&world.lab).await];
    for (before, after) in before.iter().zip([&host, &photographer, &lab]) {
        for moves in ["enprint_sent_bytes_total", "enprint_received_bytes_total"] {
            assert!(after.of(moves) > before.of(moves), "{moves}");
        }
        assert!(after.sum("libp2p_swarm_connections_established_total") >= 1.0);
        assert!(after.sum("enprint_asks_answered_total") > before.sum("enprint_asks_answered_total"));
        assert_eq!(after.of("enprint_parcels_refused"), 0.0);
    }
    assert_eq!(photographer.of("enprint_photos_imported_total"), 1.0);
    assert_eq!(photographer.of("enprint_photos_published_total"), 1.0);
    assert!(photographer.of("enprint_ranges_served_total") >= 3.0);
    assert!(photographer.of("enprint_range_bytes_served_total") >= 2_500_000.0);
    assert_eq!(photographer.of("enprint_peers{role=\"host\",way=\"local\"}"), 1.0);
    assert_eq!(lab.of("enprint_ranges_fetched_total"), photographer.of("enprint_ranges_served_total"));
    assert!(lab.of("enprint_verified_bytes_total") >= 2_500_000.0 && lab.of("enprint_discarded_bytes_total") == 0.0);
    assert_eq!(lab.of("enprint_jobs{state=\"received\"}"), 1.0);
    assert_eq!(host.of("enprint_photos_published_total"), 1.0);
    assert_eq!(host.of("enprint_orders{state=\"received\"}"), 1.0);
    assert_eq!(host.of("enprint_peers{role=\"photographer\",way=\"local\"}"), 1.0);
    assert!(host.sum("enprint_requests_answered_total") > 0.0 && host.of("enprint_sessions") >= 1.0);
}

#[tokio::test]
async fn a_refused_request_is_counted() {
    let world = World::start_watched().await;
    let before = figures(&world.host).await;
    let (address, name) = (world.host.address(), ["--name", "Bo"]);
    world.photographer.refuses(&["enrol", &address, "--code", "AAAA-AAAA-AAAA", name[0], name[1]]);
    let refused = "enprint_requests_refused_total{conversation=\"/enprint/enrol/1\"}";
    assert_eq!(figures(&world.host).await.of(refused), before.of(refused) + 1.0);
}

#[tokio::test]
async fn figures_are_for_this_machine_alone() {
    let world = World::start_watched().await;
    let said = world.lab.refuses(&["run", "--metrics", "0.0.0.0:0"]);
    assert!(said.contains("127.0.0.1"), "{said}");
    let asked = reqwest::Client::new().get(world.host.metrics()).header("host", "rebound.example");
    assert_eq!(asked.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_status_tells_who_is_connected_by_which_way_and_how_far_away() {
    let world = World::start().await;
    let host = eventually_some("pings were answered", || {
        let host = peer(&world.photographer.says(&["status"]), "host")?;
        (!host["lines"][0]["round_trip_us"].is_null()).then_some(host)
    })
    .await;
    assert_eq!(host["name"], "The host");
    assert_eq!(host["peer_id"], world.host.peer_id());
    let line = &host["lines"][0];
    assert_eq!((&line["way"]["kind"], &line["way"]["carrier"]), (&"direct".into(), &"tcp".into()));
    assert_eq!(line["way"]["is_local"], true);
    assert!(line["address"].as_str().unwrap().starts_with("/ip4/127.0.0.1/tcp/"), "{line}");
    assert!(line["received_bytes"].as_u64().unwrap() > 0, "{line}");
    let status = world.host.says(&["status"]);
    assert_eq!(status["process"]["peer_id"], world.host.peer_id());
    for (role, name) in [("photographer", "Ana"), ("lab", "The lab")] {
        let peer = peer(&status, role).unwrap();
        assert_eq!((&peer["name"], peer["lines"].as_array().unwrap().len()), (&name.into(), 1), "{peer}");
    }
}

#[tokio::test]
async fn who_does_not_run_is_told_from_who_runs_and_why_it_is_missed() {
    let mut world = World::start().await;
    let running = |world: &World| machine(world).iter().map(|one| one["running"] == true).collect::<Vec<_>>();
    let roles: Vec<_> = machine(&world).iter().map(|one| one["role"].clone()).collect();
    assert_eq!(roles, ["host", "photographer", "lab"]);
    assert_eq!(running(&world), [true, true, true]);
    world.host.kill();
    assert_eq!(running(&world), [false, true, true]);
    let status = world.host.says(&["status"]);
    assert_eq!((&status["process"], &status["counts"]["photographers"]), (&Value::Null, &1.into()));
    let trouble = eventually_some("the photographer's node says why the host is missed", || {
        let host = peer(&world.photographer.says(&["status"]), "host")?;
        host["trouble"].as_str().map(str::to_owned)
    })
    .await;
    assert!(trouble.to_lowercase().contains("refused"), "{trouble}");
    world.photographer.kill();
    let status = world.photographer.says(&["status"]);
    assert_eq!((&status["running"], &status["host_connected"]), (&false.into(), &false.into()));
    assert_eq!(running(&world), [false, false, true]);
    world.host.restart();
    eventually("the lab is back", || {
        peer(&world.host.says(&["status"]), "lab").is_some_and(|lab| lab["lines"][0].is_object())
    })
    .await;
}

#[tokio::test]
async fn what_waits_is_told_with_its_age_its_tries_and_the_last_error() {
    let mut world = World::start().await;
    let gallery = world.publish("John's Wedding", &[("a.jpg", photos::jpeg(800, 600, 2))]);
    world.lab.kill();
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let waits = eventually_some("the print job was tried in vain", || {
        let status = world.photographer.says(&["status"]);
        let waiting =
            status["waiting"].as_array()?.iter().find(|one| one["what"] == "A print job for the lab")?.clone();
        waiting["last_error"].is_string().then_some(waiting)
    })
    .await;
    assert!(waits["attempts"].as_i64().unwrap() >= 1 && waits["next_try_s"].is_u64(), "{waits}");
    assert_eq!(waits["refused"], false);
    world.lab.restart();
    eventually("nothing waits any more", || {
        world.photographer.says(&["status"])["waiting"].as_array().unwrap().is_empty()
    })
    .await;
}
