//! How a TCP connection finds its pace: BBR where the kernel has it, which goes by the
//! line's measured rate and not by single lost packets. At 0.5 % loss it uses 0.96 of
//! a line of which the usual choice uses 0.04 (MEASURED.md). The sender's side decides,
//! so each end sets its own.

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::sync::LazyLock;

use libp2p::core::transport::Boxed;
use libp2p::{Transport, tcp};
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::net::sockopt::{set_tcp_congestion, tcp_congestion};
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::TcpStream;

#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::limits::{TCP_SEND_BYTES, TCP_UNSENT_BYTES, TCP_USUAL_SEND_BYTES};

/// TCP without delay, whose connections, dialled and accepted, find their own pace, unless
/// they are to be as usual.
pub(super) fn tcp(has_pace: bool) -> Boxed<tcp::tokio::TcpStream> {
    tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .map(move |stream, _| {
            if has_pace {
                choose(&stream.0);
            }
            hold_more(&stream.0);
            stream
        })
        .boxed()
}

/// Whether this system lets us choose so.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn finds_pace() -> bool {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None);
    socket.is_ok_and(|socket| set_tcp_congestion(&socket, WANTED).is_ok())
}

/// Other systems offer no choice.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn finds_pace() -> bool {
    false
}

/// The kernel's name of the wanted congestion control.
#[cfg(any(target_os = "linux", target_os = "android"))]
const WANTED: &str = "bbr";

/// Where the kernel doesn't have it, or doesn't let us, the connection stays as it is.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn choose(stream: &TcpStream) {
    if let Err(error) = set_tcp_congestion(stream, WANTED) {
        tracing::debug!(%error, wanted = WANTED, "the kernel's usual congestion control is kept");
    }
}

/// Other systems offer no choice; theirs is kept.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn choose(_: &TcpStream) {}

/// Has the wanted congestion control begin anew, with what the kernel knows of the line's
/// length; whether it does. Nothing is changed where another is in use.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn begin_anew(stream: &TcpStream) -> bool {
    if !tcp_congestion(stream).is_ok_and(|name| name == WANTED) {
        return false;
    }
    let begun = set_tcp_congestion(stream, BETWEEN).and_then(|()| set_tcp_congestion(stream, WANTED));
    begun.inspect_err(|error| tracing::debug!(%error, "the congestion control could not be begun anew")).is_ok()
}

/// Other systems offer no choice.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn begin_anew(_: &TcpStream) -> bool {
    false
}

/// What every kernel has, for no time at all.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BETWEEN: &str = "reno";

/// TCP packets that this machine, or this part of it, sent twice.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn resent_packets() -> Option<u64> {
    resent_of(&std::fs::read_to_string("/proc/self/net/snmp").ok()?)
}

/// Other systems are not asked.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn resent_packets() -> Option<u64> {
    None
}

/// Of the kernel's counters: a line of names, and a line of figures.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn resent_of(counters: &str) -> Option<u64> {
    let mut lines = counters.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, figures) = (lines.next()?.split(' '), lines.next()?.split(' '));
    names.zip(figures).find(|(name, _)| *name == "RetransSegs")?.1.parse().ok()
}

/// On a line of some length. Of what has not been sent little is held then: what is said
/// next would wait behind it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn hold_more(stream: &TcpStream) {
    static MORE: LazyLock<Option<usize>> = LazyLock::new(|| more_than_usual(granted_bytes()?, usual_bytes()));
    if stream.peer_addr().is_ok_and(|peer| !peer.ip().is_loopback())
        && let Some(bytes) = *MORE
    {
        hold(stream, bytes);
    }
}

/// Other systems find the size by themselves.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn hold_more(_: &TcpStream) {}

/// Else the connection keeps what it has.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn hold(stream: &TcpStream, bytes: usize) {
    let socket = SockRef::from(stream);
    let held = socket.set_tcp_notsent_lowat(TCP_UNSENT_BYTES).and_then(|()| socket.set_send_buffer_size(bytes));
    if let Err(error) = held {
        tracing::debug!(%error, "the kernel's usual send buffer is kept");
    }
}

/// What any program may have: the kernel cuts down what is asked for, and tells it doubled.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn granted_bytes() -> Option<usize> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.set_send_buffer_size(TCP_SEND_BYTES).ok()?;
    socket.send_buffer_size().ok()
}

/// Up to which the kernel goes by itself, as long as nobody else has set it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn usual_bytes() -> usize {
    let usual = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").ok();
    let most = usual.and_then(|sizes| sizes.split_whitespace().nth(2)?.parse().ok());
    most.unwrap_or(TCP_USUAL_SEND_BYTES)
}

