//! Why a peer could not be reached, in words for whoever runs this one.

use std::error::Error;

use libp2p::TransportError;
use libp2p::swarm::DialError;

use crate::limits::DIAL_FAILURES_TOLD_MAX;

/// What went wrong with a dial; to follow a colon.
pub(super) fn dial_words(error: &DialError) -> String {
    match error {
        DialError::NoAddresses => "no address of it is known".to_owned(),
        DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address } => {
            format!("another peer answers at {address}")
        }
        DialError::Transport(failures) => {
            let told = failures.iter().take(DIAL_FAILURES_TOLD_MAX);
            let told: Vec<_> = told.map(|(address, error)| format!("{address}: {}", cause(error))).collect();
            match failures.len().saturating_sub(told.len()) {
                0 => told.join("; "),
                more => format!("{}; and {more} more", told.join("; ")),
            }
        }
        other => other.to_string(),
    }
}

/// The innermost cause, which is what the system said.
fn cause(error: &TransportError<std::io::Error>) -> String {
    let error = match error {
        TransportError::MultiaddrNotSupported(_) => return "this kind of address is not known here".to_owned(),
        TransportError::Other(error) => error,
    };
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let words = innermost.to_string();
    if words.is_empty() { "no answer".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_systems_own_word_is_told_for_each_address() {
        let refused = || TransportError::Other(io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused)));
        let at = |port: usize| format!("/ip4/192.0.2.1/tcp/{port}").parse().unwrap();
        let one = DialError::Transport(vec![(at(1), refused())]);
        assert_eq!(dial_words(&one), "/ip4/192.0.2.1/tcp/1: connection refused");
        let many = DialError::Transport((1..=10).map(|port| (at(port), refused())).collect());
        assert!(dial_words(&many).ends_with("and 7 more"), "{}", dial_words(&many));
        assert_eq!(dial_words(&DialError::NoAddresses), "no address of it is known");
    }
}
