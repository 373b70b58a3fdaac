//! Small files that are named on the command line.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The bytes of a file that `what` says what it is; at most `bytes_max`.
///
/// # Errors
/// When it can't be read, or is larger.
pub fn read_file(what: &str, file: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    let unreadable = || format!("The {what} {} can't be read", file.display());
    let open = std::fs::File::open(file).with_context(unreadable)?;
    let mut bytes = Vec::new();
    open.take(bytes_max as u64 + 1).read_to_end(&mut bytes).with_context(unreadable)?;
    if bytes.len() > bytes_max {
        bail!("The {what} {} is larger than {} MiB", file.display(), bytes_max / (1024 * 1024));
    }
    Ok(bytes)
}
