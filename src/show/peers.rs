//! Connected peers in words: by which way, how far away, how fast.

use enprint_protocol::PeerId;
use enprint_protocol::multiaddr::Protocol;
use enprint_protocol::peer::{Carrier, Line, LineWay, PeerStatus};
use enprint_protocol::{Multiaddr, text};

use super::waiting::time;
use super::{bytes, columns};

/// Peers that are shown one by one; `--json` lists all.
const SHOWN: usize = 20;

/// A row for each peer: first those connected, then those that are away. `kept` are the
/// roles to which a connection is kept; others come when there is something for them. Of a
/// role that does not run, nobody is connected, and nothing is said of that.
pub fn peers(list: &[PeerStatus], is_running: bool, kept: &[&str]) -> String {
    let name_of = |peer: &PeerId| list.iter().find(|one| one.peer_id == *peer).map(name);
    let row = |peer: &PeerStatus| {
        let (label, rest) = match peer.lines.first() {
            Some(line) => ("Connected", vec![way(line, &name_of), speed(line, &peer.lines)]),
            None if is_running && peer.trouble.is_none() && !kept.contains(&peer.role.as_str()) => {
                ("Known", vec!["not needed now".to_owned()])
            }
            None if is_running => ("Away", vec![away(peer)]),
            None => ("Known", Vec::new()),
        };
        // As wide as the other labels of a status.
        let mut row = vec![format!("{label:<10}"), peer.role.clone(), name(peer)];
        row.extend(rest);
        row
    };
    let mut shown = columns(&list.iter().take(SHOWN).map(row).collect::<Vec<_>>());
    if list.len() > SHOWN {
        shown += &format!("and {} more; --json lists all\n", list.len() - SHOWN);
    }
    shown
}

/// By which way a line leads to its peer; to follow “connected”.
fn way(line: &Line, name_of: &impl Fn(&PeerId) -> Option<String>) -> String {
    match &line.way {
        LineWay::Direct { carrier, is_local } => {
            let how = if *is_local { "on the local network" } else { "directly" };
            format!("{how} by {}, {}", carrier_words(*carrier), place(&line.address))
        }
        LineWay::Relayed { relay, takes_files } => {
            let host = name_of(relay).unwrap_or_else(|| "the host".to_owned());
            let files = if *takes_files { "" } else { ", which passes no print files on" };
            format!("through {host}{files}")
        }
    }
}

fn carrier_words(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Websocket => "a websocket",
        other => other.name(),
    }
}

/// How long a message takes there and back, what crosses at the moment on all connections,
/// and since when.
fn speed(line: &Line, all: &[Line]) -> String {
    let round_trip = match line.round_trip_us {
        None => "not measured yet".to_owned(),
        Some(us) if us < 1_000 => "under 1 ms".to_owned(),
        Some(us) => format!("{} ms", us / 1_000),
    };
    let sum = |rate: fn(&Line) -> u64| bytes(all.iter().map(rate).fold(0, u64::saturating_add));
    let (out, back) = (sum(|line| line.sent_bytes_per_s), sum(|line| line.received_bytes_per_s));
    let several = if all.len() > 1 { format!(" over {} connections", all.len()) } else { String::new() };
    format!("{round_trip}, {out}/s out, {back}/s in{several}, for {}", time(line.up_s))
}

fn away(peer: &PeerStatus) -> String {
    match &peer.trouble {
        Some(trouble) => format!("not connected: {trouble}"),
        None => "not connected".to_owned(),
    }
}

/// Its name, or the end of its id, which tells it from others.
fn name(peer: &PeerStatus) -> String {
    if !peer.name.is_empty() {
        return text::shown(&peer.name);
    }
    let id = peer.peer_id.to_string();
    let end: String = id.chars().skip(id.chars().count().saturating_sub(8)).collect();
    format!("…{end}")
}

