//! Plain files, readable without this program. Never overwrites; each file is checked
//! against its hash, and on the disk, before the next.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use super::format::Hash;
use super::volume::Volume;
use crate::error::StoreError;
use crate::limits::EXPORT_NAMES_TRIED_MAX;

/// What became of a blob that was to be a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// The file is there, with the blob's bytes.
    There,
    /// It was written.
    Written {
        /// Where it is.
        path: PathBuf,
        /// Under another name, since a file of other bytes has the one that was asked for.
        is_renamed: bool,
    },
}

impl Volume {
    /// Writes a blob as the file `name` below `dir`, or under the next free name of
    /// that kind, unless a file of one of these names has its bytes.
    ///
    /// # Errors
    /// [`StoreError::ExportFailed`], and those of [`Volume::read_blob`].
    pub fn export_blob(&self, hash: &Hash, dir: &Path, name: &Path) -> Result<Exported, StoreError> {
        let length = self.blob_bytes(hash)?.ok_or(StoreError::BlobMissing)?;
        let target = dir.join(safe(name));
        let failed = |source| StoreError::ExportFailed { path: target.clone(), source };
        let mut bytes = None;
        for attempt in 0..EXPORT_NAMES_TRIED_MAX {
            let path = numbered(&target, attempt);
            if fs::symlink_metadata(&path).is_ok() {
                if has(&path, hash, length).map_err(failed)? {
                    return Ok(Exported::There);
                }
                continue;
            }
            let bytes: &Vec<u8> = match &mut bytes {
                Some(bytes) => bytes,
                unread => unread.insert(self.read_blob(hash)?),
            };
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    write(file, bytes).map_err(failed)?;
                    return Ok(Exported::Written { path, is_renamed: attempt > 0 });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(std::io::ErrorKind::AlreadyExists.into()))
    }
}

/// Whether the file has the blob's bytes.
fn has(path: &Path, hash: &Hash, length: u64) -> std::io::Result<bool> {
    let data = fs::metadata(path)?;
    if !data.is_file() || data.len() != length {
        return Ok(false);
    }
    let mut hasher = blake3::Hasher::new();
    std::io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().as_bytes() == hash)
}

fn write(mut file: File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// The name without anything that leads out of a folder.
fn safe(name: &Path) -> PathBuf {
    let parts = name.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part),
        _ => None,
    });
    let path: PathBuf = parts.collect();
    if path.as_os_str().is_empty() { PathBuf::from("unnamed") } else { path }
}

/// `a.jpg`, `a (1).jpg`, `a (2).jpg` …
fn numbered(path: &Path, attempt: u32) -> PathBuf {
    if attempt == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem} ({attempt}){}", ending.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        assert_eq!(safe(Path::new("../../etc/passwd")), Path::new("etc/passwd"));
        assert_eq!(safe(Path::new("/a/./b.jpg")), Path::new("a/b.jpg"));
        assert_eq!(safe(Path::new("..")), Path::new("unnamed"));
        assert_eq!(numbered(Path::new("x/a.jpg"), 2), Path::new("x/a (2).jpg"));
    }
}
