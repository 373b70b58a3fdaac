//! Whether a peer can be reached from outside: a host tries, and people are told.

use serde_json::Value;

use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Town, heavy};
use crate::world::{Process, eventually};

fn reachability(of: &Process) -> String {
    of.tries(&["status"]).map(|said| said["reachability"].to_string()).unwrap_or_default()
}

async fn behind_a_closed_and_a_forwarding_router(spoken: Spoken, first: &str) {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, KeepsPorts);
    net.home("lab", 3, KeepsPorts);
    net.forward("lab", 3, 4042);
    let town = Town::inhabited(net, Plan::usual(spoken)).await;
    let world = &town.world;
    eventually("the lab is reachable", || reachability(&world.lab).contains("from_the_internet")).await;
    eventually("the photographer is not", || reachability(&world.photographer).contains("behind_a_router")).await;
    eventually("the lab's best address is where it was reached", || {
        let said = world.host.says(&["peers"]);
        let peers = said["peers"].as_array().cloned().unwrap_or_default();
        peers.iter().any(|peer| peer["role"] == "lab" && peer["addresses"][0] == first)
    })
    .await;
    eventually("the connections that were made for the tests are gone", || {
        let said = world.lab.says(&["status"]);
        let peers = said["peers"].as_array().cloned().unwrap_or_default();
        let host = peers.iter().find(|peer| peer["role"] == "host");
        host.is_some_and(|host| host["lines"].as_array().is_some_and(|lines| lines.len() == 1))
    })
    .await;
}

#[tokio::test]
async fn a_lab_behind_a_forwarded_port_is_known_to_be_reachable_by_tcp_and_a_photographer_without_one_is_not() {
    behind_a_closed_and_a_forwarding_router(Spoken::Tcp, "/ip4/198.51.100.3/tcp/4042").await;
}

#[tokio::test]
async fn a_lab_behind_a_forwarded_port_is_known_to_be_reachable_by_quic_and_a_photographer_without_one_is_not() {
    behind_a_closed_and_a_forwarding_router(Spoken::Quic, "/ip4/198.51.100.3/udp/4042/quic-v1").await;
}

/// Bytes that the photographer has sent to the host over each connection that the host called
/// her by.
fn sent_over_its_calls(photographer: &Process) -> Vec<u64> {
    let said = photographer.says(&["status"]);
    let peers = said["peers"].as_array().cloned().unwrap_or_default();
    let host = peers.into_iter().find(|peer| peer["role"] == "host").unwrap_or_default();
    let lines = host["lines"].as_array().cloned().unwrap_or_default();
    // She has called it at its own port.
    let is_hers = |line: &&Value| line["address"].as_str().is_some_and(|address| address.contains("/4040"));
    lines.iter().filter(|line| !is_hers(line)).filter_map(|line| line["sent_bytes"].as_u64()).collect()
}

#[tokio::test]
async fn nothing_that_is_published_goes_over_connections_by_which_the_host_tries_to_reach_the_photographer() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("ana", 2);
    net.home("lab", 3, KeepsPorts);
    net.machine("kim", 9);
    let town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    let photographer = &town.world.photographer;
    eventually("the host has called her", || !sent_over_its_calls(photographer).is_empty()).await;
    let mut beside = Vec::new();
    for number in 0..4 {
        town.world.publish(&format!("Wedding {number}"), &[("a.jpg", heavy(1, number))]);
        beside.extend(sent_over_its_calls(photographer));
    }
    assert!(!beside.is_empty(), "the host's connections were gone before anything was published");
    assert!(beside.iter().all(|bytes| *bytes < 16 * 1024), "{beside:?} bytes were sent over them");
}
