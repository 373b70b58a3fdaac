//! The line changes or breaks in mid-transfer: the rest comes, and what had come does not
//! come again.

use std::mem::replace;

use enprint_node::limits::RANGES_OF_ONE_FILE;

use crate::line::Conditions;
use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Town, heavy, mib};
use crate::world::eventually;

/// Set to have each long fault last as long as it is told of.
const LONG: &str = "ENPRINT_LONG_FAULTS";

#[tokio::test]
async fn the_line_is_cut_in_mid_transfer_until_both_have_noticed_and_only_what_was_in_flight_is_sent_twice() {
    let Some(town) = Town::build(Plan::usual(Spoken::Tcp)).await else { return };
    let original = heavy(48, 4);
    town.net.slow("ana", 80);
    let before = town.sent_bytes();
    let order = town.on_its_way(&original, mib(8)).await;
    town.net.cut("lab-r", true);
    eventually("the photographer's node has noticed", || {
        town.world.photographer.says(&["labs"])["labs"][0]["connected"] == false
    })
    .await;
    eventually("the lab has noticed", || town.way().is_none()).await;
    let mut last = 0;
    eventually("nothing comes any more", || replace(&mut last, town.here_bytes()) == last).await;
    let (here, sent) = (town.here_bytes(), town.sent_bytes());
    assert!(here < original.len() as u64, "it was cut too late");
    let in_flight = (sent - before).saturating_sub(here);
    assert!(in_flight <= mib(RANGES_OF_ONE_FILE as u64 + 1), "{in_flight} bytes were on the line");
    town.net.cut("lab-r", false);
    town.arrives(&order, &original).await;
    let (rest, again) = (original.len() as u64 - here, town.sent_bytes() - sent);
    // Noise, Yamux and the requests are a hundredth; the rest is what was not here.
    assert!(again <= rest + rest / 50 + mib(1), "{again} bytes were sent for {rest} that were missing");
}

#[tokio::test]
async fn a_router_forgets_its_connections_in_mid_transfer_and_the_rest_comes_by_new_ones() {
    let Some(town) = Town::build(Plan::usual(Spoken::Both)).await else { return };
    let original = heavy(48, 5);
    town.net.slow("ana", 80);
    let before = town.sent_bytes();
    let order = town.on_its_way(&original, mib(4)).await;
    town.net.renumber("lab-r", 3, 33);
    town.arrives(&order, &original).await;
    let sent = town.sent_bytes() - before;
    let most = original.len() as u64 + mib(RANGES_OF_ONE_FILE as u64 + 2);
    assert!(sent <= most, "{sent} bytes were sent, {most} at most can be right");
}

#[tokio::test]
async fn the_photographers_laptop_goes_from_wifi_to_phone_in_mid_transfer_and_goes_on_without_a_hand() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, KeepsPorts);
    net.second_way("ana", 5, KeepsPorts);
    net.home("lab", 3, KeepsPorts);
    net.slow("ana", 60);
    let town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    let original = heavy(24, 6);
    let order = town.on_its_way(&original, mib(4)).await;
    let here = town.here_bytes();
    town.net.changes_over("ana", 2, 5);
    town.arrives(&order, &original).await;
    let (_, by_phone) = town.net.counted("ana", "eth1");
    let in_flight = mib(RANGES_OF_ONE_FILE as u64);
    assert!(by_phone + in_flight >= original.len() as u64 - here, "the rest went by the phone");
}

#[tokio::test]
async fn of_a_hundred_packets_thirty_are_lost_for_a_while_in_mid_transfer_and_the_job_completes() {
    let (seconds, file_mib) = if std::env::var_os(LONG).is_some() { (60, 160) } else { (8, 32) };
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("lab", 3, KeepsPorts);
    let how = Conditions { jitter_ms: 10, reorder_percent: 0.5, ..Conditions::clean(30, 15) };
    let Some(mut line) = net.home_on_a_line("ana", 2, KeepsPorts, how) else { return };
    let town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    let original = heavy(file_mib, 7);
    let order = town.on_its_way(&original, mib(4)).await;
    let (carried_before, lost_before) = line.counts();
    line.loses_for(30, seconds);
    line.is_over();
    let (carried, lost) = line.counts();
    let (carried, lost) = (carried - carried_before, lost - lost_before);
    assert!(lost * 100 >= (carried + lost) * 25, "{lost} packets of {} were lost", carried + lost);
    assert!(town.here_bytes() < original.len() as u64, "it was not in mid-transfer");
    town.arrives(&order, &original).await;
}
