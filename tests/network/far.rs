//! A line that is long and fast: full only when many ranges are in flight.

use enprint_node::limits::RANGES_IN_FLIGHT_FIRST;

use crate::line::Conditions;
use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Town, heavy};

/// At 200 Mbit/s a range takes 42 ms to go, and three round trips of 200 ms before: so
/// many fill the line.
const FULL: usize = 15;

#[tokio::test]
async fn on_a_long_fast_line_so_many_ranges_are_in_flight_that_it_is_full() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("lab", 3, KeepsPorts);
    let Some(_line) = net.home_on_a_line("ana", 2, KeepsPorts, Conditions::clean(200, 100)) else { return };
    let town = Town::inhabited(net, Plan::usual(Spoken::Tcp)).await;
    let names: Vec<String> = (1..=5).map(|number| format!("{number}.jpg")).collect();
    let files: Vec<_> = names.iter().zip(1..).map(|(name, seed)| (name.as_str(), heavy(16, seed))).collect();
    let gallery = town.world.publish("Far away", &files);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let order = town.world.customer(&gallery).await.order(&names, 1).await;
    town.world.is_paid(&order.number).await;
    town.world.order_folder(&order).await;
    let log = std::fs::read_to_string(town.world.lab.log()).unwrap();
    let depths = log.lines().filter(|line| line.contains("more or fewer in flight"));
    let depths: Vec<usize> = depths.filter_map(ranges).collect();
    let most = depths.into_iter().max().unwrap_or(RANGES_IN_FLIGHT_FIRST);
    assert!(most >= FULL, "{most} ranges were in flight");
}

fn ranges(line: &str) -> Option<usize> {
    line.split("ranges=").nth(1)?.split_whitespace().next()?.parse().ok()
}
