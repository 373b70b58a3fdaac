//! A clock that is wrong, or that a month has passed on: a library between the process and
//! its system changes what the time of day is, and leaves alone how long things take.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a process takes for the time of day.
#[derive(Debug, Clone)]
pub struct Clock {
    library: PathBuf,
    days: i32,
}

impl Clock {
    /// The right time and so many days; `None`, and a word of it, where libfaketime is missing.
    pub fn ahead(days: i32) -> Option<Self> {
        let Some(library) = library() else {
            eprintln!("LEFT OUT with clocks of their own: libfaketime is not installed");
            return None;
        };
        Some(Self { library, days })
    }

    /// Gives it to what `command` starts.
    pub fn give(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.library).env("FAKETIME", format!("{:+}d", self.days));
        // A process that is killed would leave its shared memory behind.
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DISABLE_SHM", "1");
    }
}

/// Debian and its like have it in a folder for each kind of processor.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten().map(|entry| entry.path());
    let folders = folders.chain([PathBuf::from("/usr/lib"), PathBuf::from("/usr/lib64")]);
    let files = folders.map(|folder: PathBuf| folder.join(Path::new("faketime/libfaketimeMT.so.1")));
    files.into_iter().find(|file| file.is_file())
}
