//! Plain files, readable without this program. Never overwrites; each file is checked
//! against its hash, and on the disk, before the next.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use super::format::Hash;
use super::volume::Volume;
use crate::error::StoreError;
use crate::limits::EXPORT_NAMES_TRIED_MAX;

impl Volume {
    /// Writes a blob as the file `name` below `dir`, or under the next free name of
    /// that kind; where it is.
    ///
    /// # Errors
    /// [`StoreError::ExportFailed`], and those of [`Volume::read_blob`].
    pub fn export_blob(&self, hash: &Hash, dir: &Path, name: &Path) -> Result<PathBuf, StoreError> {
        let bytes = self.read_blob(hash)?;
        let target = dir.join(safe(name));
        let failed = |source| StoreError::ExportFailed { path: target.clone(), source };
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        for attempt in 0..EXPORT_NAMES_TRIED_MAX {
            let path = numbered(&target, attempt);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    write(file, &bytes).map_err(failed)?;
                    return Ok(path);
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(std::io::ErrorKind::AlreadyExists.into()))
    }
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
