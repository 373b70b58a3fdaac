//! What was made durable leaves the system's cache of files: an archive is written once
//! and seldom read, and keeping it costs others their memory. Memory that has just been
//! given back is also quicker to write to than memory that nobody had before, which in a
//! virtual machine takes longer than all else that storing does.

use std::path::Path;

/// Has the system forget what it keeps of the large files in `dir`; all of it must be
/// durable. Only quicker or slower: whatever fails is left as it is.
#[cfg(target_os = "linux")]
pub(super) fn forget(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.filter_map(Result::ok) {
        let is_large = entry.metadata().is_ok_and(|data| data.len() >= crate::limits::FORGOTTEN_FROM_BYTES);
        if is_large && let Ok(file) = std::fs::File::open(entry.path()) {
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
        }
    }
}

/// Elsewhere the system is left to itself.
#[cfg(not(target_os = "linux"))]
pub(super) fn forget(_dir: &Path) {}
