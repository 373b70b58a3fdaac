//! The program's standard output, kept apart from what libraries print there: a script
//! reads answers alone, and who reads no further stops no thread of the archive's.

use std::fs::File;
use std::io::{Result, Write, stdout};
use std::sync::OnceLock;

/// Where answers go, if not where libraries print.
static OUTPUT: OnceLock<File> = OnceLock::new();

/// From now on only [`write()`] reaches standard output, where the system can part the two.
pub fn keep_apart() {
    #[cfg(unix)]
    if let Ok(output) = part() {
        drop(OUTPUT.set(output));
    }
}

/// Gives standard output another descriptor, and its own to nobody.
#[cfg(unix)]
fn part() -> Result<File> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    let output = rustix::io::fcntl_dupfd_cloexec(stdout(), 3)?;
    rustix::stdio::dup2_stdout(nowhere)?;
    Ok(output.into())
}

/// Writes a line.
pub fn write(line: &str) -> Result<()> {
    let line = format!("{line}\n");
    match OUTPUT.get() {
        Some(mut output) => output.write_all(line.as_bytes()),
        None => stdout().write_all(line.as_bytes()),
    }
}
