//! Reading and writing at a place of a file, whatever else is done with it meanwhile; and
//! a file opened past the system's cache, where the system has that.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::limits::DISK_SECTOR_BYTES;

/// The file, past the cache; None where the system or the disk's format has no such way.
#[cfg(target_os = "linux")]
pub(super) fn open_past_the_cache(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flag = i32::try_from(rustix::fs::OFlags::DIRECT.bits()).ok()?;
    let opened = File::options().read(true).write(true).custom_flags(flag).open(path);
    opened.inspect_err(|error| tracing::debug!(%error, "a print file is written through the cache")).ok()
}

/// Elsewhere there is none.
#[cfg(not(target_os = "linux"))]
pub(super) fn open_past_the_cache(_: &Path) -> Option<File> {
    None
}

/// Writes all of `bytes` from `offset` on.
pub(super) fn write_at(file: &File, offset: u64, mut bytes: &[u8]) -> io::Result<()> {
    let mut at = offset;
    while !bytes.is_empty() {
        match once::write(file, at, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                at += written as u64;
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Fills `place` with what stands from `offset` on, as far as the file goes.
pub(super) fn read_at(file: &File, offset: u64, place: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < place.len() {
        match once::read(file, offset + filled as u64, &mut place[filled..]) {
            Ok(0) => break,
            // Past the cache, less than asked for is the end of the file.
            Ok(read) if !(filled + read).is_multiple_of(DISK_SECTOR_BYTES) => return Ok(filled + read),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
mod once {
    use std::fs::File;
    use std::io::Result;
    use std::os::unix::fs::FileExt;

    pub(super) fn write(file: &File, offset: u64, bytes: &[u8]) -> Result<usize> {
        file.write_at(bytes, offset)
    }

    pub(super) fn read(file: &File, offset: u64, place: &mut [u8]) -> Result<usize> {
        file.read_at(place, offset)
    }
}

#[cfg(windows)]
mod once {
    use std::fs::File;
    use std::io::Result;
    use std::os::windows::fs::FileExt;

    pub(super) fn write(file: &File, offset: u64, bytes: &[u8]) -> Result<usize> {
        file.seek_write(bytes, offset)
    }

    pub(super) fn read(file: &File, offset: u64, place: &mut [u8]) -> Result<usize> {
        file.seek_read(place, offset)
    }
}
