//! A print file finds its way from home to home, or waits and says why.

use crate::net::Net;
use crate::town::{Plan, Spoken, Start, Town, heavy, mib};
use crate::world::{eventually, photos};

/// The host passes no print files on: what arrives has come directly.
async fn arrives_directly(spoken: Spoken) {
    let Some(town) = Town::build(Plan::usual(spoken)).await else { return };
    let original = heavy(3, 1);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    assert_eq!(town.way().as_deref(), Some("directly"));
}

#[tokio::test]
async fn a_hole_is_punched_by_tcp_through_two_home_routers_and_the_order_arrives() {
    arrives_directly(Spoken::Tcp).await;
}

#[tokio::test]
async fn a_hole_is_punched_by_quic_through_two_home_routers_and_the_order_arrives() {
    arrives_directly(Spoken::Quic).await;
}

/// The host's own interface says that the file went through it.
async fn arrives_through_the_host(spoken: Spoken) {
    let Some(town) = Town::build(Plan::with_random_ports(spoken, "files")).await else { return };
    let (came_before, went_before) = town.net.counted("host", "eth0");
    let original = heavy(6, 2);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    assert_eq!(town.way().as_deref(), Some("through the host"));
    let (came, went) = town.net.counted("host", "eth0");
    assert!(came - came_before > mib(6) && went - went_before > mib(6), "the host passed it on");
}

#[tokio::test]
async fn through_a_router_with_random_ports_the_order_is_relayed_by_tcp_where_the_host_allows_it() {
    arrives_through_the_host(Spoken::Tcp).await;
}

#[tokio::test]
async fn through_a_router_with_random_ports_the_order_is_relayed_by_quic_where_the_host_allows_it() {
    arrives_through_the_host(Spoken::Quic).await;
}

#[tokio::test]
async fn through_a_router_with_random_ports_the_order_waits_and_the_lab_is_told_why() {
    let Some(town) = Town::build(Plan::with_random_ports(Spoken::Tcp, "meetings")).await else { return };
    let order = town.ordered(&photos::jpeg(800, 600, 3)).await;
    eventually("the lab says that there is no direct way", || {
        town.world.lab.says(&["jobs"]).to_string().contains("only through the host")
    })
    .await;
    assert!(town.world.find_order_folder(&order).is_none());
}

/// Nobody has an IPv4 address, and firewalls let nobody in.
async fn arrives_without_ipv4(spoken: Spoken) {
    let Some(mut net) = Net::new() else { return };
    net.machine6("host", 1);
    net.machine6("kim", 9);
    net.home6("ana", 2);
    net.home6("lab", 3);
    let (host, ana) = (spoken.at("/ip6/2001:db8::1", 4040), spoken.at("/ip6/::", 4041));
    let lab = spoken.at("/ip6/::", 4042);
    let start = Start {
        host: vec!["--web", "[2001:db8::1]:8080", "--listen", &host],
        photographer: vec!["--listen", &ana],
        lab: vec!["--listen", &lab],
        host_at: None,
        mdns: false,
    };
    let town = Town::started(net, start).await;
    let original = heavy(3, 4);
    let order = town.ordered(&original).await;
    town.arrives(&order, &original).await;
    assert_eq!(town.way().as_deref(), Some("directly"));
}

#[tokio::test]
async fn on_a_line_without_ipv4_the_order_arrives_by_tcp() {
    arrives_without_ipv4(Spoken::Tcp).await;
}

#[tokio::test]
async fn on_a_line_without_ipv4_the_order_arrives_by_quic() {
    arrives_without_ipv4(Spoken::Quic).await;
}
