//! What a router did for this peer.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// What the router said when it was asked to let callers in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterHelp {
    /// It opened these ports, as they are outside.
    Opened(Vec<u16>),
    /// It opened them, but is behind another router itself.
    BehindAnother(Vec<u16>),
    /// It does not, or gave no answer that can be read.
    OpensNothing,
}

impl RouterHelp {
    /// A sentence for people.
    pub fn words(&self) -> String {
        match self {
            Self::Opened(ports) => format!("Your router opened {}.", listed(ports)),
            Self::BehindAnother(ports) => format!(
                "Your router opened {}, but is behind another router itself; the host passes calls on.",
                listed(ports)
            ),
            Self::OpensNothing => "Your router does not open ports; the host passes calls on.".to_owned(),
        }
    }
}

fn listed(ports: &[u16]) -> String {
    let mut numbers: Vec<u16> = ports.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let words: Vec<String> = numbers.iter().map(u16::to_string).collect();
    if words.len() == 1 { format!("port {}", words.concat()) } else { format!("ports {}", words.join(", ")) }
}

/// What is known now; nothing before the router was asked, or where there is none. Clones
/// are the same.
#[derive(Debug, Clone, Default)]
pub(in crate::peer) struct Help {
    help: Arc<RwLock<Option<RouterHelp>>>,
}

impl Help {
    pub(in crate::peer) fn read(&self) -> Option<RouterHelp> {
        self.help.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set(&self, help: Option<RouterHelp>) {
        *self.help.write().unwrap_or_else(PoisonError::into_inner) = help;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_open_for_tcp_and_quic_is_named_once() {
        assert_eq!(RouterHelp::Opened(vec![4041, 4041]).words(), "Your router opened port 4041.");
        assert_eq!(RouterHelp::Opened(vec![50_001, 4041]).words(), "Your router opened ports 4041, 50001.");
    }
}
