//! Datagrams from one end of a line to the other, to see what it really gives: a peer's
//! figure is worth as much as its line.
//!
//! `look receive ADDRESS` waits and prints, when two seconds have passed without one, a
//! line of `RATE_MBIT DELAY_MS LATEST_MS LOSS_PERCENT`: the bits of IP packets a second,
//! the median one-way delay and that which one of a hundred passes, and how many of those
//! sent did not come. `look send ADDRESS MBIT SECONDS` sends them, in pieces of a
//! millisecond. Both ends have to be on one machine: they read the same clock.

use std::io;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use crate::tun;

/// A packet of 1,500 bytes with its headers.
const DATAGRAM: usize = 1_472;
const PACKET_BITS: f64 = 1_500.0 * 8.0;
/// Datagrams that go in one call, within the 64 KiB that it may take.
const TOGETHER: usize = 40;
const PIECE_EVERY: Duration = Duration::from_millis(1);
/// For so long nothing comes, and it was all.
const END: Duration = Duration::from_secs(2);

pub fn run(arguments: &[String]) -> io::Result<()> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["receive", address] => receive(&UdpSocket::bind(address)?),
        ["send", address, mbit, seconds] => {
            let [mbit, seconds] = [mbit, seconds].map(|number| number.parse().map_err(io::Error::other));
            send(address, mbit?, Duration::from_secs_f64(seconds?))
        }
        _ => Err(io::Error::other("look receive ADDRESS, or look send ADDRESS MBIT SECONDS")),
    }
}

/// Each carries its number and when it was sent.
fn send(address: &str, mbit: f64, long: Duration) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(address)?;
    tun::send_together(&socket, DATAGRAM)?;
    tun::wake_in_time();
    let (begun, mut sent) = (Instant::now(), 0_u64);
    while begun.elapsed() < long {
        let due = (begun.elapsed().as_secs_f64() * mbit * 1e6 / PACKET_BITS) as u64;
        while sent < due {
            let count = (due - sent).min(TOGETHER as u64);
            let now = tun::now_nanos();
            let datagrams = (sent..sent + count).flat_map(|number| datagram(number, now));
            socket.send(&datagrams.collect::<Vec<_>>())?;
            sent += count;
        }
        thread::sleep(PIECE_EVERY);
    }
    Ok(())
}

fn datagram(number: u64, now: u64) -> [u8; DATAGRAM] {
    let mut datagram = [0; DATAGRAM];
    datagram[..8].copy_from_slice(&number.to_le_bytes());
    datagram[8..16].copy_from_slice(&now.to_le_bytes());
    datagram
}

fn receive(socket: &UdpSocket) -> io::Result<()> {
    tun::hold_much(socket);
    println!("ready");
    let mut datagram = [0; DATAGRAM];
    socket.recv(&mut datagram)?;
    socket.set_read_timeout(Some(END))?;
    let (first, mut last, mut sent) = (tun::now_nanos(), 0, 0);
    let mut delays = Vec::new();
    while socket.recv(&mut datagram).is_ok() {
        let number = |at: usize| datagram[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        last = tun::now_nanos();
        sent = sent.max(number(0));
        delays.push(last.saturating_sub(number(8)) as f64 / 1e6);
    }
    let count = delays.len();
    if count == 0 {
        return Err(io::Error::other("nothing came"));
    }
    delays.sort_by(f64::total_cmp);
    let mbit = count as f64 * PACKET_BITS / (last - first).max(1) as f64 * 1e3;
    let lost = 100.0 * (1.0 - count as f64 / sent as f64);
    println!("{mbit:.1} {:.2} {:.2} {lost:.2}", delays[count / 2], delays[count * 99 / 100]);
    Ok(())
}
