//! Which files an import looks at: everything below a folder but hidden files, and XMP
//! files, which speak of the photos beside them. Links are not followed: they are listed,
//! so that nobody misses their photos.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::FileType;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::error::NodeError;
use crate::limits::{IMPORT_DEPTH_MAX, IMPORT_FILES_MAX};
use crate::photographer::commands::FailedFile;

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its path below the imported folder, with `/` between folders.
    pub below: String,
    /// The XMP file that speaks of it: of its whole name, or of its name without the ending.
    pub sidecar: Option<PathBuf>,
}

/// What lies below a folder.
#[derive(Debug, Default)]
pub struct Walk {
    /// In order of name, folder by folder.
    pub files: Vec<Found>,
    /// What can't be imported whatever it holds.
    pub refused: Vec<FailedFile>,
}

/// Everything below `folder`.
///
/// # Errors
/// When `folder` itself is no folder, can't be read, or holds more than
/// [`IMPORT_FILES_MAX`] files.
pub fn files_below(folder: &Path) -> Result<Walk, NodeError> {
    let mut walk = Walk::default();
    let entries = sorted_entries(folder).map_err(|error| unusable(folder, &error))?;
    walk.add_all(folder, entries, 1)?;
    Ok(walk)
}

/// Why nothing can be imported from a path that a person gave.
fn unusable(folder: &Path, error: &io::Error) -> NodeError {
    let shown = folder.display();
    let problem = match error.kind() {
        ErrorKind::NotFound => format!("There is no folder {shown}; is its disk or card there, and the name right?"),
        ErrorKind::NotADirectory => format!("{shown} is a file. Give the folder that it is in."),
        _ => return NodeError::file(folder, error),
    };
    NodeError::NotNow { problem }
}

impl Walk {
    fn add_all(&mut self, root: &Path, entries: Vec<(PathBuf, FileType)>, depth: usize) -> Result<(), NodeError> {
        let (sidecars, entries): (Vec<_>, Vec<_>) =
            entries.into_iter().filter(|(path, _)| !is_hidden(path)).partition(is_sidecar);
        let sidecars: Sidecars = sidecars.into_iter().map(|(path, _)| (of_whom(&path), path)).collect();
        for (path, kind) in entries {
            if kind.is_dir() {
                self.add_folder(root, &path, depth)?;
            } else if kind.is_file() {
                self.add_file(root, path, &sidecars)?;
            } else {
                self.refuse(root, &path, "This is a link or a device, not a file; links are not followed.");
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, root: &Path, path: &Path, depth: usize) -> Result<(), NodeError> {
        if depth >= IMPORT_DEPTH_MAX {
            self.refuse(root, path, "This folder lies too deep; import it by itself.");
            return Ok(());
        }
        match sorted_entries(path) {
            Ok(entries) => self.add_all(root, entries, depth + 1),
            Err(error) => {
                self.refuse(root, path, &format!("This folder can't be read: {error}."));
                Ok(())
            }
        }
    }

    fn add_file(&mut self, root: &Path, path: PathBuf, sidecars: &Sidecars) -> Result<(), NodeError> {
        if self.files.len() >= IMPORT_FILES_MAX {
            return Err(NodeError::NotNow {
                problem: format!(
                    "There are more than {IMPORT_FILES_MAX} files below {}. Import its folders one by one.",
                    root.display()
                ),
            });
        }
        let below = path_below(root, &path);
        let sidecar =
            sidecars.get(&lower(path.file_name())).or_else(|| sidecars.get(&lower(path.file_stem()))).cloned();
        self.files.push(Found { path, below, sidecar });
        Ok(())
    }

    fn refuse(&mut self, root: &Path, path: &Path, reason: &str) {
        self.refused.push(FailedFile { name: path_below(root, path), reason: reason.to_owned() });
    }
}

/// XMP files of one folder, by the photo's name that theirs begins with, in lower case.
type Sidecars = HashMap<String, PathBuf>;

fn is_sidecar((path, kind): &(PathBuf, FileType)) -> bool {
    kind.is_file() && lower(path.extension()) == "xmp"
}

fn of_whom(sidecar: &Path) -> String {
    lower(sidecar.file_stem())
}

fn lower(name: Option<&OsStr>) -> String {
    name.unwrap_or_default().to_string_lossy().to_lowercase()
}

fn sorted_entries(folder: &Path) -> std::io::Result<Vec<(PathBuf, FileType)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?));
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(entries)
}

/// Files that a system keeps for itself.
fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || matches!(name.as_ref(), "Thumbs.db" | "desktop.ini" | "__MACOSX")
}

fn path_below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_the_folder_is_listed_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.jpg"), "x").unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("b/2.jpg"), "x").unwrap();
        std::fs::write(folder.path().join("1.jpg"), "x").unwrap();
        std::fs::write(folder.path().join(".hidden"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        let walk = files_below(folder.path()).unwrap();
        let found: Vec<_> = walk.files.iter().map(|file| file.below.as_str()).collect();
        assert_eq!(found, ["1.jpg", "b/2.jpg"]);
        #[cfg(unix)]
        assert_eq!(walk.refused[0].name, "link");
        assert!(files_below(&folder.path().join("1.jpg")).is_err());
        assert!(files_below(&folder.path().join("absent")).is_err());
    }

    #[test]
    fn a_sidecar_is_found_by_its_photos_name_and_is_no_file_to_import() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        let names = ["1.CR3", "1.JPG", "1.xmp", "2.jpg", "2.jpg.xmp", "2.XMP", "3.jpg", "alone.xmp", "below/3.xmp"];
        names.iter().for_each(|name| std::fs::write(folder.path().join(name), "x").unwrap());
        let walk = files_below(folder.path()).unwrap();
        let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let found = walk.files.iter().map(|file| (file.below.as_str(), file.sidecar.as_ref().map(name)));
        let of = |sidecar: &str| Some(sidecar.to_owned());
        let wanted = [("1.CR3", of("1.xmp")), ("1.JPG", of("1.xmp")), ("2.jpg", of("2.jpg.xmp")), ("3.jpg", None)];
        assert_eq!(found.collect::<Vec<_>>(), wanted);
        assert!(walk.refused.is_empty());
    }
}
