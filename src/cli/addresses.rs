//! Addresses, days and numbers as people type them, and what to type instead of what can't be read.

use std::fmt::Display;
use std::net::SocketAddr;
use std::str::FromStr;

use enprint_protocol::Multiaddr;
use enprint_protocol::multiaddr::Protocol;

/// A host's address, with its peer id.
///
/// # Errors
/// What it is instead, and where the right one is to be found.
pub fn host_address(given: &str) -> Result<Multiaddr, String> {
    let given = given.trim();
    let wanted = "The host prints its address for peers when it starts, and its operator gets it with your invitation: \
                  copy the whole line, such as /ip4/203.0.113.7/tcp/4040/p2p/12D3KooW…";
    if given.starts_with("http:") || given.starts_with("https:") {
        return Err(format!("that is where customers open the web pages. {wanted}"));
    }
    let address: Multiaddr = given.parse().map_err(|_| format!("that is not a host's address for peers. {wanted}"))?;
    match address.iter().last() {
        Some(Protocol::P2p(_)) if address.iter().count() > 1 => Ok(address),
        _ => Err(format!("its end is missing, /p2p/ and the host's peer id. {wanted}")),
    }
}

/// Where a role listens, or says that it can be reached.
///
/// # Errors
/// What such an address looks like.
pub fn own_address(given: &str) -> Result<Multiaddr, String> {
    let wanted = "wanted is an address such as /ip4/0.0.0.0/tcp/4040 or /ip4/203.0.113.7/udp/4040/quic-v1";
    given.trim().parse().map_err(|_| wanted.to_owned())
}

/// Where web pages listen.
///
/// # Errors
/// What such an address looks like.
pub fn web_address(given: &str) -> Result<SocketAddr, String> {
    let wanted = "wanted is an address of this machine and a port, such as 127.0.0.1:8080, or 0.0.0.0:80 for everybody";
    given.trim().parse().map_err(|_| wanted.to_owned())
}

/// Where figures are given to a monitoring program.
///
/// # Errors
/// What such an address looks like.
pub fn metrics_address(given: &str) -> Result<SocketAddr, String> {
    let wanted = "wanted is an address of this machine and a port, such as 127.0.0.1:9440";
    given.trim().parse().map_err(|_| wanted.to_owned())
}

/// Reads a whole number of that range.
pub fn number<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |given| {
        let read = given.trim().parse().ok().filter(|number| (least..=most).contains(number));
        read.ok_or_else(|| format!("wanted is a whole number from {least} to {most}"))
    }
}

/// A day.
///
/// # Errors
/// How a day is written.
pub fn day(given: &str) -> Result<jiff::civil::Date, String> {
    given.trim().parse().map_err(|_| "write the day as year-month-day, such as 2026-06-20".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_address_and_one_that_was_cut_are_told_apart_from_a_host_s() {
        let peer = enprint_protocol::PeerId::random();
        let whole = format!("/ip4/127.0.0.1/tcp/4040/p2p/{peer}");
        assert_eq!(host_address(&format!(" {whole} ")).unwrap().to_string(), whole);
        let refused = |given: &str| host_address(given).unwrap_err();
        assert!(refused("http://127.0.0.1:8080").contains("web pages"));
        assert!(refused("photos.example:4040").contains("not a host's address"));
        for cut in ["/ip4/127.0.0.1/tcp/4040", &format!("/p2p/{peer}")] {
            assert!(refused(cut).contains("peer id"), "{cut}");
        }
        assert!(refused("x").contains("/ip4/203.0.113.7/tcp/4040/p2p/12D3KooW"));
    }

    #[test]
    fn a_number_that_is_none_or_out_of_range_is_answered_with_the_range() {
        let stars = number(0_u8, 5);
        assert_eq!(stars(" 5 "), Ok(5));
        for wrong in ["6", "-1", "x", "", "300"] {
            assert_eq!(stars(wrong).unwrap_err(), "wanted is a whole number from 0 to 5", "{wrong}");
        }
        assert!(metrics_address("9440").unwrap_err().contains("127.0.0.1:9440"));
    }

    #[test]
    fn a_day_that_is_written_otherwise_is_answered_with_an_example() {
        assert_eq!(day("2026-06-20").unwrap(), jiff::civil::date(2026, 6, 20));
        for wrong in ["20.6.2026", "June 20", "2026-13-01", ""] {
            assert!(day(wrong).unwrap_err().contains("2026-06-20"), "{wrong}");
        }
    }
}
