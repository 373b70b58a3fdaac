//! A line between two network namespaces, made of packets and not of connections: each
//! IP packet is read from one TUN device, waits as long as the line's rate and delay say,
//! and is written to the other, unless it is lost. TCP and QUIC see an ordinary slow line.
//!
//! `transfer-line DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED`: the delay is one
//! way; the loss counts in both directions; the queue holds 100 ms of the line's rate, at
//! least 256 KB. Prints a line when both devices are there, and runs until it is killed.
//! `transfer-line` needs to be root, as the whole bench.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

const LONGEST_PACKET: usize = 65_536;
const QUEUED_PACKETS: usize = 65_536;
const SMALLEST_QUEUE: f64 = 256_000.0;
const QUEUE_TIME: Duration = Duration::from_millis(100);
/// Sleeping wakes up this much late; the rest is spent turning.
const SLEEP_LATE: Duration = Duration::from_micros(120);

#[derive(Clone, Copy)]
struct Line {
    bytes_per_second: f64,
    delay: Duration,
    loss: f64,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [a, b, mbit, delay_ms, loss_percent, seed] = arguments.as_slice() else {
        return Err(io::Error::other("DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED"));
    };
    let number = |text: &str| text.parse::<f64>().map_err(io::Error::other);
    let line = Line {
        bytes_per_second: number(mbit)? * 1e6 / 8.0,
        delay: Duration::from_secs_f64(number(delay_ms)? / 1e3),
        loss: number(loss_percent)? / 100.0,
    };
    let seed: u64 = seed.parse().map_err(io::Error::other)?;
    let (a, b) = (tun(a)?, tun(b)?);
    println!("ready");
    let there = carry(a.try_clone()?, b.try_clone()?, line, seed);
    let back = carry(b, a, line, seed ^ 0x5555);
    drop((there.join(), back.join()));
    Ok(())
}

/// Carries what comes from one device to the other.
fn carry(from: File, to: File, line: Line, seed: u64) -> thread::JoinHandle<()> {
    let (queue, waiting) = sync_channel(QUEUED_PACKETS);
    thread::spawn(move || deliver(to, waiting));
    thread::spawn(move || take_in(from, queue, line, seed))
}

fn take_in(mut from: File, queue: SyncSender<(Instant, Vec<u8>)>, line: Line, seed: u64) {
    let queue_time = QUEUE_TIME.max(Duration::from_secs_f64(SMALLEST_QUEUE / line.bytes_per_second));
    let mut buffer = vec![0; LONGEST_PACKET];
    let mut random = seed | 1;
    let mut free_at = Instant::now();
    loop {
        let length = match from.read(&mut buffer) {
            Ok(length) => length,
            // Before the device is up, and when it goes.
            Err(_) => {
                thread::sleep(Duration::from_millis(10));
                continue;
            }
        };
        let now = Instant::now();
        let begin = free_at.max(now);
        let is_full = begin - now > queue_time;
        if is_full || chance(&mut random) < line.loss {
            continue;
        }
        free_at = begin + Duration::from_secs_f64(length as f64 / line.bytes_per_second);
        if queue.send((free_at + line.delay, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn deliver(mut to: File, waiting: Receiver<(Instant, Vec<u8>)>) {
    for (at, packet) in waiting {
        let mut left = at.saturating_duration_since(Instant::now());
        if left > SLEEP_LATE {
            thread::sleep(left - SLEEP_LATE);
        }
        while !left.is_zero() {
            left = at.saturating_duration_since(Instant::now());
            thread::yield_now();
        }
        drop(to.write(&packet));
    }
}

/// In 0..1: xorshift, so that a run can be repeated.
fn chance(state: &mut u64) -> f64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// A TUN device of that name, without packet information.
fn tun(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).open("/dev/net/tun")?;
    let name = CString::new(name).map_err(io::Error::other)?;
    let bytes = name.as_bytes_with_nul();
    if bytes.len() > libc::IFNAMSIZ {
        return Err(io::Error::other("the device's name is too long"));
    }
    // SAFETY: an all-zero `ifreq` is a valid one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(bytes) {
        *place = *byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: the request lives through the call, and is what TUNSETIFF takes.
    let made = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &request) };
    if made < 0 { Err(io::Error::last_os_error()) } else { Ok(file) }
}
