//! A peer as a status shows it: who it is, as the role's database says, and whether and
//! how it is connected, as the swarm says. A plain record, JSON on its way.

use std::collections::{BTreeMap, HashMap};

use libp2p::{Multiaddr, PeerId};
use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::line::Line;

/// A peer that is known or connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Who.
    pub peer_id: PeerId,
    /// Its name; empty if nobody has said one.
    pub name: String,
    /// `host`, `photographer`, `lab`, or `stranger` for one that is not known.
    pub role: String,
    /// Where it may be found, as far as is known.
    pub addresses: Vec<Multiaddr>,
    /// Its connections, the best first; none when it is not connected.
    pub lines: Vec<Line>,
    /// Why the last try to connect to it failed, in words.
    pub trouble: Option<String>,
}

impl PeerStatus {
    /// One that is known, whether or not it is connected.
    pub fn known(peer_id: PeerId, name: &str, role: &str, addresses: Vec<Multiaddr>) -> Self {
        let (name, role) = (name.to_owned(), role.to_owned());
        Self { peer_id, name, role, addresses, lines: Vec::new(), trouble: None }
    }

    /// Whether it is connected.
    pub fn is_connected(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Those that are `known`, with their `lines` and `troubles`, and those connected that
    /// are not known. Who is connected comes first.
    pub(in crate::peer) fn joined(
        known: Vec<Self>,
        lines: Vec<Line>,
        mut troubles: HashMap<PeerId, String>,
    ) -> Vec<Self> {
        let mut by_peer: HashMap<PeerId, Vec<Line>> = HashMap::new();
        for line in lines {
            by_peer.entry(line.peer_id).or_default().push(line);
        }
        let mut all = known;
        for peer in &mut all {
            peer.lines = by_peer.remove(&peer.peer_id).unwrap_or_default();
            peer.trouble = troubles.remove(&peer.peer_id).filter(|_| peer.lines.is_empty());
        }
        let strangers = by_peer.into_iter();
        all.extend(
            strangers.map(|(peer_id, lines)| Self { lines, ..Self::known(peer_id, "", "stranger", Vec::new()) }),
        );
        all.sort_by_cached_key(|peer| (!peer.is_connected(), peer.role.clone(), peer.name.clone(), peer.peer_id));
        all
    }

    /// How many of `peers` are connected, by role and by the best way to each.
    pub fn add_to(peers: &[Self], figures: &mut Figures) {
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for peer in peers {
            if let Some(best) = peer.lines.first() {
                *counts.entry((&peer.role, best.way.word())).or_default() += 1;
            }
        }
        let labelled: Vec<_> =
            counts.iter().map(|((role, way), count)| ([("role", *role), ("way", *way)], *count)).collect();
        let samples = labelled.iter().map(|(labels, count)| (&labels[..], *count));
        figures.gauges("peers", "Connected peers by role and by the best way to each.", samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::watch::LineWay;

    fn line(peer_id: PeerId) -> Line {
        Line {
            peer_id,
            address: "/ip4/127.0.0.1/tcp/1".parse().unwrap(),
            way: LineWay::Relayed { relay: peer_id, takes_files: false },
            round_trip_us: None,
            up_s: 1,
            sent_bytes: 2,
            received_bytes: 3,
            sent_bytes_per_s: 4,
            received_bytes_per_s: 5,
        }
    }

    #[test]
    fn who_is_connected_comes_first_and_a_stranger_is_told_from_who_is_known() {
        let [ana, lab, stranger] = [(); 3].map(|()| PeerId::random());
        let known =
            vec![PeerStatus::known(lab, "The lab", "lab", vec![]), PeerStatus::known(ana, "Ana", "host", vec![])];
        let troubles = HashMap::from([(lab, "it is off".to_owned()), (ana, "it was off".to_owned())]);
        let all = PeerStatus::joined(known, vec![line(ana), line(stranger), line(ana)], troubles);
        let shown: Vec<_> =
            all.iter().map(|peer| (peer.role.as_str(), peer.lines.len(), peer.trouble.clone())).collect();
        assert_eq!(shown, [("host", 2, None), ("stranger", 1, None), ("lab", 0, Some("it is off".to_owned()))]);
        let mut figures = Figures::default();
        PeerStatus::add_to(&all, &mut figures);
        assert!(figures.text().contains("enprint_peers{role=\"host\",way=\"relayed\"} 1\n"), "{}", figures.text());
    }

    #[test]
    fn a_status_crosses_as_json() {
        let ana = PeerId::random();
        let peer = PeerStatus { lines: vec![line(ana)], ..PeerStatus::known(ana, "Ana", "host", vec![]) };
        let text = serde_json::to_string(&peer).unwrap();
        assert_eq!(serde_json::from_str::<PeerStatus>(&text).unwrap(), peer);
    }
}
