//! What the line is like, and changing it while it runs.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// The line at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions {
    pub mbit: f64,
    pub delay_ms: f64,
    pub loss_percent: f64,
    /// Packets wait up to so much longer, in order: how long is drawn anew every few ms.
    pub jitter_ms: f64,
    /// Of 100 packets so many go ahead of all that are delayed.
    pub reorder_percent: f64,
}

/// The line, as all its threads see it.
#[derive(Debug, Default)]
pub struct Line {
    conditions: RwLock<Conditions>,
    pub carried: AtomicU64,
    pub lost: AtomicU64,
}

impl Line {
    pub fn conditions(&self) -> Conditions {
        *self.conditions.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a condition; the value that it had.
    pub fn set(&self, name: &str, value: &str) -> io::Result<f64> {
        let value: f64 = value.parse().map_err(io::Error::other)?;
        let mut conditions = self.conditions.write().unwrap_or_else(PoisonError::into_inner);
        let place = match name {
            "mbit" if value > 0.0 => &mut conditions.mbit,
            "delay" => &mut conditions.delay_ms,
            "loss" => &mut conditions.loss_percent,
            "jitter" => &mut conditions.jitter_ms,
            "reorder" => &mut conditions.reorder_percent,
            _ => return Err(io::Error::other(format!("no condition: {name} {value}"))),
        };
        if !(0.0..=1e6).contains(&value) {
            return Err(io::Error::other(format!("out of bounds: {name} {value}")));
        }
        Ok(std::mem::replace(place, value))
    }

    /// Does what standard input says, until its end.
    pub fn steer(self: Arc<Self>) -> io::Result<()> {
        for said in io::stdin().lock().lines() {
            let said = said?;
            match said.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["counts"] => {
                    println!("{} {}", self.carried.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed));
                }
                [name, value] => {
                    self.set(name, value)?;
                    println!("ok");
                }
                [name, value, "for", seconds] => {
                    let seconds = seconds.parse().map_err(io::Error::other)?;
                    let before = self.set(name, value)?;
                    println!("ok");
                    self.clone().set_later(Duration::from_secs_f64(seconds), (*name).to_owned(), before);
                }
                _ => return Err(io::Error::other(format!("not understood: {said}"))),
            }
        }
        Ok(())
    }

    fn set_later(self: Arc<Self>, after: Duration, name: String, value: f64) {
        thread::spawn(move || {
            thread::sleep(after);
            drop(self.set(&name, &value.to_string()));
            println!("over");
        });
    }
}
