//! A long transfer by TCP: BBR is begun anew before it would stop to measure the line.

use std::process::Command;

use crate::line::Conditions;
use crate::net::Router::KeepsPorts;
use crate::net::{Net, left_out};
use crate::town::{Plan, Spoken, Town, heavy, mib};
use crate::world::eventually;

/// How BBR is, by what it multiplies the line's rate with, as `ss` writes it.
const LOOKS_FOR_THE_RATE: &str = "cwnd_gain:2.8";
const KEEPS_THE_LINE_FULL: &str = "cwnd_gain:2";

#[tokio::test]
async fn bbr_looks_for_the_rate_again_in_mid_transfer_and_the_line_is_not_emptied_for_it() {
    let Some(mut net) = with_bbr().and_then(|()| Net::new()) else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("lab", 3, KeepsPorts);
    let Some(_line) = net.home_on_a_line("ana", 2, KeepsPorts, Conditions::clean(10, 25)) else { return };
    let town = Town::inhabited(net, Plan::usual(Spoken::Tcp)).await;
    // Forty seconds of this line.
    let original = heavy(48, 12);
    town.on_its_way(&original, mib(1)).await;
    eventually("BBR knows the rate", || gain(&town).is_some_and(|gain| gain == KEEPS_THE_LINE_FULL)).await;
    eventually("BBR looks for the rate again", || gain(&town).is_some_and(|gain| gain.starts_with(LOOKS_FOR_THE_RATE)))
        .await;
    assert!(town.here_bytes() < original.len() as u64, "it was not in mid-transfer");
}

/// Says so where the kernel doesn't have it.
fn with_bbr() -> Option<()> {
    let choices = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control").unwrap();
    let has_bbr = choices.split_whitespace().any(|choice| choice == "bbr");
    if has_bbr { Some(()) } else { left_out("this kernel has no BBR") }
}

/// Of the photographer's connection that most was sent on.
fn gain(town: &Town) -> Option<String> {
    let told = Command::new("ip").args(["netns", "exec", &town.net.space("ana"), "ss", "-tinH"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let busiest = told.lines().max_by_key(|line| sent_bytes(line))?;
    busiest.split(['(', ')', ',']).find(|part| part.starts_with("cwnd_gain:")).map(str::to_owned)
}

fn sent_bytes(line: &str) -> Option<u64> {
    line.split_whitespace().find_map(|word| word.strip_prefix("bytes_sent:"))?.parse().ok()
}