/// What is set is never changed by the kernel, so that it must be worth it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn more_than_usual(granted: usize, usual: usize) -> Option<usize> {
    (granted > usual).then_some(TCP_SEND_BYTES)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use futures::{StreamExt, future};
    use libp2p::core::Endpoint;
    use libp2p::core::transport::{DialOpts, ListenerId, PortUse, TransportEvent};

    use super::*;

    /// What the kernel lets any program choose.
    fn kernel_has(name: &str) -> bool {
        let available = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
        available.is_ok_and(|names| names.split_whitespace().any(|one| one == name))
    }

    /// Both ends of a connection, as the peers' transport makes it.
    async fn connected(port_use: PortUse) -> [tcp::tokio::TcpStream; 2] {
        let mut listening = tcp(true);
        listening.listen_on(ListenerId::next(), "/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let address = listening.select_next_some().await.into_new_address().unwrap();
        let mut dialling = tcp(true);
        let dial = dialling.dial(address, DialOpts { role: Endpoint::Dialer, port_use }).unwrap();
        let accepted = async {
            let incoming = listening.by_ref().filter_map(|event| {
                future::ready(match event {
                    TransportEvent::Incoming { upgrade, .. } => Some(upgrade),
                    _ => None,
                })
            });
            std::pin::pin!(incoming).next().await.unwrap().await.unwrap()
        };
        let (dialled, accepted) = future::join(dial, accepted).await;
        [dialled.unwrap(), accepted]
    }

    #[tokio::test]
    async fn both_ends_of_a_connection_use_bbr_where_the_kernel_has_it() {
        let expected = if kernel_has("bbr") { Some("bbr") } else { None };
        assert!(finds_pace() || expected.is_none());
        for port_use in [PortUse::New, PortUse::Reuse] {
            for stream in connected(port_use).await {
                let found = tcp_congestion(&stream.0).unwrap();
                assert!(expected.is_none_or(|expected| expected == found), "{found}");
            }
        }
    }

    #[tokio::test]
    async fn a_connection_begun_with_another_choice_is_changed() {
        let [dialled, _accepted] = connected(PortUse::New).await;
        set_tcp_congestion(&dialled.0, "reno").unwrap();
        choose(&dialled.0);
        let expected = if kernel_has("bbr") { "bbr" } else { "reno" };
        assert_eq!(tcp_congestion(&dialled.0).unwrap(), expected);
    }

    #[tokio::test]
    async fn what_begins_anew_is_bbr_again_and_nothing_else_is_touched() {
        let [dialled, accepted] = connected(PortUse::New).await;
        set_tcp_congestion(&accepted.0, "reno").unwrap();
        for (stream, expected) in [(&dialled.0, if kernel_has("bbr") { "bbr" } else { "reno" }), (&accepted.0, "reno")]
        {
            let before = tcp_congestion(stream).unwrap();
            assert_eq!(begin_anew(stream), before == "bbr");
            assert_eq!(tcp_congestion(stream).unwrap(), before);
            assert!(before == expected || !kernel_has("bbr"), "{before}");
        }
    }

    #[test]
    fn the_kernel_tells_what_was_sent_twice() {
        assert!(resent_packets().is_some());
        let told =
            "Ip: A B\nIp: 1 2\nTcp: RtoMin OutSegs RetransSegs InErrs\nTcp: 200 24006765 117327 0\nUdp: C\nUdp: 1\n";
        assert_eq!(resent_of(told), Some(117_327));
        for other in ["", "Tcp: RtoMin\nTcp: 200\n", "Tcp: RetransSegs\n", "Tcp: RetransSegs\nTcp: many\n"] {
            assert_eq!(resent_of(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_far_connection_holds_more_where_the_kernel_grants_it_and_little_that_is_unsent() {
        let [dialled, near] = connected(PortUse::New).await;
        hold(&dialled.0, TCP_SEND_BYTES);
        assert_eq!(SockRef::from(&dialled.0).send_buffer_size().unwrap(), granted_bytes().unwrap());
        assert_eq!(SockRef::from(&dialled.0).tcp_notsent_lowat().unwrap(), TCP_UNSENT_BYTES);
        hold_more(&near.0);
        assert_ne!(SockRef::from(&near.0).tcp_notsent_lowat().unwrap(), TCP_UNSENT_BYTES, "nothing is far here");
    }

    #[test]
    fn what_the_kernel_does_by_itself_is_left_to_it_where_it_grants_no_more() {
        // The kernel's usual limits for many years, and those of late.
        assert_eq!(more_than_usual(425_984, 4_194_304), None);
        assert_eq!(more_than_usual(8_388_608, 4_194_304), Some(TCP_SEND_BYTES));
    }
}
