//! Without a part of the network that is usually there: no internet, or no host.

use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Start, Town, heavy};
use crate::world::{Customer, eventually};

/// A venue's network: three machines and a customer, no default route, nothing outside.
async fn closed_hall() -> Option<Town> {
    let mut net = Net::new()?;
    for (place, last) in [("host", 1), ("ana", 2), ("lab", 3), ("kim", 9)] {
        net.machine(place, last);
    }
    let start = Start {
        host: vec!["--web", "0.0.0.0:8080", "--listen", "/ip4/0.0.0.0/tcp/4040,/ip4/0.0.0.0/udp/4040/quic-v1"],
        photographer: vec!["--listen", "/ip4/0.0.0.0/tcp/4041,/ip4/0.0.0.0/udp/4041/quic-v1"],
        lab: vec!["--listen", "/ip4/0.0.0.0/tcp/4042,/ip4/0.0.0.0/udp/4042/quic-v1"],
        host_at: Some("/ip4/198.51.100.1/tcp/4040"),
        mdns: true,
    };
    Some(Town::started(net, start).await)
}

#[tokio::test]
async fn in_a_closed_hall_all_get_other_addresses_and_find_each_other_and_an_order_goes_through() {
    let Some(mut town) = closed_hall().await else { return };
    let original = heavy(3, 1);
    let gallery = town.world.publish("In a hall", &[("a.jpg", original.clone())]);
    town.world.host.kill();
    town.world.photographer.kill();
    town.world.lab.kill();
    for (place, from) in [("host", 1), ("ana", 2), ("lab", 3)] {
        town.net.renumber(place, from, from + 20);
    }
    // The host last: those who want it have looked for it in vain.
    town.world.photographer.restart();
    town.world.lab.restart();
    town.world.host.restart();
    let customer = Customer::open("http://198.51.100.21:8080", &gallery.access_code).await;
    let order = customer.order(&["a.jpg"], 1).await;
    town.world.is_paid(&order.number).await;
    town.arrives(&order, &original).await;
}

#[tokio::test]
async fn while_the_host_is_down_a_photographer_and_a_lab_that_know_each_other_finish_a_job() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, KeepsPorts);
    net.home("lab", 3, KeepsPorts);
    net.forward("lab", 3, 4042);
    let mut town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    town.world.lab.kill();
    let original = heavy(3, 2);
    let order = town.ordered(&original).await;
    town.world.host.kill();
    town.world.photographer.kill();
    // Nobody is there to tell them where the other is.
    town.world.lab.restart();
    town.world.photographer.restart();
    town.arrives(&order, &original).await;
    eventually("the lab is still without its host", || town.world.lab.says(&["status"])["host_connected"] == false)
        .await;
}