/// Where a line leads, as people write it.
fn place(address: &Multiaddr) -> String {
    let mut host = None;
    for part in address {
        match part {
            Protocol::Ip4(ip) => host = Some(ip.to_string()),
            Protocol::Ip6(ip) => host = Some(format!("[{ip}]")),
            Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => host = Some(name.into_owned()),
            Protocol::Tcp(port) | Protocol::Udp(port) => {
                return host.map_or_else(|| address.to_string(), |host| format!("{host}:{port}"));
            }
            _ => {}
        }
    }
    address.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(peer_id: PeerId, way: LineWay) -> Line {
        Line {
            peer_id,
            address: "/ip4/203.0.113.7/udp/4042/quic-v1".parse().unwrap(),
            way,
            round_trip_us: Some(25_400),
            up_s: 60,
            sent_bytes: 1_000,
            received_bytes: 2_000,
            sent_bytes_per_s: 0,
            received_bytes_per_s: 1_024,
        }
    }

    #[test]
    fn a_photographer_reads_by_which_way_each_is_reached() {
        let [host, lab, other] = [(); 3].map(|()| PeerId::random());
        let with = |peer: PeerStatus, way| PeerStatus { lines: vec![line(peer.peer_id, way)], ..peer };
        let direct = LineWay::Direct { carrier: Carrier::Quic, is_local: false };
        let relayed = LineWay::Relayed { relay: host, takes_files: false };
        let list = [
            with(PeerStatus::known(host, "Photos by the lake", "host", vec![]), direct.clone()),
            with(PeerStatus::known(lab, "The lab", "lab", vec![]), relayed),
            PeerStatus { trouble: Some("it is off".into()), ..PeerStatus::known(other, "", "lab", vec![]) },
        ];
        let shown = peers(&list, true, &["host"]);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].contains("directly by QUIC, 203.0.113.7:4042"), "{shown}");
        assert!(lines[0].contains("25 ms, 0 B/s out, 1.00 KiB/s in, for 1 minute"), "{shown}");
        assert!(lines[1].contains("through Photos by the lake, which passes no print files on"), "{shown}");
        assert!(lines[2].starts_with("Away        lab") && lines[2].ends_with("not connected: it is off"), "{shown}");
        let several =
            PeerStatus { lines: vec![line(lab, direct.clone()), line(lab, direct.clone())], ..list[1].clone() };
        let shown = peers(&[several], true, &[]);
        assert!(shown.contains("2.00 KiB/s in over 2 connections, for"), "{shown}");
        let resting = peers(&list[2..], false, &["host"]);
        assert!(resting.starts_with("Known       lab") && !resting.contains("not connected"), "{resting}");
    }

    #[test]
    fn a_lab_that_has_nothing_to_fetch_alarms_nobody_and_a_long_reason_widens_no_column() {
        let [host, lab, home] = [(); 3].map(|()| PeerId::random());
        let direct = LineWay::Direct { carrier: Carrier::Tcp, is_local: true };
        let connected = PeerStatus::known(host, "The host", "host", vec![]);
        let list = [
            PeerStatus { lines: vec![line(host, direct)], ..connected },
            PeerStatus { trouble: Some("x".repeat(300)), ..PeerStatus::known(home, "NAS", "home", vec![]) },
            PeerStatus::known(lab, "The lab", "lab", vec![]),
        ];
        let shown = peers(&list, true, &["host", "home"]);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].len() < 150, "{shown}");
        assert!(lines[1].starts_with("Away") && lines[2].starts_with("Known       lab"), "{shown}");
        assert!(lines[2].ends_with("The lab   not needed now"), "{shown}");
        assert!(peers(&list, true, &["lab"]).ends_with("not connected\n"), "whoever keeps a connection misses it");
    }

    #[test]
    fn a_host_with_thousands_shows_some_and_says_how_many_more() {
        let many: Vec<_> = (0..30).map(|_| PeerStatus::known(PeerId::random(), "x", "lab", vec![])).collect();
        assert!(peers(&many, true, &["host"]).ends_with("and 10 more; --json lists all\n"));
    }
}
