//! A line between two network namespaces, made of packets and not of connections: each
//! IP packet is read from one TUN device, waits as long as the line's rate and delay say,
//! and is written to the other, unless it is lost. TCP and QUIC see an ordinary slow line.
//!
//! `transfer-line DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED [JITTER_MS
//! [REORDER_PERCENT [steered]]]`: all of it counts in both directions, the delay one way.
//! The queue holds 100 ms of the line's rate, at least 256 KB. Prints `ready` when both
//! devices are there, and runs until it is killed. It needs to be root.
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
//! | `tun` | the devices; all that is unsafe |

mod carry;
mod conditions;
mod tun;

use std::io;
use std::sync::Arc;

use conditions::Line;

const USAGE: &str = "DEVICE_A DEVICE_B MBIT DELAY_MS LOSS_PERCENT SEED [JITTER_MS [REORDER_PERCENT [steered]]]";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [a, b, mbit, delay, loss, seed, more @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(USAGE));
    };
    let line = Arc::new(Line::default());
    let given = [("mbit", Some(mbit)), ("delay", Some(delay)), ("loss", Some(loss))];
    for (name, value) in given.into_iter().chain([("jitter", more.first()), ("reorder", more.get(1))]) {
        line.set(name, value.map_or("0", String::as_str))?;
    }
    let seed: u64 = seed.parse().map_err(io::Error::other)?;
    let (a, b) = (tun::device(a)?, tun::device(b)?);
    println!("ready");
    let there = carry::carry(a.try_clone()?, b.try_clone()?, line.clone(), seed);
    let back = carry::carry(b, a, line.clone(), seed ^ 0x5555);
    if more.get(2).is_some_and(|word| word == "steered") {
        return line.steer();
    }
    drop((there.join(), back.join()));
    Ok(())
}
