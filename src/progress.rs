//! Progress of long work on a terminal. Draws nothing where nobody looks: with
//! `--json`, or when standard error is no terminal.

use enprint_node::control::{ProgressLine, ProgressUnit};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that follows a command.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// A bar, or with `quiet` nothing.
    pub fn new(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
        Self { bar }
    }

    /// Shows how far the work is.
    pub fn show(&self, line: &ProgressLine) {
        self.bar.set_style(style(line));
        self.bar.set_message(line.what.clone());
        if let Some(total) = line.total {
            self.bar.set_length(total);
        }
        self.bar.set_position(line.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(line: &ProgressLine) -> ProgressStyle {
    let counts = match (line.unit, line.total.is_some_and(|total| total > 0)) {
        (ProgressUnit::Bytes, true) => "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        (ProgressUnit::Bytes, false) => "{spinner} {bytes} {bytes_per_sec}",
        (_, true) => "{bar:30} {pos}/{len} {eta}",
        (_, false) => "{spinner} {pos}",
    };
    ProgressStyle::with_template(&format!("{{msg:<12}} {counts}")).unwrap_or_else(|_| ProgressStyle::default_bar())
}
