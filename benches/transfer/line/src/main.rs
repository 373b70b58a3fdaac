//! A line between two network namespaces, made of packets and not of connections: each
//! IP packet is read from one TUN device, waits as long as the line's rate and delay say,
//! and is written to the other, unless it is lost. TCP and QUIC see an ordinary slow line.
//!
//! `transfer-line DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED [JITTER_MS
//! [REORDER_PERCENT [steered]]]`: all of it counts in both directions, the delay one way.
//! The queue holds 100 ms of the line's rate, at least 256 KB. Prints `ready` when both
//! devices are there, and runs until it is killed. It needs to be root. A line of 300 Mbit/s
//! or more takes packets from the kernel in pieces of many, as network cards do: rate and
//! loss are still each packet's own. `transfer-line look` says what a line really gives.
//!
//! Where it is steered, it reads from standard input and ends with it. `loss 30` changes a
//! condition (`mbit`, `delay`, `loss`, `jitter`, `reorder`), `loss 30 for 60` changes it for
//! so many seconds, `counts` asks for the packets carried and lost. Each is answered with
//! one line, and the end of a time with another, `over`.
//!
//! | file | owns |
//! |---|---|
//! | `conditions` | what the line is like, and changing it |
//! | `carry` | what happens to a packet |
//! | `pieces` | many packets of one connection in one piece, and cutting it |
//! | `look` | datagrams from one end to the other, to see what the line gives |
//! | `tun` | the devices; all that is unsafe |

mod carry;
mod conditions;
mod look;
mod pieces;
mod tun;

use std::io;
use std::sync::Arc;

use conditions::Line;

const USAGE: &str = "DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED [JITTER_MS [REORDER_PERCENT [steered]]]";

/// From here on packets one by one take too much of a processor.
const IN_PIECES_FROM_MBIT: f64 = 300.0;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, of_look @ ..] = arguments.as_slice()
        && word == "look"
    {
        return look::run(of_look);
    }
    let [a, b, mbit, delay, loss, seed, more @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(USAGE));
    };
    let line = Arc::new(Line::default());
    let given = [("mbit", Some(mbit)), ("delay", Some(delay)), ("loss", Some(loss))];
    for (name, value) in given.into_iter().chain([("jitter", more.first()), ("reorder", more.get(1))]) {
        line.set(name, value.map_or("0", String::as_str))?;
    }
    let seed: u64 = seed.parse().map_err(io::Error::other)?;
    let in_pieces = line.conditions().mbit >= IN_PIECES_FROM_MBIT;
    let (a, b) = (tun::device(a, in_pieces)?, tun::device(b, in_pieces)?);
    tun::go_first();
    println!("ready");
    let there = carry::carry(a.try_clone()?, b.try_clone()?, line.clone(), in_pieces, seed);
    let back = carry::carry(b, a, line.clone(), in_pieces, seed ^ 0x5555);
    if more.get(2).is_some_and(|word| word == "steered") {
        return line.steer();
    }
    drop((there.join(), back.join()));
    Ok(())
}
