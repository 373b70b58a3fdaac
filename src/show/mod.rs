//! Answers in words, or as JSON for scripts: all that a command writes to standard
//! output.

mod changes;
mod galleries;
pub mod host;
pub mod lab;
mod orders;
pub mod peers;
pub mod photographer;
pub mod status;
pub mod waiting;
pub mod work;

use std::io::ErrorKind;
use std::process::ExitCode;

use enprint_protocol::peer::{Reachability, RouterHelp};
use serde::Serialize;

use crate::output;

/// Writes `answer` as one JSON object, or in `words`.
pub fn answer<T: Serialize>(json: bool, answer: &T, words: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string(answer)? } else { words(answer).trim_end().to_owned() };
    match output::write(&text) {
        // Whoever reads has enough, as `head` has.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// The program's end: 0, or a sentence on standard error and 1; 130 where somebody stopped
/// it before it was done.
pub fn outcome(outcome: anyhow::Result<()>, is_stopped: bool) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("enprint: {}", sentence(&error));
    if is_stopped { ExitCode::from(130) } else { ExitCode::FAILURE }
}

/// What went wrong, from the outside in. An error whose words hold its cause's says it
/// once.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(cause.trim_end_matches('.')) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

/// Bytes as people say them.
pub fn bytes(count: u64) -> String {
    indicatif::HumanBytes(count).to_string()
}

/// "1 photo", "2 photos".
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Whether a peer is connected, and by which way.
pub fn connected(is_connected: bool, way: Option<&str>) -> String {
    match way {
        _ if !is_connected => String::new(),
        Some(way) => format!("connected {way}"),
        None => "connected".to_owned(),
    }
}

/// As [`connected`], of somebody who should be.
pub fn connection(is_connected: bool, way: Option<&str>) -> String {
    if is_connected { connected(true, way) } else { "not connected".to_owned() }
}

/// Whether a role runs.
pub fn running(is_running: bool) -> &'static str {
    if is_running { "running" } else { "not running" }
}

/// Whether a peer can be reached from outside, and what its router did for that, as far as
/// it is known.
pub fn reached(reachability: Option<Reachability>, router: Option<&RouterHelp>) -> String {
    let known = reachability.map(|known| format!("From afar   {}\n", known.words())).unwrap_or_default();
    known + &router.map(|help| format!("Router      {}\n", help.words())).unwrap_or_default()
}

/// What has crossed the network since the start.
pub fn network(sent: u64, received: u64) -> String {
    format!("Network     {} sent, {} received since the start\n", bytes(sent), bytes(received))
}

/// Rows in columns as wide as they need to be. The last cell of a row may be a whole
/// sentence, and makes no column wider.
pub fn columns(rows: &[Vec<String>]) -> String {
    let cell_width = |row: &Vec<String>, column: usize| {
        let cell = row.get(column)?;
        Some(if column + 1 < row.len() { cell.chars().count() } else { 0 })
    };
    let width = |column: usize| rows.iter().filter_map(|row| cell_width(row, column)).max();
    let widths: Vec<usize> = (0..).map_while(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
