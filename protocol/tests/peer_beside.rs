//! Several connections to one peer: whose TCP finds no pace gets them while its files are
//! fetched by TCP, and nobody else does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{Node, eventually, node_with, range_request};
use enprint_protocol::limits::SEVERAL_CONNECTIONS;
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::peer::PeerRole;
use tokio::task::JoinHandle;

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
/// Ranges that are asked for at one time.
const AT_ONCE: usize = 4;

fn kernel_has_pace() -> bool {
    let available = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
    available.is_ok_and(|names| names.split_whitespace().any(|name| name == "bbr"))
}

/// A peer on this machine for which several connections are of use here.
async fn at(role: PeerRole, address: &str, has_pace: bool) -> Node {
    let mut node = node_with(role, |config| {
        config.listen = vec![address.parse().unwrap()];
        config.reach.usual_tcp = !has_pace;
        config.limits.several_nearby = true;
        config.limits.several_after = Duration::from_millis(500);
        config.limits.several_idle = Duration::from_secs(2);
    })
    .await;
    node.answer_all();
    node
}

async fn lab() -> Node {
    at(PeerRole::Lab, TCP, true).await
}

async fn without_pace() -> Node {
    at(PeerRole::Photographer, TCP, false).await
}

/// Fetches ranges of `ana` until it is aborted; none may fail.
fn fetch(lab: &Node, ana: &Node) -> Vec<JoinHandle<()>> {
    let fetching = |_| {
        let (client, ana) = (lab.client.clone(), ana.id());
        tokio::spawn(async move {
            loop {
                client.ask::<FetchOriginal>(ana, range_request()).await.expect("a range");
            }
        })
    };
    (0..AT_ONCE).map(fetching).collect()
}

fn stop(fetching: Vec<JoinHandle<()>>) {
    for one in fetching {
        assert!(!one.is_finished(), "a range did not come");
        one.abort();
    }
}

fn lines_between(one: &Node, other: &Node) -> [usize; 2] {
    [one.client.lines_to(&other.id()), other.client.lines_to(&one.id())]
}

async fn have(count: usize, lab: &Node, ana: &Node) {
    eventually(&format!("{count} connections"), || lines_between(lab, ana) == [count; 2]).await;
}

#[tokio::test]
async fn a_sender_without_pace_has_several_connections_for_a_job_and_loses_them_when_it_is_done() {
    for lab_dials in [false, true] {
        let (lab, ana) = (lab().await, without_pace().await);
        if lab_dials {
            lab.meet(&ana).await
        } else {
            ana.meet(&lab).await
        }
        have(1, &lab, &ana).await;
        let fetching = fetch(&lab, &ana);
        have(SEVERAL_CONNECTIONS, &lab, &ana).await;
        eventually("each carries files", || lab.client.lines().iter().all(|line| line.received_bytes > 1 << 20)).await;
        stop(fetching);
        have(1, &lab, &ana).await;
        // And again for the next job.
        let fetching = fetch(&lab, &ana);
        have(SEVERAL_CONNECTIONS, &lab, &ana).await;
        stop(fetching);
    }
}

#[tokio::test]
async fn with_a_pace_or_by_quic_there_is_one_connection() {
    let lab = at(PeerRole::Lab, QUIC, true).await;
    let (with_pace, quick) = (at(PeerRole::Photographer, TCP, kernel_has_pace()).await, without_pace().await);
    let unpaced = without_pace().await;
    lab.meet(&with_pace).await;
    quick.meet(&lab).await;
    have(1, &lab, &quick).await;
    let others: Vec<_> = [&with_pace, &quick].map(|ana| fetch(&lab, ana)).into_iter().flatten().collect();
    eventually("the others have been carrying for long", || {
        let long = |ana: &Node| {
            let lines = lab.client.lines();
            lines.iter().any(|line| line.peer_id == ana.id() && line.up_s >= 2 && line.received_bytes > 4 << 20)
        };
        long(&with_pace) && long(&quick)
    })
    .await;
    lab.meet(&unpaced).await;
    let fetching = fetch(&lab, &unpaced);
    have(SEVERAL_CONNECTIONS, &lab, &unpaced).await;
    assert_eq!(lines_between(&lab, &quick), [1; 2]);
    assert!(!kernel_has_pace() || lines_between(&lab, &with_pace) == [1; 2]);
    stop(fetching);
    stop(others);
}
