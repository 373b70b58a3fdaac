//! A hotel that lets no UDP through, a line that loses packets, and a system that offers TCP
//! no choice of its pace: files go over several connections.

use enprint_protocol::limits::SEVERAL_CONNECTIONS;
use serde_json::Value;

use crate::line::{Conditions, Line};
use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Start, Town, heavy, mib};
use crate::world::{PlacedOrder, eventually, print_files};

/// Longer than connections need to be one meeting: a later one could be taken for a return.
const LONG_S: u64 = 11;

enum LabsPlace {
    Open,
    AtHome,
}

/// Ana in the hotel, on that line, and a lab.
async fn hotel(second_way: bool, labs_place: LabsPlace) -> Option<(Town, Line)> {
    let mut net = Net::new()?;
    net.machine("host", 1);
    net.machine("kim", 9);
    match labs_place {
        LabsPlace::Open => net.machine("lab", 3),
        LabsPlace::AtHome => net.home("lab", 3, KeepsPorts),
    }
    let how = Conditions { loss_percent: 0.5, ..Conditions::clean(60, 15) };
    let line = net.home_on_a_line("ana", 2, KeepsPorts, how)?;
    net.blocks_udp("ana");
    if second_way {
        net.second_way("ana", 5, KeepsPorts);
    }
    let Plan { spoken, relay, .. } = Plan::usual(Spoken::Both);
    let [host, ana, lab] = [("198.51.100.1", 4040), ("0.0.0.0", 4041), ("0.0.0.0", 4042)]
        .map(|(ip, port)| spoken.at(&format!("/ip4/{ip}"), port));
    let start = Start {
        host: vec!["--web", "198.51.100.1:8080", "--relay", relay, "--listen", &host],
        photographer: vec!["--listen", &ana, "--usual-tcp"],
        lab: vec!["--listen", &lab],
        host_at: None,
        mdns: false,
    };
    let town = Town::started(net, start).await;
    // They meet when there is a first job.
    let gallery = town.world.publish("Before", &[("a.jpg", heavy(1, 90))]);
    let order = town.world.customer(&gallery).await.order(&["a.jpg"], 1).await;
    town.world.is_paid(&order.number).await;
    town.world.order_folder(&order).await;
    eventually("the lab and she have been connected for long", || {
        town.lines().iter().any(|line| line["up_s"].as_u64().unwrap() >= LONG_S)
    })
    .await;
    Some((town, line))
}

impl Town {
    /// The lab's connections to the photographer.
    fn lines(&self) -> Vec<Value> {
        let status = self.world.lab.says(&["status"]);
        let peers = status["peers"].as_array().unwrap();
        let hers = peers.iter().find(|peer| peer["role"] == "photographer");
        hers.and_then(|peer| peer["lines"].as_array().cloned()).unwrap_or_default()
    }

    /// Waits for the order, and that it is the original.
    async fn brings(&self, order: &PlacedOrder, original: &[u8]) {
        assert!(print_files(&self.world.order_folder(order).await) == [original], "the print file is not the original");
    }
}

#[tokio::test]
async fn where_no_udp_gets_through_and_tcp_finds_no_pace_a_job_crosses_by_several_connections() {
    let Some((town, _line)) = hotel(false, LabsPlace::Open).await else { return };
    let original = heavy(64, 8);
    let order = town.ordered(&original).await;
    eventually("there are several connections", || town.lines().len() == SEVERAL_CONNECTIONS).await;
    town.brings(&order, &original).await;
    let lines = town.lines();
    let carried = |line: &Value| line["received_bytes"].as_u64().unwrap();
    assert!(lines.iter().all(|line| carried(line) >= mib(1)), "{lines:?}");
    assert!(lines.iter().any(|line| line["up_s"].as_u64().unwrap() >= LONG_S), "the first is gone: {lines:?}");
    eventually("one is left when the job is done", || town.lines().len() == 1).await;
}

#[tokio::test]
async fn who_has_several_connections_and_comes_back_by_another_way_has_lost_them_all() {
    let Some((town, _line)) = hotel(true, LabsPlace::Open).await else { return };
    let original = heavy(64, 9);
    let order = town.ordered(&original).await;
    eventually("there are several connections", || town.lines().len() == SEVERAL_CONNECTIONS).await;
    assert!(town.here_bytes() < original.len() as u64, "it was not in mid-transfer");
    town.net.changes_over("ana", 2, 5);
    town.brings(&order, &original).await;
    let lines = town.lines();
    let is_new = |line: &Value| line["address"].as_str().unwrap().contains("/198.51.100.5/");
    assert!(!lines.is_empty() && lines.iter().all(is_new), "{lines:?}");
}

/// A hole is as wide as the ports that made it: the others find no way in, and do no harm.
#[tokio::test]
async fn through_a_punched_hole_a_job_crosses_by_one_connection_whatever_else_is_tried() {
    let Some((town, _line)) = hotel(false, LabsPlace::AtHome).await else { return };
    let original = heavy(24, 10);
    let before = town.sent_bytes();
    let order = town.ordered(&original).await;
    town.brings(&order, &original).await;
    let lines = town.lines();
    assert_eq!(town.way().as_deref(), Some("directly"), "{lines:?}");
    assert!(matches!(lines.as_slice(), [line] if line["up_s"].as_u64().unwrap() >= LONG_S), "{lines:?}");
    let sent = town.sent_bytes() - before;
    assert!(sent < original.len() as u64 / 100 * 102, "{sent} bytes were sent");
}
